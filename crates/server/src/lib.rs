//! The Countersign server: two REST dialects and a native API over one core, and the command that runs it.

pub mod app;
mod audit;
pub mod auth;
mod clock;
pub mod command;
mod dialect;
pub mod entropy;
mod head;
mod links;
mod log_lines;
mod method;
pub mod openapi;
mod operations;
mod path;
pub mod probe;
#[cfg(feature = "bench")]
pub mod pure;
pub mod serve;
pub mod settings;
mod signature;
pub mod state;
pub mod storage;
pub mod telemetry;
mod worker;

#[cfg(test)]
mod testing;

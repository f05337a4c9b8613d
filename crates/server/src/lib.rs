//! The Countersign server: two REST dialects over one core, and the command that runs it.

pub mod app;
pub mod auth;
pub mod command;
mod dialect;
pub mod entropy;
mod head;
mod links;
mod method;
pub mod openapi;
mod operations;
mod path;
pub mod probe;
pub mod serve;
pub mod settings;
pub mod state;
pub mod storage;
pub mod telemetry;

#[cfg(test)]
mod testing;

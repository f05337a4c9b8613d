//! Countersign's own tools: generated files, databases to measure on, and one show for each line
//! that an issue promises.

pub mod answer;
pub mod contract;
pub mod coverage;
pub mod generate;
pub mod http;
pub mod outside;
pub mod password;
pub mod probe;
pub mod process;
pub mod proxy;
pub mod receiver;
pub mod seed;
pub mod show;
pub mod signature;
pub mod world;

mod oracle;

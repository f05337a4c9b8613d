//! The domain of Countersign: identity requests, their approvals, the profiles and child
//! requests that come of them, and the port through which they are stored.
//!
//! From the ground up: [`ids`], [`clock`], [`error`]; above them [`directory`], [`template`],
//! [`catalog`], [`approval`], [`profile`], [`event`], [`grant`], [`webhook`]; above those [`request`],
//! [`filter`] and [`rule`]; then [`lifecycle`], [`audit`], [`access`], [`document`], [`operations`], [`bundle`] and the
//! port, [`repository`]; on top [`service`].
//! Nothing here knows a transport, a database or a runtime.

mod coded;

pub mod access;
pub mod approval;
pub mod audit;
pub mod bundle;
pub mod catalog;
pub mod clock;
pub mod directory;
pub mod document;
pub mod error;
pub mod event;
pub mod filter;
pub mod grant;
pub mod ids;
pub mod lifecycle;
pub mod operations;
pub mod profile;
pub mod repository;
pub mod request;
pub mod rule;
pub mod service;
pub mod template;
pub mod webhook;

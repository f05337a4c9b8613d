//! The life of requests as use cases: place, act, carry out, go on. Each authorises, loads,
//! decides, and commits once; whoever loses a race loads and decides again.

mod access;
mod act;
mod answers;
mod batch;
mod bulk;
mod certificate;
mod edit;
mod effects;
mod expiry;
mod family;
mod follow;
mod fulfil;
mod guard;
mod holdings;
mod order;
mod people;
mod plan;
mod resolve;
mod split;
mod withdraw;
mod worker;

use std::sync::Arc;

use super::tools::{Numbers, Tools};
use crate::catalog::FulfilmentMethod;
use crate::repository::Repository;

pub(super) use fulfil::is_programs;
pub(super) use guard::Guard;
pub use order::{AccessOrder, CallKey, CertificateData, CertificateOrder, Intent, Item, Sight, UserKey, Via};
pub use plan::{Explanation, PlannedStage};

/// How often a decision is made again after a lost race.
const TRIES: u32 = 48;

/// What can be set about the life of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkflowSettings {
    /// How what was approved is carried out, where the catalog item does not say.
    pub fulfilment: FulfilmentMethod,
    /// Into how many child requests one request may split.
    pub max_children: usize,
}

/// Places requests and acts on them.
#[derive(Clone)]
pub struct Workflow {
    repository: Arc<dyn Repository>,
    tools: Tools,
    numbers: Arc<Numbers>,
    settings: WorkflowSettings,
}

impl Workflow {
    /// The service over `repository`.
    pub fn new(repository: Arc<dyn Repository>, tools: Tools, settings: WorkflowSettings) -> Self {
        Self { repository, tools, numbers: Arc::default(), settings }
    }
}

//! What every handler works with.

use std::sync::Arc;

use countersign_core::clock::Clock;
use countersign_core::repository::Repository;
use countersign_core::service::{
    Administration, Directory, Events, Fulfilments, Outbox, Profiles, Requests, Tasks, Templates, Tools, Workflow,
};

use crate::auth::Authenticator;
use crate::clock::clock;
use crate::entropy::OsRandomness;
use crate::settings::Settings;

/// The settings, the services and what they stand on. A clone shares everything with its original.
#[derive(Clone)]
pub struct AppState {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The storage.
    pub repository: Arc<dyn Repository>,
    /// Reads requests.
    pub requests: Requests,
    /// Reads profiles.
    pub profiles: Profiles,
    /// Reads profile templates.
    pub templates: Templates,
    /// Reads approval tasks.
    pub tasks: Tasks,
    /// Looks people and groups up.
    pub directory: Directory,
    /// Places requests and acts on them.
    pub workflow: Workflow,
    /// Reads and changes what administrators keep.
    pub administration: Administration,
    /// Reads events.
    pub events: Events,
    /// Reads what is being carried out, and hears how it went.
    pub fulfilments: Fulfilments,
    /// Gives out what webhooks are told.
    pub outbox: Outbox,
    /// Recognises callers.
    pub authenticator: Authenticator,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl AppState {
    /// The services over `repository`. Fails when the system gives no random bytes, and when the
    /// clock of `workflow.test_clock` has no time.
    pub fn new(settings: impl Into<Arc<Settings>>, repository: Arc<dyn Repository>) -> std::io::Result<Self> {
        let settings = settings.into();
        let tools = Tools { clock: clock(&settings.workflow)?, randomness: Arc::new(OsRandomness::new()?) };
        let workflow_settings = settings.workflow.of_core();
        let workflow = Workflow::new(Arc::clone(&repository), tools.clone(), workflow_settings);
        Ok(Self {
            administration: Administration::new(Arc::clone(&repository), tools.clone()),
            events: Events::new(Arc::clone(&repository)),
            fulfilments: Fulfilments::new(Arc::clone(&repository), workflow.clone()),
            outbox: Outbox::new(Arc::clone(&repository), workflow_settings.fulfilment),
            requests: Requests::new(Arc::clone(&repository)),
            profiles: Profiles::new(Arc::clone(&repository)),
            tasks: Tasks::new(Arc::clone(&repository)),
            templates: Templates::new(Arc::clone(&repository)),
            directory: Directory::new(Arc::clone(&repository)),
            workflow,
            authenticator: Authenticator::new(Arc::clone(&repository), &settings.auth, Arc::clone(&tools.clock))?,
            clock: tools.clock,
            settings,
            repository,
        })
    }
}

//! What every handler works with.

use std::sync::Arc;

use countersign_core::clock::{Clock, SystemClock};
use countersign_core::repository::Repository;
use countersign_core::service::{Profiles, Requests};

use crate::auth::Authenticator;
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
    /// Recognises callers.
    pub authenticator: Authenticator,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl AppState {
    /// The services over `repository`.
    pub fn new(settings: impl Into<Arc<Settings>>, repository: Arc<dyn Repository>) -> Self {
        let settings = settings.into();
        Self {
            requests: Requests::new(Arc::clone(&repository)),
            profiles: Profiles::new(Arc::clone(&repository)),
            authenticator: Authenticator::new(Arc::clone(&repository), &settings.auth),
            clock: Arc::new(SystemClock),
            settings,
            repository,
        }
    }
}

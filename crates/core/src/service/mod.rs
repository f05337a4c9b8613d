//! The use cases: authorise, load, decide, answer. Each dialect calls one of these a request.

mod administration;
mod checkpoints;
mod directory;
mod error;
mod events;
mod fulfilments;
mod inbox;
mod outbox;
mod profiles;
mod requests;
mod templates;
mod tools;
mod workflow;

pub use administration::{Administered, Administration};
pub use checkpoints::Checkpoints;
pub use directory::{Directory, Me, PrincipalKey};
pub use error::ServiceError;
pub use events::{EventListing, EventView, Events};
pub use fulfilments::{Fulfilments, Report};
pub use inbox::{InboxQuery, InboxView, Tasks};
pub use outbox::{Message, Outbox};
pub use profiles::{ProfileView, Profiles};
pub use requests::{ChildView, Names, RequestListing, RequestView, Requests, Sought, TrackQuery};
pub use templates::Templates;
pub use tools::{Randomness, Tools};
pub use workflow::{
    AccessOrder, CallKey, CertificateData, CertificateOrder, Explanation, Intent, Item, PlannedStage, Sight, UserKey,
    Via, Workflow, WorkflowSettings,
};

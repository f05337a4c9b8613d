//! The use cases: authorise, load, answer. Each dialect calls one of these a request.

mod profiles;
mod requests;

pub use profiles::{ProfileView, Profiles};
pub use requests::{ChildView, RequestView, Requests};

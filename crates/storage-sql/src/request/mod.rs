//! Requests in their normalised tables: the truth.

mod approval;
mod hold;
mod read;
mod write;

pub(crate) use hold::{Held, hold};
pub(crate) use read::{children, dependents, load_request, load_requests};
pub(crate) use write::{insert_request, update_request};

// Families of requests.
pub(crate) const ACCESS: i64 = 1;
pub(crate) const CERTIFICATE: i64 = 2;
// Roles of principals in a certificate request.
const AGENT: i64 = 1;
const AUDITOR: i64 = 2;

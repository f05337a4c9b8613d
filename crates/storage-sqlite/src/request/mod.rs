//! Requests in their normalised tables: the truth.

mod read;
mod write;

pub(crate) use read::{children, load_request};
pub(crate) use write::{insert_request, update_request};

// Families of requests.
const ACCESS: i64 = 1;
const CERTIFICATE: i64 = 2;
// Roles of principals in a certificate request.
const AGENT: i64 = 1;
const AUDITOR: i64 = 2;

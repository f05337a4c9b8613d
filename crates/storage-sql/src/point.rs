//! Reads by key that may wait for one another, to share a statement.

use std::collections::HashMap;

use countersign_core::clock::Timestamp;
use countersign_core::error::RepositoryError;
use countersign_core::ids::RequestId;
use countersign_core::repository::{Identity, StoredRequest};

use crate::error::Failure;
use crate::session::Session;
use crate::{derived, directory};

/// The requests among `ids` that exist. One that cannot be read harms no other.
pub fn requests(
    connection: &mut dyn Session,
    ids: Vec<RequestId>,
) -> Result<HashMap<RequestId, Result<StoredRequest, RepositoryError>>, Failure> {
    derived::by_ids(connection, ids)
}

/// Who logs in as one of `logins`, which are without regard to case, at `now`.
pub fn identities(
    connection: &mut dyn Session,
    logins: Vec<String>,
    now: Timestamp,
) -> Result<HashMap<String, Identity>, Failure> {
    directory::identities(connection, logins, now)
}

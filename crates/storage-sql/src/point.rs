//! Reads by key that may wait for one another, to share a statement.

use std::collections::HashMap;

use countersign_core::clock::Timestamp;
use countersign_core::directory::DirectoryVersion;
use countersign_core::error::RepositoryError;
use countersign_core::ids::{RequestId, RequestNumber};
use countersign_core::repository::StoredRequest;

use crate::error::Failure;
use crate::identity::{self, Known, Recognised};
use crate::session::Session;
use crate::{derived, directory};

/// The request by that id.
pub fn request(connection: &mut dyn Session, id: RequestId) -> Result<Option<StoredRequest>, Failure> {
    derived::by_id(connection, id)
}

/// The request with that number.
pub fn request_by_number(
    connection: &mut dyn Session,
    number: RequestNumber,
) -> Result<Option<StoredRequest>, Failure> {
    derived::by_number(connection, number.get())
}

/// Requests by what they were asked for by, as far as they exist, and the version of the directory in the same snapshot.
pub type Requests<K> = (DirectoryVersion, HashMap<K, Result<StoredRequest, RepositoryError>>);

/// The requests among `ids` that exist. One that cannot be read harms no other.
pub fn requests(connection: &mut dyn Session, ids: Vec<RequestId>) -> Result<Requests<RequestId>, Failure> {
    derived::by_ids_with_version(connection, ids)
}

/// The requests with `numbers` that exist, likewise.
pub fn requests_by_number(connection: &mut dyn Session, numbers: Vec<i64>) -> Result<Requests<i64>, Failure> {
    derived::by_numbers_with_version(connection, numbers)
}

/// Who logs in as one of `logins`, which are without regard to case, at `now`.
pub fn identities(
    connection: &mut dyn Session,
    logins: Vec<String>,
    now: Timestamp,
) -> Result<HashMap<String, Known>, Failure> {
    directory::identities(connection, logins, now)
}

/// The version of the directory, which changes in the commit that changes how anybody is recognised.
pub fn directory_version(connection: &mut dyn Session) -> Result<DirectoryVersion, Failure> {
    identity::version(connection)
}

/// Who logs in as `login` at `now`, unless that is remembered as of `version` and the directory still has it.
pub fn identity(
    connection: &mut dyn Session,
    login: String,
    now: Timestamp,
    version: Option<DirectoryVersion>,
) -> Result<Recognised, Failure> {
    if version.is_some() && version == Some(directory_version(connection)?) {
        return Ok(Recognised::AsRemembered);
    }
    let found = identities(connection, vec![login.clone()], now)?.remove(&login);
    Ok(Recognised::Anew(found.map(Box::new)))
}

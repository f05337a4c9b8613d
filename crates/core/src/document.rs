//! The request document: the aggregate as one row, beside the normalised tables.
//!
//! It is derived data. It holds the request without its children, and nothing that depends on
//! the caller; `countersign check` compares it with the tables and rebuilds it.

use std::fmt::Display;

use crate::access::Acl;
use crate::error::RepositoryError;
use crate::ids::GroupId;
use crate::request::Request;

/// The format of a document's body: the JSON of [`Request`].
pub const FORMAT: i16 = 1;

/// A request as one row holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The aggregate.
    pub body: Vec<u8>,
    /// Who may read it, and in which roles.
    pub acl: Acl,
}

impl Document {
    /// The document of `request`.
    pub fn of(request: &Request, administrators: Option<GroupId>) -> Result<Self, RepositoryError> {
        let body = serde_json::to_vec(request).map_err(|error| RepositoryError::Internal(error.to_string()))?;
        Ok(Self { body, acl: Acl::of(request, administrators) })
    }

    /// The request that the body holds.
    pub fn request(&self) -> Result<Request, RepositoryError> {
        let damaged =
            |error: &dyn Display| RepositoryError::Damaged(format!("a request document cannot be read: {error}"));
        // Looked at once as a whole: otherwise each text in it would be by itself.
        let text = std::str::from_utf8(&self.body).map_err(|error| damaged(&error))?;
        serde_json::from_str(text).map_err(|error| damaged(&error))
    }
}

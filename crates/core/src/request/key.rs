//! The names of a request.

use serde::{Deserialize, Serialize};

use crate::ids::{RequestId, RequestNumber};

/// A request, by one of the two names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RequestKey {
    /// By id.
    Id(RequestId),
    /// By number.
    Number(RequestNumber),
}

//! Access requests.

use countersign_core::catalog::EntityType;
use countersign_core::request::{AccessOperation, AccessRequest, Request, RequestDetails, Target};

use super::{certificate_request, user_id};

/// The `n`th request: user `originator` asks for a role for each of `beneficiaries`.
///
/// # Panics
/// Never for small numbers.
pub fn access_request(n: u64, originator: u64, beneficiaries: &[u64]) -> Request {
    let target = Target {
        entity_type: EntityType::Role,
        entity_key: "7".to_owned().try_into().expect("a key"),
        entity_name: "Role 7".to_owned(),
        parent_account: None,
        start: None,
        end: None,
        form: Vec::new(),
    };
    let details = AccessRequest {
        operation: AccessOperation::AssignRoles,
        beneficiaries: beneficiaries.iter().map(|n| user_id(*n)).collect(),
        targets: vec![target],
    };
    Request { details: RequestDetails::Access(details), ..certificate_request(n, originator, originator) }
}

//! OIG's words for statuses, types and task states (`spec/oig-requests.md` C, decisions 19 and 20).

use std::borrow::Cow;

use countersign_core::approval::{TaskState, VoteOutcome};
use countersign_core::request::{ApprovedBy, Fulfilment, Outcome, Request, RequestDetails, RequestState};
use countersign_core::template::CertificateOperation;

/// `reqStatus`.
pub(super) fn request_status(request: &Request) -> &'static str {
    status(request.state, request.certificate().is_some())
}

/// `reqStatus` of a request in `state`, for certificates or for access.
pub(super) const fn status(state: RequestState, certificate: bool) -> &'static str {
    match state {
        RequestState::Draft => "Request Draft Created",
        RequestState::Submitted => "Request Created",
        RequestState::Pending => "Request Awaiting Approval",
        RequestState::Approved { .. } if certificate => "Request Approved Fulfillment Pending",
        RequestState::Approved { by: ApprovedBy::Votes } => "Request Approved",
        RequestState::Approved { by: ApprovedBy::Automatic } => "Request Auto Approved",
        RequestState::AwaitingChildren => "Request Awaiting Child Requests Completion",
        RequestState::AwaitingDependency => "Request Awaiting Dependent Request Completion",
        RequestState::Scheduled => "Request Awaiting Completion",
        RequestState::Executing { fulfilment: Fulfilment::Automatic } => "Operation Initiated",
        RequestState::Executing { fulfilment: Fulfilment::Manual } => "Request Approved Fulfillment Pending",
        RequestState::Ended { outcome, .. } => ended(outcome),
        RequestState::Discarded { .. } => ended(Outcome::Canceled),
    }
}

const fn ended(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "Request Completed",
        Outcome::PartiallyFailed => "Request Partially Failed",
        Outcome::Failed => "Request Failed",
        Outcome::Denied => "Request Rejected",
        Outcome::Canceled => "Request Withdrawn",
        Outcome::Closed => "Request Closed",
    }
}

/// `reqType`.
pub(super) fn request_type(request: &Request) -> Cow<'static, str> {
    match &request.details {
        RequestDetails::Access(access) => access.operation.name().into(),
        RequestDetails::Certificate(certificate) => certificate_type(certificate.operation).into(),
    }
}

/// `reqType` of a certificate request.
pub(super) fn certificate_type(operation: CertificateOperation) -> String {
    format!("Certificate {}", operation.name())
}

/// A task's `state`.
pub(super) const fn task_state(state: TaskState) -> &'static str {
    match state {
        TaskState::Assigned => "ASSIGNED",
        TaskState::Completed => "COMPLETED",
        TaskState::Suspended => "SUSPENDED",
        TaskState::Withdrawn => "WITHDRAWN",
        TaskState::Expired => "EXPIRED",
        TaskState::Errored => "ERRORED",
        TaskState::Alerted => "ALERTED",
        TaskState::InformationRequired => "INFO_REQUESTED",
    }
}

/// What a vote says.
pub(super) const fn vote(outcome: VoteOutcome) -> &'static str {
    match outcome {
        VoteOutcome::Approve => "APPROVE",
        VoteOutcome::Deny => "REJECT",
    }
}

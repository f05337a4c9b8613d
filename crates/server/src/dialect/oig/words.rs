//! The closed vocabularies of filters: which statuses, types and task states a word stands for
//! (`spec/oig-requests.md` C, decisions 19, 20 and 24).
//!
//! A word is compared with what the server prints, so that a filter finds exactly the requests that
//! show it. A word that is never printed (`SoD check completed`) is taken and finds nothing. Two
//! exceptions, both with whole words only: the labels into which older releases split an umbrella
//! (`Obtaining Operation Approval`) stand for the umbrella, and the legacy `requestStatus=draft`,
//! which names no whole label, stands for the labels that contain it.

use std::borrow::Cow;

use countersign_core::approval::TaskState;
use countersign_core::clock::Timestamp;
use countersign_core::filter::{StatusMatch, TextMatch, TypeMatch};
use countersign_core::request::{AccessOperation, ApprovedBy, Fulfilment, RequestState, RequestStatus};
use countersign_core::template::CertificateOperation;

use super::labels;
use super::q::Operator;
use super::values::text;

/// A word with what it stands for.
type Words<T> = Vec<(Cow<'static, str>, T)>;

/// The labels of older releases, with the label that took their place.
const OLDER_STATUSES: [(&str, &str); 10] = [
    ("Obtaining Request Approval", "Request Awaiting Approval"),
    ("Obtaining Operation Approval", "Request Awaiting Approval"),
    ("Obtaining Template Approval", "Request Awaiting Approval"),
    ("Request Approval Approved", "Request Approved"),
    ("Operation Approval Approved", "Request Approved"),
    ("Request Approval Auto Approved", "Request Auto Approved"),
    ("Operation Approval Auto Approved", "Request Auto Approved"),
    ("Request Approval Rejected", "Request Rejected"),
    ("Operation Approval Rejected", "Request Rejected"),
    ("Template Approval Rejected", "Request Rejected"),
];

/// The second name of a type.
const OTHER_TYPES: [(&str, &str); 1] = [("Remove Roles", "Remove from Roles")];

/// The filter's word for a state that is printed as another (`spec/oig-requests.md` C.4).
const INFORMATION_REQUIRED: &str = "Information Required";

/// The word that stands for every task state.
pub(super) const ANY: &str = "Any";

/// The statuses that a clause on `reqStatus` names.
pub(super) fn statuses(operator: Operator, value: &str) -> Result<Vec<StatusMatch>, String> {
    select(&printed_statuses(), &OLDER_STATUSES, operator, value)
}

/// The types that a clause on `reqType` names.
pub(super) fn types(operator: Operator, value: &str) -> Result<Vec<TypeMatch>, String> {
    let access = AccessOperation::ALL.iter().map(|operation| (operation.name().into(), TypeMatch::Access(*operation)));
    let certificate = CertificateOperation::ALL
        .iter()
        .map(|operation| (labels::certificate_type(*operation).into(), TypeMatch::Certificate(*operation)));
    select(&access.chain(certificate).collect::<Words<_>>(), &OTHER_TYPES, operator, value)
}

/// The task states that a clause on `state` names; `None` is every one.
pub(super) fn states(operator: Operator, value: &str) -> Result<Option<Vec<TaskState>>, String> {
    let whole = matches!(operator, Operator::Equals | Operator::Legacy);
    if whole && value.eq_ignore_ascii_case(ANY) {
        return Ok(None);
    }
    let mut words: Words<_> = TaskState::ALL.iter().map(|state| (labels::task_state(*state).into(), *state)).collect();
    words.push((INFORMATION_REQUIRED.into(), TaskState::InformationRequired));
    let mut states = select(&words, &[], operator, value)?;
    states.sort_unstable();
    states.dedup();
    Ok(Some(states))
}

/// Every label that a request's status is printed as, with the state behind it.
fn printed_statuses() -> Words<StatusMatch> {
    RequestStatus::ALL.iter().flat_map(|status| particulars(*status)).filter_map(labelled).collect()
}

/// The states of `status` that are printed differently.
fn particulars(status: RequestStatus) -> Vec<StatusMatch> {
    let whole = StatusMatch { status, certificate: None, approved_by: None, fulfilment: None };
    match status {
        RequestStatus::Approved => {
            let access = |by: &ApprovedBy| StatusMatch { certificate: Some(false), approved_by: Some(*by), ..whole };
            let certificate = StatusMatch { certificate: Some(true), ..whole };
            ApprovedBy::ALL.iter().map(access).chain([certificate]).collect()
        }
        RequestStatus::Executing => {
            Fulfilment::ALL.iter().map(|who| StatusMatch { fulfilment: Some(*who), ..whole }).collect()
        }
        _ => vec![whole],
    }
}

/// What a request in that state shows.
fn labelled(state: StatusMatch) -> Option<(Cow<'static, str>, StatusMatch)> {
    let detail = match state.status {
        RequestStatus::Approved => Some(state.approved_by.unwrap_or(ApprovedBy::Votes).code()),
        RequestStatus::Executing => state.fulfilment.map(Fulfilment::code),
        _ => None,
    };
    let ended = if state.status.is_final() { Timestamp::from_micros(0) } else { None };
    let example = RequestState::from_parts(state.status, detail, ended)?;
    Some((labels::status(example, state.certificate == Some(true)).into(), state))
}

/// What the words that meet the comparison stand for.
fn select<T: Copy>(
    words: &Words<T>,
    others: &[(&str, &str)],
    operator: Operator,
    value: &str,
) -> Result<Vec<T>, String> {
    let comparison = text(operator, value)?;
    if !matches!(comparison, TextMatch::Equals(_)) {
        return Ok(named(words, &comparison));
    }
    let printed = others.iter().find(|(other, _)| is_same(other, value)).map_or(value, |(_, printed)| *printed);
    let whole = named(words, &TextMatch::Equals(printed.to_owned()));
    if whole.is_empty() && operator == Operator::Legacy {
        return Ok(named(words, &TextMatch::Contains(value.to_owned())));
    }
    Ok(whole)
}

fn named<T: Copy>(words: &Words<T>, comparison: &TextMatch) -> Vec<T> {
    words.iter().filter(|(word, _)| meets(word, comparison)).map(|(_, meaning)| *meaning).collect()
}

fn meets(word: &str, comparison: &TextMatch) -> bool {
    let word = word.to_lowercase();
    match comparison {
        TextMatch::Equals(text) => word == text.to_lowercase(),
        TextMatch::Contains(text) => word.contains(&text.to_lowercase()),
        TextMatch::Begins(text) => word.starts_with(&text.to_lowercase()),
        TextMatch::Ends(text) => word.ends_with(&text.to_lowercase()),
        TextMatch::Present => true,
    }
}

fn is_same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;

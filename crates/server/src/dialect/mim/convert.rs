//! From the domain to what MIM CM sends.

use chrono::SecondsFormat;
use countersign_core::clock::Timestamp;
use countersign_core::request::{CertificateRequest, DataItem, Request};
use countersign_core::service::ProfileView;
use countersign_core::template::DataProvider;
use uuid::Uuid;

use super::filter::request_status_number;
use super::wire;

/// `RequestFlags` (`spec/mim-cm.md` C.3).
mod request_flags {
    pub(super) const ENROLLMENT_AGENT: u8 = 1;
    pub(super) const SMARTCARD: u8 = 2;
}

/// `DataCollectionFlags` (`spec/mim-cm.md` C.4).
mod data_flags {
    pub(super) const SUBSCRIBER_PROVIDED: u8 = 16;
    pub(super) const MANAGER_PROVIDED: u8 = 32;
}

/// What .NET prints of a time that was never set.
const NEVER: &str = "0001-01-01T00:00:00";

/// A certificate request; `None` of a request of another kind.
pub(super) fn request(request: &Request) -> Option<wire::Request> {
    let certificate = request.certificate()?;
    let data_flags = data_collection_flags(&certificate.data_items);
    Some(wire::Request {
        uuid: request.id.as_uuid(),
        request_type: certificate.operation.code(),
        status: request_status_number(request.status()),
        flags: flags(certificate),
        data_collection: certificate.data_items.iter().map(data_item).collect(),
        data_collection_flags: data_flags,
        originator_user_uuid: request.originator.as_uuid(),
        target_user_uuid: certificate.target.as_uuid(),
        submitted: time(request.created),
        completed: request.state.ended().map_or_else(|| NEVER.to_owned(), time),
        new_profile_uuid: or_zeros(certificate.new_profile.map(|id| id.as_uuid())),
        old_profile_uuid: or_zeros(certificate.old_profile.map(|id| id.as_uuid())),
        new_smartcard_uuid: or_zeros(certificate.new_smartcard.map(|id| id.as_uuid())),
        old_smartcard_uuid: or_zeros(certificate.old_smartcard.map(|id| id.as_uuid())),
        priority: certificate.priority,
        comment: certificate.comment.clone(),
        profile_template_uuid: certificate.template.as_uuid(),
        security_descriptor: security_descriptor(certificate),
        is_smartcard: certificate.smartcard,
        is_enrollment_agent: certificate.agent_required,
        is_data_collection_complete: data_flags == data_flags::SUBSCRIBER_PROVIDED | data_flags::MANAGER_PROVIDED,
    })
}

/// A profile as its caller sees it.
pub(super) fn profile(view: &ProfileView) -> wire::Profile {
    let profile = &view.profile;
    wire::Profile {
        uuid: profile.id.as_uuid(),
        status: profile.status.code(),
        flags: profile.flags,
        parent_profile_uuid: or_zeros(profile.parent.map(|id| id.as_uuid())),
        primary_profile_uuid: or_zeros(profile.primary.map(|id| id.as_uuid())),
        assigned_user_uuid: profile.assigned_user.as_uuid(),
        profile_template_uuid: profile.template.as_uuid(),
        profile_template_version: profile.template_version,
        comment: profile.comment.clone(),
        profile_operations: view.operations.iter().map(|operation| operation.name().to_ascii_lowercase()).collect(),
    }
}

fn flags(certificate: &CertificateRequest) -> u8 {
    let agent = if certificate.agent_required { request_flags::ENROLLMENT_AGENT } else { 0 };
    let card = if certificate.smartcard { request_flags::SMARTCARD } else { 0 };
    agent | card
}

/// The manager's bit is set when the manager has nothing left to answer; the subscriber's only
/// when the subscriber had something to answer and did: the documents' examples show so (C.4).
fn data_collection_flags(items: &[DataItem]) -> u8 {
    let of = |provider| items.iter().filter(move |item| item.provider == provider);
    let answered = |provider| of(provider).all(|item| item.value.is_some());
    let asked_subscriber = of(DataProvider::Subscriber).next().is_some();
    let mut flags = 0;
    if asked_subscriber && answered(DataProvider::Subscriber) {
        flags |= data_flags::SUBSCRIBER_PROVIDED;
    }
    if answered(DataProvider::CertificateManager) {
        flags |= data_flags::MANAGER_PROVIDED;
    }
    flags
}

fn data_item(item: &DataItem) -> wire::DataItem {
    wire::DataItem { name: item.name.clone(), value: item.value.clone() }
}

/// Decision 21: as imported, without MIM's NULs at the end.
fn security_descriptor(certificate: &CertificateRequest) -> String {
    let imported = certificate.security_descriptor.as_deref().unwrap_or_default();
    imported.trim_end_matches('\0').to_owned()
}

fn or_zeros(id: Option<Uuid>) -> Uuid {
    id.unwrap_or_default()
}

/// UTC, cut to milliseconds, without zeros at the end (decision 23).
fn time(at: Timestamp) -> String {
    let text = at.to_utc().to_rfc3339_opts(SecondsFormat::Millis, true);
    // There is a fraction, so that no zero of the seconds is cut.
    let cut = text.trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.');
    format!("{cut}Z")
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;

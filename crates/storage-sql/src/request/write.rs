//! Writing a request to its tables.

use countersign_core::event::Chain;
use countersign_core::ids::{ProfileId, RequestId, SmartcardId};
use countersign_core::request::{AccessRequest, CertificateRequest, Request, RequestDetails};

use super::approval::write_stages;
use super::{ACCESS, AGENT, AUDITOR, CERTIFICATE};
use crate::error::Failure;
use crate::session::Session;
use crate::sql::sql;

const fn family_and_operation(details: &RequestDetails) -> (i64, i16) {
    match details {
        RequestDetails::Access(access) => (ACCESS, access.operation.code()),
        RequestDetails::Certificate(certificate) => (CERTIFICATE, certificate.operation.code()),
    }
}

/// Writes the rows of a new request, of whose events `chain` is the end.
pub(crate) fn insert_request(connection: &mut dyn Session, request: &Request, chain: Chain) -> Result<(), Failure> {
    let (family, operation) = family_and_operation(&request.details);
    sql!(
        "INSERT INTO request (id, number, revision, content_revision, family, operation, status, status_detail, \
         ended_at, originator_id, created_at, modified_at, channel, justification, parent_id, ordinal, has_children, \
         depends_on_id, failure, wakes_at, chain_length, chain_head) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        request.id.as_uuid(),
        request.number.get(),
        request.revision.0,
        request.content_revision,
        family,
        operation,
        request.status().code(),
        request.state.detail(),
        request.state.ended(),
        request.originator.as_uuid(),
        request.created,
        request.modified,
        request.channel.code(),
        request.justification.clone(),
        request.parent.map(|parent| parent.request.as_uuid()),
        request.parent.map(|parent| parent.ordinal),
        request.has_children,
        request.depends_on.map(RequestId::as_uuid),
        request.failure.clone(),
        request.wakes(),
        chain.length,
        &chain.head.0[..]
    )
    .put(connection)?;
    insert_details(connection, request)?;
    write_stages(connection, request.id, &[], &request.stages)
}

/// Writes `request` over `before`, which is held; `chain` is the new end of its events.
pub(crate) fn update_request(
    connection: &mut dyn Session,
    before: &Request,
    request: &Request,
    chain: Chain,
) -> Result<(), Failure> {
    let (family, operation) = family_and_operation(&request.details);
    sql!(
        "UPDATE request SET number = ?, revision = ?, content_revision = ?, family = ?, operation = ?, status = ?, \
         status_detail = ?, ended_at = ?, originator_id = ?, created_at = ?, modified_at = ?, channel = ?, \
         justification = ?, parent_id = ?, ordinal = ?, has_children = ?, depends_on_id = ?, failure = ?, wakes_at = ?, \
         chain_length = ?, chain_head = ? WHERE id = ? AND revision = ?",
        request.number.get(),
        request.revision.0,
        request.content_revision,
        family,
        operation,
        request.status().code(),
        request.state.detail(),
        request.state.ended(),
        request.originator.as_uuid(),
        request.created,
        request.modified,
        request.channel.code(),
        request.justification.clone(),
        request.parent.map(|parent| parent.request.as_uuid()),
        request.parent.map(|parent| parent.ordinal),
        request.has_children,
        request.depends_on.map(RequestId::as_uuid),
        request.failure.clone(),
        request.wakes(),
        chain.length,
        &chain.head.0[..],
        request.id.as_uuid(),
        before.revision.0
    )
    .put(connection)?;
    write_details(connection, before, request)?;
    write_stages(connection, request.id, &before.stages, &request.stages)
}

/// Writes what differs between the details of `before` and `after`: a decision changes none of them.
fn write_details(connection: &mut dyn Session, before: &Request, after: &Request) -> Result<(), Failure> {
    let id = after.id;
    if before.details == after.details {
        return Ok(());
    }
    if let (RequestDetails::Certificate(old), RequestDetails::Certificate(new)) = (&before.details, &after.details) {
        return write_certificate(connection, id, Some(old), new);
    }
    delete_details(connection, id)?;
    insert_details(connection, after)
}

fn delete_details(connection: &mut dyn Session, id: RequestId) -> Result<(), Failure> {
    for statement in [
        sql!("DELETE FROM target_form_value WHERE request_id = ?", id.as_uuid()),
        sql!("DELETE FROM request_target WHERE request_id = ?", id.as_uuid()),
        sql!("DELETE FROM request_beneficiary WHERE request_id = ?", id.as_uuid()),
        sql!("DELETE FROM request_data_item WHERE request_id = ?", id.as_uuid()),
        sql!("DELETE FROM request_principal WHERE request_id = ?", id.as_uuid()),
        sql!("DELETE FROM request_certificate WHERE request_id = ?", id.as_uuid()),
    ] {
        statement.put(connection)?;
    }
    Ok(())
}

fn insert_details(connection: &mut dyn Session, request: &Request) -> Result<(), Failure> {
    match &request.details {
        RequestDetails::Access(access) => insert_access(connection, request.id, access),
        RequestDetails::Certificate(certificate) => write_certificate(connection, request.id, None, certificate),
    }
}

fn insert_access(connection: &mut dyn Session, id: RequestId, access: &AccessRequest) -> Result<(), Failure> {
    for (ordinal, user) in (0_i64..).zip(&access.beneficiaries) {
        sql!(
            "INSERT INTO request_beneficiary (request_id, ordinal, user_id) VALUES (?, ?, ?)",
            id.as_uuid(),
            ordinal,
            user.as_uuid()
        )
        .put(connection)?;
    }
    for (ordinal, target) in (0_i64..).zip(&access.targets) {
        sql!(
            "INSERT INTO request_target (request_id, ordinal, entity_type, entity_key, entity_name, parent_account, \
             start_at, end_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            id.as_uuid(),
            ordinal,
            target.entity_type.code(),
            target.entity_key.as_str(),
            target.entity_name.as_str(),
            target.parent_account.clone(),
            target.start,
            target.end
        )
        .put(connection)?;
        for (field, value) in (0_i64..).zip(&target.form) {
            sql!(
                "INSERT INTO target_form_value (request_id, target, ordinal, name, value) VALUES (?, ?, ?, ?, ?)",
                id.as_uuid(),
                ordinal,
                field,
                value.name.as_str(),
                value.value.as_str()
            )
            .put(connection)?;
        }
    }
    Ok(())
}

fn write_certificate(
    connection: &mut dyn Session,
    id: RequestId,
    old: Option<&CertificateRequest>,
    certificate: &CertificateRequest,
) -> Result<(), Failure> {
    sql!(
        "INSERT INTO request_certificate (request_id, template_id, smartcard, agent_required, target_id, priority, \
         comment, old_profile_id, new_profile_id, old_smartcard_id, new_smartcard_id, security_descriptor) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (request_id) DO UPDATE SET \
         template_id = excluded.template_id, smartcard = excluded.smartcard, agent_required = \
         excluded.agent_required, target_id = excluded.target_id, priority = excluded.priority, comment = \
         excluded.comment, old_profile_id = excluded.old_profile_id, new_profile_id = \
         excluded.new_profile_id, old_smartcard_id = excluded.old_smartcard_id, new_smartcard_id = \
         excluded.new_smartcard_id, security_descriptor = excluded.security_descriptor",
        id.as_uuid(),
        certificate.template.as_uuid(),
        certificate.smartcard,
        certificate.agent_required,
        certificate.target.as_uuid(),
        i64::from(certificate.priority),
        certificate.comment.as_str(),
        certificate.old_profile.map(ProfileId::as_uuid),
        certificate.new_profile.map(ProfileId::as_uuid),
        certificate.old_smartcard.map(SmartcardId::as_uuid),
        certificate.new_smartcard.map(SmartcardId::as_uuid),
        certificate.security_descriptor.clone()
    )
    .put(connection)?;
    let Some(old) = old else {
        insert_principals(connection, id, certificate)?;
        return insert_data_items(connection, id, certificate);
    };
    if (&old.agents, &old.auditors) != (&certificate.agents, &certificate.auditors) {
        sql!("DELETE FROM request_principal WHERE request_id = ?", id.as_uuid()).put(connection)?;
        insert_principals(connection, id, certificate)?;
    }
    if old.data_items != certificate.data_items {
        sql!("DELETE FROM request_data_item WHERE request_id = ?", id.as_uuid()).put(connection)?;
        insert_data_items(connection, id, certificate)?;
    }
    Ok(())
}

fn insert_principals(
    connection: &mut dyn Session,
    id: RequestId,
    certificate: &CertificateRequest,
) -> Result<(), Failure> {
    for (role, list) in [(AGENT, &certificate.agents), (AUDITOR, &certificate.auditors)] {
        for (ordinal, principal) in (0_i64..).zip(list) {
            sql!(
                "INSERT INTO request_principal (request_id, role, ordinal, principal_id) VALUES (?, ?, ?, ?)",
                id.as_uuid(),
                role,
                ordinal,
                principal.as_uuid()
            )
            .put(connection)?;
        }
    }
    Ok(())
}

fn insert_data_items(
    connection: &mut dyn Session,
    id: RequestId,
    certificate: &CertificateRequest,
) -> Result<(), Failure> {
    for (ordinal, item) in (0_i64..).zip(&certificate.data_items) {
        sql!(
            "INSERT INTO request_data_item (request_id, ordinal, name, value, provider) VALUES (?, ?, ?, ?, ?)",
            id.as_uuid(),
            ordinal,
            item.name.as_str(),
            item.value.clone(),
            item.provider.code()
        )
        .put(connection)?;
    }
    Ok(())
}

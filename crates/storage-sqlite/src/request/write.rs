//! Writing a request to its tables.

use countersign_core::approval::{ApprovalTask, Stage};
use countersign_core::event::Chain;
use countersign_core::ids::{ProfileId, RequestId, Revision, SmartcardId, UserId};
use countersign_core::request::{AccessRequest, CertificateRequest, Request, RequestDetails};
use diesel::sqlite::SqliteConnection;

use super::{ACCESS, AGENT, AUDITOR, CERTIFICATE};
use crate::error::Failure;
use crate::sql::sql;

const fn family_and_operation(details: &RequestDetails) -> (i64, i16) {
    match details {
        RequestDetails::Access(access) => (ACCESS, access.operation.code()),
        RequestDetails::Certificate(certificate) => (CERTIFICATE, certificate.operation.code()),
    }
}

/// Writes the rows of a new request.
pub(crate) fn insert_request(connection: &mut SqliteConnection, request: &Request) -> Result<(), Failure> {
    let (family, operation) = family_and_operation(&request.details);
    sql!(
        "INSERT INTO request (id, number, revision, content_revision, family, operation, status, status_detail, \
         ended_at, originator_id, created_at, modified_at, channel, justification, parent_id, ordinal, has_children, \
         chain_length, chain_head) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
        Chain::EMPTY.length,
        &Chain::EMPTY.head.0[..]
    )
    .run(connection)?;
    insert_parts(connection, request)
}

/// Writes `request` over the rows at `expected`; `false` if the request is not at that revision.
pub(crate) fn update_request(
    connection: &mut SqliteConnection,
    request: &Request,
    expected: Revision,
) -> Result<bool, Failure> {
    let (family, operation) = family_and_operation(&request.details);
    let changed = sql!(
        "UPDATE request SET number = ?, revision = ?, content_revision = ?, family = ?, operation = ?, status = ?, \
         status_detail = ?, ended_at = ?, originator_id = ?, created_at = ?, modified_at = ?, channel = ?, \
         justification = ?, parent_id = ?, ordinal = ?, has_children = ? WHERE id = ? AND revision = ?",
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
        request.id.as_uuid(),
        expected.0
    )
    .run(connection)?;
    if changed == 0 {
        return Ok(false);
    }
    delete_parts(connection, request.id)?;
    insert_parts(connection, request)?;
    Ok(true)
}

fn delete_parts(connection: &mut SqliteConnection, id: RequestId) -> Result<(), Failure> {
    for statement in [
        sql!("DELETE FROM vote WHERE request_id = ?", id.as_uuid()),
        sql!("DELETE FROM approval_task WHERE request_id = ?", id.as_uuid()),
        sql!("DELETE FROM stage_planned WHERE request_id = ?", id.as_uuid()),
        sql!("DELETE FROM stage WHERE request_id = ?", id.as_uuid()),
        sql!("DELETE FROM target_form_value WHERE request_id = ?", id.as_uuid()),
        sql!("DELETE FROM request_target WHERE request_id = ?", id.as_uuid()),
        sql!("DELETE FROM request_beneficiary WHERE request_id = ?", id.as_uuid()),
        sql!("DELETE FROM request_data_item WHERE request_id = ?", id.as_uuid()),
        sql!("DELETE FROM request_principal WHERE request_id = ?", id.as_uuid()),
        sql!("DELETE FROM request_certificate WHERE request_id = ?", id.as_uuid()),
    ] {
        statement.run(connection)?;
    }
    Ok(())
}

fn insert_parts(connection: &mut SqliteConnection, request: &Request) -> Result<(), Failure> {
    match &request.details {
        RequestDetails::Access(access) => insert_access(connection, request.id, access)?,
        RequestDetails::Certificate(certificate) => insert_certificate(connection, request.id, certificate)?,
    }
    for (ordinal, stage) in (0_i64..).zip(&request.stages) {
        insert_stage(connection, request.id, ordinal, stage)?;
    }
    Ok(())
}

fn insert_access(connection: &mut SqliteConnection, id: RequestId, access: &AccessRequest) -> Result<(), Failure> {
    for (ordinal, user) in (0_i64..).zip(&access.beneficiaries) {
        sql!(
            "INSERT INTO request_beneficiary (request_id, ordinal, user_id) VALUES (?, ?, ?)",
            id.as_uuid(),
            ordinal,
            user.as_uuid()
        )
        .run(connection)?;
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
        .run(connection)?;
        for (field, value) in (0_i64..).zip(&target.form) {
            sql!(
                "INSERT INTO target_form_value (request_id, target, ordinal, name, value) VALUES (?, ?, ?, ?, ?)",
                id.as_uuid(),
                ordinal,
                field,
                value.name.as_str(),
                value.value.as_str()
            )
            .run(connection)?;
        }
    }
    Ok(())
}

fn insert_certificate(
    connection: &mut SqliteConnection,
    id: RequestId,
    certificate: &CertificateRequest,
) -> Result<(), Failure> {
    sql!(
        "INSERT INTO request_certificate (request_id, template_id, smartcard, agent_required, target_id, priority, \
         comment, old_profile_id, new_profile_id, old_smartcard_id, new_smartcard_id, security_descriptor) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
    .run(connection)?;
    for (role, list) in [(AGENT, &certificate.agents), (AUDITOR, &certificate.auditors)] {
        for (ordinal, principal) in (0_i64..).zip(list) {
            sql!(
                "INSERT INTO request_principal (request_id, role, ordinal, principal_id) VALUES (?, ?, ?, ?)",
                id.as_uuid(),
                role,
                ordinal,
                principal.as_uuid()
            )
            .run(connection)?;
        }
    }
    for (ordinal, item) in (0_i64..).zip(&certificate.data_items) {
        sql!(
            "INSERT INTO request_data_item (request_id, ordinal, name, value, provider) VALUES (?, ?, ?, ?, ?)",
            id.as_uuid(),
            ordinal,
            item.name.as_str(),
            item.value.clone(),
            item.provider.code()
        )
        .run(connection)?;
    }
    Ok(())
}

fn insert_stage(connection: &mut SqliteConnection, id: RequestId, at: i64, stage: &Stage) -> Result<(), Failure> {
    sql!(
        "INSERT INTO stage (request_id, ordinal, name, stage_index, quorum) VALUES (?, ?, ?, ?, ?)",
        id.as_uuid(),
        at,
        stage.name.as_str(),
        stage.index,
        i64::from(stage.quorum)
    )
    .run(connection)?;
    for (ordinal, principal) in (0_i64..).zip(&stage.planned) {
        sql!(
            "INSERT INTO stage_planned (request_id, stage, ordinal, principal_id) VALUES (?, ?, ?, ?)",
            id.as_uuid(),
            at,
            ordinal,
            principal.as_uuid()
        )
        .run(connection)?;
    }
    for (ordinal, task) in (0_i64..).zip(&stage.tasks) {
        insert_task(connection, id, (at, ordinal), task)?;
    }
    Ok(())
}

fn insert_task(
    connection: &mut SqliteConnection,
    id: RequestId,
    (stage, at): (i64, i64),
    task: &ApprovalTask,
) -> Result<(), Failure> {
    sql!(
        "INSERT INTO approval_task (request_id, stage, ordinal, id, title, assignee_id, state, acquired_by_id, \
         created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        id.as_uuid(),
        stage,
        at,
        task.id.as_uuid(),
        task.title.as_str(),
        task.assignee.as_uuid(),
        task.state.code(),
        task.acquired_by.map(UserId::as_uuid),
        task.created,
        task.expires
    )
    .run(connection)?;
    for (ordinal, vote) in (0_i64..).zip(&task.votes) {
        sql!(
            "INSERT INTO vote (request_id, stage, task, ordinal, voter_id, represented_id, outcome, voted_at, \
             content_revision, comment) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            id.as_uuid(),
            stage,
            at,
            ordinal,
            vote.voter.as_uuid(),
            vote.represented.map(UserId::as_uuid),
            vote.outcome.code(),
            vote.at,
            vote.content_revision,
            vote.comment.clone()
        )
        .run(connection)?;
    }
    Ok(())
}

//! Requests in their normalised tables: the truth.

use countersign_core::approval::{ApprovalTask, Stage, TaskState, Vote, VoteOutcome};
use countersign_core::catalog::EntityType;
use countersign_core::event::Chain;
use countersign_core::event::Channel;
use countersign_core::ids::{PrincipalId, ProfileId, RequestId, RequestNumber, Revision, SmartcardId, UserId};
use countersign_core::request::{
    AccessOperation, AccessRequest, CertificateRequest, ChildSummary, DataItem, FormValue, ParentLink, Request,
    RequestDetails, RequestState, RequestStatus, Target,
};
use countersign_core::template::{CertificateOperation, DataProvider};
use diesel::sqlite::SqliteConnection;

use crate::error::{Failure, damaged};
use crate::sql::{Row, sql};

const ACCESS: i64 = 1;
const CERTIFICATE: i64 = 2;
const AGENT: i64 = 1;
const AUDITOR: i64 = 2;

fn number(row: &mut Row) -> Result<RequestNumber, Failure> {
    Ok(RequestNumber::try_from(row.int()?).map_err(|error| damaged(error.to_string()))?)
}

/// The request, read from its tables.
pub(crate) fn load_request(connection: &mut SqliteConnection, id: RequestId) -> Result<Option<Request>, Failure> {
    let found = sql!(
        "SELECT number, revision, content_revision, family, operation, status, status_detail, ended_at, originator_id, \
         created_at, modified_at, channel, justification, parent_id, ordinal, has_children FROM request WHERE id = ?",
        id.as_uuid()
    );
    let Some(mut row) = found.row(connection)? else { return Ok(None) };
    let number = number(&mut row)?;
    let (revision, content_revision) = (Revision(row.int()?), row.int()?);
    let details = match row.int()? {
        ACCESS => RequestDetails::Access(load_access(connection, id, row.code(AccessOperation::from_code)?)?),
        CERTIFICATE => {
            RequestDetails::Certificate(load_certificate(connection, id, row.code(CertificateOperation::from_code)?)?)
        }
        family => return Err(damaged(format!("{family} is no family of requests")).into()),
    };
    let status = row.code(RequestStatus::from_code)?;
    let detail = row.maybe_int()?.map(i16::try_from).transpose().map_err(|_| damaged("a status detail is unknown"))?;
    let state = RequestState::from_parts(status, detail, row.maybe_time()?);
    let state = state.ok_or_else(|| damaged(format!("the state of request {id} does not hold together")))?;
    Ok(Some(Request {
        id,
        number,
        state,
        details,
        originator: row.id()?,
        created: row.time()?,
        modified: row.maybe_time()?,
        channel: row.code(Channel::from_code)?,
        justification: row.maybe_text()?,
        parent: match (row.maybe_id()?, row.maybe_int()?) {
            (Some(request), Some(ordinal)) => {
                let ordinal = i32::try_from(ordinal).map_err(|_| damaged("an ordinal is out of range"))?;
                Some(ParentLink { request, ordinal })
            }
            _ => None,
        },
        has_children: row.flag()?,
        stages: load_stages(connection, id)?,
        revision,
        content_revision,
    }))
}

fn load_access(
    connection: &mut SqliteConnection,
    id: RequestId,
    operation: AccessOperation,
) -> Result<AccessRequest, Failure> {
    let rows = sql!("SELECT user_id FROM request_beneficiary WHERE request_id = ? ORDER BY ordinal", id.as_uuid())
        .rows(connection)?;
    let beneficiaries = rows.into_iter().map(|mut row| row.id()).collect::<Result<_, _>>()?;
    let rows = sql!(
        "SELECT ordinal, entity_type, entity_key, entity_name, parent_account, start_at, end_at FROM request_target \
         WHERE request_id = ? ORDER BY ordinal",
        id.as_uuid()
    )
    .rows(connection)?;
    let mut targets = Vec::with_capacity(rows.len());
    for mut row in rows {
        let ordinal = row.int()?;
        targets.push(Target {
            entity_type: row.code(EntityType::from_code)?,
            entity_key: row.parsed()?,
            entity_name: row.text()?,
            parent_account: row.maybe_text()?,
            start: row.maybe_time()?,
            end: row.maybe_time()?,
            form: load_form(connection, id, ordinal)?,
        });
    }
    Ok(AccessRequest { operation, beneficiaries, targets })
}

fn load_form(connection: &mut SqliteConnection, id: RequestId, target: i64) -> Result<Vec<FormValue>, Failure> {
    let rows = sql!(
        "SELECT name, value FROM target_form_value WHERE request_id = ? AND target = ? ORDER BY ordinal",
        id.as_uuid(),
        target
    )
    .rows(connection)?;
    rows.into_iter().map(|mut row| Ok(FormValue { name: row.text()?, value: row.text()? })).collect()
}

fn load_certificate(
    connection: &mut SqliteConnection,
    id: RequestId,
    operation: CertificateOperation,
) -> Result<CertificateRequest, Failure> {
    let found = sql!(
        "SELECT template_id, smartcard, agent_required, target_id, priority, comment, old_profile_id, new_profile_id, \
         old_smartcard_id, new_smartcard_id, security_descriptor FROM request_certificate WHERE request_id = ?",
        id.as_uuid()
    );
    let row = found.row(connection)?;
    let mut row = row.ok_or_else(|| damaged(format!("certificate request {id} lacks its particulars")))?;
    Ok(CertificateRequest {
        operation,
        template: row.id()?,
        smartcard: row.flag()?,
        agent_required: row.flag()?,
        target: row.id()?,
        priority: row.number()?,
        comment: row.text()?,
        old_profile: row.maybe_id()?,
        new_profile: row.maybe_id()?,
        old_smartcard: row.maybe_id()?,
        new_smartcard: row.maybe_id()?,
        security_descriptor: row.maybe_text()?,
        data_items: load_data_items(connection, id)?,
        agents: load_principals(connection, id, AGENT)?,
        auditors: load_principals(connection, id, AUDITOR)?,
    })
}

fn load_data_items(connection: &mut SqliteConnection, id: RequestId) -> Result<Vec<DataItem>, Failure> {
    let rows =
        sql!("SELECT name, value, provider FROM request_data_item WHERE request_id = ? ORDER BY ordinal", id.as_uuid())
            .rows(connection)?;
    let read = |mut row: Row| {
        Ok(DataItem { name: row.text()?, value: row.maybe_text()?, provider: row.code(DataProvider::from_code)? })
    };
    rows.into_iter().map(read).collect()
}

fn load_principals(connection: &mut SqliteConnection, id: RequestId, role: i64) -> Result<Vec<PrincipalId>, Failure> {
    let rows = sql!(
        "SELECT principal_id FROM request_principal WHERE request_id = ? AND role = ? ORDER BY ordinal",
        id.as_uuid(),
        role
    )
    .rows(connection)?;
    rows.into_iter().map(|mut row| Ok(row.id()?)).collect()
}

fn load_stages(connection: &mut SqliteConnection, id: RequestId) -> Result<Vec<Stage>, Failure> {
    let rows = sql!(
        "SELECT ordinal, name, stage_index, quorum FROM stage WHERE request_id = ? ORDER BY ordinal",
        id.as_uuid()
    )
    .rows(connection)?;
    let mut stages = Vec::with_capacity(rows.len());
    for mut row in rows {
        let ordinal = row.int()?;
        let name = row.text()?;
        let index = row.maybe_int()?.map(i32::try_from).transpose().map_err(|_| damaged("an index is out of range"))?;
        let quorum = row.number()?;
        let planned = sql!(
            "SELECT principal_id FROM stage_planned WHERE request_id = ? AND stage = ? ORDER BY ordinal",
            id.as_uuid(),
            ordinal
        );
        let planned = planned.rows(connection)?.into_iter().map(|mut row| row.id()).collect::<Result<_, _>>()?;
        stages.push(Stage { name, index, quorum, planned, tasks: load_tasks(connection, id, ordinal)? });
    }
    Ok(stages)
}

fn load_tasks(connection: &mut SqliteConnection, id: RequestId, stage: i64) -> Result<Vec<ApprovalTask>, Failure> {
    let rows = sql!(
        "SELECT ordinal, id, title, assignee_id, state, acquired_by_id, created_at, expires_at FROM approval_task \
         WHERE request_id = ? AND stage = ? ORDER BY ordinal",
        id.as_uuid(),
        stage
    )
    .rows(connection)?;
    let mut tasks = Vec::with_capacity(rows.len());
    for mut row in rows {
        let ordinal = row.int()?;
        tasks.push(ApprovalTask {
            id: row.id()?,
            title: row.text()?,
            assignee: row.id()?,
            state: row.code(TaskState::from_code)?,
            acquired_by: row.maybe_id()?,
            created: row.time()?,
            expires: row.maybe_time()?,
            votes: load_votes(connection, id, stage, ordinal)?,
        });
    }
    Ok(tasks)
}

fn load_votes(connection: &mut SqliteConnection, id: RequestId, stage: i64, task: i64) -> Result<Vec<Vote>, Failure> {
    let rows = sql!(
        "SELECT voter_id, represented_id, outcome, voted_at, content_revision, comment FROM vote \
         WHERE request_id = ? AND stage = ? AND task = ? ORDER BY ordinal",
        id.as_uuid(),
        stage,
        task
    )
    .rows(connection)?;
    let read = |mut row: Row| {
        Ok(Vote {
            voter: row.id()?,
            represented: row.maybe_id()?,
            outcome: row.code(VoteOutcome::from_code)?,
            at: row.time()?,
            content_revision: row.int()?,
            comment: row.maybe_text()?,
        })
    };
    rows.into_iter().map(read).collect()
}

/// The children of a parent, in their order.
pub(crate) fn children(connection: &mut SqliteConnection, parent: RequestId) -> Result<Vec<ChildSummary>, Failure> {
    let rows =
        sql!("SELECT id, ordinal, number, status FROM request WHERE parent_id = ? ORDER BY ordinal", parent.as_uuid())
            .rows(connection)?;
    let read = |mut row: Row| {
        Ok(ChildSummary {
            id: row.id()?,
            ordinal: row.number()?,
            number: number(&mut row)?,
            status: row.code(RequestStatus::from_code)?,
        })
    };
    rows.into_iter().map(read).collect()
}

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

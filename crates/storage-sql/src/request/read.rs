//! Reading a request from its tables.

use countersign_core::catalog::EntityType;
use countersign_core::event::Channel;
use countersign_core::ids::{PrincipalId, RequestId, RequestNumber, Revision};
use countersign_core::request::{
    AccessOperation, AccessRequest, CertificateRequest, ChildSummary, DataItem, FormValue, ParentLink, Request,
    RequestDetails, RequestState, RequestStatus, Target,
};
use countersign_core::template::{CertificateOperation, DataProvider};

use super::approval::load_stages;
use super::{ACCESS, AGENT, AUDITOR, CERTIFICATE};
use crate::error::{Failure, damaged};
use crate::session::Session;
use crate::sql::{Row, sql};

fn number(row: &mut Row) -> Result<RequestNumber, Failure> {
    Ok(RequestNumber::try_from(row.int()?).map_err(|error| damaged(error.to_string()))?)
}

/// The request, read from its tables.
pub(crate) fn load_request(connection: &mut dyn Session, id: RequestId) -> Result<Option<Request>, Failure> {
    let found = sql!(
        "SELECT number, revision, content_revision, family, operation, status, status_detail, ended_at, originator_id, \
         created_at, modified_at, channel, justification, parent_id, ordinal, has_children, depends_on_id, failure \
         FROM request WHERE id = ?",
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
        depends_on: row.maybe_id()?,
        failure: row.maybe_text()?,
        stages: load_stages(connection, id)?,
        revision,
        content_revision,
    }))
}

fn load_access(
    connection: &mut dyn Session,
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

fn load_form(connection: &mut dyn Session, id: RequestId, target: i64) -> Result<Vec<FormValue>, Failure> {
    let rows = sql!(
        "SELECT name, value FROM target_form_value WHERE request_id = ? AND target = ? ORDER BY ordinal",
        id.as_uuid(),
        target
    )
    .rows(connection)?;
    rows.into_iter().map(|mut row| Ok(FormValue { name: row.text()?, value: row.text()? })).collect()
}

fn load_certificate(
    connection: &mut dyn Session,
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

fn load_data_items(connection: &mut dyn Session, id: RequestId) -> Result<Vec<DataItem>, Failure> {
    let rows =
        sql!("SELECT name, value, provider FROM request_data_item WHERE request_id = ? ORDER BY ordinal", id.as_uuid())
            .rows(connection)?;
    let read = |mut row: Row| {
        Ok(DataItem { name: row.text()?, value: row.maybe_text()?, provider: row.code(DataProvider::from_code)? })
    };
    rows.into_iter().map(read).collect()
}

fn load_principals(connection: &mut dyn Session, id: RequestId, role: i64) -> Result<Vec<PrincipalId>, Failure> {
    let rows = sql!(
        "SELECT principal_id FROM request_principal WHERE request_id = ? AND role = ? ORDER BY ordinal",
        id.as_uuid(),
        role
    )
    .rows(connection)?;
    rows.into_iter().map(|mut row| Ok(row.id()?)).collect()
}

/// The children of a parent, in their order.
pub(crate) fn children(connection: &mut dyn Session, parent: RequestId) -> Result<Vec<ChildSummary>, Failure> {
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

/// The requests that wait for `request`.
pub(crate) fn dependents(connection: &mut dyn Session, request: RequestId) -> Result<Vec<RequestId>, Failure> {
    let rows = sql!(
        "SELECT id FROM request WHERE depends_on_id = ? AND status = ? ORDER BY id",
        request.as_uuid(),
        RequestStatus::AwaitingDependency.code()
    )
    .rows(connection)?;
    rows.into_iter().map(|mut row| Ok(row.id()?)).collect()
}

//! Reading a request from its tables.

use std::collections::HashMap;

use countersign_core::catalog::EntityType;
use countersign_core::error::RepositoryError;
use countersign_core::event::Channel;
use countersign_core::ids::{PrincipalId, RequestId, RequestNumber, Revision};
use countersign_core::request::{
    AccessOperation, AccessRequest, CertificateRequest, ChildSummary, DataItem, FormValue, ParentLink, Request,
    RequestDetails, RequestState, RequestStatus, Target,
};
use countersign_core::template::{CertificateOperation, DataProvider};
use uuid::Uuid;

use super::approval::Approvals;
use super::{ACCESS, AGENT, AUDITOR, CERTIFICATE};
use crate::error::{Failure, damaged};
use crate::parts::{Parts, of_each};
use crate::session::Session;
use crate::sql::{Row, sql};

type Read<T> = Result<T, RepositoryError>;

/// Requests by their ids, each as it was read or with the reason why it cannot be.
pub(crate) type Found = HashMap<RequestId, Read<Request>>;

fn number(row: &mut Row) -> Read<RequestNumber> {
    RequestNumber::try_from(row.int()?).map_err(|error| damaged(error.to_string()))
}

/// The request, read from its tables.
pub(crate) fn load_request(connection: &mut dyn Session, id: RequestId) -> Result<Option<Request>, Failure> {
    Ok(load_requests(connection, &[id])?.remove(&id).transpose()?)
}

/// The requests among `ids` that exist, read from their tables. One that cannot be read harms no other.
pub(crate) fn load_requests(connection: &mut dyn Session, ids: &[RequestId]) -> Result<Found, Failure> {
    match (Tables::read(connection, ids), ids) {
        (Ok((rows, mut tables)), _) => {
            Ok(rows.into_iter().map(|(id, family, row)| (id, tables.request(id, family, row))).collect())
        }
        // A row that the driver itself cannot read ends the statement, and with it the reading of all of them.
        (Err(Failure::Repository(RepositoryError::Damaged(reason))), &[id]) => {
            Ok(Found::from([(id, Err(damaged(reason)))]))
        }
        (Err(Failure::Repository(RepositoryError::Damaged(_))), _) => {
            let mut found = Found::new();
            for id in ids {
                found.extend(load_requests(connection, &[*id])?);
            }
            Ok(found)
        }
        (Err(other), _) => Err(other),
    }
}

/// A request, of which family it is, and what else stands in its row.
type RequestRow = (RequestId, i64, Row);

const REQUEST: [&str; 18] = [
    "family",
    "number",
    "revision",
    "content_revision",
    "operation",
    "status",
    "status_detail",
    "ended_at",
    "originator_id",
    "created_at",
    "modified_at",
    "channel",
    "justification",
    "parent_id",
    "ordinal",
    "has_children",
    "depends_on_id",
    "failure",
];
/// What only certificate requests have.
const PARTICULARS: [&str; 11] = [
    "template_id",
    "smartcard",
    "agent_required",
    "target_id",
    "priority",
    "comment",
    "old_profile_id",
    "new_profile_id",
    "old_smartcard_id",
    "new_smartcard_id",
    "security_descriptor",
];

/// The rows of some requests, but for those of the table of requests itself.
struct Tables {
    beneficiaries: Parts<0>,
    targets: Parts<0>,
    form_values: Parts<1>,
    certificates: HashMap<Uuid, Row>,
    data_items: Parts<0>,
    principals: Parts<1>,
    approvals: Approvals,
}

impl Tables {
    fn read(connection: &mut dyn Session, ids: &[RequestId]) -> Result<(Vec<RequestRow>, Self), Failure> {
        let ids: Vec<_> = ids.iter().map(|id| id.as_uuid()).collect();
        let (mut rows, mut of_access, mut of_certificates) = (Vec::new(), Vec::new(), Vec::new());
        for (id, mut row) in of_each(connection, ("request", "id"), &REQUEST, &ids)? {
            let family = row.int()?;
            match family {
                ACCESS => of_access.push(id),
                CERTIFICATE => of_certificates.push(id),
                _ => {}
            }
            rows.push((RequestId::from(id), family, row));
        }
        let mut tables = Self {
            beneficiaries: Parts::none(),
            targets: Parts::none(),
            form_values: Parts::none(),
            certificates: HashMap::new(),
            data_items: Parts::none(),
            principals: Parts::none(),
            approvals: Approvals::read(connection, &ids)?,
        };
        if !of_access.is_empty() {
            tables.read_access(connection, &of_access)?;
        }
        if !of_certificates.is_empty() {
            tables.read_certificates(connection, &of_certificates)?;
        }
        Ok((rows, tables))
    }

    fn read_access(&mut self, connection: &mut dyn Session, ids: &[Uuid]) -> Result<(), Failure> {
        self.beneficiaries = Parts::read(connection, ids, "request_beneficiary", [], &["user_id"])?;
        let columns = ["ordinal", "entity_type", "entity_key", "entity_name", "parent_account", "start_at", "end_at"];
        self.targets = Parts::read(connection, ids, "request_target", [], &columns)?;
        self.form_values = Parts::read(connection, ids, "target_form_value", ["target"], &["name", "value"])?;
        Ok(())
    }

    fn read_certificates(&mut self, connection: &mut dyn Session, ids: &[Uuid]) -> Result<(), Failure> {
        self.certificates = of_each(connection, ("request_certificate", "request_id"), &PARTICULARS, ids)?;
        self.data_items = Parts::read(connection, ids, "request_data_item", [], &["name", "value", "provider"])?;
        self.principals = Parts::read(connection, ids, "request_principal", ["role"], &["principal_id"])?;
        Ok(())
    }

    fn request(&mut self, id: RequestId, family: i64, mut row: Row) -> Read<Request> {
        let number = number(&mut row)?;
        let (revision, content_revision) = (Revision(row.int()?), row.int()?);
        let details = match family {
            ACCESS => RequestDetails::Access(self.access(id, row.code(AccessOperation::from_code)?)?),
            CERTIFICATE => {
                RequestDetails::Certificate(self.certificate(id, row.code(CertificateOperation::from_code)?)?)
            }
            family => return Err(damaged(format!("{family} is no family of requests"))),
        };
        let status = row.code(RequestStatus::from_code)?;
        let detail = row.maybe_int()?.map(i16::try_from).transpose();
        let detail = detail.map_err(|_| damaged("a status detail is unknown"))?;
        let state = RequestState::from_parts(status, detail, row.maybe_time()?);
        let state = state.ok_or_else(|| damaged(format!("the state of request {id} does not hold together")))?;
        Ok(Request {
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
            stages: self.approvals.stages(id.as_uuid())?,
            revision,
            content_revision,
        })
    }

    fn access(&mut self, id: RequestId, operation: AccessOperation) -> Read<AccessRequest> {
        let id = id.as_uuid();
        let beneficiaries = self.beneficiaries.take(id, []).into_iter().map(|mut row| row.id());
        let beneficiaries = beneficiaries.collect::<Read<_>>()?;
        let mut targets = Vec::new();
        for mut row in self.targets.take(id, []) {
            let form = self.form_values.take(id, [row.int()?]);
            targets.push(Target {
                entity_type: row.code(EntityType::from_code)?,
                entity_key: row.parsed()?,
                entity_name: row.text()?,
                parent_account: row.maybe_text()?,
                start: row.maybe_time()?,
                end: row.maybe_time()?,
                form: form.into_iter().map(form_value).collect::<Read<_>>()?,
            });
        }
        Ok(AccessRequest { operation, beneficiaries, targets })
    }

    fn certificate(&mut self, id: RequestId, operation: CertificateOperation) -> Read<CertificateRequest> {
        let row = self.certificates.remove(&id.as_uuid());
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
            data_items: self.data_items.take(id.as_uuid(), []).into_iter().map(data_item).collect::<Read<_>>()?,
            agents: self.of_role(id, AGENT)?,
            auditors: self.of_role(id, AUDITOR)?,
        })
    }

    fn of_role(&mut self, id: RequestId, role: i64) -> Read<Vec<PrincipalId>> {
        self.principals.take(id.as_uuid(), [role]).into_iter().map(|mut row| row.id()).collect()
    }
}

fn form_value(mut row: Row) -> Read<FormValue> {
    Ok(FormValue { name: row.text()?, value: row.text()? })
}

fn data_item(mut row: Row) -> Read<DataItem> {
    Ok(DataItem { name: row.text()?, value: row.maybe_text()?, provider: row.code(DataProvider::from_code)? })
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

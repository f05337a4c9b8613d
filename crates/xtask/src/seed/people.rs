//! Who is in a made database, and what they may ask for.

use countersign_core::bundle::{Credential, Record};
use countersign_core::directory::{Login, User};
use countersign_core::ids::{GroupId, PrincipalId};
use countersign_storage_conformance::sample;

use crate::password;

/// The login that may read every certificate request.
pub const AUDITOR: &str = "auditor";
/// The login that may read few.
pub const READER: &str = "reader3";
/// The password of both.
pub const PASSWORD: &str = "demo";

/// Employees that ask and are asked for: users 100 to 1099.
pub(super) const EMPLOYEES: std::ops::Range<u64> = 100..1100;
pub(super) const READER_ID: u64 = 2;
const AUDITOR_ID: u64 = 1;
const APPROVER_IDS: std::ops::Range<u64> = 3..13;

/// The groups by number.
pub(super) const ADMINISTRATORS: u64 = 1;
pub(super) const AUDITORS: u64 = 2;
pub(super) const APPROVERS: u64 = 3;

fn user(n: u64, login: &str) -> anyhow::Result<User> {
    let login = Login::try_from(login.to_owned()).map_err(anyhow::Error::msg)?;
    Ok(User { login, ..sample::user(n) })
}

/// Users, their credentials, groups, a template and roles.
pub(super) fn records() -> anyhow::Result<Vec<Record>> {
    let mut records = vec![Record::User(user(AUDITOR_ID, AUDITOR)?), Record::User(user(READER_ID, READER)?)];
    records.extend(APPROVER_IDS.chain(EMPLOYEES).map(sample::user).map(Record::User));
    let hash = password::hash(PASSWORD)?;
    for n in [AUDITOR_ID, READER_ID] {
        records.push(Record::Credential(Credential { user: sample::user_id(n), hash: hash.clone() }));
    }
    let approvers: Vec<PrincipalId> = APPROVER_IDS.map(sample::principal).collect();
    records.push(Record::Group(sample::administrators(ADMINISTRATORS, &approvers[..2])));
    records.push(group(AUDITORS, "MIM AUDITORS", &[sample::principal(AUDITOR_ID)]));
    records.push(group(APPROVERS, "APPROVERS", &approvers));
    records.push(Record::ProfileTemplate(sample::template(1)));
    records.extend((1..=20).map(sample::catalog_item).map(Record::CatalogItem));
    Ok(records)
}

fn group(n: u64, name: &str, members: &[PrincipalId]) -> Record {
    let group = sample::group(n, members);
    Record::Group(countersign_core::directory::Group {
        name: name.to_owned(),
        id: GroupId::from(group.id.as_uuid()),
        ..group
    })
}

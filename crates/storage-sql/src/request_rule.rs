//! Request rules in their tables.

use countersign_core::catalog::EntityType;
use countersign_core::event::StreamKind;
use countersign_core::ids::{PrincipalId, Revision};
use countersign_core::rule::{Beneficiaries, RequestRule};
use countersign_core::template::Audience;
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::error::{Failure, damaged};
use crate::session::Session;
use crate::sql::{Row, sql};

// Roles of principals in a rule.
const REQUESTER: i64 = 1;
const BENEFICIARY: i64 = 2;
// For whom a rule lets ask.
const EVERYONE: i64 = 1;
const REPORTS: i64 = 2;
const PRINCIPALS: i64 = 3;

impl Aggregate for RequestRule {
    const STREAM: StreamKind = StreamKind::RequestRule;

    fn key(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn load(connection: &mut dyn Session, id: Uuid) -> Result<Option<Self>, Failure> {
        let found = sql!(
            "SELECT name, enabled, requesters_everyone, beneficiaries, revision FROM request_rule WHERE id = ?",
            id
        );
        let Some(mut row) = found.row(connection)? else { return Ok(None) };
        Ok(Some(Self {
            id: id.into(),
            name: row.text()?,
            enabled: row.flag()?,
            requesters: if row.flag()? {
                Audience::Everyone
            } else {
                Audience::Principals(load_principals(connection, id, REQUESTER)?)
            },
            beneficiaries: match row.int()? {
                EVERYONE => Beneficiaries::Everyone,
                REPORTS => Beneficiaries::Reports,
                PRINCIPALS => Beneficiaries::Principals(load_principals(connection, id, BENEFICIARY)?),
                code => return Err(damaged(format!("{code} is no kind of beneficiaries")).into()),
            },
            entity_types: load_entity_types(connection, id)?,
            revision: Revision(row.int()?),
        }))
    }

    fn insert(&self, connection: &mut dyn Session) -> Result<(), Failure> {
        sql!(
            "INSERT INTO request_rule (id, name, enabled, requesters_everyone, beneficiaries, revision) \
             VALUES (?, ?, ?, ?, ?, ?)",
            self.key(),
            self.name.as_str(),
            self.enabled,
            self.requesters == Audience::Everyone,
            kind(&self.beneficiaries),
            self.revision.0
        )
        .run(connection)?;
        insert_parts(connection, self)
    }

    fn update(&self, connection: &mut dyn Session, expected: Revision) -> Result<bool, Failure> {
        let changed = sql!(
            "UPDATE request_rule SET name = ?, enabled = ?, requesters_everyone = ?, beneficiaries = ?, revision = ? \
             WHERE id = ? AND revision = ?",
            self.name.as_str(),
            self.enabled,
            self.requesters == Audience::Everyone,
            kind(&self.beneficiaries),
            self.revision.0,
            self.key(),
            expected.0
        )
        .run(connection)?;
        if changed == 0 {
            return Ok(false);
        }
        sql!("DELETE FROM request_rule_principal WHERE rule_id = ?", self.key()).run(connection)?;
        sql!("DELETE FROM request_rule_entity_type WHERE rule_id = ?", self.key()).run(connection)?;
        insert_parts(connection, self)?;
        Ok(true)
    }
}

/// Every rule.
pub(crate) fn all(connection: &mut dyn Session) -> Result<Vec<RequestRule>, Failure> {
    let rows = sql!("SELECT id FROM request_rule ORDER BY id").rows(connection)?;
    let mut rules = Vec::with_capacity(rows.len());
    for mut row in rows {
        rules.extend(RequestRule::load(connection, row.id()?)?);
    }
    Ok(rules)
}

const fn kind(beneficiaries: &Beneficiaries) -> i64 {
    match beneficiaries {
        Beneficiaries::Everyone => EVERYONE,
        Beneficiaries::Reports => REPORTS,
        Beneficiaries::Principals(_) => PRINCIPALS,
    }
}

fn load_principals(connection: &mut dyn Session, rule: Uuid, role: i64) -> Result<Vec<PrincipalId>, Failure> {
    let rows = sql!(
        "SELECT principal_id FROM request_rule_principal WHERE rule_id = ? AND role = ? ORDER BY ordinal",
        rule,
        role
    )
    .rows(connection)?;
    rows.into_iter().map(|mut row| Ok(row.id()?)).collect()
}

fn load_entity_types(connection: &mut dyn Session, rule: Uuid) -> Result<Vec<EntityType>, Failure> {
    let found = sql!("SELECT entity_type FROM request_rule_entity_type WHERE rule_id = ? ORDER BY ordinal", rule);
    let read = |mut row: Row| Ok(row.code(EntityType::from_code)?);
    found.rows(connection)?.into_iter().map(read).collect()
}

fn insert_parts(connection: &mut dyn Session, rule: &RequestRule) -> Result<(), Failure> {
    if let Audience::Principals(list) = &rule.requesters {
        insert_principals(connection, rule.key(), REQUESTER, list)?;
    }
    if let Beneficiaries::Principals(list) = &rule.beneficiaries {
        insert_principals(connection, rule.key(), BENEFICIARY, list)?;
    }
    for (ordinal, entity_type) in (0_i64..).zip(&rule.entity_types) {
        sql!(
            "INSERT INTO request_rule_entity_type (rule_id, ordinal, entity_type) VALUES (?, ?, ?)",
            rule.key(),
            ordinal,
            entity_type.code()
        )
        .run(connection)?;
    }
    Ok(())
}

fn insert_principals(connection: &mut dyn Session, rule: Uuid, role: i64, list: &[PrincipalId]) -> Result<(), Failure> {
    for (ordinal, principal) in (0_i64..).zip(list) {
        sql!(
            "INSERT INTO request_rule_principal (rule_id, role, ordinal, principal_id) VALUES (?, ?, ?, ?)",
            rule,
            role,
            ordinal,
            principal.as_uuid()
        )
        .run(connection)?;
    }
    Ok(())
}

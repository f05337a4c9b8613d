//! Approval rules in their tables.

use countersign_core::catalog::EntityType;
use countersign_core::event::StreamKind;
use countersign_core::ids::Revision;
use countersign_core::request::AccessOperation;
use countersign_core::rule::{ApprovalRule, Approver, EntityRef, RuleScope, StageRule};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::deadline;
use crate::error::{Failure, damaged};
use crate::session::Session;
use crate::sql::{Row, sql};

// Kinds of approvers.
const PRINCIPAL: i64 = 1;
const BENEFICIARY_MANAGER: i64 = 2;
const REQUESTER_MANAGER: i64 = 3;
const ADMINISTRATORS: i64 = 4;

impl Aggregate for ApprovalRule {
    const STREAM: StreamKind = StreamKind::Policy;

    fn key(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn load(connection: &mut dyn Session, id: Uuid) -> Result<Option<Self>, Failure> {
        let found =
            sql!("SELECT name, ordinal, enabled, scope, own_approval, revision FROM approval_rule WHERE id = ?", id);
        let Some(mut row) = found.row(connection)? else { return Ok(None) };
        Ok(Some(Self {
            id: id.into(),
            name: row.text()?,
            ordinal: row.number()?,
            enabled: row.flag()?,
            scope: row.code(RuleScope::from_code)?,
            own_approval: row.flag()?,
            revision: Revision(row.int()?),
            operations: load_operations(connection, id)?,
            entity_types: load_entity_types(connection, id)?,
            entities: load_entities(connection, id)?,
            stages: load_stages(connection, id)?,
        }))
    }

    fn insert(&self, connection: &mut dyn Session) -> Result<(), Failure> {
        sql!(
            "INSERT INTO approval_rule (id, name, ordinal, enabled, scope, own_approval, revision) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            self.key(),
            self.name.as_str(),
            self.ordinal,
            self.enabled,
            self.scope.code(),
            self.own_approval,
            self.revision.0
        )
        .run(connection)?;
        insert_parts(connection, self)
    }

    fn update(&self, connection: &mut dyn Session, expected: Revision) -> Result<bool, Failure> {
        let changed = sql!(
            "UPDATE approval_rule SET name = ?, ordinal = ?, enabled = ?, scope = ?, own_approval = ?, revision = ? \
             WHERE id = ? AND revision = ?",
            self.name.as_str(),
            self.ordinal,
            self.enabled,
            self.scope.code(),
            self.own_approval,
            self.revision.0,
            self.key(),
            expected.0
        )
        .run(connection)?;
        if changed == 0 {
            return Ok(false);
        }
        for statement in [
            sql!("DELETE FROM approval_rule_approver WHERE rule_id = ?", self.key()),
            sql!("DELETE FROM approval_rule_stage WHERE rule_id = ?", self.key()),
            sql!("DELETE FROM approval_rule_entity WHERE rule_id = ?", self.key()),
            sql!("DELETE FROM approval_rule_entity_type WHERE rule_id = ?", self.key()),
            sql!("DELETE FROM approval_rule_operation WHERE rule_id = ?", self.key()),
        ] {
            statement.run(connection)?;
        }
        insert_parts(connection, self)?;
        Ok(true)
    }
}

/// Every rule, in the order in which they are asked.
pub(crate) fn all(connection: &mut dyn Session) -> Result<Vec<ApprovalRule>, Failure> {
    let rows = sql!("SELECT id FROM approval_rule ORDER BY ordinal, id").rows(connection)?;
    let mut rules = Vec::with_capacity(rows.len());
    for mut row in rows {
        rules.extend(ApprovalRule::load(connection, row.id()?)?);
    }
    Ok(rules)
}

fn load_operations(connection: &mut dyn Session, rule: Uuid) -> Result<Vec<AccessOperation>, Failure> {
    let found = sql!("SELECT operation FROM approval_rule_operation WHERE rule_id = ? ORDER BY ordinal", rule);
    let read = |mut row: Row| Ok(row.code(AccessOperation::from_code)?);
    found.rows(connection)?.into_iter().map(read).collect()
}

fn load_entity_types(connection: &mut dyn Session, rule: Uuid) -> Result<Vec<EntityType>, Failure> {
    let found = sql!("SELECT entity_type FROM approval_rule_entity_type WHERE rule_id = ? ORDER BY ordinal", rule);
    let read = |mut row: Row| Ok(row.code(EntityType::from_code)?);
    found.rows(connection)?.into_iter().map(read).collect()
}

fn load_entities(connection: &mut dyn Session, rule: Uuid) -> Result<Vec<EntityRef>, Failure> {
    let found =
        sql!("SELECT entity_type, entity_key FROM approval_rule_entity WHERE rule_id = ? ORDER BY ordinal", rule);
    let read =
        |mut row: Row| Ok(EntityRef { entity_type: row.code(EntityType::from_code)?, entity_key: row.parsed()? });
    found.rows(connection)?.into_iter().map(read).collect()
}

fn load_stages(connection: &mut dyn Session, rule: Uuid) -> Result<Vec<StageRule>, Failure> {
    let rows = sql!(
        "SELECT ordinal, name, title, quorum, deadline_seconds, deadline_action, deadline_renewals \
         FROM approval_rule_stage WHERE rule_id = ? ORDER BY ordinal",
        rule
    )
    .rows(connection)?;
    let mut stages = Vec::with_capacity(rows.len());
    for mut row in rows {
        let ordinal = row.int()?;
        stages.push(StageRule {
            name: row.text()?,
            title: row.text()?,
            quorum: row.number()?,
            deadline: deadline::read(&mut row)?,
            approvers: load_approvers(connection, rule, ordinal)?,
        });
    }
    Ok(stages)
}

fn load_approvers(connection: &mut dyn Session, rule: Uuid, stage: i64) -> Result<Vec<Approver>, Failure> {
    let rows = sql!(
        "SELECT approver, principal_id FROM approval_rule_approver WHERE rule_id = ? AND stage = ? ORDER BY ordinal",
        rule,
        stage
    )
    .rows(connection)?;
    let read = |mut row: Row| match row.int()? {
        PRINCIPAL => Ok(Approver::Principal(row.id()?)),
        BENEFICIARY_MANAGER => Ok(Approver::BeneficiaryManager),
        REQUESTER_MANAGER => Ok(Approver::RequesterManager),
        ADMINISTRATORS => Ok(Approver::Administrators),
        code => Err(damaged(format!("{code} is no kind of approver")).into()),
    };
    rows.into_iter().map(read).collect()
}

fn insert_parts(connection: &mut dyn Session, rule: &ApprovalRule) -> Result<(), Failure> {
    for (ordinal, operation) in (0_i64..).zip(&rule.operations) {
        sql!(
            "INSERT INTO approval_rule_operation (rule_id, ordinal, operation) VALUES (?, ?, ?)",
            rule.key(),
            ordinal,
            operation.code()
        )
        .run(connection)?;
    }
    for (ordinal, entity_type) in (0_i64..).zip(&rule.entity_types) {
        sql!(
            "INSERT INTO approval_rule_entity_type (rule_id, ordinal, entity_type) VALUES (?, ?, ?)",
            rule.key(),
            ordinal,
            entity_type.code()
        )
        .run(connection)?;
    }
    for (ordinal, entity) in (0_i64..).zip(&rule.entities) {
        sql!(
            "INSERT INTO approval_rule_entity (rule_id, ordinal, entity_type, entity_key) VALUES (?, ?, ?, ?)",
            rule.key(),
            ordinal,
            entity.entity_type.code(),
            entity.entity_key.as_str()
        )
        .run(connection)?;
    }
    for (ordinal, stage) in (0_i64..).zip(&rule.stages) {
        insert_stage(connection, rule.key(), ordinal, stage)?;
    }
    Ok(())
}

fn insert_stage(connection: &mut dyn Session, rule: Uuid, at: i64, stage: &StageRule) -> Result<(), Failure> {
    let [seconds, action, renewals] = deadline::columns(stage.deadline);
    sql!(
        "INSERT INTO approval_rule_stage (rule_id, ordinal, name, title, quorum, deadline_seconds, deadline_action, \
         deadline_renewals) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        rule,
        at,
        stage.name.as_str(),
        stage.title.as_str(),
        i64::from(stage.quorum),
        seconds,
        action,
        renewals
    )
    .run(connection)?;
    for (ordinal, approver) in (0_i64..).zip(&stage.approvers) {
        let (kind, principal) = match approver {
            Approver::Principal(principal) => (PRINCIPAL, Some(principal.as_uuid())),
            Approver::BeneficiaryManager => (BENEFICIARY_MANAGER, None),
            Approver::RequesterManager => (REQUESTER_MANAGER, None),
            Approver::Administrators => (ADMINISTRATORS, None),
        };
        sql!(
            "INSERT INTO approval_rule_approver (rule_id, stage, ordinal, approver, principal_id) VALUES (?, ?, ?, ?, ?)",
            rule,
            at,
            ordinal,
            kind,
            principal
        )
        .run(connection)?;
    }
    Ok(())
}

//! Profile templates and their policies in their tables.

use countersign_core::event::StreamKind;
use countersign_core::ids::{PrincipalId, Revision, TemplateId};
use countersign_core::template::{
    Audience, DataItemDefinition, DataProvider, PolicyKind, ProfileTemplate, TemplateKind, WorkflowPolicy,
};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::error::Failure;
use crate::session::Session;
use crate::sql::sql;

const READER: i64 = 1;
const ENROLLER: i64 = 2;
const INITIATOR: i64 = 1;
const APPROVER: i64 = 2;
const AGENT: i64 = 3;
const AUDITOR: i64 = 4;

impl Aggregate for ProfileTemplate {
    const STREAM: StreamKind = StreamKind::Template;

    fn key(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn load(connection: &mut dyn Session, id: Uuid) -> Result<Option<Self>, Failure> {
        let found = sql!(
            "SELECT name, description, template_kind, version, readers_everyone, enrollers_everyone, revision \
             FROM profile_template WHERE id = ?",
            id
        );
        let Some(mut row) = found.row(connection)? else { return Ok(None) };
        let id = TemplateId::from(id);
        Ok(Some(Self {
            id,
            name: row.text()?,
            description: row.text()?,
            template_kind: row.code(TemplateKind::from_code)?,
            version: row.number()?,
            readers: load_audience(connection, id, READER, row.flag()?)?,
            enrollers: load_audience(connection, id, ENROLLER, row.flag()?)?,
            policies: load_policies(connection, id)?,
            revision: Revision(row.int()?),
        }))
    }

    fn insert(&self, connection: &mut dyn Session) -> Result<(), Failure> {
        sql!(
            "INSERT INTO profile_template (id, name, description, template_kind, version, readers_everyone, \
             enrollers_everyone, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            self.key(),
            self.name.as_str(),
            self.description.as_str(),
            self.template_kind.code(),
            self.version,
            self.readers == Audience::Everyone,
            self.enrollers == Audience::Everyone,
            self.revision.0
        )
        .run(connection)?;
        insert_parts(connection, self)
    }

    fn update(&self, connection: &mut dyn Session, expected: Revision) -> Result<bool, Failure> {
        let changed = sql!(
            "UPDATE profile_template SET name = ?, description = ?, template_kind = ?, version = ?, \
             readers_everyone = ?, enrollers_everyone = ?, revision = ? WHERE id = ? AND revision = ?",
            self.name.as_str(),
            self.description.as_str(),
            self.template_kind.code(),
            self.version,
            self.readers == Audience::Everyone,
            self.enrollers == Audience::Everyone,
            self.revision.0,
            self.key(),
            expected.0
        )
        .run(connection)?;
        if changed == 0 {
            return Ok(false);
        }
        for statement in [
            sql!("DELETE FROM policy_data_item WHERE template_id = ?", self.key()),
            sql!("DELETE FROM policy_principal WHERE template_id = ?", self.key()),
            sql!("DELETE FROM template_policy WHERE template_id = ?", self.key()),
            sql!("DELETE FROM template_principal WHERE template_id = ?", self.key()),
        ] {
            statement.run(connection)?;
        }
        insert_parts(connection, self)?;
        Ok(true)
    }
}

/// The templates among `ids` that exist.
pub(crate) fn by_ids(connection: &mut dyn Session, ids: &[TemplateId]) -> Result<Vec<ProfileTemplate>, Failure> {
    let mut templates = Vec::with_capacity(ids.len());
    for id in ids {
        templates.extend(ProfileTemplate::load(connection, id.as_uuid())?);
    }
    Ok(templates)
}

/// At most `limit` templates after the given one, by id.
pub(crate) fn page(
    connection: &mut dyn Session,
    after: Option<TemplateId>,
    limit: usize,
) -> Result<Vec<ProfileTemplate>, Failure> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = match after {
        None => sql!("SELECT id FROM profile_template ORDER BY id LIMIT ?", limit),
        Some(after) => {
            sql!("SELECT id FROM profile_template WHERE id > ? ORDER BY id LIMIT ?", after.as_uuid(), limit)
        }
    };
    let rows = found.rows(connection)?;
    let ids = rows.into_iter().map(|mut row| row.id()).collect::<Result<Vec<_>, _>>()?;
    by_ids(connection, &ids)
}

fn load_audience(connection: &mut dyn Session, id: TemplateId, role: i64, everyone: bool) -> Result<Audience, Failure> {
    if everyone {
        return Ok(Audience::Everyone);
    }
    let rows = sql!(
        "SELECT principal_id FROM template_principal WHERE template_id = ? AND role = ? ORDER BY ordinal",
        id.as_uuid(),
        role
    )
    .rows(connection)?;
    Ok(Audience::Principals(rows.into_iter().map(|mut row| row.id()).collect::<Result<_, _>>()?))
}

fn load_policies(connection: &mut dyn Session, id: TemplateId) -> Result<Vec<WorkflowPolicy>, Failure> {
    let rows = sql!(
        "SELECT policy, enabled, self_service, approvals_needed, agent_required, own_approval, collect_comments, \
         collect_priority, default_priority FROM template_policy WHERE template_id = ? ORDER BY ordinal",
        id.as_uuid()
    )
    .rows(connection)?;
    let mut policies = Vec::with_capacity(rows.len());
    for mut row in rows {
        let policy = row.code(PolicyKind::from_code)?;
        policies.push(WorkflowPolicy {
            policy,
            enabled: row.flag()?,
            self_service: row.flag()?,
            approvals_needed: row.number()?,
            agent_required: row.flag()?,
            own_approval: row.flag()?,
            collect_comments: row.flag()?,
            collect_priority: row.flag()?,
            default_priority: row.number()?,
            initiators: load_list(connection, id, policy, INITIATOR)?,
            approvers: load_list(connection, id, policy, APPROVER)?,
            agents: load_list(connection, id, policy, AGENT)?,
            auditors: load_list(connection, id, policy, AUDITOR)?,
            data_items: load_data_items(connection, id, policy)?,
        });
    }
    Ok(policies)
}

fn load_list(
    connection: &mut dyn Session,
    id: TemplateId,
    policy: PolicyKind,
    role: i64,
) -> Result<Vec<PrincipalId>, Failure> {
    let rows = sql!(
        "SELECT principal_id FROM policy_principal WHERE template_id = ? AND policy = ? AND role = ? ORDER BY ordinal",
        id.as_uuid(),
        policy.code(),
        role
    )
    .rows(connection)?;
    rows.into_iter().map(|mut row| Ok(row.id()?)).collect()
}

fn load_data_items(
    connection: &mut dyn Session,
    id: TemplateId,
    policy: PolicyKind,
) -> Result<Vec<DataItemDefinition>, Failure> {
    let rows = sql!(
        "SELECT name, description, required, default_value, provider FROM policy_data_item \
         WHERE template_id = ? AND policy = ? ORDER BY ordinal",
        id.as_uuid(),
        policy.code()
    )
    .rows(connection)?;
    let read = |mut row: crate::sql::Row| {
        Ok(DataItemDefinition {
            name: row.text()?,
            description: row.text()?,
            required: row.flag()?,
            default_value: row.maybe_text()?,
            provider: row.code(DataProvider::from_code)?,
        })
    };
    rows.into_iter().map(read).collect()
}

fn insert_parts(connection: &mut dyn Session, template: &ProfileTemplate) -> Result<(), Failure> {
    for (role, audience) in [(READER, &template.readers), (ENROLLER, &template.enrollers)] {
        let Audience::Principals(list) = audience else { continue };
        for (ordinal, principal) in (0_i64..).zip(list) {
            sql!(
                "INSERT INTO template_principal (template_id, role, ordinal, principal_id) VALUES (?, ?, ?, ?)",
                template.id.as_uuid(),
                role,
                ordinal,
                principal.as_uuid()
            )
            .run(connection)?;
        }
    }
    for (ordinal, policy) in (0_i64..).zip(&template.policies) {
        insert_policy(connection, template.id, ordinal, policy)?;
    }
    Ok(())
}

fn insert_policy(
    connection: &mut dyn Session,
    template: TemplateId,
    ordinal: i64,
    policy: &WorkflowPolicy,
) -> Result<(), Failure> {
    sql!(
        "INSERT INTO template_policy (template_id, ordinal, policy, enabled, self_service, approvals_needed, \
         agent_required, own_approval, collect_comments, collect_priority, default_priority) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        template.as_uuid(),
        ordinal,
        policy.policy.code(),
        policy.enabled,
        policy.self_service,
        i64::from(policy.approvals_needed),
        policy.agent_required,
        policy.own_approval,
        policy.collect_comments,
        policy.collect_priority,
        i64::from(policy.default_priority)
    )
    .run(connection)?;
    let lists = [
        (INITIATOR, &policy.initiators),
        (APPROVER, &policy.approvers),
        (AGENT, &policy.agents),
        (AUDITOR, &policy.auditors),
    ];
    for (role, list) in lists {
        for (ordinal, principal) in (0_i64..).zip(list) {
            sql!(
                "INSERT INTO policy_principal (template_id, policy, role, ordinal, principal_id) VALUES (?, ?, ?, ?, ?)",
                template.as_uuid(),
                policy.policy.code(),
                role,
                ordinal,
                principal.as_uuid()
            )
            .run(connection)?;
        }
    }
    for (ordinal, item) in (0_i64..).zip(&policy.data_items) {
        sql!(
            "INSERT INTO policy_data_item (template_id, policy, ordinal, name, description, required, default_value, \
             provider) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            template.as_uuid(),
            policy.policy.code(),
            ordinal,
            item.name.as_str(),
            item.description.as_str(),
            item.required,
            item.default_value.clone(),
            item.provider.code()
        )
        .run(connection)?;
    }
    Ok(())
}

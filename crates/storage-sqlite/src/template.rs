//! Profile templates and their policies in their tables.

use countersign_core::ids::{PrincipalId, Revision, TemplateId};
use countersign_core::template::{
    Audience, DataItemDefinition, DataProvider, PolicyKind, ProfileTemplate, TemplateKind, WorkflowPolicy,
};
use diesel::sqlite::SqliteConnection;

use crate::error::Failure;
use crate::sql::sql;

const READER: i64 = 1;
const ENROLLER: i64 = 2;
const INITIATOR: i64 = 1;
const APPROVER: i64 = 2;
const AGENT: i64 = 3;
const AUDITOR: i64 = 4;

pub(crate) fn load_template(
    connection: &mut SqliteConnection,
    id: TemplateId,
) -> Result<Option<ProfileTemplate>, Failure> {
    let found = sql!(
        "SELECT name, description, template_kind, version, readers_everyone, enrollers_everyone, revision \
         FROM profile_template WHERE id = ?",
        id.as_uuid()
    );
    let Some(mut row) = found.row(connection)? else { return Ok(None) };
    Ok(Some(ProfileTemplate {
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

fn load_audience(
    connection: &mut SqliteConnection,
    id: TemplateId,
    role: i64,
    everyone: bool,
) -> Result<Audience, Failure> {
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

fn load_policies(connection: &mut SqliteConnection, id: TemplateId) -> Result<Vec<WorkflowPolicy>, Failure> {
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
    connection: &mut SqliteConnection,
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
    connection: &mut SqliteConnection,
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

pub(crate) fn insert_template(connection: &mut SqliteConnection, template: &ProfileTemplate) -> Result<(), Failure> {
    sql!(
        "INSERT INTO profile_template (id, name, description, template_kind, version, readers_everyone, \
         enrollers_everyone, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        template.id.as_uuid(),
        template.name.as_str(),
        template.description.as_str(),
        template.template_kind.code(),
        template.version,
        template.readers == Audience::Everyone,
        template.enrollers == Audience::Everyone,
        template.revision.0
    )
    .run(connection)?;
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
    connection: &mut SqliteConnection,
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

//! What is copied: every table with its columns, parents before their children.

/// What stands in a column. The two databases store it in types of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An id.
    Id,
    /// A number, a code, a time or a flag.
    Int,
    /// A text.
    Text,
    /// Bytes.
    Blob,
}

/// A column.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What stands in it.
    pub kind: Kind,
}

/// A table.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns, those of the primary key first and in the order of the key.
    pub columns: &'static [Column],
    /// How many columns the primary key has.
    pub keys: usize,
    /// How many of them, from the last one, SQLite has in descending order: pages can be read in the order of
    /// the key alone.
    pub(super) descending: usize,
    /// Columns that refer to rows of the same table, and what must be set with them: they follow when all
    /// rows are there.
    pub(super) later: &'static [&'static str],
    /// The rows in parts that are copied one after the other; no condition is all of them.
    pub(super) parts: &'static [&'static str],
    /// Whether the target has rows from its migrations, in whose place these go.
    pub(super) replaces: bool,
}

macro_rules! columns {
    ($($column:ident $kind:ident),*) => {
        &[$(Column { name: stringify!($column), kind: Kind::$kind }),*]
    };
}

macro_rules! table {
    ($name:ident [$($key:ident $key_kind:ident),+] $($column:ident $kind:ident),*) => {
        Table {
            name: stringify!($name),
            columns: columns!($($key $key_kind,)+ $($column $kind),*),
            keys: [$(stringify!($key)),+].len(),
            descending: 0,
            later: &[],
            parts: &[""],
            replaces: false,
        }
    };
}

/// The tables in the order in which they are copied.
pub const TABLES: &[Table] = &[
    table!(principal [id Id] kind Int),
    Table {
        later: &["manager_id"],
        ..table!(app_user [id Id] number Int, login Text, login_folded Text, display_name Text, email Text,
            manager_id Id, status Int, stand_in_id Id, revision Int, handover Int)
    },
    table!(user_proxy [user_id Id, ordinal Int] proxy_id Id, start_at Int, end_at Int),
    table!(credential [user_id Id] hash Text),
    table!(app_group [id Id] name Text, name_folded Text, purpose Int, revision Int),
    table!(group_member [group_id Id, ordinal Int] member_id Id),
    table!(mim_right [holder_id Id, ordinal Int] right_code Int, subject_id Id),
    table!(profile_template [id Id] name Text, description Text, template_kind Int, version Int,
        readers_everyone Int, enrollers_everyone Int, revision Int),
    table!(template_principal [template_id Id, role Int, ordinal Int] principal_id Id),
    table!(template_policy [template_id Id, ordinal Int] policy Int, enabled Int, self_service Int,
        approvals_needed Int, agent_required Int, own_approval Int, collect_comments Int, collect_priority Int,
        default_priority Int),
    table!(policy_principal [template_id Id, policy Int, role Int, ordinal Int] principal_id Id),
    table!(policy_data_item [template_id Id, policy Int, ordinal Int] name Text, description Text, required Int,
        default_value Text, provider Int),
    table!(catalog_item [id Id] number Int, entity_type Int, entity_key Text, name Text, description Text,
        requestable Int, revision Int, application Text, fulfilment Int),
    table!(approval_rule [id Id] name Text, ordinal Int, enabled Int, scope Int, own_approval Int, revision Int),
    table!(approval_rule_operation [rule_id Id, ordinal Int] operation Int),
    table!(approval_rule_entity_type [rule_id Id, ordinal Int] entity_type Int),
    table!(approval_rule_entity [rule_id Id, ordinal Int] entity_type Int, entity_key Text),
    table!(approval_rule_stage [rule_id Id, ordinal Int] name Text, title Text, quorum Int, deadline_seconds Int,
        deadline_action Int, deadline_renewals Int),
    table!(approval_rule_approver [rule_id Id, stage Int, ordinal Int] approver Int, principal_id Id),
    table!(request_rule [id Id] name Text, enabled Int, requesters_everyone Int, beneficiaries Int, revision Int),
    table!(request_rule_principal [rule_id Id, role Int, ordinal Int] principal_id Id),
    table!(request_rule_entity_type [rule_id Id, ordinal Int] entity_type Int),
    table!(profile [id Id] smartcard_id Id, status Int, flags Int, parent_id Id, primary_id Id, assigned_user_id Id,
        template_id Id, template_version Int, comment Text, created_at Int, revision Int),
    table!(smartcard [id Id] status Int, flags Int, parent_id Id, primary_id Id, permanent_id Id,
        assigned_user_id Id, template_id Id, template_version Int, comment Text, serial_number Text,
        middleware Text, atr Text, created_at Int, revision Int),
    Table {
        later: &["parent_id", "ordinal", "depends_on_id"],
        ..table!(request [id Id] number Int, revision Int, content_revision Int, family Int, operation Int,
            status Int, status_detail Int, ended_at Int, originator_id Id, created_at Int, modified_at Int,
            channel Int, justification Text, parent_id Id, ordinal Int, has_children Int, chain_length Int,
            chain_head Blob, depends_on_id Id, failure Text, wakes_at Int)
    },
    table!(request_certificate [request_id Id] template_id Id, smartcard Int, agent_required Int, target_id Id,
        priority Int, comment Text, old_profile_id Id, new_profile_id Id, old_smartcard_id Id,
        new_smartcard_id Id, security_descriptor Text),
    table!(request_principal [request_id Id, role Int, ordinal Int] principal_id Id),
    table!(request_data_item [request_id Id, ordinal Int] name Text, value Text, provider Int),
    table!(request_beneficiary [request_id Id, ordinal Int] user_id Id),
    table!(request_target [request_id Id, ordinal Int] entity_type Int, entity_key Text, entity_name Text,
        parent_account Text, start_at Int, end_at Int),
    table!(target_form_value [request_id Id, target Int, ordinal Int] name Text, value Text),
    table!(stage [request_id Id, ordinal Int] name Text, stage_index Int, quorum Int, title Text, own_approval Int,
        deadline_seconds Int, deadline_action Int, deadline_renewals Int, staffing Int),
    table!(stage_planned [request_id Id, stage Int, ordinal Int] principal_id Id, manager Int),
    table!(approval_task [request_id Id, stage Int, ordinal Int] id Id, title Text, assignee_id Id, state Int,
        acquired_by_id Id, created_at Int, expires_at Int, delegate_id Id, parent_task_id Id, suspended_at Int,
        renewals Int),
    table!(vote [request_id Id, stage Int, task Int, ordinal Int] voter_id Id, represented_id Id, outcome Int,
        voted_at Int, content_revision Int, comment Text),
    table!(request_document [request_id Id] format Int, revision Int, body Blob, acl Blob),
    Table {
        descending: 2,
        ..table!(request_access [principal_id Id, class Int, status Int, created_at Int, request_id Id] roles Int)
    },
    Table {
        descending: 2,
        ..table!(task_access [principal_id Id, state Int, created_at Int, task_id Id] request_id Id)
    },
    table!(task_barred [task_id Id, user_id Id] request_id Id),
    table!(child_count [parent_id Id] open Int, completed Int, partially_failed Int, failed Int, denied Int,
        canceled Int, closed Int, awaited Int),
    table!(event [position Int] stream_kind Int, stream_id Id, sequence Int, happened_at Int, format Int, bytes Text,
        hash Blob, sealed Text),
    table!(last_write [user_id Id] position Int),
    table!(event_stream [stream_kind Int, stream_id Id] chain_length Int, chain_head Blob),
    // An entitlement names its account by number, and no account lies in another. Without it, it could be taken
    // for the same entitlement in another account.
    Table {
        parts: &["account IS NULL", "account IS NOT NULL"],
        ..table!(grant_held [id Id] number Int, user_id Id, entity_type Int, entity_key Text, account Int, status Int,
            start_at Int, end_at Int, request_id Id, revision Int)
    },
    table!(webhook [id Id] name Text, url Text, purpose Int, enabled Int, revision Int),
    table!(webhook_stream [webhook_id Id, ordinal Int] stream_kind Int),
    table!(webhook_secret [webhook_id Id] secret Text),
    table!(webhook_delivery [webhook_id Id] position Int, attempts Int, next_attempt_at Int, error Text),
    table!(checkpoint [sequence Int] format Int, made_at Int, position Int, streams Int, root Blob, feed Blob,
        previous Blob, key_id Blob, signature Blob),
    table!(checkpoint_leaf [checkpoint Int, stream_kind Int, stream_id Id] length Int, head Blob),
    table!(idempotency [caller_id Id, operation Text, key Text, element Int] command Blob, result Blob,
        created_at Int),
    // The places in the feed are beside it: see `feed.rs`.
    Table { parts: &["space <= 4"], replaces: true, ..table!(number_space [space Int] next Int) },
];

/// The tables that are not copied, each with its reason.
pub const NOT_COPIED: &[(&str, &str)] = &[
    ("readiness", "holds nothing but a counter of readiness checks"),
    ("directory_version", "counts the changes of one database"),
    ("lease", "which process of one installation does what work, for some seconds"),
    ("__diesel_schema_migrations", "the target has run its own migrations"),
];

/// A pass over a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) table: &'static Table,
    pub(super) pass: Pass,
}

/// What a pass copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// The rows that meet a condition.
    Rows(&'static str),
    /// What follows when all rows are there.
    Later,
}

/// Every pass, in order.
pub(super) fn steps() -> Vec<Step> {
    let of = |table: &'static Table| {
        let rows = table.parts.iter().map(move |part| Step { table, pass: Pass::Rows(part) });
        rows.chain((!table.later.is_empty()).then_some(Step { table, pass: Pass::Later }))
    };
    TABLES.iter().flat_map(of).collect()
}

impl Table {
    pub(super) fn key(&self) -> &'static [Column] {
        &self.columns[..self.keys]
    }

    fn is_later(&self, column: &Column) -> bool {
        self.later.contains(&column.name)
    }
}

impl Step {
    /// The name under which the copy keeps how far it has come.
    pub(super) fn name(&self) -> String {
        match self.pass {
            Pass::Rows("") => self.table.name.to_owned(),
            Pass::Rows(condition) => format!("{} where {condition}", self.table.name),
            Pass::Later => format!("{} again", self.table.name),
        }
    }

    /// Whether its rows were counted in a step before it.
    pub(super) fn repeats(&self) -> bool {
        self.pass == Pass::Later
    }

    /// The columns that it reads.
    pub(super) fn columns(&self) -> Vec<&'static Column> {
        let all = self.table.columns.iter().enumerate();
        let read = all.filter(|(at, column)| !self.repeats() || *at < self.table.keys || self.table.is_later(column));
        read.map(|(_, column)| column).collect()
    }

    /// Whether the column is left empty when its row is inserted.
    pub(super) fn leaves_out(&self, column: &Column) -> bool {
        !self.repeats() && self.table.is_later(column)
    }

    /// Which rows it reads.
    pub(super) fn condition(&self) -> String {
        match self.pass {
            Pass::Rows(condition) => condition.to_owned(),
            Pass::Later => {
                let set: Vec<_> = self.table.later.iter().map(|column| format!("{column} IS NOT NULL")).collect();
                format!("({})", set.join(" OR "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_names_of_their_own() {
        let steps = steps();
        let mut names: Vec<_> = steps.iter().map(Step::name).collect();
        assert!(names.contains(&"request again".to_owned()));
        names.sort();
        names.dedup();
        assert_eq!(names.len(), steps.len());
    }

    #[test]
    fn what_follows_is_a_column_that_may_be_empty_at_first() {
        for table in TABLES {
            for column in table.later {
                let at = table.columns.iter().position(|known| known.name == *column);
                assert!(at.is_some_and(|at| at >= table.keys), "{}.{column}", table.name);
            }
        }
    }
}

//! Rows that belong to nothing, which no aggregate is read from, and columns that follow from others.

use countersign_core::audit::Place;
use countersign_core::event::{StreamId, StreamKind};
use uuid::Uuid;

use super::{Audit, PAGE};
use crate::error::{Failure, damaged};
use crate::pages::Ids;
use crate::session::Dialect;
use crate::sql::{Statement, sql};

/// Tables whose rows may belong to nothing that a foreign key names, each with a query that counts those.
const STRAYS: &[(&str, &str)] = &[
    (
        "vote",
        "SELECT count(*) FROM vote v WHERE NOT EXISTS (SELECT 1 FROM approval_task t \
         WHERE t.request_id = v.request_id AND t.stage = v.stage AND t.ordinal = v.task)",
    ),
    (
        "approval_task",
        "SELECT count(*) FROM approval_task t WHERE NOT EXISTS (SELECT 1 FROM stage s \
         WHERE s.request_id = t.request_id AND s.ordinal = t.stage)",
    ),
    (
        "stage_planned",
        "SELECT count(*) FROM stage_planned p WHERE NOT EXISTS (SELECT 1 FROM stage s \
         WHERE s.request_id = p.request_id AND s.ordinal = p.stage)",
    ),
    (
        "target_form_value",
        "SELECT count(*) FROM target_form_value f WHERE NOT EXISTS (SELECT 1 FROM request_target t \
         WHERE t.request_id = f.request_id AND t.ordinal = f.target)",
    ),
    (
        "request_target",
        "SELECT count(*) FROM request_target t JOIN request r ON r.id = t.request_id WHERE r.family <> 1",
    ),
    (
        "request_beneficiary",
        "SELECT count(*) FROM request_beneficiary b JOIN request r ON r.id = b.request_id WHERE r.family <> 1",
    ),
    (
        "request_certificate",
        "SELECT count(*) FROM request_certificate c JOIN request r ON r.id = c.request_id WHERE r.family <> 2",
    ),
    (
        "request_data_item",
        "SELECT count(*) FROM request_data_item d JOIN request r ON r.id = d.request_id WHERE r.family <> 2",
    ),
    (
        "request_principal",
        "SELECT count(*) FROM request_principal p JOIN request r ON r.id = p.request_id \
         WHERE r.family <> 2 OR p.role NOT IN (1, 2)",
    ),
    (
        "policy_principal",
        "SELECT count(*) FROM policy_principal p WHERE p.role NOT IN (1, 2, 3, 4) OR NOT EXISTS ( \
         SELECT 1 FROM template_policy t WHERE t.template_id = p.template_id AND t.policy = p.policy)",
    ),
    (
        "policy_data_item",
        "SELECT count(*) FROM policy_data_item d WHERE NOT EXISTS ( \
         SELECT 1 FROM template_policy t WHERE t.template_id = d.template_id AND t.policy = d.policy)",
    ),
    (
        "approval_rule_approver",
        "SELECT count(*) FROM approval_rule_approver a WHERE NOT EXISTS ( \
         SELECT 1 FROM approval_rule_stage s WHERE s.rule_id = a.rule_id AND s.ordinal = a.stage)",
    ),
    (
        "principal",
        "SELECT count(*) FROM principal p WHERE (p.kind = 1) <> EXISTS (SELECT 1 FROM app_user u WHERE u.id = p.id) \
         OR (p.kind = 2) <> EXISTS (SELECT 1 FROM app_group g WHERE g.id = p.id)",
    ),
    ("event", "SELECT count(*) FROM event WHERE stream_kind NOT BETWEEN 1 AND 12"),
    ("event_stream", "SELECT count(*) FROM event_stream WHERE stream_kind = 1 OR stream_kind NOT BETWEEN 1 AND 12"),
];

impl Audit<'_> {
    pub(super) fn rows(&mut self) -> Result<(), Failure> {
        self.progress.begin("looking for stray rows", None);
        for (table, count) in STRAYS {
            let row = Statement::new(count, Vec::new()).row(self.connection)?;
            let strays = row.map(|mut row| row.int()).transpose()?.unwrap_or(0);
            if strays > 0 {
                self.report.note(Place::Table((*table).to_owned()), format!("{strays} of its rows belong to nothing"));
            }
        }
        self.references()?;
        self.folded()
    }

    /// SQLite keeps references only where a connection asks it to, and another program may not have.
    fn references(&mut self) -> Result<(), Failure> {
        if self.connection.dialect() != Dialect::Sqlite {
            return Ok(());
        }
        let rows = sql!("SELECT \"table\", count(*), parent FROM pragma_foreign_key_check() GROUP BY 1, 3")
            .rows(self.connection)?;
        for mut row in rows {
            let (table, count, parent) = (row.text()?, row.int()?, row.text()?);
            let detail = format!("{count} rows of {table} refer to rows of it that are not there");
            self.report.note(Place::Table(parent), detail);
        }
        Ok(())
    }

    /// Logins and names are looked up in their folded form.
    fn folded(&mut self) -> Result<(), Failure> {
        let users = "SELECT id, login, login_folded FROM app_user WHERE id >= ? ORDER BY id LIMIT ?";
        self.folded_of(StreamKind::User, "folded login", users)?;
        let groups = "SELECT id, name, name_folded FROM app_group WHERE id >= ? ORDER BY id LIMIT ?";
        self.folded_of(StreamKind::Group, "folded name", groups)
    }

    fn folded_of(&mut self, stream: StreamKind, what: &str, text: &'static str) -> Result<(), Failure> {
        let mut ids = Ids::default();
        loop {
            let rows = Statement::new(text, vec![ids.bound(), PAGE.into()]).rows(self.connection)?;
            let page = ids.next_bytes(rows)?;
            if page.is_empty() {
                return Ok(());
            }
            for (bytes, mut row) in page {
                let id = Uuid::from_slice(&bytes).map_err(|_| damaged("an id has not 16 bytes"))?;
                if row.text()?.to_lowercase() != row.text()? {
                    let place = Place::Derived { what: what.to_owned(), of: StreamId { stream, id } };
                    self.report.note(place, "is not that of the text itself");
                }
            }
        }
    }
}

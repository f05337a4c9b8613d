//! Filters as conditions of a statement: `r` is the request, `t` the approval task. The text follows
//! from the kinds of the clauses alone, every value is bound. Each clause is true or false, never
//! null, so that `NOT` keeps what it should.

use countersign_core::catalog::EntityType;
use countersign_core::filter::{
    Filter, RequestClause, RequestFilter, StatusMatch, TaskClause, TaskFilter, TextMatch, TimeMatch, TypeMatch,
    UserMatch,
};
use countersign_core::request::RequestStatus;

use crate::request::{ACCESS, CERTIFICATE};
use crate::sql::Value;
use crate::text::folded;

/// The text of a condition with its values.
#[derive(Debug)]
pub(crate) struct Condition {
    text: String,
    values: Vec<Value>,
    slowest: (u8, &'static str),
}

impl Condition {
    const fn empty() -> Self {
        Self { text: String::new(), values: Vec::new(), slowest: (0, "filter") }
    }

    pub(crate) fn of_request(filter: &RequestFilter) -> Self {
        let mut condition = Self::empty();
        condition.filter(filter, &Self::request);
        condition
    }

    pub(crate) fn of_task(filter: &TaskFilter) -> Self {
        let mut condition = Self::empty();
        condition.filter(filter, &Self::task);
        condition
    }

    /// The same, and `text` as well, in which each `?` stands for one of `values`.
    #[must_use]
    pub(crate) fn and(mut self, text: &str, values: impl IntoIterator<Item = Value>) -> Self {
        self.text.push_str(" AND ");
        self.text.push_str(text);
        self.values.extend(values);
        self
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn values(&self) -> &[Value] {
        &self.values
    }

    /// What its most expensive clause is about.
    pub(crate) const fn slowest(&self) -> &'static str {
        self.slowest.1
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Writes `text`, in which each `?` stands for one of `values`.
    fn bind<const N: usize>(&mut self, text: &str, values: [Value; N]) {
        self.text.push_str(text);
        self.values.extend(values);
    }

    /// Notes what a clause is about, and its weight against others.
    fn note(&mut self, weight: u8, subject: &'static str) {
        if weight > self.slowest.0 {
            self.slowest = (weight, subject);
        }
    }

    fn filter<C>(&mut self, filter: &Filter<C>, clause: &dyn Fn(&mut Self, &C)) {
        match filter {
            Filter::Clause(one) => clause(self, one),
            Filter::And(parts) => self.joined(parts, " AND ", "TRUE", &|this, part| this.filter(part, clause)),
            Filter::Or(parts) => self.any(parts, &|this, part| this.filter(part, clause)),
            Filter::Not(part) => {
                self.push("NOT (");
                self.filter(part, clause);
                self.push(")");
            }
        }
    }

    fn any<T>(&mut self, parts: &[T], each: &dyn Fn(&mut Self, &T)) {
        self.joined(parts, " OR ", "FALSE", each);
    }

    /// Halves in parentheses: SQLite limits how deep an expression is, not how wide.
    fn joined<T>(&mut self, parts: &[T], word: &str, none: &str, each: &dyn Fn(&mut Self, &T)) {
        match parts {
            [] => self.push(none),
            [one] => each(self, one),
            _ => {
                let (left, right) = parts.split_at(parts.len() / 2);
                self.push("(");
                self.joined(left, word, none, each);
                self.push(word);
                self.joined(right, word, none, each);
                self.push(")");
            }
        }
    }
}

/// Clauses about requests.
impl Condition {
    fn request(&mut self, clause: &RequestClause) {
        match clause {
            RequestClause::Number(number) => {
                self.note(1, "number");
                self.bind("r.number = ?", [number.get().into()]);
            }
            RequestClause::NumberBelow(bound) => {
                self.note(1, "number");
                self.bind("r.number < ?", [bound.get().into()]);
            }
            RequestClause::NumberText(wanted) => {
                self.note(4, "number");
                self.compared("CAST(r.number AS TEXT)", wanted);
            }
            RequestClause::Status(states) => {
                self.note(1, "status");
                self.any(states, &Self::state);
            }
            RequestClause::Type(types) => {
                self.note(2, "type");
                self.any(types, &Self::operation);
            }
            RequestClause::Requester(users) => {
                self.note(8, "requester");
                self.any(users, &|this, user| this.user("r.originator_id", user));
            }
            RequestClause::Beneficiary(users) => {
                self.note(9, "beneficiary");
                self.any(users, &Self::beneficiary);
            }
            RequestClause::Created(wanted) => {
                self.note(2, "creation date");
                self.time("r.created_at", *wanted);
            }
            RequestClause::Ended(wanted) => {
                self.note(2, "end date");
                self.time("r.ended_at", *wanted);
            }
            RequestClause::Justification(wanted) => {
                self.note(6, "justification");
                self.compared("r.justification", wanted);
            }
            RequestClause::TargetType(entity_type) => {
                self.note(5, "target type");
                self.target_type(*entity_type);
            }
        }
    }

    fn state(&mut self, wanted: &StatusMatch) {
        self.bind("(r.status = ?", [wanted.status.code().into()]);
        if let Some(certificate) = wanted.certificate {
            self.bind(" AND r.family = ?", [Value::from(if certificate { CERTIFICATE } else { ACCESS })]);
        }
        // The detail of a status means another thing under another status, and nothing under most.
        let details = [
            (RequestStatus::Approved, wanted.approved_by.map(|by| by.code())),
            (RequestStatus::Executing, wanted.fulfilment.map(|by| by.code())),
        ];
        for (status, detail) in details {
            if let Some(detail) = detail {
                self.bind(
                    " AND r.status = ? AND coalesce(r.status_detail = ?, FALSE)",
                    [status.code().into(), detail.into()],
                );
            }
        }
        self.push(")");
    }

    fn operation(&mut self, wanted: &TypeMatch) {
        let (family, operation) = match wanted {
            TypeMatch::Access(operation) => (ACCESS, operation.code()),
            TypeMatch::Certificate(operation) => (CERTIFICATE, operation.code()),
        };
        self.bind("(r.family = ? AND r.operation = ?)", [family.into(), operation.into()]);
    }

    fn beneficiary(&mut self, user: &UserMatch) {
        self.push("(EXISTS (SELECT 1 FROM request_beneficiary AS b WHERE b.request_id = r.id AND ");
        self.user("b.user_id", user);
        self.push(") OR EXISTS (SELECT 1 FROM request_certificate AS c WHERE c.request_id = r.id AND ");
        self.user("c.target_id", user);
        self.push("))");
    }

    /// The target of a certificate request is its template (decision 20).
    fn target_type(&mut self, entity_type: EntityType) {
        if entity_type == EntityType::ProfileTemplate {
            self.bind("(r.family = ? OR ", [CERTIFICATE.into()]);
        } else {
            self.push("(");
        }
        self.bind(
            "EXISTS (SELECT 1 FROM request_target AS g WHERE g.request_id = r.id AND g.entity_type = ?))",
            [entity_type.code().into()],
        );
    }
}

/// Clauses about approval tasks.
impl Condition {
    fn task(&mut self, clause: &TaskClause) {
        match clause {
            TaskClause::Task(id) => {
                self.note(1, "task");
                self.bind("t.id = ?", [id.as_uuid().into()]);
            }
            TaskClause::State(states) => {
                self.note(1, "state");
                self.any(states, &|this, state| this.bind("t.state = ?", [state.code().into()]));
            }
            TaskClause::Title(wanted) => {
                self.note(6, "title");
                self.compared("t.title", wanted);
            }
            TaskClause::Assignee(principal) => {
                self.note(1, "assignee");
                self.bind("t.assignee_id = ?", [principal.as_uuid().into()]);
            }
            TaskClause::AssigneeName(wanted) => {
                self.note(8, "assignee");
                self.compared(
                    "(SELECT u.login FROM app_user AS u WHERE u.id = t.assignee_id \
                     UNION ALL SELECT g.name FROM app_group AS g WHERE g.id = t.assignee_id)",
                    wanted,
                );
            }
            TaskClause::AcquiredBy(users) => {
                self.note(7, "claimer");
                self.any(users, &|this, user| this.user("t.acquired_by_id", user));
            }
            TaskClause::Acquired(acquired) => {
                self.note(1, "claimer");
                self.push(if *acquired { "(t.acquired_by_id IS NOT NULL)" } else { "(t.acquired_by_id IS NULL)" });
            }
            TaskClause::Created(wanted) => {
                self.note(2, "creation date");
                self.time("t.created_at", *wanted);
            }
            TaskClause::Expires(wanted) => {
                self.note(2, "deadline");
                self.time("t.expires_at", *wanted);
            }
            TaskClause::Request(clause) => self.request(clause),
        }
    }
}

/// Comparisons.
impl Condition {
    pub(crate) fn compared(&mut self, column: &str, wanted: &TextMatch) {
        let (function, text) = match wanted {
            TextMatch::Equals(text) => ("text_equals", text),
            TextMatch::Contains(text) => ("text_contains", text),
            TextMatch::Begins(text) => ("text_begins", text),
            TextMatch::Ends(text) => ("text_ends", text),
            TextMatch::Present => return self.push(&format!("({column} IS NOT NULL)")),
        };
        self.bind(&format!("{function}({column}, ?)"), [folded(text).into()]);
    }

    fn time(&mut self, column: &str, wanted: TimeMatch) {
        match wanted {
            TimeMatch::Within(from, until) => {
                self.bind(&format!("coalesce({column} >= ? AND {column} < ?, FALSE)"), [from.into(), until.into()]);
            }
            TimeMatch::Before(until) => self.bind(&format!("coalesce({column} < ?, FALSE)"), [until.into()]),
            TimeMatch::From(from) => self.bind(&format!("coalesce({column} >= ?, FALSE)"), [from.into()]),
            TimeMatch::Present => self.push(&format!("({column} IS NOT NULL)")),
        }
    }

    /// The user whose id stands in `column` is the wanted one.
    fn user(&mut self, column: &str, user: &UserMatch) {
        if let UserMatch::Id(id) = user {
            return self.bind(&format!("coalesce({column} = ?, FALSE)"), [id.as_uuid().into()]);
        }
        self.push(&format!("EXISTS (SELECT 1 FROM app_user AS u WHERE u.id = {column} AND "));
        self.person(user);
        self.push(")");
    }

    /// `u` is the wanted user.
    fn person(&mut self, user: &UserMatch) {
        match user {
            UserMatch::Id(id) => self.bind("u.id = ?", [id.as_uuid().into()]),
            UserMatch::Number(number) => self.bind("u.number = ?", [number.get().into()]),
            UserMatch::Login(TextMatch::Equals(login)) => self.bind("u.login_folded = ?", [folded(login).into()]),
            UserMatch::Login(login) => self.compared("u.login", login),
        }
    }

    /// The condition that `u` is the wanted user.
    pub(crate) fn of_person(user: &UserMatch) -> Self {
        let mut condition = Self::empty();
        condition.person(user);
        condition
    }
}

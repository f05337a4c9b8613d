//! Inboxes: the runs of the task index that a user's principals, and those in whose place the user
//! decides, have, merged. Tasks on which nobody of them may vote are left out as the
//! index is read, so that pages and count agree (decision 7).

use countersign_core::approval::TaskState;
use countersign_core::filter::TaskFilter;
use countersign_core::ids::{PrincipalId, RequestId, TaskId, UserId};
use countersign_core::repository::{Inbox, InboxItem, Order, Page, Start, TaskCursor};
use diesel::sqlite::SqliteConnection;

use crate::derived;
use crate::error::{Failure, damaged};
use crate::filter::Condition;
use crate::merge::{Merge, Place, Run, Source, bound};
use crate::narrow::{Narrowed, TaskKey, by_state, task_keys};
use crate::run::places;
use crate::sieve::{Selection, Sieve, cut, number_list};
use crate::sql::{Value, sql};

/// A run of the task index.
struct TaskRun {
    holder: PrincipalId,
    state: TaskState,
    user: UserId,
    /// In whose place the user looks, where not for themselves.
    represented: Option<UserId>,
}

impl Run for TaskRun {
    fn read(
        &self,
        connection: &mut SqliteConnection,
        order: Order,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<Place>, Failure> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let represented = self.represented.unwrap_or(self.user);
        let [created, id] = bound(order, after);
        let statement = match order {
            Order::NewestFirst => sql!(
                "SELECT a.created_at, a.task_id FROM task_access AS a WHERE a.principal_id = ? AND a.state = ? \
                 AND (a.created_at, a.task_id) < (?, ?) \
                 AND NOT EXISTS (SELECT 1 FROM task_barred AS b WHERE b.task_id = a.task_id AND b.user_id IN (?, ?)) \
                 ORDER BY a.created_at DESC, a.task_id DESC LIMIT ?",
                self.holder.as_uuid(),
                self.state.code(),
                created,
                id,
                self.user.as_uuid(),
                represented.as_uuid(),
                limit
            ),
            Order::OldestFirst => sql!(
                "SELECT a.created_at, a.task_id FROM task_access AS a WHERE a.principal_id = ? AND a.state = ? \
                 AND (a.created_at, a.task_id) > (?, ?) \
                 AND NOT EXISTS (SELECT 1 FROM task_barred AS b WHERE b.task_id = a.task_id AND b.user_id IN (?, ?)) \
                 ORDER BY a.created_at, a.task_id LIMIT ?",
                self.holder.as_uuid(),
                self.state.code(),
                created,
                id,
                self.user.as_uuid(),
                represented.as_uuid(),
                limit
            ),
        };
        Ok(places(statement.rows(connection)?)?)
    }
}

pub(crate) fn page(
    connection: &mut SqliteConnection,
    inbox: &Inbox,
    start: Start<TaskCursor>,
    limit: usize,
) -> Result<Page<InboxItem, TaskCursor>, Failure> {
    let (skip, after) = match start {
        Start::Offset(skip) => (skip, None),
        Start::After(cursor) => (0, Some(Place { created: cursor.created, id: cursor.id.as_uuid() })),
    };
    let wanted = limit.saturating_add(1);
    let places = Scope::of(inbox).select(connection, after, wanted)?.take(connection, skip, wanted)?;
    let (places, next) = cut(places, limit);
    let mut items = Vec::with_capacity(places.len());
    for place in places {
        items.push(item(connection, place.id.into())?);
    }
    Ok(Page { items, next: next.map(|place| TaskCursor { created: place.created, id: place.id.into() }) })
}

fn item(connection: &mut SqliteConnection, task: TaskId) -> Result<InboxItem, Failure> {
    let missing = || damaged(format!("task {task} is listed and has no request"));
    let found = sql!("SELECT request_id FROM approval_task WHERE id = ?", task.as_uuid());
    let request: RequestId = found.row(connection)?.ok_or_else(missing)?.id()?;
    let request = derived::by_id(connection, request)?.ok_or_else(missing)?;
    Ok(InboxItem { task, request })
}

/// How many tasks the inbox holds.
pub(crate) fn count(connection: &mut SqliteConnection, inbox: &Inbox) -> Result<u64, Failure> {
    let scope = Scope::of(inbox);
    if scope.filter.is_some() {
        return scope.select(connection, None, usize::MAX)?.count(connection);
    }
    let counted = sql!(
        "WITH h (holder_id, user_id) AS MATERIALIZED (SELECT unhex(value ->> 0), unhex(value ->> 1) FROM json_each(?)) \
         SELECT count(DISTINCT a.task_id) FROM h CROSS JOIN json_each(?) AS s CROSS JOIN task_access AS a \
         WHERE a.principal_id = h.holder_id AND a.state = s.value \
         AND NOT EXISTS (SELECT 1 FROM task_barred AS b WHERE b.task_id = a.task_id AND b.user_id = ?) \
         AND (h.user_id IS NULL \
         OR NOT EXISTS (SELECT 1 FROM task_barred AS b WHERE b.task_id = a.task_id AND b.user_id = h.user_id))",
        scope.holder_list(),
        scope.state_list(),
        inbox.user.as_uuid()
    );
    Ok(counted.row(connection)?.map_or(Ok(0), |mut row| row.number())?)
}

/// What an inbox holds before the filter's own clauses are asked.
struct Scope<'a> {
    inbox: &'a Inbox,
    states: Vec<TaskState>,
    filter: Option<TaskFilter>,
}

impl<'a> Scope<'a> {
    fn of(inbox: &'a Inbox) -> Self {
        let Narrowed { states, rest } = by_state(inbox.states.as_deref(), inbox.filter.as_ref());
        Self { inbox, states: states.unwrap_or_else(|| TaskState::ALL.to_vec()), filter: rest }
    }

    /// Under whom tasks are looked for, each with the user in whose place that is.
    fn holders(&self) -> impl Iterator<Item = (PrincipalId, Option<UserId>)> {
        let own = self.inbox.principals.iter().map(|principal| (*principal, None));
        own.chain(self.inbox.represents.iter().map(|user| (PrincipalId::from(*user), Some(*user))))
    }

    /// The holders as a JSON list of pairs of hexadecimal texts.
    fn holder_list(&self) -> Value {
        let pairs = self.holders().map(|(holder, user)| {
            let user = user.map_or_else(|| "null".to_owned(), |user| format!("\"{}\"", user.as_uuid().simple()));
            format!("[\"{}\",{user}]", holder.as_uuid().simple())
        });
        Value::Text(format!("[{}]", pairs.collect::<Vec<_>>().join(",")))
    }

    fn state_list(&self) -> Value {
        number_list(self.states.iter().map(|state| state.code()))
    }

    fn select(
        &self,
        connection: &mut SqliteConnection,
        after: Option<Place>,
        wanted: usize,
    ) -> Result<Selection<Source<TaskRun>>, Failure> {
        let from = "SELECT t.id FROM json_each(?) AS j CROSS JOIN approval_task AS t CROSS JOIN request AS r \
                    WHERE t.id = unhex(j.value) AND r.id = t.request_id";
        let found = match &self.filter {
            Some(filter) => keyed(connection, filter)?,
            None => None,
        };
        let condition = self.filter.as_ref().map(Condition::of_task);
        let (runs, condition) = match found {
            Some(found) => (vec![Source::Found(found)], condition.map(|condition| self.and_held(condition))),
            None => (self.runs().map(Source::Index).collect(), condition),
        };
        let merge = Merge::new(runs, self.inbox.order, after, wanted);
        Ok(Selection { merge, sieve: condition.map(|condition| Sieve::new(from, condition)) })
    }

    fn runs(&self) -> impl Iterator<Item = TaskRun> {
        let user = self.inbox.user;
        self.holders().flat_map(move |(holder, represented)| {
            self.states.iter().map(move |state| TaskRun { holder, state: *state, user, represented })
        })
    }

    /// The condition, and that the inbox holds the task.
    fn and_held(&self, condition: Condition) -> Condition {
        condition.and("t.state IN (SELECT value FROM json_each(?))", [self.state_list()]).and(
            "EXISTS (SELECT 1 FROM json_each(?) AS h CROSS JOIN task_access AS a \
             WHERE a.principal_id = unhex(h.value ->> 0) AND a.state = t.state AND a.created_at = t.created_at \
             AND a.task_id = t.id AND NOT EXISTS (SELECT 1 FROM task_barred AS b WHERE b.task_id = a.task_id \
             AND b.user_id IN (?, unhex(h.value ->> 1))))",
            [self.holder_list(), self.inbox.user.as_uuid().into()],
        )
    }
}

/// The tasks that a filter names, if it names any.
fn keyed(connection: &mut SqliteConnection, filter: &TaskFilter) -> Result<Option<Vec<Place>>, Failure> {
    let Some(keys) = task_keys(filter) else { return Ok(None) };
    let mut found = Vec::new();
    for key in keys {
        let statement = match key {
            TaskKey::Task(task) => sql!("SELECT created_at, id FROM approval_task WHERE id = ?", task.as_uuid()),
            TaskKey::Number(number) => sql!(
                "SELECT t.created_at, t.id FROM request AS r JOIN approval_task AS t ON t.request_id = r.id \
                 WHERE r.number = ?",
                number.get()
            ),
        };
        found.extend(places(statement.rows(connection)?)?);
    }
    Ok(Some(found))
}

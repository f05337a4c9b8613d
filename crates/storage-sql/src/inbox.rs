//! Inboxes: the runs of the task index that a user's principals, and those in whose place the user
//! decides, have, merged. Tasks on which nobody of them may vote are left out as the
//! index is read, so that pages and count agree (decision 7).

use std::collections::{HashMap, HashSet};

use countersign_core::approval::TaskState;
use countersign_core::filter::TaskFilter;
use countersign_core::ids::{PrincipalId, RequestId, TaskId, UserId};
use countersign_core::repository::{Inbox, InboxItem, Order, Page, Start, StoredRequest, TaskCursor};

use crate::derived;
use crate::error::{Failure, damaged};
use crate::filter::Condition;
use crate::merge::{Chunk, Merge, Place, Run, Source, by_run, read_each};
use crate::narrow::{Narrowed, TaskKey, by_state, task_keys};
use crate::run::places;
use crate::session::{Dialect, Session, as_if_short};
use crate::sieve::{Selection, Sieve, cut};
use crate::sql::{Statement, Value, sql};

/// The first tasks of each of many holders in each of the states, on PostgreSQL. Whether somebody may not vote is looked up
/// for each task that is read: as a join it would first be read for all of them.
macro_rules! first_of_each {
    ($beyond:literal, $direction:literal) => {
        concat!(
            "SELECT run.place, t.created_at, t.task_id \
             FROM (SELECT * FROM unnest(?, ?, ?) WITH ORDINALITY ",
            as_if_short!(),
            ") AS run (principal_id, represented, state, place) \
             CROSS JOIN LATERAL (SELECT a.created_at, a.task_id FROM task_access AS a \
             WHERE a.principal_id = run.principal_id AND a.state = run.state AND (a.created_at, a.task_id) ",
            $beyond,
            " (?, ?) AND (SELECT 1 FROM task_barred AS b WHERE b.task_id = a.task_id \
             AND b.user_id IN (?, run.represented) LIMIT 1) IS NULL ORDER BY a.created_at",
            $direction,
            ", a.task_id",
            $direction,
            " LIMIT ?) AS t ORDER BY run.place, t.created_at",
            $direction,
            ", t.task_id",
            $direction
        )
    };
}

/// A run of the task index.
struct TaskRun {
    holder: PrincipalId,
    state: TaskState,
    user: UserId,
    /// In whose place the user looks, where not for themselves.
    represented: Option<UserId>,
}

impl Run for TaskRun {
    fn read(&self, connection: &mut dyn Session, chunk: Chunk) -> Result<Vec<Place>, Failure> {
        let limit = chunk.most();
        let represented = self.represented.unwrap_or(self.user);
        let [created, id] = chunk.bound();
        let statement = match chunk.order {
            Order::NewestFirst => sql!(
                "SELECT a.created_at, a.task_id FROM task_access AS a WHERE a.principal_id = ? AND a.state = ? \
                 AND (a.created_at, a.task_id) < (?, ?) \
                 AND (SELECT 1 FROM task_barred AS b WHERE b.task_id = a.task_id AND b.user_id IN (?, ?) LIMIT 1) IS NULL \
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
                 AND (SELECT 1 FROM task_barred AS b WHERE b.task_id = a.task_id AND b.user_id IN (?, ?) LIMIT 1) IS NULL \
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

    fn read_all(runs: &[&Self], connection: &mut dyn Session, chunk: Chunk) -> Result<Vec<Vec<Place>>, Failure> {
        let (Dialect::Postgres, [first, _, ..]) = (connection.dialect(), runs) else {
            return read_each(runs, connection, chunk);
        };
        let [created, id] = chunk.bound();
        let text = match chunk.order {
            Order::NewestFirst => first_of_each!("<", " DESC"),
            Order::OldestFirst => first_of_each!(">", ""),
        };
        let user = first.user;
        let values = vec![
            Value::Ids(runs.iter().map(|run| run.holder.as_uuid()).collect()),
            Value::Ids(runs.iter().map(|run| run.represented.unwrap_or(user).as_uuid()).collect()),
            Value::Codes(runs.iter().map(|run| run.state.code()).collect()),
            created,
            id,
            user.as_uuid().into(),
            chunk.most(),
        ];
        Ok(by_run(runs.len(), Statement::new(text, values).rows(connection)?)?)
    }
}

pub(crate) fn page(
    connection: &mut dyn Session,
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
    let items = items(connection, places.into_iter().map(|place| place.id.into()).collect())?;
    Ok(Page { items, next: next.map(|place| TaskCursor { created: place.created, id: place.id.into() }) })
}

/// The tasks with their requests, in the order of `tasks`.
fn items(connection: &mut dyn Session, tasks: Vec<TaskId>) -> Result<Vec<InboxItem>, Failure> {
    let dialect = connection.dialect();
    let (list, id) = (dialect.list("j"), dialect.id("j"));
    let text = format!("SELECT t.id, t.request_id FROM {list} CROSS JOIN approval_task AS t WHERE t.id = {id}");
    let ids = Value::Ids(tasks.iter().map(|task| task.as_uuid()).collect());
    let rows = Statement::kept(text, vec![ids]).rows(connection)?;
    let owners: HashMap<TaskId, RequestId> =
        rows.into_iter().map(|mut row| Ok((row.id()?, row.id()?))).collect::<Result<_, Failure>>()?;
    let requests = derived::by_ids(connection, owners.values().copied().collect::<HashSet<_>>().into_iter().collect())?;
    let requests: HashMap<RequestId, StoredRequest> =
        requests.into_iter().map(|(id, request)| Ok((id, request?))).collect::<Result<_, Failure>>()?;
    let item = |task: TaskId| {
        let request = owners.get(&task).and_then(|owner| requests.get(owner)).cloned();
        let request = request.ok_or_else(|| damaged(format!("task {task} is listed and has no request")))?;
        Ok(InboxItem { task, request })
    };
    tasks.into_iter().map(item).collect()
}

/// The tasks under a holder `h`, who has a user in whose place, in a state `s`, on which whoever looks may vote.
macro_rules! held {
    () => {
        "task_access AS a WHERE a.principal_id = h.holder_id AND a.state = s.value \
         AND NOT EXISTS (SELECT 1 FROM task_barred AS b WHERE b.task_id = a.task_id AND b.user_id = ?) \
         AND (h.user_id IS NULL \
         OR NOT EXISTS (SELECT 1 FROM task_barred AS b WHERE b.task_id = a.task_id AND b.user_id = h.user_id))"
    };
}

const COUNT_ON_SQLITE: &str = concat!(
    "WITH h (holder_id, user_id) AS MATERIALIZED (SELECT unhex(value ->> 0), unhex(value ->> 1) FROM json_each(?)) \
     SELECT count(DISTINCT a.task_id) FROM h CROSS JOIN json_each(?) AS s CROSS JOIN ",
    held!()
);
/// OFFSET 0 keeps each holder and state a seek of its own.
const COUNT_ON_POSTGRES: &str = concat!(
    "WITH h (holder_id, user_id) AS MATERIALIZED (SELECT first, second FROM unnest(?) AS p (first, second)) \
     SELECT count(DISTINCT t.task_id) FROM h CROSS JOIN unnest(?) AS s (value) \
     CROSS JOIN LATERAL (SELECT a.task_id FROM ",
    held!(),
    " OFFSET 0) AS t"
);

/// How many tasks the inbox holds.
pub(crate) fn count(connection: &mut dyn Session, inbox: &Inbox) -> Result<u64, Failure> {
    let scope = Scope::of(inbox);
    if scope.filter.is_some() {
        return scope.select(connection, None, usize::MAX)?.count(connection);
    }
    let text = match connection.dialect() {
        Dialect::Sqlite => COUNT_ON_SQLITE,
        Dialect::Postgres => COUNT_ON_POSTGRES,
    };
    let values = vec![scope.holder_list(), scope.state_list(), inbox.user.as_uuid().into()];
    let counted = Statement::new(text, values);
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

    fn holder_list(&self) -> Value {
        Value::Pairs(self.holders().map(|(holder, user)| (holder.as_uuid(), user.map(UserId::as_uuid))).collect())
    }

    fn state_list(&self) -> Value {
        Value::Codes(self.states.iter().map(|state| state.code()).collect())
    }

    fn select(
        &self,
        connection: &mut dyn Session,
        after: Option<Place>,
        wanted: usize,
    ) -> Result<Selection<Source<TaskRun>>, Failure> {
        let dialect = connection.dialect();
        let (list, id) = (dialect.list("j"), dialect.id("j"));
        let from = format!(
            "SELECT t.id FROM {list} CROSS JOIN approval_task AS t CROSS JOIN request AS r \
             WHERE t.id = {id} AND r.id = t.request_id"
        );
        let found = match &self.filter {
            Some(filter) => keyed(connection, filter)?,
            None => None,
        };
        let condition = self.filter.as_ref().map(Condition::of_task);
        let (runs, condition) = match found {
            Some(found) => (vec![Source::Found(found)], condition.map(|condition| self.and_held(dialect, condition))),
            None => (self.runs().map(Source::Index).collect(), condition),
        };
        let merge = Merge::new(runs, self.inbox.order, after, wanted);
        Ok(Selection { merge, sieve: condition.map(|condition| Sieve::new(&from, condition)) })
    }

    fn runs(&self) -> impl Iterator<Item = TaskRun> {
        let user = self.inbox.user;
        self.holders().flat_map(move |(holder, represented)| {
            self.states.iter().map(move |state| TaskRun { holder, state: *state, user, represented })
        })
    }

    /// The condition, and that the inbox holds the task.
    fn and_held(&self, dialect: Dialect, condition: Condition) -> Condition {
        let (states, holders, [holder, user]) = (dialect.list("s"), dialect.pairs("h"), dialect.both("h"));
        condition.and(&format!("t.state IN (SELECT s.value FROM {states})"), [self.state_list()]).and(
            &format!(
                "EXISTS (SELECT 1 FROM {holders} CROSS JOIN task_access AS a \
                 WHERE a.principal_id = {holder} AND a.state = t.state AND a.created_at = t.created_at \
                 AND a.task_id = t.id AND NOT EXISTS (SELECT 1 FROM task_barred AS b WHERE b.task_id = a.task_id \
                 AND b.user_id IN (?, {user})))"
            ),
            [self.holder_list(), self.inbox.user.as_uuid().into()],
        )
    }
}

/// The tasks that a filter names, if it names any.
fn keyed(connection: &mut dyn Session, filter: &TaskFilter) -> Result<Option<Vec<Place>>, Failure> {
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

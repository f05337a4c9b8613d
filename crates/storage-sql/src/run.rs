//! The runs of the access index: one index row stands for a principal and request, under its class
//! and status. A principal's existing statuses in a class are found by a loose scan, one seek a
//! status; each is then a run in list order.

use std::collections::BTreeMap;

use countersign_core::access::ListClass;
use countersign_core::error::RepositoryError;
use countersign_core::ids::PrincipalId;
use countersign_core::repository::Order;
use countersign_core::request::RequestStatus;

use crate::error::Failure;
use crate::merge::{Chunk, Merge, Place, Run, by_run, read_each};
use crate::session::{Dialect, Session, as_if_short};
use crate::sql::{Row, Statement, Value, sql};

/// OFFSET 0 keeps each run a seek of its own.
const LENGTH_TOGETHER: &str = concat!(
    "SELECT count(*) FROM (SELECT 1 FROM (SELECT * FROM unnest(?, ?, ?) ",
    as_if_short!(),
    ") AS run (principal_id, class, status) \
     CROSS JOIN LATERAL (SELECT 1 FROM request_access AS a WHERE a.principal_id = run.principal_id \
     AND a.class = run.class AND a.status = run.status OFFSET 0) AS a LIMIT ?) AS counted"
);
const LENGTH_OF_EACH: &str = concat!(
    "SELECT (SELECT count(*) FROM request_access AS a WHERE a.principal_id = run.principal_id \
     AND a.class = run.class AND a.status = run.status) \
     FROM (SELECT * FROM unnest(?, ?, ?) WITH ORDINALITY ",
    as_if_short!(),
    ") AS run (principal_id, class, status, place) ORDER BY run.place"
);

/// A run of the access index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccessRun {
    principal: PrincipalId,
    class: ListClass,
    status: RequestStatus,
}

impl AccessRun {
    /// How many entries it has, counted to `most`.
    pub(crate) fn length(&self, connection: &mut dyn Session, most: i64) -> Result<u64, Failure> {
        let counted = sql!(
            "SELECT count(*) FROM (SELECT 1 FROM request_access WHERE principal_id = ? AND class = ? AND status = ? \
             LIMIT ?) AS counted",
            self.principal.as_uuid(),
            self.class.code(),
            self.status.code(),
            most
        );
        Ok(counted.row(connection)?.map_or(Ok(0), |mut row| row.number())?)
    }

    fn holds(&self, connection: &mut dyn Session, place: Place) -> Result<bool, Failure> {
        let found = sql!(
            "SELECT 1 FROM request_access WHERE principal_id = ? AND class = ? AND status = ? AND created_at = ? \
             AND request_id = ?",
            self.principal.as_uuid(),
            self.class.code(),
            self.status.code(),
            place.created,
            place.id
        );
        Ok(found.row(connection)?.is_some())
    }

    /// Whether it holds what is in carts, where those whom it is for have no entry.
    pub(crate) fn is_of_carts(&self) -> bool {
        ListClass::CARTS.contains(&self.class)
    }

    const fn is_of_certificates(&self) -> bool {
        self.class.is_of_certificates()
    }
}

/// The first entries of each of many runs, on PostgreSQL.
macro_rules! first_of_each {
    ($beyond:literal, $direction:literal) => {
        concat!(
            "SELECT run.place, a.created_at, a.request_id \
             FROM (SELECT * FROM unnest(?, ?, ?) WITH ORDINALITY ",
            as_if_short!(),
            ") AS run (principal_id, class, status, place) \
             CROSS JOIN LATERAL (SELECT created_at, request_id FROM request_access \
             WHERE principal_id = run.principal_id AND class = run.class AND status = run.status \
             AND (created_at, request_id) ",
            $beyond,
            " (?, ?) ORDER BY created_at",
            $direction,
            ", request_id",
            $direction,
            " LIMIT ?) AS a ORDER BY run.place, a.created_at",
            $direction,
            ", a.request_id",
            $direction
        )
    };
}

impl Run for AccessRun {
    fn read(&self, connection: &mut dyn Session, chunk: Chunk) -> Result<Vec<Place>, Failure> {
        let limit = chunk.most();
        let [created, id] = chunk.bound();
        let statement = match chunk.order {
            Order::NewestFirst => sql!(
                "SELECT created_at, request_id FROM request_access \
                 WHERE principal_id = ? AND class = ? AND status = ? AND (created_at, request_id) < (?, ?) \
                 ORDER BY created_at DESC, request_id DESC LIMIT ?",
                self.principal.as_uuid(),
                self.class.code(),
                self.status.code(),
                created,
                id,
                limit
            ),
            Order::OldestFirst => sql!(
                "SELECT created_at, request_id FROM request_access \
                 WHERE principal_id = ? AND class = ? AND status = ? AND (created_at, request_id) > (?, ?) \
                 ORDER BY created_at, request_id LIMIT ?",
                self.principal.as_uuid(),
                self.class.code(),
                self.status.code(),
                created,
                id,
                limit
            ),
        };
        Ok(places(statement.rows(connection)?)?)
    }

    fn read_all(runs: &[&Self], connection: &mut dyn Session, chunk: Chunk) -> Result<Vec<Vec<Place>>, Failure> {
        if connection.dialect() == Dialect::Sqlite || runs.len() < 2 {
            return read_each(runs, connection, chunk);
        }
        let [created, id] = chunk.bound();
        let text = match chunk.order {
            Order::NewestFirst => first_of_each!("<", " DESC"),
            Order::OldestFirst => first_of_each!(">", ""),
        };
        let mut values = listed(runs.iter().copied()).to_vec();
        values.extend([created, id, chunk.most()]);
        Ok(by_run(runs.len(), Statement::new(text, values).rows(connection)?)?)
    }
}

/// Runs as three lists of the same length.
fn listed<'a>(runs: impl Iterator<Item = &'a AccessRun> + Clone) -> [Value; 3] {
    [
        Value::Ids(runs.clone().map(|run| run.principal.as_uuid()).collect()),
        Value::Codes(runs.clone().map(|run| run.class.code()).collect()),
        Value::Codes(runs.map(|run| run.status.code()).collect()),
    ]
}

/// How many entries `runs` have together, counted to `most`.
pub(crate) fn length(connection: &mut dyn Session, runs: &[AccessRun], most: u32) -> Result<u64, Failure> {
    if connection.dialect() == Dialect::Postgres {
        let mut values = listed(runs.iter()).to_vec();
        values.push(i64::from(most).into());
        let counted = Statement::new(LENGTH_TOGETHER, values);
        return Ok(counted.row(connection)?.map_or(Ok(0), |mut row| row.number())?);
    }
    let mut length = 0;
    for run in runs {
        length += run.length(connection, most.into())?;
        if length >= most.into() {
            break;
        }
    }
    Ok(length)
}

/// How many entries each of `runs` has.
fn lengths(connection: &mut dyn Session, runs: &[AccessRun]) -> Result<Vec<u64>, Failure> {
    if connection.dialect() == Dialect::Sqlite || runs.len() < 2 {
        return runs.iter().map(|run| run.length(connection, i64::MAX)).collect();
    }
    let counted = Statement::new(LENGTH_OF_EACH, listed(runs.iter()).to_vec()).rows(connection)?;
    Ok(counted.into_iter().map(|mut row| row.number()).collect::<Result<_, RepositoryError>>()?)
}

/// Rows of a time and an id.
pub(crate) fn places(rows: Vec<Row>) -> Result<Vec<Place>, RepositoryError> {
    rows.into_iter().map(|mut row| Ok(Place { created: row.time()?, id: row.id()? })).collect()
}

/// The runs that exist for `principals`, in `classes` and `statuses`: each is found by one seek from the one before.
pub(crate) fn runs_of(
    connection: &mut dyn Session,
    principals: &[PrincipalId],
    classes: &[ListClass],
    wanted: &dyn Fn(RequestStatus) -> bool,
) -> Result<Vec<AccessRun>, Failure> {
    if principals.is_empty() {
        return Ok(Vec::new());
    }
    let dialect = connection.dialect();
    let text = format!(
        "WITH RECURSIVE run (principal_id, class, status) AS ( \
             SELECT {principal}, class.value, (SELECT min(a.status) FROM request_access a \
                 WHERE a.principal_id = {principal} AND a.class = class.value) \
             FROM {principals} CROSS JOIN {classes} \
             UNION ALL SELECT run.principal_id, run.class, (SELECT min(a.status) FROM request_access a \
                 WHERE a.principal_id = run.principal_id AND a.class = run.class AND a.status > run.status) \
             FROM run WHERE run.status IS NOT NULL \
         ) SELECT principal_id, class, status FROM run WHERE status IS NOT NULL",
        principal = dialect.id("holder"),
        principals = dialect.list("holder"),
        classes = dialect.list("class"),
    );
    let principals = Value::Ids(principals.iter().map(|principal| principal.as_uuid()).collect());
    let classes = Value::Codes(classes.iter().map(|class| class.code()).collect());
    let mut runs = Vec::new();
    for mut row in Statement::kept(text, vec![principals, classes]).rows(connection)? {
        let (principal, class) = (row.id()?, row.code(ListClass::from_code)?);
        if let Some(status) = RequestStatus::from_code(row.number()?).filter(|status| wanted(*status)) {
            runs.push(AccessRun { principal, class, status });
        }
    }
    Ok(runs)
}

/// How many requests stand in `runs`, each counted once. Two runs can share a request only if they
/// are of one status and one kind of request.
pub(crate) fn count(connection: &mut dyn Session, runs: Vec<AccessRun>) -> Result<u64, Failure> {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for run in runs {
        groups.entry((run.status, run.is_of_certificates())).or_default().push(run);
    }
    let mut total = 0;
    for runs in groups.into_values() {
        total += count_group(connection, runs)?;
    }
    Ok(total)
}

/// The longest run is counted by its index alone, and what the others add to it is looked up there;
/// only runs that are all long are walked.
fn count_group(connection: &mut dyn Session, runs: Vec<AccessRun>) -> Result<u64, Failure> {
    let mut lengths: Vec<_> = lengths(connection, &runs)?.into_iter().zip(runs).collect();
    lengths.sort_by_key(|(length, _)| *length);
    let Some((length, longest)) = lengths.pop() else { return Ok(0) };
    let beside: u64 = lengths.iter().map(|(length, _)| length).sum();
    let mut others: Vec<_> = lengths.into_iter().map(|(_, run)| run).collect();
    if beside > length / 8 {
        others.push(longest);
        return added(connection, others, None);
    }
    Ok(length + added(connection, others, Some(longest))?)
}

/// How many requests stand in `runs` that do not stand in `counted`.
fn added(connection: &mut dyn Session, runs: Vec<AccessRun>, counted: Option<AccessRun>) -> Result<u64, Failure> {
    let mut merge = Merge::new(runs, Order::NewestFirst, None, usize::MAX);
    let mut total = 0;
    loop {
        let places = merge.take(connection, 1024)?;
        if places.is_empty() {
            return Ok(total);
        }
        for place in places {
            let known = match counted {
                Some(run) => run.holds(connection, place)?,
                None => false,
            };
            total += u64::from(!known);
        }
    }
}

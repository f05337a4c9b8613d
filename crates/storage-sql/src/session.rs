//! What the statements run on.

use uuid::Uuid;

use crate::error::Failure;
use crate::sql::{Row, Statement};

/// Which database speaks. A statement differs by it only where the databases force it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// [`AS_IF_SHORT`] within a text that is put together when it is compiled.
macro_rules! as_if_short {
    () => {
        "LIMIT (SELECT NULL::BIGINT)"
    };
}
pub(crate) use as_if_short;

/// No limit, of which PostgreSQL knows nothing when it plans: it takes the list for a tenth as long as it takes any. A plan
/// for lists of any length then costs less than one for the list at hand, and is made once, not at every call.
pub const AS_IF_SHORT: &str = as_if_short!();

impl Dialect {
    /// The elements of a bound list as a table by the name `alias`: of ids, codes or pairs.
    pub(crate) fn list(self, alias: &str) -> String {
        match self {
            Self::Sqlite => format!("json_each(?) AS {alias}"),
            Self::Postgres => format!("(SELECT value FROM unnest(?) AS {alias} (value) {AS_IF_SHORT}) AS {alias}"),
        }
    }

    /// Likewise a list of ids, each with another.
    pub(crate) fn pairs(self, alias: &str) -> String {
        match self {
            Self::Sqlite => format!("json_each(?) AS {alias}"),
            Self::Postgres => {
                format!("(SELECT first, second FROM unnest(?) AS {alias} (first, second) {AS_IF_SHORT}) AS {alias}")
            }
        }
    }

    /// An id in a list.
    pub(crate) fn id(self, alias: &str) -> String {
        match self {
            Self::Sqlite => format!("unhex({alias}.value)"),
            Self::Postgres => format!("{alias}.value"),
        }
    }

    /// The two ids of a pair.
    pub(crate) fn both(self, alias: &str) -> [String; 2] {
        match self {
            Self::Sqlite => [format!("unhex({alias}.value ->> 0)"), format!("unhex({alias}.value ->> 1)")],
            Self::Postgres => [format!("{alias}.first"), format!("{alias}.second")],
        }
    }

    /// What keeps the rows of `alias` from changing until the transaction ends, where others write too.
    pub(crate) fn held(self, alias: &str) -> String {
        match self {
            Self::Sqlite => String::new(),
            Self::Postgres => format!(" FOR NO KEY UPDATE OF {alias}"),
        }
    }
}

/// A connection, in whatever transaction its owner has begun.
pub trait Session {
    /// Which database it is.
    fn dialect(&self) -> Dialect;

    /// Runs a statement; returns how many rows changed.
    fn run(&mut self, statement: &Statement) -> Result<usize, Failure>;

    /// The rows of a statement.
    fn rows(&mut self, statement: &Statement) -> Result<Vec<Row>, Failure>;

    /// Runs a statement of which nobody asks what it did. It may wait for others of its kind, to run with them, but
    /// runs before anything is read, and before the transaction ends.
    fn put(&mut self, statement: Statement) -> Result<(), Failure> {
        self.run(&statement).map(|_| ())
    }

    /// From here on, what is put touches none of the rows of what was put before: it may run before that.
    fn part(&mut self) {}

    /// The first of `count` positions of the feed, which follow one another; `None` where the database gives
    /// them when events are inserted. A database with copies that lag behind notes that `writers` have come so far.
    fn positions(&mut self, _count: usize, _writers: &[Uuid]) -> Result<Option<i64>, Failure> {
        Ok(None)
    }
}

impl Statement {
    /// Runs it; returns how many rows changed.
    pub(crate) fn run(self, connection: &mut dyn Session) -> Result<usize, Failure> {
        connection.run(&self)
    }

    /// Runs it, now or a little later.
    pub(crate) fn put(self, connection: &mut dyn Session) -> Result<(), Failure> {
        connection.put(self)
    }

    /// All its rows.
    pub(crate) fn rows(self, connection: &mut dyn Session) -> Result<Vec<Row>, Failure> {
        connection.rows(&self)
    }

    /// Its only row, if there is one.
    pub(crate) fn row(self, connection: &mut dyn Session) -> Result<Option<Row>, Failure> {
        Ok(connection.rows(&self)?.into_iter().next())
    }
}

//! Whether the database takes writes.

use crate::copy;
use crate::error::{Failure, damaged};
use crate::session::Session;
use crate::sql::sql;

/// Writes and reads the row that is there for it. What an unfinished copy has left is no database to work on.
pub fn ready(connection: &mut dyn Session) -> Result<(), Failure> {
    if copy::is_unfinished(connection)? {
        let reason = "it holds an unfinished copy: run `countersign copy` again until it ends, or use another database";
        // Waiting for it would be in vain: it is not out of reach, it is not whole.
        return Err(damaged(reason).into());
    }
    sql!("UPDATE readiness SET checks = checks + 1 WHERE id = 1").run(connection)?;
    let row = sql!("SELECT checks FROM readiness WHERE id = 1").row(connection)?;
    row.map(|_| ()).ok_or_else(|| damaged("the readiness row is missing").into())
}

//! Import: two readings of a bundle inside one transaction.

mod keys;
mod store;

use countersign_core::bundle::{
    Fault, ImportError, ImportReport, Key, Placed, Record, RecordSource, Validator, Verdict,
};
use countersign_core::error::{Invalid, RepositoryError};
use countersign_core::ids::GroupId;
use countersign_core::repository::ImportContext;
use diesel::sqlite::SqliteConnection;

use crate::connection;
use crate::error::Failure;
use crate::sql::sql;
use crate::{check, directory, webhook};
use keys::Keys;
use store::{Store, Taken};

/// Reports progress so often.
const STEP: u64 = 512;

pub(crate) fn run(
    connection: &mut SqliteConnection,
    source: &mut dyn RecordSource,
    context: &mut ImportContext,
) -> Result<ImportReport, ImportError> {
    let mut early = None;
    // One large transaction: with the usual cache, pages would be written out again and again.
    sql!("PRAGMA cache_size = -131072").run(connection).map_err(crate::error::translate)?;
    let report = connection::write(connection, |connection| match readings(connection, source, context) {
        Ok(report) => Ok(report),
        Err(Stop::Failure(failure)) => Err(failure),
        Err(Stop::Import(error)) => {
            early = Some(error);
            Err(RepositoryError::Internal("the import was refused".to_owned()).into())
        }
    });
    // The import has landed or not: what follows only tidies up, and may fail.
    let _ = connection::usual_cache(connection);
    let report = report.map_err(|error| early.take().unwrap_or(ImportError::Repository(error)))?;
    if report.added > 0 {
        // Plans are chosen by statistics; after a bulk load the old ones mislead.
        let _ = sql!("PRAGMA optimize = 0x10002").run(connection);
    }
    Ok(report)
}

/// Why a reading ended: the driver or the repository, or the bundle itself.
enum Stop {
    Failure(Failure),
    Import(ImportError),
}

impl<T: Into<Failure>> From<T> for Stop {
    fn from(failure: T) -> Self {
        Self::Failure(failure.into())
    }
}

fn readings(
    connection: &mut SqliteConnection,
    source: &mut dyn RecordSource,
    context: &mut ImportContext,
) -> Result<ImportReport, Stop> {
    sql!("PRAGMA defer_foreign_keys = ON").run(connection)?;
    let mut validator = Validator::default();
    let mut keys = Keys::new(connection)?;
    let before = directory::administrators(keys.connection)?;
    let first = sql!("SELECT 1 FROM request LIMIT 1").row(keys.connection)?.is_none();
    let found = first_reading(source, &mut keys, &mut validator, context)?;
    let administrators = before.or(found.administrators);
    let report = second_reading(source, &mut keys, &mut validator, context, administrators, found.records)?;
    children_come_later(&mut keys, &mut validator)?;
    if !validator.is_sound() {
        let (count, first) = validator.into_faults();
        return Err(Stop::Import(ImportError::Faults { count, first }));
    }
    keys.clear()?;
    raise_numbers(connection)?;
    webhook::begin_deliveries(connection, context.now)?;
    if before != administrators && !first {
        // The requests that were there before get their administrators as readers.
        check::run(connection, true, &context.progress)?;
    }
    Ok(report)
}

/// What the first reading tells the second.
struct Found {
    records: u64,
    administrators: Option<GroupId>,
}

fn first_reading(
    source: &mut dyn RecordSource,
    keys: &mut Keys<'_>,
    validator: &mut Validator,
    context: &ImportContext,
) -> Result<Found, Stop> {
    context.progress.begin("checking", None);
    let mut count = 0;
    let mut administrators = None;
    for read in source.open().map_err(|error| Stop::Import(error.into()))? {
        match read.map_err(|error| Stop::Import(error.into()))? {
            Ok(placed) => {
                if let Record::Group(group) = &placed.record
                    && group.purpose.is_some()
                {
                    administrators = Some(group.id);
                }
                validator.claim(&placed, keys)?;
            }
            Err(fault) => validator.claim_unread(fault, keys)?,
        }
        count += 1;
        if count % STEP == 0 {
            context.progress.advance(STEP);
        }
    }
    context.progress.advance(count % STEP);
    validator.claimed();
    Ok(Found { records: count, administrators })
}

fn second_reading(
    source: &mut dyn RecordSource,
    keys: &mut Keys<'_>,
    validator: &mut Validator,
    context: &mut ImportContext,
    administrators: Option<GroupId>,
    records: u64,
) -> Result<ImportReport, Stop> {
    context.progress.begin("importing", Some(records));
    let mut store = Store { administrators, refuses: false };
    let mut report = ImportReport::default();
    let mut count = 0;
    for read in source.open().map_err(|error| Stop::Import(error.into()))? {
        // A fault of reading was noted the first time.
        if let Ok(placed) = read.map_err(|error| Stop::Import(error.into()))? {
            let verdict = validator.check(&placed, keys)?;
            if verdict == Verdict::Sound {
                // Once there is a fault nothing will be stored, but what differs is still named.
                store.refuses = !validator.is_sound();
                match store.take(keys, &placed.record, context)? {
                    Taken::Added => report.added += 1,
                    Taken::Unchanged => report.unchanged += 1,
                    Taken::Refused(invalid) => validator.note(fault(&placed, invalid)),
                    Taken::Ignored => {}
                }
            }
        }
        count += 1;
        if count % STEP == 0 {
            context.progress.advance(STEP);
        }
    }
    context.progress.advance(count % STEP);
    Ok(report)
}

fn fault(placed: &Placed, invalid: Invalid) -> Fault {
    Fault { place: placed.place, record: Some(placed.record.name()), invalid }
}

/// Puts every counter above what was imported (decision 14).
fn raise_numbers(connection: &mut SqliteConnection) -> Result<(), Failure> {
    for statement in [
        sql!(
            "UPDATE number_space SET next = max(next, (SELECT coalesce(max(number), 0) + 1 FROM request)) WHERE space = 1"
        ),
        sql!(
            "UPDATE number_space SET next = max(next, (SELECT coalesce(max(number), 0) + 1 FROM app_user)) WHERE space = 2"
        ),
        sql!(
            "UPDATE number_space SET next = max(next, (SELECT coalesce(max(number), 0) + 1 FROM catalog_item)) \
             WHERE space = 3"
        ),
        sql!(
            "UPDATE number_space SET next = max(next, (SELECT coalesce(max(number), 0) + 1 FROM grant_held)) WHERE space = 4"
        ),
    ] {
        statement.run(connection)?;
    }
    Ok(())
}

/// A child's number is above its parent's (decision 14). Asked at the end, for records come in any order.
fn children_come_later(keys: &mut Keys<'_>, validator: &mut Validator) -> Result<(), Failure> {
    let rows = sql!(
        "SELECT c.id FROM request c JOIN request p ON p.id = c.parent_id \
         WHERE c.parent_id IS NOT NULL AND c.number <= p.number LIMIT 1000"
    )
    .rows(keys.connection)?;
    for mut row in rows {
        let child: uuid::Uuid = row.id()?;
        let invalid = Invalid::new("number", "of a child must be above its parent's");
        let place = keys.place(&Key::Request(child))?;
        validator.note(Fault { place, record: Some(format!("request {child}")), invalid });
    }
    Ok(())
}

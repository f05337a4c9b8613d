//! Import: two readings of a bundle inside one transaction.

mod keys;
mod store;

use countersign_core::bundle::{
    Fault, ImportError, ImportReport, Key, Placed, Record, RecordSource, Validator, Verdict,
};
use countersign_core::error::Invalid;
use countersign_core::ids::GroupId;
use countersign_core::repository::ImportContext;

use crate::error::Failure;
use crate::session::Session;
use crate::sql::sql;
use crate::{check, directory, webhook};
use keys::Keys;
use store::{Store, Taken};

/// Reports progress so often.
const STEP: u64 = 512;

/// Why a reading ended: the driver or the repository, or the bundle itself.
pub(crate) enum Stop {
    /// The database.
    Failure(Failure),
    /// What was read.
    Import(ImportError),
}

impl<T: Into<Failure>> From<T> for Stop {
    fn from(failure: T) -> Self {
        Self::Failure(failure.into())
    }
}

pub(crate) fn run(
    connection: &mut dyn Session,
    source: &mut dyn RecordSource,
    context: &mut ImportContext,
) -> Result<ImportReport, Stop> {
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
fn raise_numbers(connection: &mut dyn Session) -> Result<(), Failure> {
    for statement in [
        sql!(
            "UPDATE number_space SET next = (SELECT max(number) + 1 FROM request) \
             WHERE space = 1 AND next <= (SELECT max(number) FROM request)"
        ),
        sql!(
            "UPDATE number_space SET next = (SELECT max(number) + 1 FROM app_user) \
             WHERE space = 2 AND next <= (SELECT max(number) FROM app_user)"
        ),
        sql!(
            "UPDATE number_space SET next = (SELECT max(number) + 1 FROM catalog_item) \
             WHERE space = 3 AND next <= (SELECT max(number) FROM catalog_item)"
        ),
        sql!(
            "UPDATE number_space SET next = (SELECT max(number) + 1 FROM grant_held) \
             WHERE space = 4 AND next <= (SELECT max(number) FROM grant_held)"
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

//! Import: two readings of a bundle inside one transaction.

use std::collections::HashSet;

use countersign_core::bundle::{
    Fault, ImportError, ImportReport, Key, Placed, Record, RecordSource, Validator, Verdict,
};
use countersign_core::error::{Invalid, RepositoryError};
use countersign_core::event::{Chain, Channel, EventKind, NewEvent, StoredEvent, StreamId, StreamKind, state_data};
use countersign_core::ids::GroupId;
use countersign_core::repository::ImportContext;

use diesel::sqlite::SqliteConnection;
use uuid::Uuid;

use crate::connection;
use crate::error::Failure;
use crate::keys::Keys;
use crate::sql::sql;
use crate::{catalog, check, derived, directory, event, profile, request, template};

/// Reports progress so often.
const STEP: u64 = 512;

pub(crate) fn run(
    connection: &mut SqliteConnection,
    source: &mut dyn RecordSource,
    context: &mut ImportContext,
) -> Result<ImportReport, ImportError> {
    let mut early = None;
    let report = connection::write(connection, |connection| match readings(connection, source, context) {
        Ok(report) => Ok(report),
        Err(Stop::Failure(failure)) => Err(failure),
        Err(Stop::Import(error)) => {
            early = Some(error);
            Err(RepositoryError::Internal("the import was refused".to_owned()).into())
        }
    });
    let report = report.map_err(|error| early.take().unwrap_or(ImportError::Repository(error)))?;
    if report.added > 0 {
        // Plans are chosen by statistics; after a bulk load the old ones mislead.
        sql!("PRAGMA optimize = 0x10002").run(connection).map_err(crate::error::translate)?;
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
    let found = first_reading(source, &mut keys, &mut validator, context)?;
    let administrators = before.or(found.administrators);
    let report = second_reading(source, &mut keys, &mut validator, context, administrators, found.records)?;
    if !validator.is_sound() {
        let (count, first) = validator.into_faults();
        return Err(Stop::Import(ImportError::Faults { count, first }));
    }
    sql!("DROP TABLE temp.import_key").run(connection)?;
    raise_numbers(connection)?;
    if before != administrators {
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
            Err(fault) => validator.note(fault),
        }
        count += 1;
        if count % STEP == 0 {
            context.progress.advance(STEP);
        }
    }
    context.progress.advance(count % STEP);
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
    let mut store = Store { administrators, added: HashSet::new() };
    let mut report = ImportReport::default();
    let mut count = 0;
    for read in source.open().map_err(|error| Stop::Import(error.into()))? {
        // A fault of reading was noted the first time.
        if let Ok(placed) = read.map_err(|error| Stop::Import(error.into()))? {
            let verdict = validator.check(&placed, keys)?;
            if verdict == Verdict::Sound && validator.is_sound() {
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

/// What became of a record.
enum Taken {
    Added,
    Unchanged,
    Refused(Invalid),
    Ignored,
}

struct Store {
    administrators: Option<GroupId>,
    /// The streams of new aggregates that bring their own events.
    added: HashSet<StreamId>,
}

fn differs() -> Taken {
    Taken::Refused(Invalid::new("id", "is already stored with other content"))
}

/// Compares a stored value with the one in the bundle.
fn compare<T: PartialEq>(stored: &T, record: &T) -> Taken {
    if stored == record { Taken::Unchanged } else { differs() }
}

impl Store {
    fn take(&mut self, keys: &mut Keys<'_>, record: &Record, context: &mut ImportContext) -> Result<Taken, Failure> {
        let connection = &mut *keys.connection;
        match record {
            Record::Header(_) => Ok(Taken::Ignored),
            Record::Credential(credential) => match directory::load_credential(connection, credential.user)? {
                Some(stored) => Ok(compare(&stored, credential)),
                None => {
                    directory::set_credential(connection, credential.user, &credential.hash)?;
                    Ok(Taken::Added)
                }
            },
            Record::User(user) => {
                if let Some(stored) = directory::load_user(connection, user.id)? {
                    return Ok(compare(&stored, user));
                }
                directory::insert_user(connection, user)?;
                self.added(keys, StreamKind::User, user.id.as_uuid(), user, context)
            }
            Record::Group(group) => {
                if let Some(stored) = directory::load_group(connection, group.id)? {
                    return Ok(compare(&stored, group));
                }
                directory::insert_group(connection, group)?;
                self.added(keys, StreamKind::Group, group.id.as_uuid(), group, context)
            }
            Record::ProfileTemplate(template) => {
                if let Some(stored) = template::load_template(connection, template.id)? {
                    return Ok(compare(&stored, template));
                }
                template::insert_template(connection, template)?;
                self.added(keys, StreamKind::Template, template.id.as_uuid(), template, context)
            }
            Record::CatalogItem(item) => {
                if let Some(stored) = catalog::load_item(connection, item.id)? {
                    return Ok(compare(&stored, item));
                }
                catalog::insert_item(connection, item)?;
                self.added(keys, StreamKind::CatalogItem, item.id.as_uuid(), item, context)
            }
            Record::Profile(profile) => {
                if let Some(stored) = profile::load_profile(connection, profile.id)? {
                    return Ok(compare(&stored, profile));
                }
                profile::insert_profile(connection, profile)?;
                self.added(keys, StreamKind::Profile, profile.id.as_uuid(), profile, context)
            }
            Record::Smartcard(card) => {
                if let Some(stored) = profile::load_smartcard(connection, card.id)? {
                    return Ok(compare(&stored, card));
                }
                profile::insert_smartcard(connection, card)?;
                self.added(keys, StreamKind::Smartcard, card.id.as_uuid(), card, context)
            }
            Record::Request(request) => {
                if let Some(stored) = request::load_request(connection, request.id)? {
                    return Ok(compare(&stored, request));
                }
                request::insert_request(connection, request)?;
                derived::insert(connection, request, self.administrators)?;
                self.added(keys, StreamKind::Request, request.id.as_uuid(), request, context)
            }
            Record::Event(event) => self.take_event(connection, event),
        }
    }

    /// A new aggregate: its events are in the bundle, or one event holds its whole state (decision 17).
    fn added<T: serde::Serialize>(
        &mut self,
        keys: &mut Keys<'_>,
        kind: StreamKind,
        id: Uuid,
        state: &T,
        context: &mut ImportContext,
    ) -> Result<Taken, Failure> {
        let stream = StreamId { stream: kind, id };
        if keys.is_claimed(&Key::Stream(stream))? {
            self.added.insert(stream);
            return Ok(Taken::Added);
        }
        let imported = NewEvent::seal(
            EventKind::Imported,
            context.now,
            None,
            Channel::Import,
            state_data(state),
            &mut *context.entropy,
        );
        event::append(keys.connection, stream, &[imported])?;
        Ok(Taken::Added)
    }

    fn take_event(&mut self, connection: &mut SqliteConnection, record: &StoredEvent) -> Result<Taken, Failure> {
        let stream = record.stream_id();
        if let Some(stored) = event::at(connection, stream, record.sequence)? {
            return Ok(compare(&stored, record));
        }
        let end = event::chain(connection, stream)?;
        if !self.added.contains(&stream) && stream.stream != StreamKind::Server {
            let reason = "stands before its aggregate, or continues the history of one that was stored already";
            return Ok(Taken::Refused(Invalid::new("sequence", reason)));
        }
        if record.sequence != end.length + 1 {
            return Ok(Taken::Refused(Invalid::new("sequence", "does not continue the stored stream")));
        }
        event::insert(connection, record)?;
        event::set_chain(connection, stream, Chain { length: record.sequence, head: record.hash })?;
        Ok(Taken::Added)
    }
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
    ] {
        statement.run(connection)?;
    }
    Ok(())
}

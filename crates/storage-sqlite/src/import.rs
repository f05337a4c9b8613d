//! Import: two readings of a bundle inside one transaction.

use std::collections::HashSet;

use countersign_core::bundle::{
    Credential, Fault, ImportError, ImportReport, Key, Placed, Record, RecordSource, Validator, Verdict,
};
use countersign_core::error::{Invalid, RepositoryError};
use countersign_core::event::{Chain, Channel, EventKind, NewEvent, StoredEvent, StreamId, StreamKind, state_data};
use countersign_core::ids::GroupId;
use countersign_core::repository::ImportContext;

use diesel::sqlite::SqliteConnection;

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
    let mut store = Store { administrators, added: HashSet::new(), refuses: false };
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
    /// Whether new records are compared only, because the import will not land.
    refuses: bool,
}

fn differs() -> Taken {
    Taken::Refused(Invalid::new("id", "is already stored with other content"))
}

/// Compares a stored value with the one in the bundle.
fn compare<T: PartialEq>(stored: &T, record: &T) -> Taken {
    if stored == record { Taken::Unchanged } else { differs() }
}

/// What storing a new aggregate needs besides the aggregate.
struct Place<'a, 'b> {
    keys: &'a mut Keys<'b>,
    context: &'a mut ImportContext,
    stream: StreamId,
}

impl Store {
    fn take(&mut self, keys: &mut Keys<'_>, record: &Record, context: &mut ImportContext) -> Result<Taken, Failure> {
        let place = |keys, context, stream, id| Place { keys, context, stream: StreamId { stream, id } };
        match record {
            Record::Header(_) => Ok(Taken::Ignored),
            Record::Credential(credential) => self.take_credential(keys.connection, credential),
            Record::Event(event) => self.take_event(keys.connection, event),
            Record::User(user) => self.aggregate(
                place(keys, context, StreamKind::User, user.id.as_uuid()),
                user,
                |connection| directory::load_user(connection, user.id),
                |connection| directory::insert_user(connection, user),
            ),
            Record::Group(group) => self.aggregate(
                place(keys, context, StreamKind::Group, group.id.as_uuid()),
                group,
                |connection| directory::load_group(connection, group.id),
                |connection| directory::insert_group(connection, group),
            ),
            Record::ProfileTemplate(template) => self.aggregate(
                place(keys, context, StreamKind::Template, template.id.as_uuid()),
                template,
                |connection| template::load_template(connection, template.id),
                |connection| template::insert_template(connection, template),
            ),
            Record::CatalogItem(item) => self.aggregate(
                place(keys, context, StreamKind::CatalogItem, item.id.as_uuid()),
                item,
                |connection| catalog::load_item(connection, item.id),
                |connection| catalog::insert_item(connection, item),
            ),
            Record::Profile(profile) => self.aggregate(
                place(keys, context, StreamKind::Profile, profile.id.as_uuid()),
                profile,
                |connection| profile::load_profile(connection, profile.id),
                |connection| profile::insert_profile(connection, profile),
            ),
            Record::Smartcard(card) => self.aggregate(
                place(keys, context, StreamKind::Smartcard, card.id.as_uuid()),
                card,
                |connection| profile::load_smartcard(connection, card.id),
                |connection| profile::insert_smartcard(connection, card),
            ),
            Record::Request(request) => {
                let administrators = self.administrators;
                self.aggregate(
                    place(keys, context, StreamKind::Request, request.id.as_uuid()),
                    &**request,
                    |connection| request::load_request(connection, request.id),
                    |connection| {
                        request::insert_request(connection, request)?;
                        derived::insert(connection, request, administrators)
                    },
                )
            }
        }
    }

    /// Compares an aggregate with the stored one, or stores it with a history: its events are in
    /// the bundle, or one event holds its whole state (decision 17).
    fn aggregate<T: PartialEq + serde::Serialize>(
        &mut self,
        place: Place<'_, '_>,
        state: &T,
        load: impl FnOnce(&mut SqliteConnection) -> Result<Option<T>, Failure>,
        store: impl FnOnce(&mut SqliteConnection) -> Result<(), Failure>,
    ) -> Result<Taken, Failure> {
        let Place { keys, context, stream } = place;
        if let Some(stored) = load(keys.connection)? {
            return Ok(compare(&stored, state));
        }
        if self.refuses {
            return Ok(Taken::Ignored);
        }
        store(keys.connection)?;
        if keys.is_claimed(&Key::Stream(stream))? {
            self.added.insert(stream);
            return Ok(Taken::Added);
        }
        let (data, entropy) = (state_data(state), &mut *context.entropy);
        let imported = NewEvent::seal(EventKind::Imported, context.now, None, Channel::Import, data, entropy);
        event::append(keys.connection, stream, &[imported])?;
        Ok(Taken::Added)
    }

    fn take_credential(&self, connection: &mut SqliteConnection, record: &Credential) -> Result<Taken, Failure> {
        match directory::load_credential(connection, record.user)? {
            Some(stored) => Ok(compare(&stored, record)),
            None if self.refuses => Ok(Taken::Ignored),
            None => {
                directory::set_credential(connection, record.user, &record.hash)?;
                Ok(Taken::Added)
            }
        }
    }

    fn take_event(&self, connection: &mut SqliteConnection, record: &StoredEvent) -> Result<Taken, Failure> {
        let stream = record.stream_id();
        if let Some(stored) = event::at(connection, stream, record.sequence)? {
            return Ok(compare(&stored, record));
        }
        if self.refuses {
            return Ok(Taken::Ignored);
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

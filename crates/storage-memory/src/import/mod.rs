//! Import: two readings of a bundle. The second one puts what is new into a copy of the tables, which takes
//! their place if nothing was at fault.

mod keys;
mod store;

use std::sync::Arc;

use countersign_core::bundle::{
    Fault, ImportError, ImportReport, Key, Placed, Record, RecordSource, Validator, Verdict,
};
use countersign_core::error::Invalid;
use countersign_core::event::StreamKind;
use countersign_core::repository::{ImportContext, Progress, Result};

use crate::tables::Tables;
use crate::{check, webhook};
use keys::Keys;
use store::{Store, Taken};

/// The tables with everything of the bundle, and what the import did.
pub(crate) fn run(
    kept: &Tables,
    source: &mut dyn RecordSource,
    context: &mut ImportContext,
) -> std::result::Result<(Tables, ImportReport), ImportError> {
    let mut validator = Validator::default();
    let mut keys = Keys::new(kept);
    let records = first_reading(source, &mut keys, &mut validator, context)?;
    let mut store = Store::new(kept.clone());
    let report = second_reading(source, &mut keys, &mut validator, &mut store, context, records)?;
    if validator.is_sound() {
        children_come_later(&keys, &store, &mut validator)?;
    }
    if !validator.is_sound() {
        let (count, first) = validator.into_faults();
        return Err(ImportError::Faults { count, first });
    }
    let mut tables = store.tables;
    webhook::begin_deliveries(&mut tables, context.now);
    // Administrators may have come who read what was there before.
    tables.derived = check::expected(&tables)?;
    Ok((tables, report))
}

fn first_reading(
    source: &mut dyn RecordSource,
    keys: &mut Keys<'_>,
    validator: &mut Validator,
    context: &ImportContext,
) -> std::result::Result<u64, ImportError> {
    context.progress.begin("checking", None);
    let mut count = 0;
    for read in source.open()? {
        match read? {
            Ok(placed) => validator.claim(&placed, keys)?,
            Err(fault) => validator.claim_unread(fault, keys)?,
        }
        count += 1;
        context.progress.advance(1);
    }
    validator.claimed();
    Ok(count)
}

fn second_reading(
    source: &mut dyn RecordSource,
    keys: &mut Keys<'_>,
    validator: &mut Validator,
    store: &mut Store,
    context: &mut ImportContext,
    records: u64,
) -> std::result::Result<ImportReport, ImportError> {
    let progress: Arc<dyn Progress> = Arc::clone(&context.progress);
    progress.begin("importing", Some(records));
    let mut report = ImportReport::default();
    for read in source.open()? {
        // A fault of reading was noted the first time.
        if let Ok(placed) = read?
            && validator.check(&placed, keys)? == Verdict::Sound
        {
            store.compares_only = !validator.is_sound();
            match store.take(keys, &placed.record, context)? {
                Taken::Added => report.added += 1,
                Taken::Unchanged => report.unchanged += 1,
                Taken::Refused(invalid) => validator.note(fault(&placed, invalid)),
                Taken::Ignored => {}
            }
        }
        progress.advance(1);
    }
    Ok(report)
}

fn fault(placed: &Placed, invalid: Invalid) -> Fault {
    Fault { place: placed.place, record: Some(placed.record.name()), invalid }
}

/// A child's number is above its parent's (decision 14). Asked at the end, for records come in any order.
fn children_come_later(keys: &Keys<'_>, store: &Store, validator: &mut Validator) -> Result<()> {
    for stream in store.added.iter().filter(|stream| stream.stream == StreamKind::Request) {
        let requests = &store.tables.requests;
        let Some(child) = requests.get(stream.id)? else { continue };
        let Some(parent) = child.parent else { continue };
        if requests.get(parent.request.as_uuid())?.is_some_and(|parent| child.number <= parent.number) {
            let place = keys.place(&Key::Request(stream.id)).unwrap_or_default();
            let record = Record::Request(Box::new(Arc::unwrap_or_clone(child)));
            validator.note(fault(
                &Placed { place, record },
                Invalid::new("number", "of a child must be above its parent's"),
            ));
        }
    }
    Ok(())
}

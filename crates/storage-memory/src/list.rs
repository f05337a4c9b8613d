//! Lists of requests: the runs of the access index that a caller's principals and reports have, merged. The cost of a
//! page follows from the runs and the page, not from what lies in them; a filter is asked of each place in turn, and
//! has no budget, for what fits into memory is soon gone through.

use countersign_core::access::ListClass;
use countersign_core::error::RepositoryError;
use countersign_core::ids::PrincipalId;
use countersign_core::repository::{Page, RequestCursor, RequestList, Result, Start, StoredRequest};
use countersign_core::request::RequestStatus;
use uuid::Uuid;

use crate::derived::AccessRun;
use crate::filter;
use crate::link::Link;
use crate::merge::{self, Merge};
use crate::run::Place;
use crate::tables::Tables;

/// The classes in which a manager sees a report's requests: what the report asked for or gets, but for carts.
const THROUGH_REPORTS: [ListClass; 6] = [
    ListClass::AccessOwn,
    ListClass::AccessHeld,
    ListClass::AccessRaised,
    ListClass::CertificateOwn,
    ListClass::CertificateHeld,
    ListClass::CertificateRaised,
];

pub(crate) fn page(
    tables: &Tables,
    list: &RequestList,
    start: Start<RequestCursor>,
    limit: usize,
) -> Result<Page<StoredRequest>> {
    let (skip, after) = match start {
        Start::Offset(skip) => (skip, None),
        Start::After(cursor) => (0, Some(Place { created: cursor.created, id: cursor.id.as_uuid() })),
    };
    let (places, next) = merge::page(places(tables, list, after), skip, limit)?;
    let items = places.into_iter().map(|place| tables.derived.listed(place.id.into())).collect::<Result<_>>()?;
    let cursor = |place: Place| RequestCursor { created: place.created, id: place.id.into() };
    Ok(Page { items, next: next.map(cursor) })
}

/// How many requests the list holds.
pub(crate) fn count(tables: &Tables, list: &RequestList) -> Result<u64> {
    merge::count(places(tables, list, None))
}

/// The list from behind `after`.
fn places<'a>(
    tables: &'a Tables,
    list: &'a RequestList,
    after: Option<Place>,
) -> impl Iterator<Item = Result<Place>> + 'a {
    let runs = runs(tables, list).into_iter().map(|run| tables.derived.access.walk(run, list.order, after));
    Merge::new(runs.collect(), list.order).filter_map(|place| match is_kept(tables, list, place.id) {
        Ok(kept) => kept.then_some(Ok(place)),
        Err(error) => Some(Err(error)),
    })
}

fn runs(tables: &Tables, list: &RequestList) -> Vec<AccessRun> {
    let statuses = list.statuses.as_deref().unwrap_or(RequestStatus::ALL);
    let reports = list.through_reports.into_iter().flat_map(|user| tables.users.linked(Link::Manager(user)));
    let own = list.principals.iter().map(|principal| (*principal, list.classes.to_vec()));
    let theirs: Vec<_> = list.classes.iter().copied().filter(|class| THROUGH_REPORTS.contains(class)).collect();
    let all = own.chain(reports.map(|report| (PrincipalId::from(report), theirs.clone())));
    let mut runs = Vec::new();
    for (principal, classes) in all {
        for class in classes {
            let runs_of_class = statuses.iter().map(|status| AccessRun { principal, class, status: *status });
            runs.extend(runs_of_class.filter(|run| tables.derived.access.has(*run)));
        }
    }
    runs
}

fn is_kept(tables: &Tables, list: &RequestList, id: Uuid) -> Result<bool> {
    let Some(wanted) = &list.filter else { return Ok(true) };
    let Some(request) = tables.requests.get(id)? else {
        return Err(RepositoryError::Damaged(format!("request {id} is listed and not there")));
    };
    filter::meets(wanted, &|clause| filter::request(tables, &request, clause))
}

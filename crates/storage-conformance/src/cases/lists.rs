//! Lists against a naive model: every filter, every caller, a few hundred random requests.

use std::collections::BTreeSet;

use countersign_core::access::{Acl, ListClass};
use countersign_core::bundle::Record;
use countersign_core::document::Document;
use countersign_core::ids::{GroupId, PrincipalId};
use countersign_core::repository::{Repository, RequestList, Start};
use countersign_core::request::{Request, RequestDetails, RequestStatus};

use crate::fixture::Fixture;
use crate::sample::{self, Kind, Random};
use crate::support::{assert_sound, commit, create, cursor, import, list, mim_list, moved, only, people, walk};

const REQUESTS: u64 = 300;
const PEOPLE: u64 = 8;

fn administrators() -> GroupId {
    sample::id(Kind::Group, 1).into()
}

/// Users 1 to 8, the administrators, two more groups, template 1, and random requests.
async fn world(repository: &dyn Repository, seed: u64) -> Vec<Request> {
    let mut records: Vec<_> = (1..=PEOPLE).map(sample::user).map(Record::User).collect();
    records.push(Record::ProfileTemplate(sample::template(1)));
    records.push(Record::Group(sample::administrators(1, &[sample::principal(8)])));
    records.push(Record::Group(sample::group(2, &[sample::principal(1), sample::principal(2)])));
    records.push(Record::Group(sample::group(3, &[sample::group_principal(2)])));
    let mut random = Random::new(seed);
    let requests: Vec<_> = (1..=REQUESTS).map(|n| random_request(n, &mut random)).collect();
    let (imported, committed) = requests.split_at(150);
    records.extend(imported.iter().cloned().map(Box::new).map(Record::Request));
    import(repository, records).await;
    for request in committed {
        create(repository, request.clone()).await;
    }
    requests
}

fn random_request(n: u64, random: &mut Random) -> Request {
    let person = |random: &mut Random| 1 + random.below(PEOPLE);
    let anyone = |random: &mut Random| match random.below(3) {
        0 => sample::group_principal(2 + random.below(2)),
        _ => sample::principal(1 + random.below(PEOPLE)),
    };
    let (originator, target) = (person(random), person(random));
    let mut request = if random.once_in(3) {
        let others: BTreeSet<_> = (0..=random.below(3)).map(|_| person(random)).collect();
        sample::access_request(n, originator, &others.into_iter().collect::<Vec<_>>())
    } else {
        sample::certificate_request(n, originator, target)
    };
    // Many share a moment, so that ids have to break the tie.
    request.created = sample::time(i64::try_from(random.below(60)).expect("small") * 1_000_001);
    if random.once_in(2) {
        request.stages = vec![sample::stage(vec![sample::task(n, anyone(random))])];
    }
    if let RequestDetails::Certificate(certificate) = &mut request.details {
        certificate.agents.extend(random.once_in(4).then(|| anyone(random)));
        certificate.auditors.extend(random.once_in(4).then(|| anyone(random)));
    }
    sample::in_status(request, *random.pick(RequestStatus::ALL))
}

/// What `list` holds, by going through everything.
fn expected<'a>(requests: &'a [Request], list: &RequestList) -> Vec<&'a Request> {
    let visible = |request: &Request| {
        let acl = Acl::of(request, Some(administrators()));
        acl.readers().iter().any(|reader| {
            list.principals.contains(&reader.principal) && list.classes.contains(&ListClass::of(request, reader.roles))
        })
    };
    let wanted = |request: &Request| list.statuses.as_ref().is_none_or(|wanted| wanted.contains(&request.status()));
    let mut found: Vec<_> = requests.iter().filter(|request| visible(request) && wanted(request)).collect();
    found.sort_by_key(|request| std::cmp::Reverse(cursor(request)));
    found
}

async fn assert_lists(repository: &dyn Repository, requests: &[Request], list: &RequestList, limit: usize) {
    let found = walk(repository, list, limit).await;
    let expected = expected(requests, list);
    let ids: Vec<_> = found.iter().map(|stored| stored.id).collect();
    assert_eq!(ids, expected.iter().map(|request| request.id).collect::<Vec<_>>(), "{list:?} by {limit}");
    for (stored, request) in found.iter().zip(expected) {
        assert_eq!(stored.revision, request.revision);
        assert_eq!(stored.document, Document::of(request, Some(administrators())).unwrap());
    }
}

/// The principal sets of callers: nobody, one, many, groups, everybody.
fn callers() -> Vec<Vec<PrincipalId>> {
    let person = sample::principal;
    let group = sample::group_principal;
    let mut everybody: Vec<_> = (1..=PEOPLE).map(person).chain((1..=3).map(group)).collect();
    everybody.sort_unstable();
    let mut several = vec![person(1), person(2), group(2), group(3)];
    several.sort_unstable();
    vec![vec![], vec![person(99)], vec![person(3)], vec![group(1)], vec![group(3)], several, everybody]
}

/// Every class by itself, and every set of classes that a dialect lists, in every status.
pub async fn must_13_lists_are_what_a_full_scan_finds(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let requests = world(&*repository, 7).await;
    let several = [ListClass::MIM_ALL, ListClass::MIM_TARGET, ListClass::OIG_TRACK, ListClass::ALL];
    let sets = ListClass::ALL.chunks(1).chain(several);
    for (n, classes) in sets.enumerate() {
        for principals in callers() {
            let list = list(&principals, classes, None);
            assert_lists(&*repository, &requests, &list, 7 + 13 * (n % 3)).await;
        }
    }
    assert_sound(&*repository).await;
}

/// Every status by itself, several, none and all, for every caller.
pub async fn must_13_lists_honour_every_status(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let requests = world(&*repository, 11).await;
    let mut sets: Vec<Vec<RequestStatus>> = RequestStatus::ALL.iter().map(|status| vec![*status]).collect();
    sets.push(vec![]);
    sets.push(vec![RequestStatus::Submitted, RequestStatus::Pending]);
    sets.push(vec![RequestStatus::Completed, RequestStatus::Draft, RequestStatus::Executing, RequestStatus::Draft]);
    sets.push(RequestStatus::ALL.to_vec());
    for statuses in sets {
        for principals in callers() {
            for classes in [ListClass::MIM_ALL, ListClass::MIM_TARGET, ListClass::OIG_TRACK] {
                let list = list(&principals, classes, Some(statuses.clone()));
                assert_lists(&*repository, &requests, &list, 9).await;
            }
        }
    }
}

/// The list follows every change of a request's status.
pub async fn must_13_lists_follow_changes(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let mut requests = world(&*repository, 13).await;
    let mut random = Random::new(17);
    for request in &mut requests {
        if random.once_in(3) {
            let change = moved(request, *random.pick(RequestStatus::ALL));
            *request = change.state.clone();
            commit(&*repository, only(change)).await;
        }
    }
    for status in RequestStatus::ALL {
        for principals in callers() {
            let list = list(&principals, ListClass::MIM_ALL, Some(vec![*status]));
            assert_lists(&*repository, &requests, &list, 20).await;
        }
    }
    assert_sound(&*repository).await;
}

/// Pages of every size make the same list; the last one says that it is the last, even when it is full.
pub async fn must_13_the_last_page_says_so(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 1).await;
    for n in 1..=6 {
        create(&*repository, sample::certificate_request(n, 1, 1)).await;
    }
    let list = mim_list(&[sample::principal(1)]);
    for (limit, more) in [(1, true), (5, true), (6, false), (7, false)] {
        let page = repository.requests(&list, Start::Offset(0), limit).await.unwrap();
        assert_eq!(page.items.len(), limit.min(6));
        assert_eq!(page.next.is_some(), more, "limit {limit}");
    }
    for limit in 1..=7 {
        assert_eq!(walk(&*repository, &list, limit).await.len(), 6);
    }
}

//! Filters: what they keep, against a model, and one rule at a time.

use countersign_core::access::ListClass;
use countersign_core::approval::TaskState;
use countersign_core::catalog::EntityType;
use countersign_core::filter::{
    Filter, RequestClause, RequestFilter, StatusMatch, TaskClause, TextMatch, TimeMatch, UserMatch,
};
use countersign_core::ids::{PrincipalId, RequestId};
use countersign_core::repository::{Inbox, Order, Repository, RequestList, Start};
use countersign_core::request::{ApprovedBy, Request, RequestState, RequestStatus};

use super::inbox::{assert_inbox, crowd, inbox, pending, random_inbox, tasks};
use crate::fixture::Fixture;
use crate::model::World;
use crate::sample::{self, Random};
use crate::support::{create, people, random_order, walk, walk_ids};
use crate::world::{PEOPLE, filter, person, request_clause, task_clause};

/// Fails unless `list` holds what a search through everything finds: by cursor, by offset, in number.
pub(super) async fn assert_list(repository: &dyn Repository, world: &World, list: &RequestList, limit: usize) {
    let expected = world.list(list);
    let ids: Vec<_> = expected.iter().map(|request| request.id).collect();
    let found = walk(repository, list, limit).await;
    assert_eq!(found.iter().map(|stored| stored.id).collect::<Vec<_>>(), ids, "{list:?} by {limit}");
    for (stored, request) in found.iter().zip(&expected) {
        assert_eq!(&stored.document.request().unwrap(), *request);
    }
    assert_eq!(repository.count_requests(list).await.unwrap(), ids.len() as u64, "the count of {list:?}");
    for offset in [1, ids.len() / 2, ids.len(), ids.len() + 5] {
        let page = repository.requests(list, Start::Offset(offset as u64), limit).await.unwrap();
        let found: Vec<_> = page.items.iter().map(|stored| stored.id).collect();
        assert_eq!(found, ids.iter().skip(offset).take(limit).copied().collect::<Vec<_>>(), "{list:?} at {offset}");
        let last = page.items.last().filter(|_| ids.len() > offset + limit).map(|stored| stored.id);
        assert_eq!(page.next.map(|next| next.id), last, "where {list:?} goes on after {offset}");
    }
}

/// Somebody's list: as nobody else, as a member of groups, as everybody at once, as a manager.
pub(super) fn random_list(random: &mut Random) -> RequestList {
    let user = person(random);
    let mut principals = vec![sample::principal(user)];
    match random.below(4) {
        0 => principals.push(sample::group_principal(1)),
        1 => principals.extend([2, 3].map(sample::group_principal)),
        2 => principals = (1..=PEOPLE).map(sample::principal).chain((1..=3).map(sample::group_principal)).collect(),
        _ => {}
    }
    principals.sort_unstable();
    let statuses = random.once_in(3).then(|| (0..random.below(6)).map(|_| *random.pick(RequestStatus::ALL)).collect());
    let sets = [ListClass::ALL, ListClass::OIG_TRACK, ListClass::OIG_TRACK, ListClass::MIM_ALL, ListClass::MIM_TARGET];
    let classes = *random.pick(&sets);
    RequestList {
        principals,
        through_reports: random.once_in(2).then(|| sample::user_id(user)),
        classes,
        statuses,
        filter: None,
        order: random_order(random),
        reader: None,
    }
}

/// Random filters over random lists.
pub async fn must_22_a_filter_keeps_what_a_full_scan_keeps(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let mut random = Random::new(23);
    let world = World::random(&mut random, 200);
    world.settle(&*repository).await;
    for n in 0..150 {
        let filter = Some(filter(&mut random, 3, &request_clause));
        let list = RequestList { filter, ..random_list(&mut random) };
        assert_list(&*repository, &world, &list, 2 + n % 50).await;
    }
}

/// Each kind of clause alone, over everything that there is, and the opposite of each.
pub async fn must_22_a_clause_and_its_opposite_make_the_whole(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let mut random = Random::new(24);
    let world = World::random(&mut random, 150);
    world.settle(&*repository).await;
    let all = everything(None);
    let total = world.list(&all).len() as u64;
    for _ in 0..60 {
        let clause = Filter::Clause(request_clause(&mut random));
        let with = RequestList { filter: Some(clause.clone()), ..all.clone() };
        let without = RequestList { filter: Some(Filter::Not(Box::new(clause))), ..all.clone() };
        let mut count = 0;
        for list in [with, without] {
            let expected: Vec<_> = world.list(&list).iter().map(|request| request.id).collect();
            let page = repository.requests(&list, Start::Offset(0), 200).await.unwrap();
            assert_eq!(page.items.iter().map(|stored| stored.id).collect::<Vec<_>>(), expected, "{list:?}");
            let counted = repository.count_requests(&list).await.unwrap();
            assert_eq!(counted, expected.len() as u64, "the count of {list:?}");
            count += counted;
        }
        assert_eq!(count, total);
    }
}

/// Random filters over random inboxes.
pub async fn must_22_a_filter_of_tasks_keeps_what_a_full_scan_keeps(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let mut random = Random::new(25);
    let world = World::random(&mut random, 120);
    world.settle(&*repository).await;
    for n in 0..250 {
        let filter = Some(filter(&mut random, 3, &task_clause));
        let inbox = Inbox { filter, ..random_inbox(&mut random) };
        assert_inbox(&*repository, &world, &inbox, 1 + n % 30).await;
    }
}

/// Everything that anybody sees.
fn everything(filter: Option<RequestFilter>) -> RequestList {
    RequestList {
        principals: (1..=PEOPLE).map(sample::principal).chain((1..=3).map(sample::group_principal)).collect(),
        through_reports: None,
        classes: ListClass::ALL,
        statuses: None,
        filter,
        order: Order::NewestFirst,
        reader: None,
    }
}

async fn kept(repository: &dyn Repository, clause: RequestClause) -> Vec<RequestId> {
    walk_ids(repository, &everything(Some(Filter::Clause(clause))), 5).await
}

/// Requests of user 1 with these justifications, the first numbered 1001.
async fn justified(repository: &dyn Repository, texts: &[Option<&str>]) {
    people(repository, 2).await;
    for (n, text) in (1..).zip(texts) {
        let justification = text.map(str::to_owned);
        create(repository, Request { justification, ..sample::certificate_request(n, 1, 2) }).await;
    }
}

/// No letter has a case, no sign a meaning, and a number is compared as it is written.
pub async fn must_22_texts_have_no_case_and_no_wildcards(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let texts =
        ["100 % sure", "100_percent", "1000 percent", "ÜBER Straße", "o'Brien \"x\"", "ΚΌΣΜΟΣ", "", "a*b?c[d]\\"];
    justified(&*repository, &texts.map(Some)).await;
    let assert_kept = async |wanted: TextMatch, expected: &[u64]| {
        let found = kept(&*repository, RequestClause::Justification(wanted.clone())).await;
        let expected: Vec<_> = expected.iter().rev().map(|n| sample::request_id(*n)).collect();
        assert_eq!(found, expected, "{wanted:?}");
    };
    let (equals, contains) =
        (|text: &str| TextMatch::Equals(text.to_owned()), |text: &str| TextMatch::Contains(text.to_owned()));
    let (begins, ends) =
        (|text: &str| TextMatch::Begins(text.to_owned()), |text: &str| TextMatch::Ends(text.to_owned()));
    assert_kept(contains("%"), &[1]).await;
    assert_kept(contains("_"), &[2]).await;
    assert_kept(begins("100_"), &[2]).await;
    assert_kept(begins("100"), &[1, 2, 3]).await;
    assert_kept(begins("10%"), &[]).await;
    assert_kept(equals("1%"), &[]).await;
    assert_kept(ends("PERCENT"), &[2, 3]).await;
    assert_kept(contains("über strasse"), &[]).await;
    assert_kept(equals("über strAßE"), &[4]).await;
    assert_kept(begins("Über"), &[4]).await;
    assert_kept(contains("O'BRIEN \""), &[5]).await;
    assert_kept(contains("'"), &[5]).await;
    assert_kept(begins("κόσμ"), &[6]).await;
    assert_kept(equals(""), &[7]).await;
    assert_kept(contains(""), &[1, 2, 3, 4, 5, 6, 7, 8]).await;
    assert_kept(ends("?C[d]\\"), &[8]).await;
    assert_kept(begins("a*"), &[8]).await;
    assert_kept(contains("*b?c"), &[8]).await;
    let digits = async |wanted| kept(&*repository, RequestClause::NumberText(wanted)).await;
    assert_eq!(digits(ends("01")).await, [sample::request_id(1)]);
    assert_eq!(digits(equals("01001")).await, []);
    assert_eq!(digits(contains("00")).await.len(), 8);
    assert_eq!(digits(begins("1_")).await, []);
    let below = async |bound: i64| kept(&*repository, RequestClause::NumberBelow(bound.try_into().unwrap())).await;
    assert_eq!(below(1003).await, [2, 1].map(sample::request_id));
    assert_eq!(below(1001).await, []);
    assert_eq!(below(9_000_000_000_000).await.len(), 8);
}

/// What is not there meets no comparison, and what asks for the opposite keeps it.
pub async fn must_22_what_is_absent_meets_nothing(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    justified(&*repository, &[None, Some(""), Some("x")]).await;
    let [none, empty, x] = [1, 2, 3].map(sample::request_id);
    let not = |clause| everything(Some(Filter::Not(Box::new(Filter::Clause(clause)))));
    let text = |wanted| RequestClause::Justification(wanted);
    assert_eq!(kept(&*repository, text(TextMatch::Present)).await, [x, empty]);
    assert_eq!(walk_ids(&*repository, &not(text(TextMatch::Present)), 2).await, [none]);
    assert_eq!(kept(&*repository, text(TextMatch::Equals(String::new()))).await, [empty]);
    assert_eq!(walk_ids(&*repository, &not(text(TextMatch::Equals("X".to_owned()))), 2).await, [empty, none]);
    let ended = |wanted| RequestClause::Ended(wanted);
    assert_eq!(kept(&*repository, ended(TimeMatch::From(sample::time(0)))).await, []);
    assert_eq!(walk_ids(&*repository, &not(ended(TimeMatch::Before(sample::time(0)))), 2).await, [x, empty, none]);
    let (all, nothing) = (everything(Some(Filter::And(Vec::new()))), everything(Some(Filter::Or(Vec::new()))));
    assert_eq!(walk_ids(&*repository, &all, 2).await, [x, empty, none]);
    assert_eq!(walk_ids(&*repository, &nothing, 2).await, []);
}

/// A bound is the first moment that it lets in or keeps out, to the microsecond.
pub async fn must_22_times_are_compared_to_the_microsecond(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    for n in 1..=3 {
        create(
            &*repository,
            Request { created: sample::time(n), ..sample::certificate_request(n.unsigned_abs(), 1, 2) },
        )
        .await;
    }
    let [one, two, three] = [1, 2, 3].map(sample::request_id);
    let at = sample::time;
    let created = async |wanted| kept(&*repository, RequestClause::Created(wanted)).await;
    assert_eq!(created(TimeMatch::Within(at(1), at(3))).await, [two, one]);
    assert_eq!(created(TimeMatch::Within(at(3), at(1))).await, []);
    assert_eq!(created(TimeMatch::Before(at(2))).await, [one]);
    assert_eq!(created(TimeMatch::From(at(2))).await, [three, two]);
    assert_eq!(created(TimeMatch::Present).await, [three, two, one]);
}

/// A number that the caller may not see is not found by it, nor one in another status than the list's.
pub async fn must_22_a_number_shows_nothing_that_the_list_does_not(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 4).await;
    for n in 1..=40 {
        create(&*repository, sample::certificate_request(n, 1 + n % 2, 3)).await;
    }
    let number = |n: i64| Filter::Clause(RequestClause::Number((1000 + n).try_into().unwrap()));
    let list =
        |user: u64, filter| RequestList { principals: vec![sample::principal(user)], ..everything(Some(filter)) };
    assert_eq!(walk_ids(&*repository, &list(1, number(2)), 5).await, [sample::request_id(2)]);
    assert_eq!(walk_ids(&*repository, &list(2, number(2)), 5).await, []);
    assert_eq!(walk_ids(&*repository, &list(4, number(2)), 5).await, []);
    assert_eq!(walk_ids(&*repository, &list(1, number(9999)), 5).await, []);
    let either = Filter::Or(vec![number(2), number(3), number(4), number(2)]);
    assert_eq!(walk_ids(&*repository, &list(1, either.clone()), 1).await, [4, 2].map(sample::request_id));
    assert_eq!(repository.count_requests(&list(2, either.clone())).await.unwrap(), 1);
    let completed = RequestList { statuses: Some(vec![RequestStatus::Completed]), ..list(1, either.clone()) };
    assert_eq!(walk_ids(&*repository, &completed, 5).await, []);
    let target = RequestList { classes: ListClass::MIM_TARGET, ..list(1, either) };
    assert_eq!(walk_ids(&*repository, &target, 5).await, [], "asked for, but for somebody else");
}

/// A task that is named, by its id or by its request's number, is found by those alone who have it in
/// their inbox: not by strangers, nor by who may not vote on it, nor in another state.
pub async fn must_22_a_task_shows_nothing_that_the_inbox_does_not(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    crowd(&*repository, 5).await;
    let group = sample::group_principal(9);
    pending(&*repository, 1, 1, 2, vec![sample::stage(vec![sample::task(1, group), sample::task(2, group)])]).await;
    pending(&*repository, 2, 1, 2, vec![sample::stage(vec![sample::task(3, sample::principal(2))])]).await;
    let number = |n: i64| TaskClause::Request(RequestClause::Number((1000 + n).try_into().unwrap()));
    let find = async |user: u64, represents: &[u64], groups: &[PrincipalId], clause| {
        let principals = groups.iter().copied().chain([sample::principal(user)]).collect();
        let represents = represents.iter().copied().map(sample::user_id).collect();
        let filter = Some(Filter::Clause(clause));
        tasks(&*repository, &Inbox { principals, represents, filter, ..inbox(user) }).await
    };
    let both = [2, 1].map(sample::task_id);
    assert_eq!(find(3, &[], &[group], TaskClause::Task(sample::task_id(1))).await, [sample::task_id(1)]);
    assert_eq!(find(3, &[], &[group], number(1)).await, both);
    assert_eq!(find(3, &[], &[], TaskClause::Task(sample::task_id(1))).await, [], "not in the group");
    assert_eq!(find(3, &[], &[group], number(2)).await, [], "somebody else's");
    assert_eq!(find(1, &[], &[group], number(1)).await, [], "the requester's own");
    assert_eq!(find(2, &[], &[group], TaskClause::Task(sample::task_id(2))).await, [], "for the user");
    assert_eq!(find(3, &[2], &[], number(2)).await, [], "in the place of whom it is for");
    let closed =
        Filter::And(vec![Filter::Clause(number(1)), Filter::Clause(TaskClause::State(vec![TaskState::Completed]))]);
    let closed = Inbox { principals: vec![group], states: None, filter: Some(closed), ..inbox(3) };
    assert_eq!(tasks(&*repository, &closed).await, []);
}

/// Whom a cart is for is found by that name too, by the cart's owner alone.
pub async fn must_22_a_cart_is_found_by_whom_it_is_for(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 3).await;
    for n in 1..=40 {
        create(&*repository, sample::certificate_request(n, 1, 2)).await;
    }
    create(&*repository, sample::in_status(sample::access_request(50, 1, &[3]), RequestStatus::Draft)).await;
    let users = vec![UserMatch::Id(sample::user_id(3))];
    let of = |user: u64| RequestList {
        principals: vec![sample::principal(user)],
        ..everything(Some(Filter::Clause(RequestClause::Beneficiary(users.clone()))))
    };
    assert_eq!(walk_ids(&*repository, &of(1), 5).await, [sample::request_id(50)]);
    assert_eq!(walk_ids(&*repository, &of(3), 5).await, []);
    assert_eq!(walk_ids(&*repository, &of(2), 5).await, []);
}

/// The particulars of a status count where they are asked for; a certificate request's target is its template.
pub async fn must_22_states_and_targets_are_told_apart(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let approved = |n, by| Request { state: RequestState::Approved { by }, ..sample::certificate_request(n, 1, 2) };
    create(&*repository, approved(1, ApprovedBy::Automatic)).await;
    create(&*repository, approved(2, ApprovedBy::Votes)).await;
    let access =
        Request { state: RequestState::Approved { by: ApprovedBy::Votes }, ..sample::access_request(3, 1, &[2]) };
    create(&*repository, access).await;
    let [automatic, votes, access] = [1, 2, 3].map(sample::request_id);
    let state = |certificate, approved_by| {
        let status = RequestStatus::Approved;
        RequestClause::Status(vec![StatusMatch { status, certificate, approved_by, fulfilment: None }])
    };
    assert_eq!(kept(&*repository, state(None, None)).await, [access, votes, automatic]);
    assert_eq!(kept(&*repository, state(None, Some(ApprovedBy::Votes))).await, [access, votes]);
    assert_eq!(kept(&*repository, state(Some(true), None)).await, [votes, automatic]);
    assert_eq!(kept(&*repository, state(Some(true), Some(ApprovedBy::Votes))).await, [votes]);
    assert_eq!(kept(&*repository, RequestClause::TargetType(EntityType::ProfileTemplate)).await, [votes, automatic]);
    assert_eq!(kept(&*repository, RequestClause::TargetType(EntityType::Role)).await, [access]);
    assert_eq!(kept(&*repository, RequestClause::TargetType(EntityType::Entitlement)).await, []);
}

/// The task clauses about people name the login of a user and the name of a group.
pub async fn must_22_assignees_are_found_by_name(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let world = World::random(&mut Random::new(26), 60);
    world.settle(&*repository).await;
    for name in ["ÄRGER", "équipe 100%", "systemadministrators", "SYSTEM", "50%_OFF", "5_"] {
        for wanted in [TextMatch::Equals(name.to_owned()), TextMatch::Begins(name.to_owned())] {
            let inbox = Inbox {
                user: sample::user_id(6),
                principals: everything(None).principals,
                represents: Vec::new(),
                states: None,
                filter: Some(Filter::Clause(TaskClause::AssigneeName(wanted))),
                order: Order::NewestFirst,
            };
            assert_inbox(&*repository, &world, &inbox, 10).await;
        }
    }
}

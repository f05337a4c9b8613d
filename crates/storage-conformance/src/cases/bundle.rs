//! Imports: whole or not at all, every fault named, nothing changed by what is already there.

use std::collections::BTreeSet;
use std::io;

use countersign_core::bundle::{BundleText, Fault, ImportError, Placed, Record, RecordSource, WebhookCredential};
use countersign_core::catalog::EntityType;
use countersign_core::directory::{Group, Proxy, User};
use countersign_core::error::Invalid;
use countersign_core::grant::Grant;
use countersign_core::profile::Profile;
use countersign_core::repository::{CommitOutcome, Repository};
use countersign_core::request::{ParentLink, Request, RequestDetails, RequestStatus};
use countersign_core::rule::{ApprovalRule, Approver, Beneficiaries, RequestRule};
use countersign_core::template::Audience;
use countersign_core::webhook::Webhook;

use crate::fixture::Fixture;
use crate::sample::{self, Kind, Random, Records};
use crate::support::{assert_same, assert_sound, export, import, people, try_import, try_import_text, user_change};

async fn faults(repository: &dyn Repository, records: Vec<Record>) -> Vec<Fault> {
    match try_import(repository, records).await {
        Err(ImportError::Faults { count, first }) => {
            assert_eq!(count, first.len() as u64);
            first
        }
        other => panic!("the bundle has faults, and the import says {other:?}"),
    }
}

fn request(request: Request) -> Record {
    Record::Request(Box::new(request))
}

/// The same bundle again, in another order too, changes nothing.
pub async fn must_16_the_same_bundle_twice_changes_nothing(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let mut records = sample::everything();
    let first = import(&*repository, records.clone()).await;
    assert_eq!((first.added, first.unchanged), (records.len() as u64, 0));
    let before = export(&*repository).await;
    let contents = fixture.contents().await;
    for _ in 0..2 {
        let again = import(&*repository, records.clone()).await;
        assert_eq!((again.added, again.unchanged), (0, records.len() as u64));
        assert_same(&export(&*repository).await, &before);
        records.reverse();
    }
    assert_eq!(fixture.contents().await, contents);
    assert_sound(&*repository).await;
}

/// What is new comes in beside what is already there.
pub async fn must_16_what_is_new_is_added(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let mut records = sample::everything();
    import(&*repository, records.clone()).await;
    records.push(Record::User(sample::user(50)));
    records.push(request(sample::certificate_request(90, 50, 2)));
    let report = import(&*repository, records).await;
    assert_eq!(report.added, 2);
    assert!(repository.request(sample::request_id(90)).await.unwrap().is_some());
    assert_sound(&*repository).await;
}

/// Records may refer forwards: a child may stand before its parent, a request before its people.
pub async fn must_16_the_order_of_records_is_free(fixture: &dyn Fixture) {
    let mut records = sample::everything();
    let mut random = Random::new(3);
    for at in (1..records.len()).rev() {
        let other = usize::try_from(random.below(at as u64 + 1)).unwrap();
        records.swap(at, other);
    }
    let (ordered, shuffled) = (fixture.another().await, fixture.repository());
    import(&*ordered.repository(), sample::everything()).await;
    import(&*shuffled, records).await;
    let without_events = |text: String| -> Vec<String> {
        text.lines().filter(|line| !line.contains(r#""kind":"event""#)).map(str::to_owned).collect()
    };
    let expected = without_events(export(&*ordered.repository()).await);
    assert_eq!(without_events(export(&*shuffled).await), expected);
    assert_sound(&*shuffled).await;
}

/// Five faults of five kinds are named, each with its place; nothing of the bundle lands.
pub async fn must_16_five_faults_are_named_at_once(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let before = export(&*repository).await;
    let mut nameless = sample::group(1, &[]);
    nameless.name = String::new();
    let mut for_nobody = sample::certificate_request(2, 1, 1);
    if let RequestDetails::Certificate(certificate) = &mut for_nobody.details {
        certificate.target = sample::user_id(404);
    }
    let orphan = ParentLink { request: sample::request_id(404), ordinal: 1 };
    let bundle = vec![
        Record::User(sample::user(3)),
        Record::Group(nameless),
        request(for_nobody),
        Record::User(User { login: sample::login("USER3"), ..sample::user(4) }),
        Record::User(User { number: sample::user(1).number, ..sample::user(5) }),
        request(Request { parent: Some(orphan), ..sample::certificate_request(3, 1, 1) }),
        request(sample::certificate_request(4, 1, 2)),
    ];
    let found = faults(&*repository, bundle).await;
    let named: Vec<_> = found.iter().map(|fault| (fault.place, fault.invalid.field.as_str())).collect();
    let expected = [(2, "name"), (3, "details.certificate.target"), (4, "login"), (5, "number"), (6, "parent.request")];
    assert_eq!(named, expected);
    assert!(found.iter().all(|fault| fault.record.is_some() && !fault.invalid.reason.is_empty()));
    assert_same(&export(&*repository).await, &before);
    assert_eq!(repository.user(sample::user_id(3)).await.unwrap(), None);
    assert_sound(&*repository).await;
}

/// The newer kinds of records are checked likewise: what they refer to, what they must have alone.
pub async fn must_16_faults_of_rules_grants_and_webhooks_are_named(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    import(&*repository, vec![Record::Grant(sample::grant(1, 1))]).await;
    let before = export(&*repository).await;
    let nobody = Proxy { user: sample::user_id(404), start: sample::time(0), end: None };
    let mut rule = sample::approval_rule(2);
    rule.stages[0].approvers.push(Approver::Principal(sample::principal(404)));
    let asking = RequestRule {
        requesters: Audience::Principals(vec![sample::principal(404)]),
        beneficiaries: Beneficiaries::Principals(vec![sample::principal(405)]),
        ..sample::request_rule(3)
    };
    let keyed = WebhookCredential { webhook: sample::webhook(404).id, secret: sample::secret(4) };
    let role = |n| Grant { entity_key: sample::grant(1, 1).entity_key, ..sample::grant(n, 1) };
    let lost = Grant { entity_type: EntityType::Entitlement, account: Some(404.try_into().unwrap()), ..role(5) };
    let mut delegated = sample::task(1, sample::principal(1));
    delegated.delegate = Some(sample::principal(404));
    delegated.parent = Some(sample::task_id(404));
    let asked = sample::certificate_request(1, 1, 1);
    let asked = Request { stages: vec![sample::stage(vec![delegated])], ..asked };
    let bundle = vec![
        Record::User(User { proxies: vec![nobody], ..sample::user(3) }),
        Record::ApprovalRule(rule.clone()),
        Record::ApprovalRule(ApprovalRule { name: "again".to_owned(), ..rule }),
        Record::RequestRule(asking),
        Record::WebhookSecret(keyed),
        Record::Grant(role(2)),
        Record::Grant(Grant { number: 1.try_into().unwrap(), ..sample::grant(3, 2) }),
        Record::Grant(lost),
        request(sample::in_status(asked, RequestStatus::Pending)),
        request(Request { depends_on: Some(sample::request_id(404)), ..sample::certificate_request(2, 1, 1) }),
        Record::Webhook(Webhook { url: "ftp://here".to_owned(), ..sample::webhook(1) }),
        Record::Grant(Grant { request: Some(sample::request_id(404)), ..sample::grant(9, 2) }),
    ];
    let found = faults(&*repository, bundle).await;
    let named: Vec<_> = found.iter().map(|fault| (fault.place, fault.invalid.field.as_str())).collect();
    let expected = [
        (1, "proxies.user"),
        (2, "stages.approvers"),
        (3, "id"),
        (3, "stages.approvers"),
        (4, "requesters"),
        (4, "beneficiaries"),
        (5, "webhook"),
        (6, "entityKey"),
        (7, "number"),
        (8, "account"),
        (9, "stages.tasks.delegate"),
        (9, "stages.tasks.parent"),
        (10, "dependsOn"),
        (11, "url"),
    ];
    assert_eq!(named, expected);
    assert_same(&export(&*repository).await, &before);
}

/// A record that cannot even be read stops the bundle too, and so does a source that breaks off.
pub async fn must_16_a_source_that_fails_lands_nothing(fixture: &dyn Fixture) {
    struct Broken {
        breaks_off: bool,
    }
    impl RecordSource for Broken {
        fn open(&mut self) -> io::Result<Box<dyn Iterator<Item = io::Result<Result<Placed, Fault>>> + '_>> {
            let good = (1..=20).map(|n| Ok(Ok(Placed { place: n, record: Record::User(sample::user(n)) })));
            let fault = Fault { place: 21, record: None, invalid: Invalid::new("kind", "is unknown") };
            let last = if self.breaks_off { Err(io::Error::other("the disk is gone")) } else { Ok(Err(fault)) };
            Ok(Box::new(good.chain(std::iter::once(last))))
        }
    }
    let repository = fixture.repository();
    let before = export(&*repository).await;
    for breaks_off in [false, true] {
        let context = countersign_core::repository::ImportContext {
            now: sample::time(0),
            entropy: Box::new(Random::new(1)),
            progress: std::sync::Arc::new(countersign_core::repository::Silent),
        };
        let outcome = repository.import(Box::new(Broken { breaks_off }), context).await;
        match outcome {
            Err(ImportError::Source(_)) => assert!(breaks_off),
            Err(ImportError::Faults { count, first }) => {
                assert_eq!((count, first[0].place, breaks_off), (1, 21, false));
            }
            other => panic!("{other:?}"),
        }
        assert_same(&export(&*repository).await, &before);
    }
}

/// Something else under an id that is taken is a fault, not a change.
pub async fn must_16_an_import_overwrites_nothing(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    import(&*repository, sample::everything()).await;
    let before = export(&*repository).await;
    let other = vec![
        Record::User(User { display_name: "Somebody else".to_owned(), ..sample::user(2) }),
        Record::Profile(Profile { template_version: 77, ..sample::profile(1, 2, 1) }),
        request(sample::certificate_request(2, 2, 2)),
        Record::Group(sample::group(3, &[])),
    ];
    for record in other {
        let found = faults(&*repository, vec![record.clone()]).await;
        assert_eq!(found.len(), 1, "{}", record.name());
        assert_same(&export(&*repository).await, &before);
    }
}

/// One GUID is one principal: a user's cannot become a group's, nor the other way round.
pub async fn must_16_one_guid_is_one_principal(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let group = |id: uuid::Uuid| Record::Group(Group { id: id.into(), ..sample::group(9, &[]) });
    let user = |id: uuid::Uuid| Record::User(User { id: id.into(), ..sample::user(9) });
    let (person, team) = (sample::id(Kind::User, 1), sample::id(Kind::Group, 1));
    import(&*repository, vec![Record::User(sample::user(1)), Record::Group(sample::group(1, &[]))]).await;
    for taken in [vec![group(person)], vec![user(team)], vec![user(uuid::Uuid::max()), group(uuid::Uuid::max())]] {
        assert!(!faults(&*repository, taken).await.is_empty());
    }
    let rival = User { id: team.into(), ..sample::user(9) };
    assert_ne!(repository.commit(user_change(None, rival)).await.unwrap(), CommitOutcome::Committed);
    assert_sound(&*repository).await;
}

/// References are checked; those to profiles and cards may lead nowhere (decision 15).
pub async fn must_16_references_to_profiles_and_cards_may_be_open(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let mut open = sample::certificate_request(1, 1, 2);
    if let RequestDetails::Certificate(certificate) = &mut open.details {
        certificate.smartcard = true;
        certificate.old_profile = Some(sample::id(Kind::Profile, 404).into());
        certificate.new_smartcard = Some(sample::id(Kind::Smartcard, 404).into());
    }
    let parent = Some(sample::id(Kind::Profile, 405).into());
    import(&*repository, vec![request(open), Record::Profile(Profile { parent, ..sample::profile(1, 1, 1) })]).await;
    let nobodys = Profile { assigned_user: sample::user_id(404), ..sample::profile(2, 1, 1) };
    assert_eq!(faults(&*repository, vec![Record::Profile(nobodys)]).await.len(), 1);
    assert_sound(&*repository).await;
}

/// More faults than are named one by one: all are counted, the first thousand named.
pub async fn must_16_faults_beyond_a_thousand_are_counted(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let orphans: Records = (1..=1500).map(|n| Record::Profile(sample::profile(n, 404, 405))).collect();
    let Err(ImportError::Faults { count, first }) = try_import(&*repository, orphans.0).await else {
        panic!("every reference is wrong");
    };
    assert_eq!((count, first.len()), (3000, 1000));
    assert_eq!(first.iter().map(|fault| fault.place).collect::<BTreeSet<_>>().len(), 500);
}

/// An export that lost its end, at a line's end too, is refused: its header says how much there was.
pub async fn must_16_a_bundle_that_is_not_whole_is_refused(fixture: &dyn Fixture) {
    let (repository, other) = (fixture.repository(), fixture.another().await);
    import(&*repository, sample::everything()).await;
    let text = export(&*repository).await;
    let read = BundleText::new(text.as_bytes()).unwrap().map(|read| read.unwrap().unwrap().record);
    let mut records: Vec<Record> = read.collect();
    records.pop();
    let found = faults(&*other.repository(), records).await;
    assert_eq!(found.iter().map(|fault| fault.invalid.field.as_str()).collect::<Vec<_>>(), ["records"]);
}

/// A record with a fault is the fault; what refers to it is not.
pub async fn must_16_a_fault_draws_no_others_after_it(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let user = serde_json::to_value(Record::User(sample::user(1))).unwrap();
    let group = serde_json::to_value(Record::Group(sample::group(1, &[sample::principal(1)]))).unwrap();
    let mut bad = user.clone();
    bad["status"] = "asleep".into();
    let text = serde_json::Value::from(vec![bad, group.clone()]).to_string();
    let found = text_faults(&*repository, &text).await;
    assert_eq!(found.iter().map(|fault| fault.place).collect::<Vec<_>>(), [1], "{found:?}");
    let text = serde_json::Value::from(vec![user.clone(), user, group]).to_string();
    let found = text_faults(&*repository, &text).await;
    let places: Vec<_> = found.iter().map(|fault| (fault.place, fault.invalid.field.as_str())).collect();
    assert_eq!(places, [(2, "id"), (2, "number"), (2, "login")]);
}

async fn text_faults(repository: &dyn Repository, text: &str) -> Vec<Fault> {
    match try_import_text(repository, text).await {
        Err(ImportError::Faults { first, .. }) => first,
        other => panic!("faults were expected, not {other:?}"),
    }
}

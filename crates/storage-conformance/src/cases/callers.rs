//! Callers, who are recognised at every call, whatever an adapter remembers of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign_core::bundle::Record;
use countersign_core::directory::{DirectoryVersion, Group, PasswordHash, PrincipalName, User};
use countersign_core::ids::Revision;
use countersign_core::repository::{Change, Identity, Repository, StoredRequest};
use countersign_core::request::RequestKey;

use crate::fixture::Fixture;
use crate::sample;
use crate::support::{commit, create, identity, import, next_state, people, user_change};

const READERS: u64 = 32;
const CHANGES: u64 = 25;

/// What the `n`th change leaves: odd ones give user 1 another password, the others let the user into group 1 and out of
/// it in turn.
fn state(n: u64) -> (String, bool) {
    (format!("$argon2id${}", n.div_ceil(2)), n / 2 % 2 == 1)
}

/// User 1 as the `n`th change leaves them, with another name each time.
fn named(n: u64) -> String {
    match n.div_ceil(2) {
        0 => sample::user(1).display_name,
        n => format!("User 1, {n}"),
    }
}

/// The `n`th change.
fn change(n: u64) -> Change {
    let (password, is_member) = state(n);
    let revision = Revision(1 + i64::try_from(n.div_ceil(2)).unwrap());
    if n % 2 == 1 {
        let user = User { revision, display_name: named(n), ..sample::user(1) };
        let mut change = user_change(Some(Revision(revision.0 - 1)), user);
        change.users[0].password = Some(PasswordHash::try_from(password).unwrap());
        return change;
    }
    let members = if is_member { vec![sample::principal(1)] } else { Vec::new() };
    Change { groups: vec![next_state(Group { revision, ..sample::group(1, &members) })], ..Change::default() }
}

fn seen(identity: &Identity) -> (String, bool) {
    let password = identity.password.as_ref().map_or("$argon2id$0", PasswordHash::expose);
    (password.to_owned(), identity.caller.principals.contains(&sample::group_principal(1)))
}

/// The name of user 1, as it was at any time since the directory had that version.
async fn told(repository: &dyn Repository, since: DirectoryVersion) -> String {
    let names = repository.principal_names(&[sample::principal(1)], Some(since)).await.unwrap();
    let [(_, PrincipalName::User { display_name, .. })] = &names[..] else { panic!("{names:?}") };
    display_name.clone()
}

/// User 1, asked for in either way in turn.
async fn recognised(repository: &dyn Repository, alone: &mut bool) -> Identity {
    *alone = !*alone;
    if *alone {
        return identity(repository, "user1").await.unwrap();
    }
    let key = RequestKey::Number(sample::certificate_request(1, 1, 1).number);
    repository.identity_and_request("user1", sample::time(0), key).await.unwrap().0.unwrap()
}

async fn poll(repository: Arc<dyn Repository>, acknowledged: Arc<AtomicU64>) {
    let mut alone = false;
    loop {
        let floor = acknowledged.load(Ordering::SeqCst);
        let found = recognised(&*repository, &mut alone).await;
        let name = told(&*repository, found.caller.directory).await;
        let seen = seen(&found);
        // One more may have landed and not be acknowledged yet.
        let ceiling = acknowledged.load(Ordering::SeqCst) + 1;
        let is_current = (floor..=ceiling).any(|n| state(n) == seen);
        assert!(is_current, "{seen:?} is seen after change {floor}, which left {:?}", state(floor));
        let is_current = (floor..=ceiling).any(|n| named(n) == name);
        assert!(is_current, "{name} is told after change {floor}, which left {}", named(floor));
        if floor == CHANGES {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// No read that begins after a change was acknowledged shows anybody as they were before it, though another process
/// made it: neither the old password nor a group that was left, nor the old name.
pub async fn must_20_nobody_is_recognised_as_they_were(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 1).await;
    import(&*repository, vec![Record::Group(sample::group(1, &[]))]).await;
    let other = fixture.second().await;
    let acknowledged = Arc::new(AtomicU64::new(0));
    let poll = |_| tokio::spawn(poll(Arc::clone(&other), Arc::clone(&acknowledged)));
    let readers: Vec<_> = (0..READERS).map(poll).collect();
    for n in 1..=CHANGES {
        commit(&*repository, change(n)).await;
        acknowledged.store(n, Ordering::SeqCst);
        // Everybody looks, and remembers.
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
    }
    for reader in readers {
        reader.await.unwrap();
    }
}

/// What a caller is told of templates and administrators is never older than the call, though another process changed them;
/// nor is it, of what was not there before.
pub async fn must_20_what_is_told_is_not_older_than_the_call(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let other = fixture.second().await;
    let mut template = sample::template(1);
    let group = sample::administrators(7, &[sample::principal(2)]);
    let mut expected = (template.name.clone(), None, 0);
    for n in 1..=4 {
        for handle in [&repository, &other, &repository, &other] {
            let since = Some(identity(&**handle, "user1").await.unwrap().caller.directory);
            let templates = handle.templates(&[template.id, sample::template(9).id], since).await.unwrap();
            let [found] = &templates[..] else { panic!("{templates:?}") };
            let administrators = handle.administrators(since).await.unwrap();
            let names = handle.principal_names(&[sample::group_principal(7)], since).await.unwrap();
            assert_eq!((found.name.clone(), administrators, names.len()), expected, "before change {n}");
        }
        if n == 3 {
            commit(&*repository, Change { groups: vec![next_state(group.clone())], ..Change::default() }).await;
            expected = (expected.0, Some(group.id), 1);
        } else {
            template.name = format!("Template {n}");
            template.revision = template.revision.next();
            expected.0.clone_from(&template.name);
            commit(&*repository, Change { templates: vec![next_state(template.clone())], ..Change::default() }).await;
        }
    }
}

/// Who calls and a request, asked for together, are what they are apart, whichever process changed them last.
pub async fn must_20_a_caller_comes_with_a_request(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    import(&*repository, vec![Record::Group(sample::group(1, &[]))]).await;
    let request = sample::certificate_request(1, 1, 2);
    create(&*repository, request.clone()).await;
    let other = fixture.second().await;
    let nothing = sample::certificate_request(9, 1, 2);
    for n in 1..=6 {
        for handle in [&repository, &other, &repository, &other] {
            for key in [request.id, nothing.id].map(RequestKey::Id) {
                together_as_apart(&**handle, "user1", key).await;
            }
            for key in [request.number, nothing.number].map(RequestKey::Number) {
                together_as_apart(&**handle, "USER1", key).await;
                together_as_apart(&**handle, "nobody", key).await;
            }
        }
        commit(&*repository, change(n)).await;
    }
}

async fn together_as_apart(repository: &dyn Repository, login: &str, key: RequestKey) {
    let (found, stored) = repository.identity_and_request(login, sample::time(0), key).await.unwrap();
    assert_eq!(found, identity(repository, login).await, "{login} {key:?}");
    let document = |stored: Option<StoredRequest>| stored.map(|stored| stored.document);
    let stored = document(stored.unwrap());
    assert_eq!(stored, document(repository.request_by(key).await.unwrap()), "{login} {key:?}");
}

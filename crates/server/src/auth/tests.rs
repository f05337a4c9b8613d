use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use base64::Engine;
use countersign_core::bundle::{BundleText, Reading, RecordSource};
use countersign_core::clock::{Clock, SystemClock};
use countersign_core::directory::User;
use countersign_core::event::{Channel, EventKind, NewEvent};
use countersign_core::repository::{AggregateChange, Change, CommitOutcome, ImportContext, Silent, UserChange};
use tempfile::TempDir;

use super::*;
use crate::settings::StorageSettings;

const ANN: &str =
    r#"{"kind":"user","id":"00000000-0000-0000-0000-00000000000a","number":7,"login":"Ann","displayName":"Ann"}"#;

struct Text;

impl RecordSource for Text {
    fn open(&mut self) -> std::io::Result<Reading<'_>> {
        Ok(Box::new(BundleText::new(ANN.as_bytes())?))
    }
}

/// A database with the user Ann, whose password is `one`.
struct House {
    _folder: TempDir,
    repository: Arc<dyn Repository>,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/a.db", folder.path().display());
        let repository = crate::storage::create(&StorageSettings { url, ..Default::default() }).unwrap();
        repository.migrate().await.unwrap();
        let entropy = Box::new(OsEntropy::new().unwrap());
        let context = ImportContext { now: SystemClock.now(), entropy, progress: Arc::new(Silent) };
        repository.import(Box::new(Text), context).await.unwrap();
        let house = Self { _folder: folder, repository };
        house.change(Some("one"), |_| ()).await;
        house
    }

    async fn change(&self, password: Option<&str>, change: impl FnOnce(&mut User)) {
        let login = Login::try_from("ann".to_owned()).unwrap();
        let mut user = self.repository.user_by_login(&login).await.unwrap().unwrap();
        let expected = Some(user.revision);
        user.revision = user.revision.next();
        change(&mut user);
        let password = password.map(|password| hash_password(&password.into()).unwrap());
        let (now, mut entropy) = (SystemClock.now(), OsEntropy::new().unwrap());
        let data = serde_json::json!({});
        let event = NewEvent::seal(EventKind::Changed, now, None, Channel::Command, data, &mut entropy);
        let user = AggregateChange { expected, state: user, events: vec![event] };
        let change = UserChange { user, password };
        let outcome = self.repository.commit(Change { users: vec![change], ..Change::default() }).await.unwrap();
        assert_eq!(outcome, CommitOutcome::Committed);
    }

    fn authenticator(&self, settings: &AuthSettings) -> Authenticator {
        Authenticator::new(Arc::clone(&self.repository), settings, Arc::new(SystemClock)).unwrap()
    }
}

fn headers(login: &str, password: &str) -> HeaderMap {
    let token = base64::engine::general_purpose::STANDARD.encode(format!("{login}:{password}"));
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::try_from(format!("Basic {token}")).unwrap());
    headers
}

#[actix_web::test]
async fn the_right_password_names_the_caller_and_any_other_is_refused() {
    let house = House::new().await;
    let authenticator = house.authenticator(&AuthSettings::default());
    for login in ["Ann", "aNN"] {
        let caller = authenticator.authenticate(&headers(login, "one")).await.unwrap();
        assert_eq!((caller.login.as_str(), caller.number.get()), ("Ann", 7));
    }
    let long = "x".repeat(1025);
    for (login, password) in [("Ann", "two"), ("Ann", ""), ("Ann", long.as_str()), ("Bob", "one"), ("", "one")] {
        for _ in 0..2 {
            let refused = authenticator.authenticate(&headers(login, password)).await;
            assert!(matches!(refused, Err(AuthError::Refused)), "{login} {refused:?}");
        }
    }
    let missing = authenticator.authenticate(&HeaderMap::new()).await;
    assert!(matches!(missing, Err(AuthError::Missing)));
}

#[actix_web::test]
async fn a_verified_password_costs_no_second_hash() {
    let house = House::new().await;
    let settings = AuthSettings { verifications: 1, queue: 0, ..AuthSettings::default() };
    let authenticator = house.authenticator(&settings);
    authenticator.authenticate(&headers("Ann", "one")).await.unwrap();
    let _all = authenticator.shared.places.try_acquire().unwrap();
    authenticator.authenticate(&headers("Ann", "one")).await.unwrap();
    let busy = authenticator.authenticate(&headers("Ann", "two")).await;
    assert!(matches!(busy, Err(AuthError::Busy)), "{busy:?}");
}

#[actix_web::test]
async fn the_queue_is_bounded_and_what_waited_is_answered_by_the_first() {
    let house = House::new().await;
    let settings = AuthSettings { verifications: 1, queue: 3, ..AuthSettings::default() };
    let authenticator = house.authenticator(&settings);
    let one = headers("Ann", "one");
    let calls = futures_util::future::join_all((0..6).map(|_| authenticator.authenticate(&one))).await;
    let busy = calls.iter().filter(|call| matches!(call, Err(AuthError::Busy))).count();
    let let_in = calls.iter().filter(|call| call.is_ok()).count();
    assert_eq!((let_in, busy), (4, 2));
    assert_eq!(authenticator.shared.places.available_permits(), 4);
}

#[actix_web::test]
async fn a_changed_password_and_a_disabled_user_count_at_once() {
    let house = House::new().await;
    let authenticator = house.authenticator(&AuthSettings::default());
    authenticator.authenticate(&headers("Ann", "one")).await.unwrap();
    house.change(Some("two"), |_| ()).await;
    assert!(matches!(authenticator.authenticate(&headers("Ann", "one")).await, Err(AuthError::Refused)));
    authenticator.authenticate(&headers("Ann", "two")).await.unwrap();
    house.change(None, |user| user.status = UserStatus::Disabled).await;
    assert!(matches!(authenticator.authenticate(&headers("Ann", "two")).await, Err(AuthError::Refused)));
}

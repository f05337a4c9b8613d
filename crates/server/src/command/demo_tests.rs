use std::collections::HashMap;

use countersign_core::bundle::{Key, KeyIndex, Placed, Validator, Verdict};
use countersign_core::error::RepositoryError;
use countersign_core::request::RequestStatus;
use uuid::Uuid;

use super::*;

/// The keys of a bundle beside an empty database.
#[derive(Default)]
struct Keys(HashMap<Vec<u8>, (Uuid, u64)>);

impl KeyIndex for Keys {
    fn claim(&mut self, key: &Key, owner: Uuid, place: u64) -> Result<Option<u64>, RepositoryError> {
        let earlier = self.0.get(&key.to_bytes()).map(|(_, place)| *place);
        self.0.entry(key.to_bytes()).or_insert((owner, place));
        Ok(earlier)
    }

    fn holder(&mut self, key: &Key) -> Result<Option<Uuid>, RepositoryError> {
        Ok(self.0.get(&key.to_bytes()).map(|(owner, _)| *owner))
    }

    fn stored_holder(&mut self, _: &Key) -> Result<Option<Uuid>, RepositoryError> {
        Ok(None)
    }
}

fn records() -> Vec<Placed> {
    BundleText::new(BUNDLE.as_bytes()).unwrap().map(|placed| placed.unwrap().unwrap()).collect()
}

#[test]
fn the_bundle_has_no_fault_and_every_reference_resolves() {
    let (mut validator, mut keys) = (Validator::default(), Keys::default());
    let records = records();
    for placed in &records {
        validator.claim(placed, &mut keys).unwrap();
    }
    for placed in &records {
        assert_eq!(validator.check(placed, &mut keys).unwrap(), Verdict::Sound, "{:?}", placed.record.name());
    }
    assert_eq!(validator.into_faults(), (0, Vec::new()));
}

#[test]
fn profiles_and_cards_that_the_bundle_mentions_are_in_it() {
    let records = records();
    let mut there = Vec::new();
    let mut mentioned = Vec::new();
    for Placed { record, .. } in &records {
        match record {
            Record::Profile(profile) => {
                there.push(profile.id.as_uuid());
                mentioned.extend(profile.parent.map(|id| id.as_uuid()));
                mentioned.extend(profile.smartcard.map(|id| id.as_uuid()));
            }
            Record::Smartcard(card) => there.push(card.id.as_uuid()),
            Record::Request(request) => {
                let Some(certificate) = request.certificate() else { continue };
                let profiles = [certificate.old_profile, certificate.new_profile];
                mentioned.extend(profiles.into_iter().flatten().map(|id| id.as_uuid()));
                let cards = [certificate.old_smartcard, certificate.new_smartcard];
                mentioned.extend(cards.into_iter().flatten().map(|id| id.as_uuid()));
            }
            _ => {}
        }
    }
    assert!(mentioned.len() >= 6 && mentioned.iter().all(|id| there.contains(id)), "{mentioned:?}");
}

#[test]
fn the_bundle_holds_the_documents_requests() {
    let requests: Vec<_> = records()
        .into_iter()
        .filter_map(|placed| match placed.record {
            Record::Request(request) => Some((request.number.get(), request.status())),
            _ => None,
        })
        .collect();
    let (approved, completed) = (RequestStatus::Approved, RequestStatus::Completed);
    let expected = [
        (1001, approved),
        (1002, approved),
        (2029, completed),
        (2030, completed),
        (2031, completed),
        (2032, completed),
        (2033, completed),
    ];
    assert_eq!(requests, expected);
}

#[test]
fn only_a_secret_password_may_leave_the_machine() {
    let secret = |text: &str| SecretString::from(text);
    for listen in ["127.0.0.1:8080", "[::1]:0", "127.9.9.9:1", "[::ffff:127.0.0.1]:1"] {
        refuse_exposure(listen, None).unwrap();
    }
    for listen in ["0.0.0.0:8080", "[::]:8080", "192.168.1.2:80"] {
        refuse_exposure(listen, Some(&secret("another"))).unwrap();
        for password in [None, Some(secret("demo"))] {
            let error = refuse_exposure(listen, password.as_ref()).unwrap_err().to_string();
            assert!(error.contains("--password") && error.contains(listen), "{error}");
        }
    }
}

#[test]
fn the_greeting_has_a_line_for_each_document() {
    let users = demo_users().unwrap();
    let base = base_url("0.0.0.0:4321".parse().unwrap());
    let text = greeting(&base, &Settings::default(), &users, Known::Default);
    let lines: Vec<_> = text.lines().filter(|line| line.starts_with("curl ")).collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].contains("-u requester:demo http://127.0.0.1:4321/CertificateManagement/api/v1.0/requests/a9b4"));
    assert!(lines[1].contains("-u profileowner:demo 'http://127.0.0.1:4321/") && lines[1].contains("status=Active'"));
    assert!(
        lines[2].ends_with("-u TESTUSER1:demo http://127.0.0.1:4321/iam/governance/selfservice/api/v1/requests/2029")
    );
    assert!(text.contains("http://127.0.0.1:4321/docs/"));
    for user in &users {
        assert!(text.contains(user.login.as_str()));
    }
    let asked = greeting(&base, &Settings::default(), &users, Known::Given);
    assert!(asked.contains("-u requester http") && !asked.contains("demo`"));
}

#[actix_web::test]
async fn what_is_loaded_once_stays_and_a_given_password_is_set_again() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/countersign.db", folder.path().display());
    let repository = storage::create(&crate::settings::StorageSettings { url, ..Default::default() }).unwrap();
    let repository = repository.as_ref();
    repository.migrate().await.unwrap();
    let users = demo_users().unwrap();
    let hash = async || repository.identity("REQUESTER", SystemClock.now()).await.unwrap().unwrap().password.unwrap();

    load_once(repository, &users).await.unwrap();
    assert_eq!(set_passwords(repository, &users, None).await.unwrap(), Known::Default);
    let first = hash().await;
    assert!(verify_password(&PASSWORD.into(), &first));

    load_once(repository, &users).await.unwrap();
    assert_eq!(set_passwords(repository, &users, None).await.unwrap(), Known::Default);
    assert_eq!(hash().await, first);

    let other = SecretString::from("another");
    assert_eq!(set_passwords(repository, &users, Some(&other)).await.unwrap(), Known::Given);
    assert!(verify_password(&other, &hash().await));
    assert_eq!(set_passwords(repository, &users, None).await.unwrap(), Known::Given);
    assert!(verify_password(&other, &hash().await));
}

//! Checks: every difference is found, and a repair leaves none.

use std::sync::Arc;

use countersign_core::bundle::Record;
use countersign_core::repository::{CheckReport, Derived, Repository, Silent};
use uuid::Uuid;

use crate::fixture::{Column, Fixture};
use crate::sample;
use crate::support::{assert_same, assert_sound, export, import};

const DERIVED: [Derived; 8] = [
    Derived::Document,
    Derived::Readers,
    Derived::AccessIndex,
    Derived::TaskIndex,
    Derived::ChildCounts,
    Derived::Barred,
    Derived::WakeTime,
    Derived::Handover,
];

async fn check(repository: &dyn Repository, repair: bool) -> CheckReport {
    repository.check(repair, Arc::new(Silent)).await.unwrap()
}

/// Request 2 has open tasks, one with a deadline and one of user 1, who has left; request 3 has children.
fn victim(derived: Derived) -> Uuid {
    match derived {
        Derived::Handover => sample::user_id(1).as_uuid(),
        Derived::ChildCounts => sample::request_id(3).as_uuid(),
        _ => sample::request_id(2).as_uuid(),
    }
}

/// A sound database has no difference, and the check says how much it compared.
pub async fn must_18_a_sound_database_has_no_difference(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let empty = check(&*repository, false).await;
    assert_eq!((empty.requests, empty.differences), (0, 0));
    let records = sample::everything();
    let requests = records.iter().filter(|record| matches!(record, Record::Request(_))).count() as u64;
    import(&*repository, records).await;
    let before = fixture.contents().await;
    let report = check(&*repository, false).await;
    assert_eq!((report.requests, report.differences, report.repaired), (requests, 0, false));
    assert_eq!(check(&*repository, true).await.differences, 0);
    assert_eq!(fixture.contents().await, before);
}

/// Everything that is stored, but for how often it has changed.
async fn uncounted(fixture: &dyn Fixture) -> Vec<Column> {
    let mut contents = fixture.contents().await;
    contents.retain(|column| column.table != "directory_version");
    contents
}

/// Each kind of difference is found by itself, where it is; looking does not change it.
pub async fn must_18_each_difference_is_found(fixture: &dyn Fixture) {
    for derived in DERIVED {
        let fixture = fixture.another().await;
        let repository = fixture.repository();
        import(&*repository, sample::everything()).await;
        let (sound, before) = (uncounted(&*fixture).await, export(&*repository).await);
        fixture.plant(derived, victim(derived)).await;
        assert_ne!(uncounted(&*fixture).await, sound, "nothing was planted in the {derived}");
        assert_same(&export(&*repository).await, &before);
        for _ in 0..2 {
            let report = check(&*repository, false).await;
            assert!(report.differences >= 1 && !report.repaired, "{derived}");
            let found = |difference: &&countersign_core::repository::Difference| difference.derived == derived;
            let found = report.first.iter().find(found).unwrap_or_else(|| panic!("{derived}: {:?}", report.first));
            assert_eq!(found.id, victim(derived));
            assert!(!found.detail.is_empty());
        }
        let report = check(&*repository, true).await;
        assert!(report.differences >= 1 && report.repaired, "{derived}");
        assert_sound(&*repository).await;
        assert_eq!(uncounted(&*fixture).await, sound, "a repair of the {derived} leaves something behind");
    }
}

/// Several differences at once are all found, and repaired at once.
pub async fn must_18_all_differences_are_found_at_once(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    import(&*repository, sample::everything()).await;
    for derived in DERIVED {
        fixture.plant(derived, victim(derived)).await;
    }
    let report = check(&*repository, true).await;
    for derived in DERIVED {
        assert!(report.first.iter().any(|difference| difference.derived == derived), "{derived}");
    }
    assert_sound(&*repository).await;
}

/// Administrators who come in later are readers of what was there before.
pub async fn must_18_administrators_who_come_later_are_readers(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let (later, first): (Vec<_>, Vec<_>) = sample::everything().into_iter().partition(|record| match record {
        Record::Group(group) => group.purpose.is_some(),
        _ => false,
    });
    // Nothing but the administrators' own group may refer to them, or the first import could not land.
    let first: Vec<_> = first
        .into_iter()
        .map(|record| match record {
            Record::Request(mut request) => {
                request.stages.retain(|stage| stage.planned.is_empty());
                Record::Request(request)
            }
            other => other,
        })
        .collect();
    import(&*repository, first).await;
    assert_sound(&*repository).await;
    import(&*repository, later).await;
    assert_sound(&*repository).await;
    let list = crate::support::mim_list(&[sample::group_principal(1)]);
    assert!(!crate::support::walk_ids(&*repository, &list, 50).await.is_empty());
}

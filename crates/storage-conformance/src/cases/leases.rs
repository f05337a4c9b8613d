//! Leases: one holder at a time.

use futures_util::future::join_all;
use uuid::Uuid;

use crate::fixture::Fixture;
use crate::sample::time;

const ONE: Uuid = Uuid::from_u128(1);
const TWO: Uuid = Uuid::from_u128(2);

/// A lease is its holder's until it runs out; the holder can keep it, or give it up.
pub async fn must_24_a_lease_has_one_holder(fixture: &dyn Fixture) {
    let (first, second) = (fixture.repository(), fixture.second().await);
    assert!(first.lease("worker", ONE, time(0), time(10)).await.unwrap());
    for now in [-5, 0, 9] {
        assert!(!second.lease("worker", TWO, time(now), time(100)).await.unwrap(), "at {now}");
    }
    assert!(first.lease("worker", ONE, time(9), time(20)).await.unwrap());
    assert!(!second.lease("worker", TWO, time(19), time(100)).await.unwrap());
    assert!(second.lease("worker", TWO, time(20), time(30)).await.unwrap(), "it has run out");
    assert!(!first.lease("worker", ONE, time(21), time(40)).await.unwrap());
    assert!(second.lease("worker", TWO, time(22), time(22)).await.unwrap(), "it is given up");
    assert!(first.lease("worker", ONE, time(22), time(40)).await.unwrap());
}

/// Leases of different names are independent, whatever their letters.
pub async fn must_24_names_are_independent(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    for name in ["worker", "Worker", "worker ", "%", "_", ""] {
        let holder = Uuid::from_u128(u128::from(name.len() as u64) << 8 | u128::from(name.bytes().next().unwrap_or(0)));
        assert!(repository.lease(name, holder, time(0), time(10)).await.unwrap(), "{name:?}");
    }
    assert!(!repository.lease("worker", Uuid::from_u128(99), time(1), time(10)).await.unwrap());
}

/// Of many who ask at once, through two handles, one gets it.
pub async fn must_24_one_of_many_gets_it(fixture: &dyn Fixture) {
    let handles = [fixture.repository(), fixture.second().await];
    for round in 0..10 {
        let now = time(round * 10);
        let asked =
            join_all(
                (0..20_u32).map(|n| {
                    let repository = &handles[usize::from(n % 2 == 0)];
                    async move {
                        repository.lease("race", Uuid::from_u128(n.into()), now, time(round * 10 + 10)).await.unwrap()
                    }
                }),
            )
            .await;
        assert_eq!(asked.into_iter().filter(|taken| *taken).count(), 1, "round {round}");
    }
}

//! The feed of all events.

use std::sync::Arc;

use countersign_core::event::{StoredEvent, StreamId};
use countersign_core::repository::{PlacedEvent, Repository};
use countersign_core::request::{Request, RequestStatus};

use crate::fixture::Fixture;
use crate::sample;
use crate::support::{changed, commit, create, history, import, moved, only, people, user_change};

/// Reads the feed to its end, in pages of `limit`.
async fn read(repository: &dyn Repository, from: i64, limit: usize) -> Vec<PlacedEvent> {
    let (mut all, mut position) = (Vec::new(), from);
    loop {
        let page = repository.event_feed(position, limit).await.unwrap();
        assert!(page.len() <= limit);
        let Some(last) = page.last() else { return all };
        assert!(page.iter().all(|event| event.position > position), "an event from before {position}");
        position = last.position;
        all.extend(page);
        assert!(all.windows(2).all(|two| two[0].position < two[1].position), "positions that do not rise");
    }
}

fn streams(feed: &[PlacedEvent]) -> Vec<StreamId> {
    let mut streams: Vec<_> = feed.iter().map(|placed| placed.event.stream_id()).collect();
    streams.sort_unstable();
    streams.dedup();
    streams
}

/// Fails unless each stream's events stand in the feed, each once, in their order.
async fn assert_whole(repository: &dyn Repository, feed: &[PlacedEvent]) {
    for stream in streams(feed) {
        let own: Vec<&StoredEvent> =
            feed.iter().map(|placed| &placed.event).filter(|event| event.stream_id() == stream).collect();
        let expected = repository.events(stream, 0, 100_000).await.unwrap();
        assert_eq!(own, expected.iter().collect::<Vec<_>>(), "{stream:?}");
    }
}

/// Every event of every stream once, however many are read at a time.
pub async fn must_25_the_feed_holds_every_event_once(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    assert_eq!(read(&*repository, 0, 10).await, []);
    import(&*repository, sample::everything()).await;
    let begun = read(&*repository, 0, 1000).await.last().map_or(0, |last| last.position);
    let request = create(&*repository, sample::certificate_request(900, 2, 3)).await;
    let user = repository.user(sample::user_id(4)).await.unwrap().unwrap();
    let revision = user.revision;
    let next = countersign_core::directory::User { revision: revision.next(), ..user };
    commit(&*repository, user_change(Some(revision), next)).await;
    commit(&*repository, only(moved(&request, RequestStatus::Completed))).await;
    let all = read(&*repository, 0, 1000).await;
    assert_whole(&*repository, &all).await;
    for limit in [1, 3, all.len()] {
        assert_eq!(read(&*repository, 0, limit).await, all, "by {limit}");
    }
    let new = read(&*repository, begun, 10).await;
    let expected = [request.id.as_uuid(), sample::user_id(4).as_uuid(), request.id.as_uuid()];
    assert_eq!(new.iter().map(|placed| placed.event.id).collect::<Vec<_>>(), expected, "in the order of the commits");
    let last = all.last().map_or(0, |last| last.position);
    assert_eq!(read(&*repository, last, 10).await, []);
}

/// A change that did not land has no event there.
pub async fn must_25_a_refused_change_leaves_no_event(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let request = create(&*repository, sample::certificate_request(1, 1, 2)).await;
    let before = read(&*repository, 0, 100).await;
    let mut stale = changed(&request, |_| {});
    stale.expected = Some(request.revision.next());
    stale.state.revision = request.revision.next().next();
    repository.commit(only(stale)).await.unwrap();
    assert_eq!(read(&*repository, 0, 100).await, before);
    assert_eq!(history(&*repository, request.id).await.len(), 1);
}

const WRITERS: u64 = 8;
const CHANGES: u64 = 40;

async fn write(repository: Arc<dyn Repository>, writer: u64) {
    let mut request: Request = create(&*repository, sample::certificate_request(1 + writer, 1, 2)).await;
    for _ in 0..CHANGES {
        let change = changed(&request, |_| {});
        request = change.state.clone();
        commit(&*repository, only(change)).await;
    }
}

/// Whoever follows the feed while many write misses nothing: no event turns up behind one that was read.
pub async fn must_25_a_follower_misses_nothing(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let mut position = read(&*repository, 0, 100).await.last().map_or(0, |last| last.position);
    let begun = position;
    // Two servers write, so that transactions begin and end in any order.
    let servers = [Arc::clone(&repository), fixture.second().await];
    let server = |n: u64| Arc::clone(&servers[usize::from(n.is_multiple_of(2))]);
    let writers: Vec<_> = (0..WRITERS).map(|n| tokio::spawn(write(server(n), n))).collect();
    let total = usize::try_from(WRITERS * (1 + CHANGES)).unwrap();
    let mut followed = Vec::new();
    // A round after the last write reads what is left.
    let mut written = false;
    while !written {
        written = writers.iter().all(tokio::task::JoinHandle::is_finished);
        loop {
            let page = repository.event_feed(position, 7).await.unwrap();
            let Some(last) = page.last() else { break };
            assert!(last.position > position, "an event from before {position}");
            position = last.position;
            followed.extend(page);
        }
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(followed, read(&*repository, begun, 100).await);
    assert_eq!(followed.len(), total);
    assert_whole(&*repository, &followed).await;
}

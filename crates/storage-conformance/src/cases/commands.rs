//! Random commands, one after the other, against a model that is plain code over plain records.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::directory::{Group, User};
use countersign_core::ids::{PrincipalId, Revision, UserId};
use countersign_core::repository::{
    AggregateChange, Change, CommitOutcome, Idempotency, Inbox, Repository, RequestList,
};
use countersign_core::request::Request;

use super::filter::{assert_list, random_list};
use super::inbox::{assert_inbox, random_inbox};
use crate::fixture::Fixture;
use crate::model::World;
use crate::sample::{self, Random};
use crate::support::{
    assert_chained, assert_sound, changed, history, identity, new_request, next_state, only, user_change,
};
use crate::world::{PEOPLE, anyone, filter, person, request, request_clause, task_clause};

/// How many requests there are at first, and at most.
const FIRST: u64 = 20;
const MOST: u64 = 60;
/// How many commands there are.
const COMMANDS: u64 = 300;
/// The variable that names another beginning of the numbers that look random.
const SEED: &str = "CONFORMANCE_SEED";

/// What was done under a key.
type Done = BTreeMap<(UserId, String), ([u8; 32], Vec<u8>)>;

/// What is played, said where it fails: the same seed plays the same commands again.
struct Playing {
    seed: u64,
    command: u64,
}

impl Drop for Playing {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("command {} of {SEED}={}", self.command, self.seed);
        }
    }
}

/// The database and what it should hold.
struct Game<'a> {
    repository: &'a dyn Repository,
    random: Random,
    world: World,
    done: Done,
    /// How many changes each request has seen here, by its place in the world.
    changes: Vec<i64>,
}

/// Changes that land, that come too late and that are sent again, and after each of them what everybody reads.
pub async fn must_01_random_commands_leave_what_a_model_leaves(fixture: &dyn Fixture) {
    let seed = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok()).unwrap_or(27);
    let handles = [fixture.repository(), fixture.second().await];
    let mut random = Random::new(seed);
    let world = World::random(&mut random, FIRST);
    world.settle(&*handles[0]).await;
    let changes = vec![0; world.requests.len()];
    let mut game = Game { repository: &*handles[0], random, world, done: Done::new(), changes };
    for n in 0..COMMANDS {
        let _playing = Playing { seed, command: n };
        game.repository = &*handles[usize::from(n % 2 == 0)];
        game.command().await;
    }
    game.end().await;
}

impl Game<'_> {
    async fn command(&mut self) {
        match self.random.below(12) {
            0 => self.create().await,
            1..=3 => self.edit().await,
            4 => self.edit_too_late().await,
            5 => self.edit_two_of_which_one_is_late().await,
            6 => self.edit_user().await,
            7 => self.edit_group().await,
            8 => self.read().await,
            9 => self.callers().await,
            10 => self.list().await,
            _ => self.inbox().await,
        }
    }

    fn place(&mut self) -> usize {
        usize::try_from(self.random.below(self.world.requests.len() as u64)).expect("an index")
    }

    /// What a request becomes: anything, under its own id and number.
    fn next(&mut self, place: usize) -> AggregateChange<Request> {
        let number = u64::try_from(place).expect("small") + 1;
        let other = request(number, &mut self.random);
        changed(&self.world.requests[place], |next| *next = Request { revision: next.revision, ..other })
    }

    /// The change with a key, once in three times; the keys are few, so that they are met again.
    fn keyed(&mut self, change: Change) -> Change {
        if !self.random.once_in(3) {
            return change;
        }
        let (caller, key) = (person(&mut self.random), (*self.random.pick(&["k", "K", "k ", "%", ""])).to_owned());
        let result = self.random.next().to_be_bytes().to_vec();
        let idempotency = Idempotency {
            caller: sample::user_id(caller),
            operation: "mim_create_request".to_owned(),
            key,
            element: 0,
            command: [self.random.next().to_be_bytes()[0]; 32],
            result,
            at: sample::time(0),
        };
        Change { idempotency: Some(idempotency), ..change }
    }

    /// Commits; whether it landed. A key that was used before comes before everything else.
    async fn commit(&mut self, change: Change, current: bool) -> bool {
        let key = change.idempotency.clone();
        let known = |key: &Idempotency| (key.caller, key.key.clone());
        let earlier = key.as_ref().and_then(|key| self.done.get(&known(key)));
        let expected = match earlier {
            Some((command, result)) => CommitOutcome::Duplicate { command: *command, result: result.clone() },
            None if current => CommitOutcome::Committed,
            None => CommitOutcome::Conflict,
        };
        assert_eq!(self.repository.commit(change).await.unwrap(), expected);
        let landed = expected == CommitOutcome::Committed;
        if let Some(key) = key.filter(|_| landed) {
            self.done.insert(known(&key), (key.command, key.result));
        }
        landed
    }

    async fn create(&mut self) {
        let number = self.world.requests.len() as u64 + 1;
        if number > MOST || self.random.once_in(4) {
            let place = self.place();
            let again = Request { revision: Revision::FIRST, ..self.world.requests[place].clone() };
            self.commit(new_request(again), false).await;
            return;
        }
        let new = request(number, &mut self.random);
        let change = self.keyed(new_request(new.clone()));
        if self.commit(change, true).await {
            self.world.requests.push(new);
            self.changes.push(0);
        }
    }

    async fn edit(&mut self) {
        let place = self.place();
        let next = self.next(place);
        let state = next.state.clone();
        let change = self.keyed(only(next));
        if self.commit(change, true).await {
            self.world.requests[place] = state;
            self.changes[place] += 1;
        }
    }

    /// Decided on an older state, or on one that nobody has seen.
    fn late(&mut self, place: usize) -> AggregateChange<Request> {
        let mut next = self.next(place);
        let expected = match next.expected {
            Some(Revision(one)) if one > 1 && self.random.once_in(2) => Revision(one - 1),
            Some(Revision(one)) => Revision(one + 1),
            None => unreachable!("a change of what there is"),
        };
        next.expected = Some(expected);
        next.state.revision = expected.next();
        next
    }

    async fn edit_too_late(&mut self) {
        let place = self.place();
        let late = only(self.late(place));
        let change = self.keyed(late);
        self.commit(change, false).await;
    }

    async fn edit_two_of_which_one_is_late(&mut self) {
        let (one, two) = (self.place(), self.place());
        if one != two {
            let mut requests = vec![self.next(one), self.late(two)];
            if self.random.once_in(2) {
                requests.reverse();
            }
            let change = self.keyed(Change { requests, ..Change::default() });
            self.commit(change, false).await;
        }
    }

    async fn edit_user(&mut self) {
        let place = usize::try_from(self.random.below(PEOPLE)).expect("an index");
        let manager = self.random.once_in(2).then(|| sample::user_id(person(&mut self.random)));
        let user = &self.world.users[place];
        let email = self.random.once_in(2).then(|| format!("{}@example.org", user.revision.0));
        let next = User { manager, email, revision: user.revision.next(), ..user.clone() };
        let expected = if self.random.once_in(4) { user.revision.next() } else { user.revision };
        let current = expected == user.revision;
        let sent = User { revision: expected.next(), ..next.clone() };
        if self.commit(user_change(Some(expected), sent), current).await {
            self.world.users[place] = next;
        }
    }

    async fn edit_group(&mut self) {
        let place = usize::try_from(self.random.below(self.world.groups.len() as u64)).expect("an index");
        let members: BTreeSet<PrincipalId> = (0..self.random.below(4)).map(|_| anyone(&mut self.random)).collect();
        let group = &self.world.groups[place];
        let members = members.into_iter().filter(|member| *member != PrincipalId::from(group.id)).collect();
        let next = Group { members, revision: group.revision.next(), ..group.clone() };
        let change = Change { groups: vec![next_state(next.clone())], ..Change::default() };
        assert!(self.commit(change, true).await);
        self.world.groups[place] = next;
    }

    async fn read(&mut self) {
        let place = self.place();
        let wanted = &self.world.requests[place];
        let by_id = self.repository.request(wanted.id).await.unwrap().expect("a request that was made");
        assert_eq!(&by_id.document.request().unwrap(), wanted);
        assert_eq!(by_id.revision, wanted.revision);
        assert_eq!(self.repository.request_by_number(wanted.number).await.unwrap().as_ref(), Some(&by_id));
        for task in wanted.tasks() {
            assert_eq!(self.repository.request_of_task(task.id).await.unwrap().as_ref(), Some(&by_id));
        }
        let events = history(self.repository, wanted.id).await;
        assert_chained(&events);
        assert_eq!(i64::try_from(events.len()).unwrap(), 1 + self.changes[place]);
        assert_eq!(self.repository.request(sample::request_id(MOST + 1)).await.unwrap(), None);
    }

    /// Everybody, with the groups around them.
    async fn callers(&mut self) {
        for user in &self.world.users {
            assert_eq!(self.repository.user(user.id).await.unwrap().as_ref(), Some(user));
            let found = identity(self.repository, &user.login.as_str().to_lowercase()).await.expect("a login");
            let mut around = BTreeSet::from([PrincipalId::from(user.id)]);
            loop {
                let is_around = |group: &&Group| group.members.iter().any(|member| around.contains(member));
                let more: Vec<PrincipalId> =
                    self.world.groups.iter().filter(is_around).map(|group| group.id.into()).collect();
                let before = around.len();
                around.extend(more);
                if around.len() == before {
                    break;
                }
            }
            assert_eq!(found.caller.principals, around.into_iter().collect::<Vec<_>>());
        }
    }

    async fn list(&mut self) {
        let wanted = self.random.once_in(2).then(|| filter(&mut self.random, 2, &request_clause));
        let list = RequestList { filter: wanted, ..random_list(&mut self.random) };
        let limit = usize::try_from(4 + self.random.below(20)).expect("small");
        assert_list(self.repository, &self.world, &list, limit).await;
    }

    async fn inbox(&mut self) {
        let wanted = self.random.once_in(2).then(|| filter(&mut self.random, 2, &task_clause));
        let inbox = Inbox { filter: wanted, ..random_inbox(&mut self.random) };
        let limit = usize::try_from(4 + self.random.below(20)).expect("small");
        assert_inbox(self.repository, &self.world, &inbox, limit).await;
    }

    /// Nothing was left out while nobody looked.
    async fn end(&mut self) {
        assert!(self.done.len() > 5 && self.world.requests.len() as u64 > FIRST, "too little has happened");
        self.callers().await;
        for wanted in &self.world.requests {
            let stored = self.repository.request(wanted.id).await.unwrap().expect("a request that was made");
            assert_eq!(&stored.document.request().unwrap(), wanted);
        }
        assert_sound(self.repository).await;
    }
}

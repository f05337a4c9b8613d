//! Edits: whatever changes in a request reaches its tables, and nothing else does.

use countersign_core::approval::{
    ApprovalTask, Deadline, DeadlineAction, Staffing, Stage, TaskState, Vote, VoteOutcome,
};
use countersign_core::ids::RequestId;
use countersign_core::request::{DataItem, FormValue, Request, RequestDetails, RequestState, RequestStatus, Target};
use countersign_core::template::DataProvider;

use crate::fixture::Fixture;
use crate::sample::{self, Random};
use crate::support::{assert_sound, changed, commit, create, only, people, read};

const PEOPLE: u64 = 6;

/// Makes things that no other has.
struct Maker {
    random: Random,
    tasks: u64,
}

impl Maker {
    fn flip(&mut self) -> bool {
        self.random.once_in(2)
    }

    fn person(&mut self) -> u64 {
        1 + self.random.below(PEOPLE)
    }

    fn text(&mut self) -> String {
        format!("{} %", self.random.below(4))
    }

    fn task(&mut self) -> ApprovalTask {
        self.tasks += 1;
        let assignee = sample::principal(self.person());
        let mut task = sample::task(self.tasks, assignee);
        self.edit_task(&mut task);
        task
    }

    fn edit_task(&mut self, task: &mut ApprovalTask) {
        match self.random.below(9) {
            0 => task.assignee = sample::principal(self.person()),
            1 => task.acquired_by = self.flip().then(|| sample::user_id(1)),
            2 => task.delegate = self.flip().then(|| sample::principal(2)),
            3 => task.expires = self.flip().then(|| sample::time(77)),
            4 => task.suspended = self.flip().then(|| sample::time(78)),
            5 => task.renewals = u16::try_from(self.random.below(3)).unwrap(),
            6 => task.state = *self.random.pick(TaskState::ALL),
            7 => task.title = self.text() + ".",
            _ => task.parent = self.flip().then(|| sample::task_id(1)),
        }
    }

    fn edit_votes(&mut self, votes: &mut Vec<Vote>) {
        let voter = sample::user_id(self.person());
        match self.random.below(4) {
            0 => votes.clear(),
            2 => votes.iter_mut().for_each(|vote| vote.comment = self.flip().then(|| self.text())),
            1 if !votes.is_empty() => {
                votes.remove(0);
            }
            _ if votes.iter().all(|vote| vote.voter != voter) => votes.push(Vote {
                voter,
                represented: self.flip().then(|| sample::user_id(3)),
                outcome: *self.random.pick(VoteOutcome::ALL),
                at: sample::time(9),
                content_revision: 1,
                comment: self.flip().then(|| self.text()),
            }),
            _ => {}
        }
    }

    fn stage(&mut self) -> Stage {
        let begun = self.flip();
        let mut stage = sample::stage(Vec::new());
        if begun {
            stage.tasks = vec![self.task(), self.task()];
        } else {
            stage.planned = vec![sample::principal(self.person())];
        }
        stage
    }

    fn edit_stage(&mut self, stage: &mut Stage) {
        let deadline = Deadline { seconds: 9, then: DeadlineAction::Renew, renewals: 2 };
        match self.random.below(8) {
            0 => stage.name = self.text(),
            1 => stage.title = self.text(),
            2 => stage.own_approval = !stage.own_approval,
            3 => stage.deadline = if stage.deadline.is_none() { Some(deadline) } else { None },
            4 => stage.staffing = *self.random.pick(Staffing::ALL),
            5 if stage.managers_of.is_empty() && !stage.has_begun() => {
                stage.managers_of = vec![sample::user_id(1), sample::user_id(2)];
            }
            5 if !stage.has_begun() => {
                stage.planned.reverse();
                stage.managers_of.reverse();
            }
            5 => stage.tasks.reverse(),
            6 => {
                stage.planned.clear();
                stage.managers_of.clear();
                stage.tasks.push(self.task());
            }
            _ => {
                if stage.tasks.len() > 1 {
                    stage.tasks.remove(0);
                }
            }
        }
    }

    fn edit_stages(&mut self, stages: &mut Vec<Stage>) {
        let at = usize::try_from(self.random.below(4)).unwrap();
        match self.random.below(6) {
            0 => stages.push(self.stage()),
            1 if at < stages.len() => {
                stages.remove(at);
            }
            2 => stages.reverse(),
            _ => {
                let Some(stage) = stages.get_mut(at) else { return };
                self.edit_stage(stage);
                if let Some(task) = stage.tasks.last_mut() {
                    self.edit_task(task);
                    self.edit_votes(&mut task.votes);
                }
            }
        }
    }

    fn edit_details(&mut self, id: RequestId, details: &mut RequestDetails) {
        match details {
            RequestDetails::Access(access) => match self.random.below(5) {
                0 => access.beneficiaries.reverse(),
                1 => access.beneficiaries = vec![sample::user_id(self.person())],
                2 => access.targets.extend(target(&access.targets)),
                3 => access.targets.truncate(1),
                _ => access.targets.iter_mut().for_each(|target| {
                    target.form.push(FormValue { name: self.text(), value: self.text() });
                    target.end = Some(sample::time(99));
                }),
            },
            RequestDetails::Certificate(certificate) => match self.random.below(6) {
                0 => certificate.comment = self.text(),
                1 => certificate.new_profile = self.flip().then(|| id.as_uuid().into()),
                2 => certificate.agents = vec![sample::principal(self.person())],
                3 => certificate.auditors.clear(),
                4 => certificate.data_items.clear(),
                _ => {
                    let name = format!("item {}", certificate.data_items.len());
                    let value = self.flip().then(|| self.text());
                    certificate.data_items.push(DataItem { name, value, provider: DataProvider::Subscriber });
                }
            },
        }
    }
}

fn target(targets: &[Target]) -> Option<Target> {
    targets.iter().next_back().cloned()
}

/// Open tasks are for pending requests alone; a task that is claimed or voted on may be in any state.
fn settle(request: &mut Request) {
    let open = request.tasks().any(|task| task.state.is_open());
    if open {
        request.state = RequestState::Pending;
    }
}

/// Many edits one after the other, of stages, tasks, votes, details and of the request itself: after
/// each the tables hold the request, and everything that is derived follows.
pub async fn must_12_every_edit_reaches_the_tables(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, PEOPLE).await;
    let other = create(&*repository, sample::access_request(99, 1, &[1])).await;
    let mut maker = Maker { random: Random::new(41), tasks: 0 };
    for n in 1..=4 {
        let new = if n % 2 == 0 { sample::access_request(n, 1, &[2, 3]) } else { sample::certificate_request(n, 1, 2) };
        let mut request = create(&*repository, new).await;
        for _ in 0..60 {
            let change = changed(&request, |next| {
                match maker.random.below(8) {
                    0 => next.failure = maker.flip().then(|| maker.text()),
                    1 => next.depends_on = maker.flip().then_some(other.id),
                    2 => next.justification = maker.flip().then(|| maker.text()),
                    3 => *next = sample::in_status(next.clone(), *maker.random.pick(RequestStatus::ALL)),
                    4 => maker.edit_details(next.id, &mut next.details),
                    _ => maker.edit_stages(&mut next.stages),
                }
                settle(next);
            });
            request = change.state.clone();
            commit(&*repository, only(change)).await;
            assert_eq!(read(&*repository, request.id).await, request);
            assert_sound(&*repository).await;
        }
    }
}

/// A request that turns into one of another family leaves nothing of the first behind.
pub async fn must_12_a_request_may_change_its_family(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, PEOPLE).await;
    let mut request = create(&*repository, sample::access_request(1, 1, &[2, 3])).await;
    for details in [sample::certificate_request(1, 1, 4).details, sample::access_request(1, 1, &[5]).details] {
        let change = changed(&request, |next| next.details = details);
        request = change.state.clone();
        commit(&*repository, only(change)).await;
        assert_eq!(read(&*repository, request.id).await, request);
        assert_sound(&*repository).await;
    }
}

/// Votes are added, changed, voided and voided in one breath with a new one.
pub async fn must_12_votes_are_written_as_they_are(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, PEOPLE).await;
    let vote = |n, comment: Option<&str>| Vote {
        voter: sample::user_id(n),
        represented: None,
        outcome: VoteOutcome::Approve,
        at: sample::time(9),
        content_revision: 1,
        comment: comment.map(str::to_owned),
    };
    let (one, two, three) = (vote(1, None), vote(2, Some("")), vote(3, Some("yes")));
    let mut request = sample::access_request(1, 5, &[6]);
    request.stages = vec![sample::stage([1, 2].map(|n| sample::task(n, sample::principal(n))).to_vec())];
    let mut request = create(&*repository, sample::in_status(request, RequestStatus::Pending)).await;
    for votes in [
        vec![one.clone()],
        vec![one.clone(), two.clone()],
        vec![vote(1, Some("later")), two.clone()],
        vec![Vote { outcome: VoteOutcome::Deny, ..one.clone() }, two.clone(), three.clone()],
        vec![two.clone(), one, three.clone()],
        vec![two],
        vec![three],
        vec![],
    ] {
        let change = changed(&request, |next| next.stages[0].tasks[1].votes = votes);
        request = change.state.clone();
        commit(&*repository, only(change)).await;
        assert_eq!(read(&*repository, request.id).await, request);
        assert_sound(&*repository).await;
    }
}

//! Who sees what waits for them: asked of the adapter's own inbox query.

use std::collections::BTreeSet;

use anyhow::ensure;
use countersign_core::approval::TaskState;
use countersign_core::ids::TaskId;
use countersign_core::repository::{Inbox, Order, Start};

use super::game::Game;
use super::model::cast::{ADA, Person, USERS};
use super::model::words::{Staffing, Status};

/// More tasks than any family has.
const PAGE: usize = 500;

impl Game<'_> {
    /// After each change: whoever may decide sees it; now and then, every inbox is as it should be.
    pub(super) async fn look(&mut self) -> anyhow::Result<()> {
        if self.dice.chance(20) {
            for person in (0..USERS.len()).filter(|person| USERS[*person].active) {
                self.whole_inbox(person).await?;
            }
        }
        for at in 0..self.model.requests.len() {
            if self.model.requests[at].status == Status::Pending {
                self.somebody_decides(at).await?;
            }
        }
        Ok(())
    }

    /// A pending request has somebody who may decide it and sees it, or is marked for an administrator.
    async fn somebody_decides(&mut self, at: usize) -> anyhow::Result<()> {
        for person in (0..USERS.len()).filter(|person| USERS[*person].active) {
            let held = self.model.inbox(person);
            let deciding = held
                .into_iter()
                .find(|(other, s, t)| *other == at && self.model.requests[at].stages[*s].tasks[*t].parent.is_none());
            if let Some((_, s, t)) = deciding {
                let task = super::convert::task_id(&self.stored[at], s, t)?;
                let inbox = self.inbox(person).await?;
                ensure!(
                    inbox.contains(&task),
                    "{} may decide task {s}.{t} of request {at} and does not see it",
                    person
                );
                self.tally.seen += 1;
                return Ok(());
            }
        }
        let open = self.stored[at].stages.iter().find(|stage| stage.is_open());
        let marked = open.is_some_and(|stage| stage.staffing.name() == Staffing::NobodyEligible.word());
        ensure!(marked, "nobody may decide request {at}, and it is not marked");
        self.tally.marked += 1;
        Ok(())
    }

    async fn whole_inbox(&mut self, person: Person) -> anyhow::Result<()> {
        let expected = self.model.inbox(person);
        let mut tasks = BTreeSet::new();
        for (at, s, t) in &expected {
            tasks.insert(super::convert::task_id(&self.stored[*at], *s, *t)?);
        }
        let found = self.inbox(person).await?;
        ensure!(found == tasks, "{} has {found:?} in the inbox, and it should be {expected:?} {tasks:?}", person);
        self.tally.inboxes += 1;
        Ok(())
    }

    /// Nothing is left in the administrators' inbox.
    pub(super) async fn empty(&mut self) -> anyhow::Result<()> {
        let left = self.inbox(ADA).await?;
        ensure!(left.is_empty(), "everything is over, and the inbox holds {left:?}");
        Ok(())
    }

    async fn inbox(&self, person: Person) -> anyhow::Result<BTreeSet<TaskId>> {
        let caller = self.lane.caller(person).await?;
        let inbox = Inbox {
            user: caller.user,
            principals: caller.principals,
            represents: caller.represents,
            states: Some(vec![TaskState::Assigned, TaskState::Suspended]),
            filter: None,
            order: Order::NewestFirst,
        };
        let page = self.lane.repository.inbox(&inbox, Start::Offset(0), PAGE).await?;
        let count = self.lane.repository.count_inbox(&inbox).await?;
        ensure!(count == page.items.len() as u64, "the inbox counts {count} and holds {}", page.items.len());
        Ok(page.items.into_iter().map(|item| item.task).collect())
    }
}

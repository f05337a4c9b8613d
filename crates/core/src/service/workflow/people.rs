//! What a decision has to know of people.

use std::collections::BTreeMap;

use super::Workflow;
use crate::approval::Stage;
use crate::directory::{DirectoryVersion, PrincipalName};
use crate::error::RepositoryError;
use crate::ids::{PrincipalId, UserId};
use crate::lifecycle::{People, Voters, approvals};
use crate::request::Request;

impl Workflow {
    /// What is known of the people around `request`: those who hold its tasks, and how many may
    /// vote in each stage that has not begun, and with `open` in the one that has.
    pub(super) async fn people(
        &self,
        request: &Request,
        open: bool,
        since: Option<DirectoryVersion>,
    ) -> Result<People, RepositoryError> {
        let administrators = self.repository.administrators(since).await?;
        let mut people = People { administrators, ..People::default() };
        let mut holders: Vec<PrincipalId> =
            request.tasks().flat_map(|task| task.holders().chain([task.assignee])).collect();
        holders.extend(request.stages.iter().flat_map(|stage| &stage.managers_of).map(|user| PrincipalId::from(*user)));
        holders.sort_unstable();
        holders.dedup();
        if !holders.is_empty() {
            for (id, name) in self.repository.principal_names(&holders, since).await? {
                match name {
                    PrincipalName::User { manager: Some(manager), .. } => {
                        people.managers.insert(id.as_user(), manager);
                    }
                    PrincipalName::User { .. } => {}
                    PrincipalName::Group { .. } => {
                        people.groups.insert(id);
                    }
                }
            }
        }
        people.voters = self.voters(request, open, &people).await?;
        Ok(people)
    }

    async fn voters(
        &self,
        request: &Request,
        open: bool,
        people: &People,
    ) -> Result<BTreeMap<usize, Voters>, RepositoryError> {
        let next = request.stages.iter().position(|stage| !stage.has_begun());
        let mut voters = BTreeMap::new();
        for (at, stage) in request.stages.iter().enumerate() {
            if next == Some(at) || (open && stage.is_open()) {
                voters.insert(at, self.voters_of(request, stage, people).await?);
            }
        }
        Ok(voters)
    }

    pub(super) async fn voters_of(
        &self,
        request: &Request,
        stage: &Stage,
        people: &People,
    ) -> Result<Voters, RepositoryError> {
        let barred = barred(request, stage);
        let needed = usize::from(stage.quorum).saturating_sub(approvals(stage));
        let mut asked = asked(stage, people);
        let named = self.repository.voters(&asked, &barred, needed).await?.len();
        if named >= needed {
            return Ok(Voters { named, with_administrators: named });
        }
        asked.extend(people.administrators.map(PrincipalId::from));
        let with_administrators = self.repository.voters(&asked, &barred, needed).await?.len();
        Ok(Voters { named, with_administrators })
    }
}

/// Whom a stage asks: those planned, or those who have its open tasks.
fn asked(stage: &Stage, people: &People) -> Vec<PrincipalId> {
    let open = stage.tasks.iter().filter(|task| task.state.is_open() && task.parent.is_none());
    let mut asked = people.asked(stage);
    asked.extend(open.flat_map(|task| [Some(task.assignee), task.delegate]).flatten());
    asked.sort_unstable();
    asked.dedup();
    asked
}

/// Who may not vote in a stage, or has. Advice is no vote: whoever gave it may still decide.
fn barred(request: &Request, stage: &Stage) -> Vec<UserId> {
    let mut barred: Vec<UserId> = Vec::new();
    if !stage.own_approval {
        barred.push(request.originator);
        barred.extend(request.beneficiaries());
    }
    let votes = stage.tasks.iter().filter(|task| task.parent.is_none()).flat_map(|task| &task.votes);
    barred.extend(votes.flat_map(|vote| [Some(vote.voter), vote.represented]).flatten());
    barred.sort_unstable();
    barred.dedup();
    barred
}

//! One sequence: what is asked of the server is asked of the model too, and what they say is
//! compared, every time.

use anyhow::{Context as _, bail, ensure};
use countersign_core::ids::{RequestId, WebhookId};
use countersign_core::repository;
use countersign_core::request::{Request, RequestDetails, RequestKey};
use uuid::Uuid;

use super::choose::Chooser;
use super::convert;
use super::lane::{Lane, VIA};
use super::model::cast::ADA;
use super::model::words::{Kind, Reason, Status};
use super::model::{self, By, Command, Due, Model, Reasons, Sight, Which};
use super::tally::Tally;

/// The fewest commands of a sequence.
const COMMANDS: u64 = 20;
/// A program that carries requests out.
const PROGRAM: WebhookId = WebhookId::from_uuid(Uuid::from_u128(0xf00d));
/// With so many requests a sequence asks for nothing more.
const MANY: usize = 12;
/// How often the worker looks again before something is stuck.
const ROUNDS: u32 = 20;

/// A sequence under way.
pub(super) struct Game<'a> {
    pub(super) lane: &'a Lane,
    pub(super) dice: Chooser,
    pub(super) model: Model,
    /// The requests of the family as they are stored, in the model's order.
    pub(super) stored: Vec<Request>,
    pub(super) tally: Tally,
    log: Vec<String>,
}

/// Plays the sequence of that number; what was counted.
pub(super) async fn play(lane: &Lane, seed: u64) -> anyhow::Result<Tally> {
    let (dice, model, tally) = (Chooser::new(seed), Model::default(), Tally::default());
    let mut game = Game { lane, dice, model, stored: Vec::new(), tally, log: Vec::new() };
    let played = game.whole().await;
    let mut tally = game.tally;
    if let Err(error) = played {
        let story = game.log.join("\n  ");
        return Err(error.context(format!("the model and the server differ; sequence {seed}:\n  {story}")));
    }
    tally.sequences = 1;
    tally.shortest = Some(tally.commands);
    tally.requests = game.model.requests.len() as u64;
    Ok(tally)
}

impl Game<'_> {
    async fn whole(&mut self) -> anyhow::Result<()> {
        self.lane.set(0);
        let length = COMMANDS + self.dice.below(10) as u64;
        while self.model.requests.is_empty() {
            self.place().await?;
        }
        while self.tally.commands < length {
            if self.dice.chance(15) {
                self.model.now += self.dice.moment();
                self.lane.set(self.model.now);
            }
            if self.dice.chance(25) {
                self.work().await?;
            }
            let over = self.model.requests.iter().all(|request| request.status.is_final());
            if self.model.requests.len() < MANY && self.dice.chance(if over { 60 } else { 2 }) {
                self.place().await?;
            } else {
                self.act().await?;
            }
        }
        self.work().await?;
        self.close().await
    }

    async fn place(&mut self) -> anyhow::Result<()> {
        let (person, order) = self.dice.order();
        self.log.push(format!("{:>4} s: {person} places {order:?}", self.model.now));
        let expected = self.model.place(person, &order);
        let caller = self.lane.caller(person).await?;
        let answer = self.lane.workflow.place(&caller, &convert::order(&order)?, &VIA).await;
        let root = answer.as_ref().ok().map(|request| request.id);
        let refused = convert::verdict(answer)?;
        agree(refused, &expected)?;
        self.tally.count(None, Kind::Submit, refused);
        match root {
            Some(root) => self.compare(Some(root)).await,
            None => Ok(()),
        }
    }

    async fn act(&mut self) -> anyhow::Result<()> {
        let (at, by, command, sight) = self.dice.act(&self.model);
        self.ask(at, by, &command, sight).await
    }

    /// Asks for `command` on both sides.
    async fn ask(&mut self, at: usize, by: By, command: &Command, sight: Sight) -> anyhow::Result<()> {
        self.log.push(format!("{:>4} s: {by:?} on {at} {sight:?} {command:?}", self.model.now));
        let status = self.model.requests[at].status;
        let asked = convert::command(command, &self.model.requests[at], &self.stored[at])?;
        let expected = self.model.act(at, by, command, sight);
        let key = RequestKey::Id(self.stored[at].id);
        let answer = match by {
            By::Program => self.lane.workflow.fulfil(PROGRAM, key, &asked, &VIA).await,
            By::Person(person) => {
                let caller = self.lane.caller(person).await?;
                let sight = match sight {
                    Sight::Mim => countersign_core::service::Sight::Mim,
                    Sight::Oig => countersign_core::service::Sight::Oig,
                };
                self.lane.workflow.act(&caller, key, &asked, sight, &VIA).await
            }
        };
        let refused = convert::verdict(answer)?;
        agree(refused, &expected)?;
        self.tally.count(Some(status), command.kind, refused);
        // What was refused has changed nothing: looked at now and then.
        if refused.is_none() || self.dice.chance(10) {
            self.refresh().await?;
        }
        if refused.is_none() {
            self.look().await?;
        }
        Ok(())
    }

    /// Lets the worker do what is due until nothing is.
    async fn work(&mut self) -> anyhow::Result<()> {
        for _ in 0..ROUNDS {
            let found = self.due().await?;
            let expected = self.model.due();
            let known = found.iter().flatten().copied().collect();
            ensure!(expected == known, "due is {known:?}, and it should be {expected:?}");
            for (due, known) in self.lane.workflow.due(100).await?.into_iter().zip(&found) {
                self.run(due, *known).await?;
            }
            if found.iter().all(Option::is_none) {
                return self.idle();
            }
            self.refresh().await?;
            self.look().await?;
        }
        bail!("the worker does not come to rest")
    }

    /// What waits for the worker; what is none of the model's, grants that end, is `None`.
    async fn due(&self) -> anyhow::Result<Vec<Option<Due>>> {
        let place = |id: RequestId| {
            self.stored.iter().position(|request| request.id == id).context("something of another sequence is due")
        };
        let mut found = Vec::new();
        for due in self.lane.workflow.due(100).await? {
            found.push(match due {
                repository::Due::Request(id) => Some(Due::Request(place(id)?)),
                repository::Due::Handover(user, id) => {
                    Some(Due::Handover(super::world::person(user).context("a user")?, place(id)?))
                }
                repository::Due::Grant(_) => None,
                other => bail!("{other:?} is due, and it follows from what was committed"),
            });
        }
        Ok(found)
    }

    /// Does one thing that is due, on both sides; a grant that ends is none of the model's.
    async fn run(&mut self, due: repository::Due, known: Option<Due>) -> anyhow::Result<()> {
        let Some(known) = known else { return Ok(self.lane.workflow.run(due).await?) };
        self.log.push(format!("{:>4} s: the worker: {known:?}", self.model.now));
        if let Due::Request(at) = known {
            self.tally.count(Some(self.model.requests[at].status), Kind::Wake, None);
            // The clock did this, nobody asked.
            self.tally.commands -= 1;
        }
        self.model.run(known);
        self.lane.workflow.run(due).await?;
        self.tally.due += 1;
        Ok(())
    }

    /// Once the worker is idle, a parent is over exactly when its children are.
    fn idle(&mut self) -> anyhow::Result<()> {
        let parents = self.stored.iter().filter(|request| request.has_children);
        for parent in parents {
            let of_parent = |request: &&Request| request.parent.is_some_and(|link| link.request == parent.id);
            let mut children = self.stored.iter().filter(of_parent);
            let over = children.all(|child| child.status().is_final());
            ensure!(
                parent.status().is_final() == over,
                "request {} is {}, and that its children are over is {over}",
                parent.number,
                parent.status().name()
            );
            self.tally.parents += u64::from(over);
        }
        Ok(())
    }

    /// Ends what is left, so that the next sequence finds nothing open.
    async fn close(&mut self) -> anyhow::Result<()> {
        for at in 0..self.model.requests.len() {
            let request = &self.model.requests[at];
            if request.status.is_final() {
                continue;
            }
            let (kind, who) = match request.status {
                Status::Draft => (Kind::Withdraw, request.originator),
                _ => (Kind::Close, ADA),
            };
            self.ask(at, By::Person(who), &plain(kind), Sight::Oig).await?;
        }
        self.work().await?;
        ensure!(self.stored.iter().all(|request| request.status().is_final()), "a request was closed and is not over");
        self.empty().await
    }

    /// Reads the family again and compares it.
    pub(super) async fn refresh(&mut self) -> anyhow::Result<()> {
        self.compare(None).await
    }

    /// The ids of the requests in the model's order: those that are known, the new one, and children
    /// as their parents have them.
    async fn family(&self, new: Option<RequestId>) -> anyhow::Result<Vec<RequestId>> {
        let mut family: Vec<RequestId> = self.stored.iter().map(|request| request.id).chain(new).collect();
        while let Some(request) = self.model.requests.get(family.len()) {
            let parent = request.parent.context("a request that nobody has asked for")?;
            let children = self.lane.repository.children(family[parent]).await?;
            let expected = self.model.children(parent).count();
            ensure!(children.len() == expected, "request {parent} has {children:?}, and should have {expected}");
            family.extend(children.into_iter().map(|child| child.id));
        }
        Ok(family)
    }

    async fn compare(&mut self, new: Option<RequestId>) -> anyhow::Result<()> {
        let family = self.family(new).await?;
        self.stored.clear();
        for id in &family {
            let stored = self.lane.repository.request(*id).await?.context("a request has gone")?;
            self.stored.push(stored.document.request()?);
        }
        for (at, request) in self.stored.iter().enumerate() {
            let found = convert::comparable(&convert::request(request, &family)?);
            let expected = convert::comparable(&self.model.requests[at]);
            ensure!(found == expected, "request {at} is\n    {found:?}\n  and it should be\n    {expected:?}");
            let open = request.tasks().any(|task| task.state.is_open());
            ensure!(!open || found.status == Status::Pending, "request {at} is {:?} with open tasks", found.status);
            let kind = matches!(request.details, RequestDetails::Access(_));
            ensure!(kind || !request.has_children, "a certificate request has children");
        }
        Ok(())
    }
}

/// A command with no particulars.
pub(super) fn plain(kind: Kind) -> Command {
    Command {
        kind,
        which: Which::First,
        to: Vec::new(),
        change: model::Change::default(),
        seen: None,
        bind: (None, None),
    }
}

/// Both did it, or the server refused for one of the reasons that hold.
fn agree(refused: Option<Reason>, expected: &Reasons) -> anyhow::Result<()> {
    let agreed = refused.map_or(expected.is_empty(), |reason| expected.contains(&reason));
    ensure!(agreed, "the server says {refused:?}, the model {expected:?}");
    Ok(())
}

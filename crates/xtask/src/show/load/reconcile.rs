//! The comparison of a database with what its clients wrote down, by whoever has the two: nothing of it knows the
//! server that was between them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{bail, ensure};
use serde_json::{Value, json};

use super::journal::{Action, Journals, Surface, Written};
use super::stored::{Database, Stored};
use crate::process::output;

/// How every mark begins.
pub(super) const MARK: &str = "load-";
/// How the comparison begins what it says when it finds a difference.
pub(in crate::show) const DIFFER: &str = "the database is not what the clients were told";
/// What it calls an acknowledged change that is not there.
pub(in crate::show) const LOST: &str = "lost";
const QUORUM: usize = 2;

/// Who compares.
#[derive(Clone, Copy, Debug)]
pub(in crate::show) enum By {
    /// This process.
    This,
    /// A process of its own. This program must be xtask.
    Another,
}

/// Compares an export with the logs in a folder.
pub(super) fn compared(by: By, journals: &Path, export: &Path) -> anyhow::Result<Value> {
    match by {
        By::This => run(journals, export),
        By::Another => {
            let mut command = Command::new(std::env::current_exe()?);
            let said = output(command.arg("reconcile").arg(journals).arg(export))?;
            Ok(serde_json::from_str(&said)?)
        }
    }
}

/// Compares an export with the logs in a folder; gives figures, or says every kind of difference.
pub fn run(journals: &Path, export: &Path) -> anyhow::Result<Value> {
    let journals = Journals::read(journals)?;
    let database = Database::read(export, MARK)?;
    let mut comparison = Comparison::default();
    comparison.requests(&journals, &database);
    comparison.result(&journals, &database)
}

/// What was found so far.
#[derive(Debug, Default)]
struct Comparison {
    /// By kind of difference: how many, and the first.
    differences: BTreeMap<&'static str, (u64, String)>,
    acknowledged: BTreeMap<String, u64>,
    /// Refused calls, by surface and status: beaten by a call that was in flight with them.
    conflicts: BTreeMap<String, u64>,
    /// Refused calls that were sent after somebody had been told what stood in their way.
    late: BTreeMap<String, u64>,
    /// Calls whose tries were used up, or that found no room to have their password checked.
    unavailable: BTreeMap<String, u64>,
    unknown_stored: u64,
    unknown_not_stored: u64,
    outcomes: BTreeMap<String, u64>,
}

/// A request with the calls about it.
struct About<'a> {
    stored: &'a Stored,
    calls: Vec<&'a Written>,
}

impl Comparison {
    fn differs(&mut self, kind: &'static str, what: impl FnOnce() -> String) {
        self.differences.entry(kind).or_insert_with(|| (0, what())).0 += 1;
    }

    fn requests(&mut self, journals: &Journals, database: &Database) {
        let mut by_request: BTreeMap<u64, Vec<&Written>> = BTreeMap::new();
        let mut by_mark: BTreeMap<&str, Vec<&Stored>> = BTreeMap::new();
        for stored in database.requests.values() {
            by_mark.entry(&stored.justification).or_default().push(stored);
        }
        for written in &journals.calls {
            self.answer(written);
            match written.call.request {
                None => self.creation(written, by_mark.remove(written.call.mark.as_str()).unwrap_or_default()),
                Some(number) => by_request.entry(number).or_default().push(written),
            }
        }
        for (mark, _) in by_mark {
            self.differs("made by nobody", || mark.to_owned());
        }
        for (number, calls) in &by_request {
            if !database.requests.contains_key(number) {
                self.differs(LOST, || format!("request {number}, on which {} acted", calls[0].call.mark));
            }
        }
        for stored in database.requests.values() {
            let calls = by_request.remove(&stored.number).unwrap_or_default();
            self.request(&About { stored, calls }, database);
        }
        let given: BTreeSet<&String> =
            database.requests.values().filter_map(|stored| stored.profile.as_ref()).collect();
        for profile in database.profiles.iter().filter(|profile| !given.contains(profile)) {
            self.differs("half a change", || format!("profile {profile} is of no request"));
        }
    }

    /// Only these answers may a call get that is not wrong in itself (decision 12).
    fn answer(&mut self, written: &Written) {
        let Some(answer) = &written.answer else { return };
        let call = &written.call;
        let fits = match (answer.status, answer.code.as_deref(), call.surface) {
            (201, None, _) => call.action == Action::Create && answer.made.is_some(),
            (200, None, _) => call.action != Action::Create,
            (409, Some("RequestStatusInvalid"), Surface::Oig | Surface::Native)
            | (403, Some("RequestStatusInvalid"), Surface::Mim) => call.action != Action::Create,
            (503, Some("ServiceUnavailable"), _) => answer.retry_after,
            _ => false,
        };
        if !fits {
            self.differs("an answer", || format!("{written:?}"));
        }
        if answer.is_success() {
            *self.acknowledged.entry(word(call.action)).or_default() += 1;
        }
    }

    fn creation(&mut self, written: &Written, stored: Vec<&Stored>) {
        let mark = &written.call.mark;
        match (&written.answer, &stored[..]) {
            _ if written.unknown => self.unknown(!stored.is_empty()),
            (Some(answer), []) if answer.is_success() => self.differs(LOST, || format!("request {:?}", answer.made)),
            (Some(answer), [one]) if answer.is_success() && answer.made != Some(one.number) => {
                self.differs("another answer", || format!("{mark} made {}, not {:?}", one.number, answer.made));
            }
            (Some(_), [_, ..]) if written.refused() => self.differs("refused and stored", || mark.clone()),
            _ => {}
        }
        if stored.len() > 1 {
            self.differs("twice", || format!("{mark} made {} requests", stored.len()));
        }
    }

    fn unknown(&mut self, stored: bool) {
        if stored {
            self.unknown_stored += 1;
        } else {
            self.unknown_not_stored += 1;
        }
    }

    fn request(&mut self, about: &About<'_>, database: &Database) {
        let stored = about.stored;
        *self.outcomes.entry(stored.state.clone()).or_default() += 1;
        if let Some(what) = half_done(stored, &database.profiles) {
            self.differs("half a change", || format!("request {}: {what}: {stored:?}", stored.number));
        }
        for vote in &stored.votes {
            let cast = about.calls.iter().find(|written| written.call.mark == vote.mark);
            let action = if vote.approves { Action::Approve } else { Action::Deny };
            if cast.is_none_or(|written| (written.call.action, &written.call.who) != (action, &vote.who)) {
                self.differs("cast by nobody", || format!("request {}: {vote:?}", stored.number));
            }
        }
        for written in &about.calls {
            self.call(about, written);
        }
        self.endings(about);
    }

    fn call(&mut self, about: &About<'_>, written: &Written) {
        let stored = about.stored;
        let place = || format!("request {}: {written:?}: {stored:?}", stored.number);
        let times = about.times_stored(written);
        match &written.answer {
            _ if times > 1 => self.differs("twice", place),
            Some(answer) if answer.is_success() && times == 0 => self.differs(LOST, place),
            Some(answer) if answer.is_success() => {}
            Some(_) if written.refused() && written.call.action.is_vote() && times > 0 => {
                self.differs("refused and stored", place);
            }
            Some(answer) if written.refused() => {
                let by = format!("{} {}", format!("{:?}", written.call.surface).to_lowercase(), answer.status);
                let count = match (answer.status, about.beaten(written)) {
                    (503, _) => &mut self.unavailable,
                    (_, Some(true)) => &mut self.late,
                    (_, Some(false)) => &mut self.conflicts,
                    (_, None) => return self.differs("refused for nothing", place),
                };
                *count.entry(by).or_default() += 1;
            }
            _ => self.unknown(times > 0),
        }
    }

    /// One end, told to one caller, or to several if they all completed it.
    fn endings(&mut self, about: &About<'_>) {
        let told = |action| about.of(action).filter(|written| written.acknowledged()).count();
        let kinds = [Action::Deny, Action::Cancel, Action::Complete].into_iter().filter(|action| told(*action) > 0);
        let number = about.stored.number;
        if kinds.count() > 1 || told(Action::Cancel) > 1 || told(Action::Deny) > 1 || about.stored.endings.len() > 1 {
            self.differs("two outcomes", || format!("request {number}: {:?}", about.calls));
        }
        let Some(ending) = about.stored.endings.first() else { return };
        let by = about.calls.iter().filter(|written| written.call.who == ending.who && !written.refused());
        if !by.clone().any(|written| outcome_of(written.call.action) == Some(ending.outcome.as_str())) {
            self.differs("ended by nobody", || format!("request {number}: {ending:?}"));
        }
    }

    fn result(self, journals: &Journals, database: &Database) -> anyhow::Result<Value> {
        if !self.differences.is_empty() {
            let counts: BTreeMap<_, _> = self.differences.iter().map(|(kind, (count, _))| (kind, count)).collect();
            let firsts: Vec<String> =
                self.differences.iter().map(|(kind, (_, first))| format!("{kind}: {first}")).collect();
            bail!("{DIFFER}: {}\n{}", json!(counts), firsts.join("\n"));
        }
        ensure!(!database.requests.is_empty(), "no client made a request");
        let votes: usize = database.requests.values().map(|stored| stored.votes.len()).sum();
        Ok(json!({
            "calls": journals.calls.len(),
            "acknowledged": self.acknowledged,
            "requests": database.requests.len(),
            "votes_stored": votes,
            "outcomes": self.outcomes,
            "conflicts": self.conflicts.values().sum::<u64>(),
            "conflicts_by_answer": self.conflicts,
            "unavailable_by_answer": self.unavailable,
            "late_by_answer": self.late,
            "unknown_and_stored": self.unknown_stored,
            "unknown_and_not_stored": self.unknown_not_stored,
            "unanswered_per_kill": journals.unanswered_per_kill(),
        }))
    }
}

impl<'a> About<'a> {
    fn of(&self, action: Action) -> impl Iterator<Item = &'a Written> {
        self.calls.iter().copied().filter(move |written| written.call.action == action)
    }

    /// How often the call's effect is stored. How a request ended carries no mark: whoever was told that they
    /// ended it did, else whoever cannot know.
    fn times_stored(&self, written: &Written) -> usize {
        let call = &written.call;
        if call.action.is_vote() {
            return self.stored.votes.iter().filter(|vote| vote.mark == call.mark).count();
        }
        let same = |ending: &&super::stored::Ending| {
            Some(ending.outcome.as_str()) == outcome_of(call.action) && ending.who == call.who
        };
        let told = self.of(call.action).any(|other| other.acknowledged() && other.call.who == call.who);
        let counts = written.acknowledged() || (written.unknown && !told);
        if counts { self.stored.endings.iter().filter(same).count() } else { 0 }
    }

    /// Whether a refused call had lost before it was sent, for somebody knew already what stood in its way; `None`
    /// if nothing stood in its way.
    fn beaten(&self, refused: &Written) -> Option<bool> {
        let winners =
            self.calls.iter().filter(|written| self.times_stored(written) > 0 && self.beats(written, refused));
        let known = winners.map(|winner| winner.answer.as_ref().is_some_and(|answer| answer.at <= refused.sent));
        known.reduce(|one, other| one || other)
    }

    /// Whether what `winner` did leaves nothing to do for `call`.
    fn beats(&self, winner: &Written, call: &Written) -> bool {
        let (winner, call) = (&winner.call, &call.call);
        match winner.action {
            Action::Create => false,
            Action::Deny | Action::Cancel => true,
            Action::Complete => call.action != Action::Complete,
            Action::Approve => {
                let last = self.stored.approvals() >= QUORUM
                    && self.stored.votes.last().is_some_and(|vote| vote.mark == winner.mark);
                call.action.is_vote() && (last || winner.who == call.who)
            }
        }
    }
}

const fn outcome_of(action: Action) -> Option<&'static str> {
    match action {
        Action::Create | Action::Approve => None,
        Action::Deny => Some("denied"),
        Action::Cancel => Some("canceled"),
        Action::Complete => Some("completed"),
    }
}

fn word(action: Action) -> String {
    format!("{action:?}").to_lowercase()
}

/// What of a request does not fit the rest of it: its state, its votes, its events, its profile.
fn half_done(stored: &Stored, profiles: &BTreeSet<String>) -> Option<&'static str> {
    let (votes, approvals) = (&stored.votes, stored.approvals());
    let denials = votes.len() - approvals;
    let voters: BTreeSet<&str> = votes.iter().map(|vote| vote.who.as_str()).collect();
    let ended = stored.endings.first().map(|ending| ending.outcome.as_str());
    let state = ended.unwrap_or(if approvals >= QUORUM { "approved" } else { "pending" });
    let completed = state == "completed";
    let bound = stored.profile.as_ref().filter(|profile| profiles.contains(*profile)).is_some();
    [
        ("its events have gaps", stored.events.iter().zip(1..).any(|((place, _), expected)| *place != expected)),
        ("it was not made once", stored.count("created") != 1 || stored.count("stageBegun") != 1),
        ("somebody voted twice", voters.len() != votes.len()),
        ("too many votes", approvals > QUORUM || denials > 1),
        ("its votes are not those of its events", !votes.iter().map(|vote| &vote.mark).eq(&stored.voted)),
        ("its state is another by its votes and its end", state != stored.state),
        ("it was denied and is not", (denials > 0) != (state == "denied")),
        ("its approval is not over, or not once", stored.count("approved") != usize::from(approvals >= QUORUM)),
        ("it was completed without approval", completed && approvals < QUORUM),
        ("it has no profile, or too early", completed != bound || stored.profile.is_some() != completed),
    ]
    .into_iter()
    .find_map(|(what, wrong)| wrong.then_some(what))
}

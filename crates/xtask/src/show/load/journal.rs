//! What clients did, as each wrote it down itself: one line before it sends a call, one when it is answered.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

/// The file that says when the server was killed, beside those of the clients.
const KILLS: &str = "kills.jsonl";

/// What a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Action {
    Create,
    Approve,
    Deny,
    Cancel,
    Complete,
}

impl Action {
    pub(super) const fn is_vote(self) -> bool {
        matches!(self, Self::Approve | Self::Deny)
    }
}

/// Through which surface a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Surface {
    Oig,
    Native,
    Mim,
}

/// A call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Call {
    /// No other call has it. What can carry a text carries this one into the database.
    pub(super) mark: String,
    pub(super) action: Action,
    pub(super) surface: Surface,
    /// The login of who calls.
    pub(super) who: String,
    /// The number of the request, unless the call makes it.
    pub(super) request: Option<u64>,
}

/// An answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answered {
    /// Microseconds since the clients began, as all times in these files.
    pub(super) at: u64,
    pub(super) status: u16,
    /// The word for the error.
    pub(super) code: Option<String>,
    pub(super) retry_after: bool,
    /// The number of the request that was made.
    pub(super) made: Option<u64>,
}

impl Answered {
    pub(super) const fn is_success(&self) -> bool {
        matches!(self.status, 200 | 201)
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "camelCase")]
enum Line {
    Sent {
        at: u64,
        #[serde(flatten)]
        call: Call,
    },
    Answered {
        mark: String,
        #[serde(flatten)]
        answer: Answered,
    },
    Broken {
        at: u64,
        mark: String,
        why: String,
    },
    Killed {
        at: u64,
    },
    Whole {
        at: u64,
    },
}

/// One writer's file. Each line is written out at once.
#[derive(Debug)]
pub(super) struct Journal(File);

impl Journal {
    pub(super) fn of_client(folder: &Path, number: usize) -> anyhow::Result<Self> {
        Self::create(&folder.join(format!("client-{number:02}.jsonl")))
    }

    pub(super) fn of_kills(folder: &Path) -> anyhow::Result<Self> {
        Self::create(&folder.join(KILLS))
    }

    fn create(path: &Path) -> anyhow::Result<Self> {
        Ok(Self(File::create_new(path).with_context(|| path.display().to_string())?))
    }

    fn write(&mut self, line: &Line) -> anyhow::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        Ok(self.0.write_all(&bytes)?)
    }

    pub(super) fn sends(&mut self, at: u64, call: &Call) -> anyhow::Result<()> {
        self.write(&Line::Sent { at, call: call.clone() })
    }

    pub(super) fn is_answered(&mut self, call: &Call, answer: &Answered) -> anyhow::Result<()> {
        self.write(&Line::Answered { mark: call.mark.clone(), answer: answer.clone() })
    }

    pub(super) fn gets_no_answer(&mut self, at: u64, call: &Call, why: &str) -> anyhow::Result<()> {
        self.write(&Line::Broken { at, mark: call.mark.clone(), why: why.to_owned() })
    }

    pub(super) fn kills(&mut self, at: u64) -> anyhow::Result<()> {
        self.write(&Line::Killed { at })
    }

    pub(super) fn is_whole(&mut self, at: u64) -> anyhow::Result<()> {
        self.write(&Line::Whole { at })
    }
}

/// A call with what became of it.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) call: Call,
    pub(super) sent: u64,
    pub(super) answer: Option<Answered>,
    /// Whether nobody can tell from the answer what became of it: there is none; or it says that the server is not
    /// available, and the database was struck and not yet whole again.
    pub(super) unknown: bool,
}

impl Written {
    pub(super) fn acknowledged(&self) -> bool {
        self.answer.as_ref().is_some_and(Answered::is_success)
    }

    pub(super) fn refused(&self) -> bool {
        !self.unknown && !self.acknowledged()
    }

    fn is_unknown(&self, struck: &[(u64, u64)]) -> bool {
        let Some(answer) = &self.answer else { return true };
        answer.status == 503 && struck.iter().any(|(from, to)| self.sent <= *to && answer.at >= *from)
    }
}

/// Everything that was written.
#[derive(Debug)]
pub(super) struct Journals {
    /// In the order in which they were sent.
    pub(super) calls: Vec<Written>,
    /// When the server was killed, or its database.
    pub(super) kills: Vec<u64>,
}

impl Journals {
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut calls: BTreeMap<String, Written> = BTreeMap::new();
        let (mut kills, mut wholes) = (Vec::new(), Vec::new());
        for file in fs::read_dir(folder)? {
            for line in fs::read_to_string(file?.path())?.lines() {
                match serde_json::from_str(line).with_context(|| line.to_owned())? {
                    Line::Sent { at, call } => {
                        let known =
                            calls.insert(call.mark.clone(), Written { call, sent: at, answer: None, unknown: false });
                        ensure!(known.is_none(), "a mark was used twice: {line}");
                    }
                    Line::Answered { mark, answer } => {
                        calls.get_mut(&mark).with_context(|| format!("{mark} was not sent"))?.answer = Some(answer);
                    }
                    Line::Broken { .. } => {}
                    Line::Killed { at } => kills.push(at),
                    Line::Whole { at } => wholes.push(at),
                }
            }
        }
        let mut calls: Vec<Written> = calls.into_values().collect();
        kills.sort_unstable();
        wholes.sort_unstable();
        let until = |at: &u64| wholes.iter().copied().find(|whole| whole >= at).unwrap_or(*at);
        let struck: Vec<_> = kills.iter().map(|at| (*at, until(at))).collect();
        for call in &mut calls {
            call.unknown = call.is_unknown(&struck);
        }
        calls.sort_by_key(|call| call.sent);
        Ok(Self { calls, kills })
    }

    /// How many calls each kill left without an answer: those that had been sent, since the kill before.
    pub(super) fn unanswered_per_kill(&self) -> Vec<usize> {
        let mut counts = vec![0; self.kills.len()];
        for call in self.calls.iter().filter(|call| call.answer.is_none()) {
            let kill = self.kills.partition_point(|at| *at < call.sent);
            if let Some(count) = counts.get_mut(kill) {
                *count += 1;
            }
        }
        counts
    }
}

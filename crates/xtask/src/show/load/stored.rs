//! What a database holds, read from its export: plain JSON, and nothing of the server's types.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use super::call::DUAL_CONTROL;
use crate::oracle::array;

/// A vote.
#[derive(Debug)]
pub(super) struct Vote {
    pub(super) mark: String,
    /// The login of the voter.
    pub(super) who: String,
    pub(super) approves: bool,
}

/// How a request ended.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) outcome: String,
    /// The login of who ended it.
    pub(super) who: String,
}

/// A request as its tables have it, with what its events say.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) number: u64,
    pub(super) justification: String,
    /// Its status, or how it ended.
    pub(super) state: String,
    pub(super) votes: Vec<Vote>,
    pub(super) profile: Option<String>,
    /// The kinds of its events, in their order, each with its place.
    pub(super) events: Vec<(u64, String)>,
    /// The marks in its events of votes, in their order.
    pub(super) voted: Vec<String>,
    pub(super) endings: Vec<Ending>,
}

impl Stored {
    pub(super) fn approvals(&self) -> usize {
        self.votes.iter().filter(|vote| vote.approves).count()
    }

    pub(super) fn count(&self, kind: &str) -> usize {
        self.events.iter().filter(|(_, found)| found == kind).count()
    }
}

/// The database.
#[derive(Debug, Default)]
pub(super) struct Database {
    pub(super) requests: BTreeMap<u64, Stored>,
    /// The profiles of the template that is asked for.
    pub(super) profiles: BTreeSet<String>,
}

impl Database {
    /// Reads an export, and of its requests those whose justification begins with `mark`.
    pub(super) fn read(export: &Path, mark: &str) -> anyhow::Result<Self> {
        let (mut database, mut logins, mut numbers) = (Self::default(), BTreeMap::new(), BTreeMap::new());
        let mut events = Vec::new();
        for line in BufReader::new(File::open(export)?).lines() {
            let record: Value = serde_json::from_str(&line?)?;
            match record["kind"].as_str() {
                Some("user") => {
                    logins.insert(text(&record["id"]), text(&record["login"]));
                }
                Some("profile") if record["template"] == DUAL_CONTROL => {
                    database.profiles.insert(text(&record["id"]));
                }
                Some("request") if text(&record["justification"]).starts_with(mark) => {
                    let number = record["number"].as_u64().context("a request without a number")?;
                    numbers.insert(text(&record["id"]), number);
                    database.requests.insert(number, request(number, &record, &logins));
                }
                Some("event") if record["stream"] == "request" => events.push(record),
                _ => {}
            }
        }
        for event in events {
            let number = numbers.get(&text(&event["id"]));
            if let Some(request) = number.and_then(|number| database.requests.get_mut(number)) {
                happened(request, &event, &logins)?;
            }
        }
        Ok(database)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn login(logins: &BTreeMap<String, String>, id: &Value) -> String {
    logins.get(&text(id)).cloned().unwrap_or_default()
}

fn request(number: u64, record: &Value, logins: &BTreeMap<String, String>) -> Stored {
    let state = &record["state"];
    let state = if state["status"] == "ended" { &state["outcome"] } else { &state["status"] };
    let tasks = array(&record["stages"]).iter().flat_map(|stage| array(&stage["tasks"]));
    let votes = tasks.flat_map(|task| array(&task["votes"])).map(|vote| Vote {
        mark: text(&vote["comment"]),
        who: login(logins, &vote["voter"]),
        approves: vote["outcome"] == "approve",
    });
    Stored {
        number,
        justification: text(&record["justification"]),
        state: text(state),
        votes: votes.collect(),
        profile: record["details"]["certificate"]["newProfile"].as_str().map(str::to_owned),
        events: Vec::new(),
        voted: Vec::new(),
        endings: Vec::new(),
    }
}

fn happened(request: &mut Stored, event: &Value, logins: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let bytes: Value = serde_json::from_str(&text(&event["bytes"]))?;
    let kind = text(&bytes["kind"]);
    if kind == "voted" {
        let sealed = array(&event["sealed"]).iter().find(|sealed| sealed["pointer"] == "/vote/comment");
        request.voted.push(sealed.map_or_else(String::new, |sealed| text(&sealed["value"])));
    }
    if kind == "ended" {
        let ending = Ending { outcome: text(&bytes["data"]["outcome"]), who: login(logins, &bytes["actor"]) };
        request.endings.push(ending);
    }
    request.events.push((event["sequence"].as_u64().context("an event without a place")?, kind));
    Ok(())
}

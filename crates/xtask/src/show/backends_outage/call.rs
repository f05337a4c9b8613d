//! The calls that are made through an outage: a read and a write of each surface.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::http::Client;

const MIM: &str = "/CertificateManagement/api/v1.0/requests";
const OIG: &str = "/iam/governance/selfservice/api/v1/requests";
const NATIVE: &str = "/api/v1/requests";
const TEMPLATE: &str = "d0a10000-0000-4000-8000-000000000002";
/// The role that everybody may ask for.
const ROLE: &str = "12";

/// One of the surfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::show) enum Surface {
    Mim,
    Oig,
    Native,
}

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::show) struct Call {
    pub(in crate::show) surface: Surface,
    pub(in crate::show) writes: bool,
}

/// Each of them.
pub(in crate::show) const CALLS: [Call; 6] = [
    Call { surface: Surface::Mim, writes: false },
    Call { surface: Surface::Oig, writes: false },
    Call { surface: Surface::Native, writes: false },
    Call { surface: Surface::Mim, writes: true },
    Call { surface: Surface::Oig, writes: true },
    Call { surface: Surface::Native, writes: true },
];

impl Surface {
    /// All of them.
    pub(in crate::show) const ALL: [Self; 3] = [Self::Mim, Self::Oig, Self::Native];

    /// Makes a request; the id by which its lists name it.
    pub(in crate::show) fn ask(self, client: &Client, mark: &str) -> anyhow::Result<String> {
        let answer = Call { surface: self, writes: true }.send(client, mark)?;
        let told = || format!("{self:?} {}: {}", answer.status, answer.text());
        let body = answer.json()?;
        let id = match self {
            Self::Mim => body.as_str().and_then(|address| address.rsplit('/').next()),
            Self::Oig => body["requests"][0]["id"].as_str(),
            Self::Native => body["id"].as_str(),
        };
        ensure!(matches!(answer.status, 200 | 201), "{}", told());
        Ok(id.with_context(told)?.to_owned())
    }

    /// What the caller's list holds at its head, where that is the newest.
    pub(in crate::show) fn list(self, client: &Client) -> anyhow::Result<Vec<String>> {
        let (path, list, id) = match self {
            Self::Mim => (format!("{MIM}?targetuser=current"), "", "/Uuid"),
            Self::Oig => (format!("{OIG}?limit=50"), "/requests", "/id"),
            Self::Native => (format!("{NATIVE}?limit=50"), "/items", "/id"),
        };
        let answer = client.get(&path)?;
        if answer.status == 204 {
            return Ok(Vec::new());
        }
        let body = answer.json_of(200)?;
        let rows = body.pointer(list).and_then(Value::as_array).with_context(|| format!("{self:?} lists {body}"))?;
        Ok(rows.iter().filter_map(|row| row.pointer(id)?.as_str().map(str::to_owned)).collect())
    }
}

/// What became of a call.
#[derive(Clone, Debug)]
pub(in crate::show) struct Outcome {
    pub(in crate::show) call: Call,
    /// By what a request that it makes is found again.
    pub(in crate::show) mark: String,
    /// It did what was asked for; otherwise it was told to come back.
    pub(in crate::show) done: bool,
    pub(in crate::show) took: Duration,
}

impl Call {
    /// Makes it, as `client`, who must have logged in. Anything but success and 503 in the form of the surface,
    /// with `Retry-After`, is an error.
    pub(in crate::show) fn make(self, client: &Client, mark: String) -> anyhow::Result<Outcome> {
        let begun = Instant::now();
        let answer = self.send(client, &mark).with_context(|| format!("{self:?}"))?;
        let took = begun.elapsed();
        let said = || format!("{self:?} {} after {took:?}: {}", answer.status, answer.text());
        let done = self.is_success(&answer).with_context(said)?;
        ensure!(done || self.is_unavailable(&answer).with_context(said)?, "neither success nor 503: {}", said());
        Ok(Outcome { call: self, mark, done, took })
    }

    fn send(self, client: &Client, mark: &str) -> anyhow::Result<Answer> {
        match (self.surface, self.writes) {
            (Surface::Mim, false) => client.get(&format!("{MIM}?targetuser=current")),
            (Surface::Oig, false) => client.get(&format!("{OIG}?limit=5")),
            (Surface::Native, false) => client.get(&format!("{NATIVE}?limit=5")),
            (Surface::Mim, true) => {
                let body =
                    json!({"datacollection": "[]", "type": "Enroll", "profiletemplateuuid": TEMPLATE, "comment": mark});
                client.send("POST", MIM, &[], &body)
            }
            (Surface::Oig, true) => {
                let body = json!({"reqJustification": mark, "reqBeneficiaryList": [{"id": "24"}],
                    "reqTargetEntities": [{"entityId": ROLE, "entityType": "Role"}]});
                client.send("POST", OIG, &[("x-requested-by", "show")], &json!({ "requests": [body] }))
            }
            (Surface::Native, true) => {
                let body = json!({"beneficiaries": [{"login": "user24"}], "justification": mark,
                    "targets": [{"entityType": "ProfileTemplate", "entityKey": TEMPLATE}]});
                client.send("POST", NATIVE, &[], &body)
            }
        }
    }

    fn is_success(self, answer: &Answer) -> anyhow::Result<bool> {
        if self.surface == Surface::Oig && self.writes && answer.status == 200 {
            return Ok(answer.json()?["requests"][0]["status"] == "SUCCESS");
        }
        Ok(matches!(answer.status, 200 | 201 | 204))
    }

    fn is_unavailable(self, answer: &Answer) -> anyhow::Result<bool> {
        if answer.status != 503 || answer.header("retry-after").and_then(|after| after.parse::<u32>().ok()).is_none() {
            return Ok(false);
        }
        let body: Value = answer.json()?;
        Ok(match self.surface {
            Surface::Mim => body["ErrorCode"] == "ServiceUnavailable" && body["CorrelationId"].is_string(),
            Surface::Oig => body["status"] == "FAILED" && body["errorCode"] == "ServiceUnavailable",
            Surface::Native => {
                answer.header("content-type") == Some("application/problem+json") && body["status"] == 503
            }
        })
    }
}

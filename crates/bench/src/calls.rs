//! What is called in each row.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_xtask::seed::bench::{self, CALLERS, PASSWORD, Plan, Sight};
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use serde_json::{Value, json};

use crate::load::{Call, Calls, scattered};

/// Where MIM's operations are.
pub(crate) const MIM: &str = "/CertificateManagement/api/v1.0";
/// Where OIG's operations are.
pub(crate) const OIG: &str = "/iam/governance/selfservice/api/v1";
/// Where the native operations are.
pub(crate) const NATIVE: &str = "/api/v1";

/// The `Authorization` headers of those who call in turn.
#[derive(Clone)]
pub(crate) struct Callers(Arc<[String]>);

impl Callers {
    /// Everybody who may read everything.
    pub(crate) fn all() -> Self {
        Self::first(CALLERS)
    }

    /// The first of them.
    pub(crate) fn first(count: u64) -> Self {
        Self((1..=count).map(|n| authorization(&bench::login(n))).collect())
    }

    /// One who sees so much.
    pub(crate) fn one(sight: Sight) -> Self {
        Self([authorization(&sight.login())].into())
    }

    fn at(&self, n: u64) -> &str {
        let place = usize::try_from(n).unwrap_or_default() % self.0.len();
        &self.0[place]
    }

    /// The number of the user who makes the `n`th call, where everybody calls in turn.
    fn number(&self, n: u64) -> u64 {
        1 + n % self.0.len() as u64
    }
}

fn authorization(login: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{login}:{PASSWORD}")))
}

/// Which request a call reads.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Chosen {
    /// Any certificate request.
    Certificate,
    /// Any request for a role.
    Role,
}

impl Chosen {
    /// The `n`th choice, uniform over all.
    fn at(self, n: u64, plan: Plan) -> u64 {
        let pair = 2 * (scattered(n) % (plan.requests() / 2));
        match self {
            Self::Certificate => pair + 1,
            Self::Role => pair + 2,
        }
    }
}

/// Where a read goes.
#[derive(Clone, Debug)]
pub(crate) enum Path {
    /// MIM's request by its id.
    Mim,
    /// OIG's detail by its number, with this query.
    Oig(&'static str),
    /// The same for every call.
    Fixed(String),
}

/// Reads, all of one kind.
#[derive(Clone)]
pub(crate) struct Reads {
    pub(crate) callers: Callers,
    pub(crate) plan: Plan,
    pub(crate) path: Path,
    /// How long an answer is, in bytes.
    pub(crate) length: RangeInclusive<usize>,
}

impl Reads {
    fn path(&self, n: u64) -> String {
        match &self.path {
            Path::Mim => format!("{MIM}/requests/{}", bench::request_id(Chosen::Certificate.at(n, self.plan))),
            Path::Oig(query) => format!("{OIG}/requests/{}{query}", bench::number(Chosen::Role.at(n, self.plan))),
            Path::Fixed(path) => path.clone(),
        }
    }
}

impl Calls for Reads {
    fn call(&self, n: u64) -> Result<Call> {
        let request = Request::get(self.path(n))
            .header(HOST, "localhost")
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, self.callers.at(n));
        let request = request.body(Full::<Bytes>::default())?;
        Ok(Call { request, status: 200, length: self.length.clone(), refusal: None })
    }
}

/// What a write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Decides on one certificate request.
    Approve,
    /// Decides on fifty requests for roles in one call of OIG's.
    ApproveFifty,
    /// Asks for a certificate through MIM.
    MimCreate,
    /// Asks for a role through OIG.
    OigCreate,
}

/// How many elements a bulk call has.
const BULK: u64 = 50;

impl Kind {
    /// How many such calls the data has requests for, of all that may be made; `None` where there is no end.
    pub(crate) const fn available(self, plan: Plan) -> Option<u64> {
        match self {
            Self::Approve => Some(plan.open / 2),
            Self::ApproveFifty => Some(plan.open / 2 / BULK),
            Self::MimCreate | Self::OigCreate => None,
        }
    }

    const fn status(self) -> u16 {
        match self {
            Self::MimCreate => 201,
            _ => 200,
        }
    }
}

/// Writes, all of one kind.
#[derive(Clone)]
pub(crate) struct Writes {
    pub(crate) kind: Kind,
    pub(crate) callers: Callers,
    pub(crate) plan: Plan,
    /// How many were made, by whoever shares this: nothing is decided twice.
    pub(crate) made: Arc<AtomicU64>,
    /// How long an answer is, in bytes.
    pub(crate) length: RangeInclusive<usize>,
}

impl Writes {
    /// Method, path and body of the `n`th write of all.
    fn write(&self, n: u64) -> (&'static str, String, Value) {
        let plan = self.plan;
        // Open requests are the last ones; certificates are odd, roles even.
        let certificate = |n: u64| ((plan.closed + 1) | 1) + 2 * n;
        let role = |n: u64| ((plan.closed + 2) & !1) + 2 * n;
        match self.kind {
            Kind::Approve => {
                let path = format!("{NATIVE}/requests/{}/decisions", bench::number(certificate(n)));
                ("POST", path, json!({ "outcome": "approve", "comment": "as agreed" }))
            }
            Kind::ApproveFifty => {
                let element = |n| json!({ "id": bench::number(role(n)).to_string(), "action": "approve" });
                let elements: Vec<Value> = (BULK * n..BULK * (n + 1)).map(element).collect();
                ("PUT", format!("{OIG}/requests"), json!({ "requests": elements }))
            }
            Kind::MimCreate => {
                let body = json!({
                    "datacollection": "[]", "type": "Enroll", "profiletemplateuuid": bench::template_id(),
                    "comment": "made to measure",
                });
                ("POST", format!("{MIM}/requests"), body)
            }
            Kind::OigCreate => {
                let role = 1 + scattered(n) % bench::ROLES;
                let body = json!({ "requests": [{
                    "reqJustification": "made to measure",
                    "reqBeneficiaryList": [{ "id": bench::user_number(self.callers.number(n)).to_string() }],
                    "reqTargetEntities": [{ "entityId": role.to_string(), "entityType": "role" }],
                }] });
                ("POST", format!("{OIG}/requests"), body)
            }
        }
    }
}

impl Calls for Writes {
    fn call(&self, _: u64) -> Result<Call> {
        let n = self.made.fetch_add(1, Ordering::Relaxed);
        ensure!(self.kind.available(self.plan).is_none_or(|most| n < most), "no request waits for a decision any more");
        let (method, path, body) = self.write(n);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "localhost")
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .header("x-requested-by", "bench")
            .header(AUTHORIZATION, self.callers.at(n));
        let request = request.body(Full::new(Bytes::from(serde_json::to_vec(&body)?)))?;
        // A bulk call succeeds although its elements do not.
        let refusal = Some("\"FAILED\"");
        Ok(Call { request, status: self.kind.status(), length: self.length.clone(), refusal })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_open_is_decided_and_nothing_twice() {
        for closed in [10, 11] {
            let plan = Plan { open: 200, closed, users: 2_000 };
            let writes =
                |kind| Writes { kind, callers: Callers::all(), plan, made: Arc::default(), length: 0..=usize::MAX };
            let numbers = |text: &str| {
                text.split(|c: char| !c.is_ascii_digit())
                    .filter_map(|part| part.parse::<u64>().ok())
                    .collect::<Vec<_>>()
            };
            let mut decided = Vec::new();
            for n in 0..Kind::Approve.available(plan).unwrap() {
                decided.extend(numbers(&writes(Kind::Approve).write(n).1).last());
            }
            for n in 0..Kind::ApproveFifty.available(plan).unwrap() {
                decided.extend(numbers(&writes(Kind::ApproveFifty).write(n).2.to_string()));
            }
            decided.sort_unstable();
            decided.dedup();
            assert_eq!(decided.len(), 200);
            let open = bench::number(closed + 1)..=bench::number(closed + 200);
            assert!(decided.iter().all(|number| open.contains(number)), "{decided:?}");
        }
    }
}

//! What is called in each row.

use std::ops::RangeInclusive;
use std::sync::Arc;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_xtask::seed::bench::{self, CALLERS, PASSWORD, Plan, Sight};
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, HOST};

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
        Self((1..=CALLERS).map(|n| authorization(&bench::login(n))).collect())
    }

    /// One who sees so much.
    pub(crate) fn one(sight: Sight) -> Self {
        Self([authorization(&sight.login())].into())
    }

    fn at(&self, n: u64) -> &str {
        let place = usize::try_from(n).unwrap_or_default() % self.0.len();
        &self.0[place]
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
        Ok(Call { request: request.body(Full::<Bytes>::default())?, status: 200, length: self.length.clone() })
    }
}

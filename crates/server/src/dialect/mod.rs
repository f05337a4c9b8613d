//! The two dialects, [`mim`] and [`oig`], and the [`native`] API beside them. Each parses, calls one
//! service and prints; no rule lives here, and none knows another.
//!
//! What they share stands beside them: what can go wrong ([`fault`]), the way in ([`guard`]) and the
//! reading of query strings ([`query`]), bodies ([`body`], [`json`]), places in lists ([`cursor`]) and keys for
//! sending again ([`idempotency`]).

mod body;
mod cursor;
mod fault;
mod guard;
pub(crate) mod idempotency;
mod json;
pub(crate) mod mim;
pub(crate) mod native;
pub(crate) mod oig;
mod query;

use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use countersign_core::request::RequestKey;
use uuid::Uuid;

pub(crate) use body::JsonBody;
pub(crate) use fault::Fault;
pub(crate) use guard::{CurrentCaller, Reading, admit, extractor_faults, render};
pub(crate) use query::Parameters;

use crate::probe::Problem;

/// In whose form an answer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// MIM CM.
    Mim,
    /// OIG.
    Oig,
    /// Everything else.
    Native,
}

impl Dialect {
    /// The dialect to which a path belongs, whether or not there is such a route.
    pub(crate) fn of(path: &str) -> Self {
        if is_under(path, mim::ROOT) {
            Self::Mim
        } else if is_under(path, oig::ROOT) {
            Self::Oig
        } else {
            Self::Native
        }
    }

    /// The request that a path names, where a caller and a request are asked for together.
    fn asked(self, path: &str) -> Option<RequestKey> {
        match self {
            Self::Mim => mim::asked(path),
            Self::Oig => oig::asked(path),
            Self::Native => None,
        }
    }

    /// The answer to `request` that says what is wrong, logged if it is our own fault.
    pub(crate) fn respond(self, request: &HttpRequest, fault: &Fault) -> HttpResponse {
        let correlation = correlation_id(request);
        fault.log(correlation);
        match self {
            Self::Mim => mim::error_response(fault, correlation),
            Self::Oig => oig::error_response(fault, correlation),
            Self::Native => problem(fault, correlation),
        }
    }
}

/// The answer outside the dialects: RFC 9457.
fn problem(fault: &Fault, correlation: Uuid) -> HttpResponse {
    let problem = Problem::new(fault.status(), fault.message(correlation)).of(fault.code(), fault.field());
    fault.begin(fault.status()).content_type(Problem::MEDIA_TYPE).json(problem)
}

fn is_under(path: &str, root: &str) -> bool {
    let begins = path.get(..root.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(root));
    begins && matches!(path.as_bytes().get(root.len()), None | Some(b'/'))
}

/// The id under which the log knows the request.
pub(crate) fn correlation_id(request: &HttpRequest) -> Uuid {
    let known = request.extensions().get::<tracing_actix_web::RequestId>().map(|id| **id);
    known.unwrap_or_else(Uuid::now_v7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_belongs_to_one_dialect() {
        for (path, dialect) in [
            ("/CertificateManagement/api/v1.0/requests", Dialect::Mim),
            ("/certificatemanagement", Dialect::Mim),
            ("/CertificateManagementX/api", Dialect::Native),
            ("/iam/governance/selfservice/api/v1/nothing", Dialect::Oig),
            ("/iam", Dialect::Native),
            ("/", Dialect::Native),
            ("/\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}", Dialect::Native),
        ] {
            assert_eq!(Dialect::of(path), dialect, "{path}");
        }
    }
}

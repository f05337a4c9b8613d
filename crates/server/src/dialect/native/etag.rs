//! ETags and the condition `If-Match` (RFC 9110): strong, a revision in quotation marks.

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderValue, IF_MATCH};

use crate::dialect::Fault;

/// What a caller demands of the revision that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// There is one, whichever.
    Any,
    /// It is this one.
    Revision(i64),
}

impl Condition {
    /// The revision that is demanded.
    pub(super) const fn revision(self) -> Option<i64> {
        match self {
            Self::Any => None,
            Self::Revision(revision) => Some(revision),
        }
    }
}

/// No revision is 0: a tag that this server never gave matches none.
const NEVER: i64 = 0;

/// The tag of a revision.
pub(super) fn etag(revision: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{revision}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// The condition under which the call is to be done, if it has one.
pub(super) fn condition(request: &HttpRequest) -> Result<Option<Condition>, Fault> {
    let mut values = request.headers().get_all(IF_MATCH);
    let Some(value) = values.next() else { return Ok(None) };
    let fault = || Fault::invalid("If-Match", "must be one ETag as this server gave it, or *");
    let text = value.to_str().map_err(|_| fault())?.trim();
    if values.next().is_some() {
        return Err(fault());
    }
    if text == "*" {
        return Ok(Some(Condition::Any));
    }
    // A weak tag never matches where the strong comparison is asked for.
    let strong = text.strip_prefix("W/").is_none();
    let tag = text.strip_prefix("W/").unwrap_or(text).strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    let tag = tag.filter(|tag| !tag.contains('"')).ok_or_else(fault)?;
    let revision = tag.parse().ok().filter(|revision: &i64| strong && revision.to_string() == tag);
    Ok(Some(Condition::Revision(revision.unwrap_or(NEVER))))
}

/// The condition of a call that must have one.
pub(super) fn required(request: &HttpRequest) -> Result<Condition, Fault> {
    condition(request)?.ok_or(Fault::Unconditional)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(values: &[&str]) -> Result<Option<Condition>, Fault> {
        let mut request = TestRequest::put();
        for value in values {
            request = request.append_header((IF_MATCH, *value));
        }
        condition(&request.to_http_request())
    }

    #[test]
    fn a_tag_names_a_revision() {
        assert_eq!(read(&["\"3\""]).unwrap(), Some(Condition::Revision(3)));
        assert_eq!(read(&[" * "]).unwrap(), Some(Condition::Any));
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(etag(3), "\"3\"");
    }

    #[test]
    fn a_tag_that_was_never_given_matches_nothing() {
        for tag in ["W/\"3\"", "\"\"", "\"03\"", "\"+3\"", "\"abc\"", "\"99999999999999999999\""] {
            assert_eq!(read(&[tag]).unwrap(), Some(Condition::Revision(NEVER)), "{tag}");
        }
    }

    #[test]
    fn what_is_no_single_tag_is_refused() {
        for values in [&["3"][..], &["\"3\", \"4\""], &["\"3"], &["\"3\"", "\"3\""], &[""]] {
            assert!(matches!(read(values), Err(Fault::Invalid(fault)) if fault.field == "If-Match"), "{values:?}");
        }
    }
}

//! Pages of lists: how many elements, where they begin, and the link to the next one.

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::cursor::Cursor;
use crate::dialect::{Fault, Parameters};
use crate::links;
use crate::settings::ServerSettings;

/// How many elements a page has unless the caller says so.
const USUAL: usize = 50;
/// How many it may have.
const MOST: usize = 1000;

const LINK: HeaderName = HeaderName::from_static("link");

/// What a parameter's value holds as it is (RFC 3986, unreserved).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How many elements the page has.
pub(super) fn limit(parameters: &Parameters) -> Result<usize, Fault> {
    let Some(text) = parameters.get("limit")? else { return Ok(USUAL) };
    let number = text.parse().ok().filter(|number| (1..=MOST).contains(number));
    number.ok_or_else(|| Fault::invalid("limit", format!("must be a number from 1 to {MOST}")))
}

/// Where the page begins.
pub(super) fn cursor<C: Cursor>(parameters: &Parameters) -> Result<Option<C>, Fault> {
    parameters.get("cursor")?.map(C::read).transpose()
}

/// A `Link` header (RFC 8288) that leads to the same list with another value of one parameter.
pub(super) fn next_link(
    request: &HttpRequest,
    settings: &ServerSettings,
    (name, value): (&str, &str),
) -> Option<(HeaderName, HeaderValue)> {
    let others = request.query_string().split('&').filter(|pair| {
        let given = pair.split('=').next().unwrap_or_default();
        !given.is_empty() && !given.eq_ignore_ascii_case(name)
    });
    let value = utf8_percent_encode(value, UNRESERVED).to_string();
    let query: Vec<String> = others.map(str::to_owned).chain([format!("{name}={value}")]).collect();
    let address = format!("{}{}?{}", links::origin(request, settings), request.path(), query.join("&"));
    let header = HeaderValue::try_from(format!("<{address}>; rel=\"next\"")).ok()?;
    Some((LINK, header))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_link_keeps_the_other_parameters() {
        let settings = ServerSettings { public_url: Some("https://pseudo.com".to_owned()), ..Default::default() };
        for (uri, expected) in [
            ("/api/v1/inbox", "<https://pseudo.com/api/v1/inbox?cursor=a%2Fb>; rel=\"next\""),
            (
                "/api/v1/inbox?limit=2&Cursor=old&state=all",
                "<https://pseudo.com/api/v1/inbox?limit=2&state=all&cursor=a%2Fb>; rel=\"next\"",
            ),
        ] {
            let request = TestRequest::with_uri(uri).to_http_request();
            assert_eq!(next_link(&request, &settings, ("cursor", "a/b")).unwrap().1, expected);
        }
    }

    #[test]
    fn a_page_has_a_bounded_number_of_elements() {
        let read = |query: &str| limit(&Parameters::read(query).unwrap());
        assert_eq!((read("").unwrap(), read("limit=1000").unwrap()), (USUAL, MOST));
        for query in ["limit=0", "limit=1001", "limit=-1", "limit=", "limit=many"] {
            assert!(matches!(read(query), Err(Fault::Invalid(fault)) if fault.field == "limit"), "{query}");
        }
    }
}

//! Whether the caller takes JSON, the one media type that there is (`spec/oig-requests.md` A.0, H-17).

use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT, Accept, Header, q};

use crate::dialect::Fault;

/// Refuses a caller who takes no JSON.
pub(super) fn json(request: &HttpRequest) -> Result<(), Fault> {
    let mut lines = request.headers().get_all(ACCEPT);
    // What nearly every caller sends need not be taken apart.
    let plain = lines.next().is_none_or(|line| [&b"application/json"[..], b"*/*"].contains(&line.as_bytes()));
    if plain && lines.next().is_none() {
        return Ok(());
    }
    let Ok(Accept(ranges)) = Accept::parse(request) else { return Err(Fault::NotAcceptable) };
    // The most specific range that covers JSON decides.
    let best = ranges.iter().filter_map(|range| Some((specificity(range.item.essence_str())?, range.quality)));
    match best.max_by_key(|(specificity, _)| *specificity) {
        Some((_, quality)) if quality > q(0.0) => Ok(()),
        None if ranges.is_empty() => Ok(()),
        _ => Err(Fault::NotAcceptable),
    }
}

fn specificity(range: &str) -> Option<u8> {
    match range {
        "application/json" => Some(2),
        "application/*" => Some(1),
        "*/*" => Some(0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn whoever_takes_json_is_answered() {
        for (accept, taken) in [
            ("application/json", true),
            ("*/*", true),
            ("Application/JSON; charset=utf-8", true),
            ("text/html, application/xml;q=0.9, */*;q=0.8", true),
            ("application/*", true),
            ("application/xml", false),
            ("application/json;q=0, */*", false),
            ("text/html", false),
            ("", true),
        ] {
            let request = TestRequest::default().insert_header((ACCEPT, accept)).to_http_request();
            assert_eq!(json(&request).is_ok(), taken, "{accept}");
        }
        assert!(json(&TestRequest::default().to_http_request()).is_ok());
    }
}

//! The key under which a write may be sent again (decision 13).

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;
use countersign_core::event::Channel;
use countersign_core::service::{CallKey, Via};

use super::Fault;

const NAME: &str = "Idempotency-Key";
const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const LONGEST: usize = 255;

/// Through what `request` came in, and the key under which it may be sent again as `operation`.
/// A bulk call gives each of its elements its own number in the key.
pub(crate) fn via(request: &HttpRequest, channel: Channel, operation: &'static str) -> Result<Via, Fault> {
    let key = key(request)?.map(|key| CallKey { operation, key, element: 0 });
    Ok(Via { channel, key })
}

fn key(request: &HttpRequest) -> Result<Option<String>, Fault> {
    let mut values = request.headers().get_all(HEADER);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Fault::invalid(NAME, "stands among the headers more than once"));
    }
    let key = value.as_bytes();
    match std::str::from_utf8(key) {
        Ok(text) if (1..=LONGEST).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic) => {
            Ok(Some(text.to_owned()))
        }
        _ => Err(Fault::invalid(NAME, format!("must be 1 to {LONGEST} visible ASCII characters"))),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(values: &[&[u8]]) -> Result<Via, Fault> {
        let mut request = TestRequest::post();
        for value in values {
            request = request.append_header((HEADER, *value));
        }
        via(&request.to_http_request(), Channel::Mim, "operation")
    }

    #[test]
    fn a_key_is_kept_as_it_stands() {
        for key in ["7", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", &"x".repeat(255)] {
            let expected = CallKey { operation: "operation", key: key.to_owned(), element: 0 };
            assert_eq!(read(&[key.as_bytes()]).unwrap().key, Some(expected));
        }
        assert_eq!(read(&[]).unwrap(), Via { channel: Channel::Mim, key: None });
    }

    #[test]
    fn what_is_no_key_is_refused_by_name() {
        let long = "x".repeat(256);
        for values in [&[&b""[..]][..], &[b"a b"], &[b"\xe4"], &[b"\xc3\xa4"], &[long.as_bytes()], &[b"a", b"a"]] {
            assert!(matches!(read(values), Err(Fault::Invalid(invalid)) if invalid.field == NAME), "{values:?}");
        }
    }
}

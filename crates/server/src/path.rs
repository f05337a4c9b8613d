//! What is done to a path before it is routed: MIM's is brought to one form, and percent
//! escapes that are no UTF-8 are refused.

use std::borrow::Cow;

use actix_web::Error;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Uri;
use actix_web::http::uri::PathAndQuery;
use actix_web::middleware::Next;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::dialect::{Dialect, Fault, mim};

/// What is escaped again in a segment of MIM's: whatever would end it, or is no URI character.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`');

/// Brings the path of `request` to the form in which it is routed.
pub(crate) async fn canonical(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let dialect = Dialect::of(request.path());
    if let Err(fault) = check_escapes(request.uri()) {
        let response = dialect.respond(request.request(), &fault);
        return Ok(request.into_response(response));
    }
    if dialect == Dialect::Mim
        && !is_canonical(request.path())
        && let Some(uri) = with_path(request.uri(), &mim_path(request.path()))
    {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
    next.call(request).await
}

/// Refuses escapes that are no UTF-8: they would be routed as if they were something else.
fn check_escapes(uri: &Uri) -> Result<(), Fault> {
    for (part, text) in [("path", uri.path()), ("query", uri.query().unwrap_or_default())] {
        if text.contains('%') && percent_decode_str(text).decode_utf8().is_err() {
            return Err(Fault::invalid(part, "the percent escapes in it are not UTF-8"));
        }
    }
    Ok(())
}

/// Whether [`mim_path`] would change nothing, as is the rule.
fn is_canonical(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii() && byte != b'%' && !byte.is_ascii_uppercase();
    path.strip_prefix(mim::BASE).is_some_and(|rest| !rest.ends_with('/') && rest.bytes().all(plain))
}

/// MIM's paths are matched without regard to case, to blanks around a segment and to a slash at
/// the end (`spec/mim-cm.md` A.0, G20).
fn mim_path(path: &str) -> String {
    let segments = path.trim_end_matches('/').split('/').map(mim_segment).collect::<Vec<_>>().join("/");
    match segments.get(..mim::BASE.len()) {
        Some(base) if base.eq_ignore_ascii_case(mim::BASE) => format!("{}{}", mim::BASE, &segments[mim::BASE.len()..]),
        _ => segments,
    }
}

fn mim_segment(segment: &str) -> String {
    let text = percent_decode_str(segment).decode_utf8().unwrap_or(Cow::Borrowed(segment));
    utf8_percent_encode(&text.trim().to_lowercase(), SEGMENT).to_string()
}

/// `uri` with another path; `None` if it is the same, or none at all.
fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    if uri.path() == path {
        return None;
    }
    let mut parts = uri.clone().into_parts();
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    parts.path_and_query = Some(PathAndQuery::try_from(target).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mims_paths_have_one_form() {
        for (path, expected) in [
            ("/certificatemanagement/API/V1.0/REQUESTS/", "/CertificateManagement/api/v1.0/requests"),
            ("/CertificateManagement/api/v1.0/requests", "/CertificateManagement/api/v1.0/requests"),
            (
                "/CertificateManagement/api/v1.0/%20requests/%7BA9B4B42C%7D%20",
                "/CertificateManagement/api/v1.0/requests/{a9b4b42c}",
            ),
            ("/CertificateManagement/api/v1.0/%52equests", "/CertificateManagement/api/v1.0/requests"),
            ("/CertificateManagement/api/v1.0/a%2Fb%25%3F", "/CertificateManagement/api/v1.0/a%2Fb%25%3F"),
            ("/CertificateManagement/other/", "/certificatemanagement/other"),
        ] {
            assert_eq!(mim_path(path), expected, "{path}");
            assert!(!is_canonical(path) || path == expected, "{path}");
        }
    }

    #[test]
    fn the_query_is_left_alone() {
        let uri: Uri = "/CERTIFICATEMANAGEMENT/api/v1.0/requests/?challenge=Ab%2BC/d=&Status=Approved".parse().unwrap();
        let uri = with_path(&uri, &mim_path(uri.path())).unwrap();
        assert_eq!(uri, "/CertificateManagement/api/v1.0/requests?challenge=Ab%2BC/d=&Status=Approved");
        assert_eq!(with_path(&uri, uri.path()), None);
    }

    #[test]
    fn escapes_that_are_no_text_are_refused() {
        for (uri, part) in [("/a/%FF", Some("path")), ("/a?b=%C3%28", Some("query")), ("/%C3%A9?%C3%A9", None)] {
            let fault = check_escapes(&uri.parse().unwrap()).err();
            let field = fault.map(|fault| match fault {
                Fault::Invalid(invalid) => invalid.field,
                other => panic!("{other}"),
            });
            assert_eq!(field.as_deref(), part, "{uri}");
        }
    }
}

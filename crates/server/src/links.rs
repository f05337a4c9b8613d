//! Under which address the caller knows the server: what absolute links begin with.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderMap, HeaderName};
use actix_web::http::uri::{Authority, Uri};

use crate::settings::ServerSettings;

const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// The scheme, the host and what a proxy puts before our paths; no slash at the end.
///
/// The configured address counts first, then what a trusted proxy says, then the request's own
/// `Host`. Whatever does not look like its kind is passed over.
pub(crate) fn origin(request: &HttpRequest, settings: &ServerSettings) -> String {
    if let Some(url) = &settings.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let headers = request.headers();
    let peer = request.peer_addr().map(|peer| peer.ip());
    let told = if trusts(settings, peer) { Told::by_proxy(headers) } else { Told::default() };
    let secure = request.app_config().secure();
    let scheme = told.scheme.unwrap_or(if secure { "https" } else { "http" });
    let host = told.host.or_else(|| own_host(request)).unwrap_or_else(|| request.app_config().local_addr().to_string());
    let host = match told.port {
        Some(port) if !has_port(&host) && !is_default(scheme, port) => format!("{host}:{port}"),
        _ => host,
    };
    format!("{scheme}://{host}{}", told.prefix.unwrap_or_default())
}

/// What stands before our paths where the caller knows them: the path of the configured address, or
/// what a trusted proxy says; no slash at the end.
pub(crate) fn mount(request: &HttpRequest, settings: &ServerSettings) -> String {
    if let Some(url) = &settings.public_url {
        let path = url.parse::<Uri>().map(|url| url.path().to_owned()).unwrap_or_default();
        return path.trim_end_matches('/').to_owned();
    }
    let peer = request.peer_addr().map(|peer| peer.ip());
    let told = trusts(settings, peer).then(|| Told::by_proxy(request.headers()));
    told.and_then(|told| told.prefix).unwrap_or_default()
}

/// What a proxy tells of the address that it was called under.
#[derive(Debug, Default, PartialEq)]
struct Told {
    scheme: Option<&'static str>,
    host: Option<String>,
    port: Option<u16>,
    prefix: Option<String>,
}

impl Told {
    fn by_proxy(headers: &HeaderMap) -> Self {
        let mut told = match last(headers, &FORWARDED) {
            Some(element) => Self::forwarded(element),
            None => Self {
                scheme: last(headers, &FORWARDED_PROTO).and_then(scheme),
                host: last(headers, &FORWARDED_HOST).and_then(host),
                port: last(headers, &FORWARDED_PORT).and_then(|port| port.parse().ok()),
                prefix: None,
            },
        };
        told.prefix = last(headers, &FORWARDED_PREFIX).and_then(prefix);
        told
    }

    /// One element of `Forwarded` (RFC 7239): `proto=https;host="a.example:8443"`.
    fn forwarded(element: &str) -> Self {
        let mut told = Self::default();
        for pair in element.split(';') {
            let Some((name, value)) = pair.split_once('=') else { continue };
            let value = value.trim().trim_matches('"');
            match name.trim() {
                name if name.eq_ignore_ascii_case("proto") => told.scheme = scheme(value),
                name if name.eq_ignore_ascii_case("host") => told.host = host(value),
                _ => {}
            }
        }
        told
    }
}

fn trusts(settings: &ServerSettings, peer: Option<IpAddr>) -> bool {
    peer.is_some_and(|peer| settings.trusted_proxies.iter().any(|network| network.contains(&peer.to_canonical())))
}

/// The last element of a list: the one that the proxy in front of us wrote itself. Those before
/// it may be the client's own invention.
fn last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let line = headers.get_all(name).last()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim).filter(|element| !element.is_empty())
}

fn scheme(text: &str) -> Option<&'static str> {
    ["http", "https"].into_iter().find(|scheme| scheme.eq_ignore_ascii_case(text))
}

/// A host with or without a port, and nothing else: no user, no path, no markup.
fn host(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    if text.is_empty() || text.len() > 261 || !text.bytes().all(plain) {
        return None;
    }
    let authority: Authority = text.parse().ok()?;
    let port_fits = !text.ends_with(':') && (!has_port(text) || authority.port_u16().is_some());
    (port_fits && !authority.host().is_empty()).then(|| text.to_owned())
}

/// A path of plain segments.
fn prefix(text: &str) -> Option<String> {
    let path = text.trim_end_matches('/');
    let plain = |segment: &str| {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        !matches!(segment, "" | "." | "..") && segment.bytes().all(unreserved)
    };
    path.strip_prefix('/')?.split('/').all(plain).then(|| path.to_owned())
}

fn own_host(request: &HttpRequest) -> Option<String> {
    let header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let named = header.or_else(|| request.uri().authority().map(Authority::as_str));
    named.and_then(host)
}

fn has_port(host: &str) -> bool {
    match host.rfind(']') {
        Some(end) => host[end..].contains(':'),
        None => host.contains(':'),
    }
}

fn is_default(scheme: &str, port: u16) -> bool {
    matches!((scheme, port), ("http", 80) | ("https", 443))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn settings() -> ServerSettings {
        let trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        ServerSettings { trusted_proxies, ..ServerSettings::default() }
    }

    fn seen(peer: &str, headers: &[(&'static str, &'static str)], settings: &ServerSettings) -> String {
        let mut request = TestRequest::get().peer_addr(peer.parse().unwrap());
        for header in headers {
            request = request.append_header(*header);
        }
        origin(&request.to_http_request(), settings)
    }

    const PROXY: &str = "10.1.2.3:4000";
    const STRANGER: &str = "192.0.2.1:4000";

    #[test]
    fn the_configured_address_counts_first() {
        let settings = ServerSettings { public_url: Some("https://pseudo.com/id/".to_owned()), ..settings() };
        assert_eq!(
            seen(PROXY, &[("host", "other"), ("x-forwarded-host", "third")], &settings),
            "https://pseudo.com/id"
        );
    }

    #[test]
    fn a_trusted_proxy_is_believed_and_nobody_else_is() {
        let headers = [("host", "inner:8080"), ("forwarded", "for=1.2.3.4;proto=HTTPS;host=\"a.example:8443\"")];
        assert_eq!(seen(PROXY, &headers, &settings()), "https://a.example:8443");
        assert_eq!(seen("[::ffff:10.1.2.3]:4000", &headers, &settings()), "https://a.example:8443");
        assert_eq!(seen(STRANGER, &headers, &settings()), "http://inner:8080");
        let headers = [
            ("host", "inner"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "a.example"),
            ("x-forwarded-port", "8443"),
            ("x-forwarded-prefix", "/id/"),
        ];
        assert_eq!(seen(PROXY, &headers, &settings()), "https://a.example:8443/id");
        assert_eq!(seen(STRANGER, &headers, &settings()), "http://inner");
    }

    #[test]
    fn the_proxys_own_element_is_the_last() {
        let headers =
            [("host", "inner"), ("x-forwarded-host", "evil.example, a.example"), ("x-forwarded-proto", "https")];
        assert_eq!(seen(PROXY, &headers, &settings()), "https://a.example");
    }

    #[test]
    fn the_mount_is_the_path_of_the_address() {
        let mounted = |peer: &str, settings: &ServerSettings| {
            let request = TestRequest::get().peer_addr(peer.parse().unwrap());
            let request = request.append_header(("x-forwarded-prefix", "/id/")).to_http_request();
            mount(&request, settings)
        };
        assert_eq!(mounted(PROXY, &settings()), "/id");
        assert_eq!(mounted(STRANGER, &settings()), "");
        for (url, expected) in [("https://pseudo.com/a/b/", "/a/b"), ("https://pseudo.com", ""), ("https://a:8/", "")] {
            let settings = ServerSettings { public_url: Some(url.to_owned()), ..settings() };
            assert_eq!(mounted(PROXY, &settings), expected, "{url}");
        }
    }

    #[test]
    fn a_default_port_is_not_printed() {
        let headers = [("host", "inner"), ("x-forwarded-proto", "https"), ("x-forwarded-port", "443")];
        assert_eq!(seen(PROXY, &headers, &settings()), "https://inner");
        let headers = [("host", "[2001:db8::1]:8080"), ("x-forwarded-port", "9000")];
        assert_eq!(seen(PROXY, &headers, &settings()), "http://[2001:db8::1]:8080");
    }

    #[test]
    fn a_hostile_host_falls_back_to_the_address_of_the_server() {
        let expected = origin(&TestRequest::get().to_http_request(), &settings());
        for hostile in
            ["", "a b", "a/b", "user@a", "a\"><script>", "a:port", "a:99999", "a:", "[::1", "a,b", "a?b#c", ":80"]
        {
            assert_eq!(seen(STRANGER, &[("host", hostile)], &settings()), expected, "{hostile}");
        }
        for hostile in ["/../etc", "//evil.example", "evil", "/a b"] {
            let headers = [("host", "inner"), ("x-forwarded-prefix", hostile)];
            assert_eq!(seen(PROXY, &headers, &settings()), "http://inner", "{hostile}");
        }
    }
}

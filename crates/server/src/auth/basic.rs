//! HTTP Basic credentials as clients send them (RFC 7617, UTF-8).

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::SecretString;

use super::AuthError;

/// Some clients leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a caller claims.
#[derive(Debug)]
pub(super) struct Credentials {
    pub(super) login: String,
    pub(super) password: SecretString,
}

impl Credentials {
    /// The credentials in the one Authorization header of `headers`.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, AuthError> {
        let mut values = headers.get_all(AUTHORIZATION);
        let value = values.next().ok_or(AuthError::Missing)?;
        if values.next().is_some() {
            return Err(AuthError::Malformed);
        }
        Self::parse(value.as_bytes()).ok_or(AuthError::Malformed)
    }

    fn parse(header: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(header).ok()?;
        let (scheme, token) = text.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = String::from_utf8(BASE64.decode(token.trim_start()).ok()?).ok()?;
        let (login, password) = decoded.split_once(':')?;
        if decoded.chars().any(char::is_control) {
            return None;
        }
        Some(Self { login: login.to_owned(), password: password.into() })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use secrecy::ExposeSecret;

    use super::*;

    fn parse(text: &str) -> Option<(String, String)> {
        let credentials = Credentials::parse(text.as_bytes())?;
        Some((credentials.login, credentials.password.expose_secret().to_owned()))
    }

    #[test]
    fn credentials_are_read_in_utf8_and_split_at_the_first_colon() {
        let expected = Some(("Aladdin".to_owned(), "open sesame".to_owned()));
        assert_eq!(parse("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), expected);
        assert_eq!(parse("bASIC  QWxhZGRpbjpvcGVuIHNlc2FtZQ"), expected);
        assert_eq!(parse("Basic dGVzdDoxMjPCow=="), Some(("test".to_owned(), "123\u{a3}".to_owned())));
        assert_eq!(parse("Basic YTpiOmM="), Some(("a".to_owned(), "b:c".to_owned())));
    }

    #[test]
    fn anything_else_is_malformed() {
        for text in ["", "Basic", "Basic ", "Bearer abc", "Basic !!!", "Basic YQ==", "Basic /zo=", "Basic YTpiCg=="] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn one_header_is_needed_and_one_only() {
        let mut headers = HeaderMap::new();
        assert!(matches!(Credentials::of(&headers), Err(AuthError::Missing)));
        for _ in 0..2 {
            headers.append(AUTHORIZATION, HeaderValue::from_static("Basic YTpi"));
        }
        assert!(matches!(Credentials::of(&headers), Err(AuthError::Malformed)));
    }

    #[test]
    fn a_password_does_not_show() {
        let credentials = Credentials::parse(b"Basic YTpzZWNyZXQ=").unwrap();
        assert!(!format!("{credentials:?}").contains("secret"));
    }
}

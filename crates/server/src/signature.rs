//! Signatures of webhook deliveries and of the calls back: HMAC-SHA256 of the time and the body.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use countersign_core::webhook::WebhookSecret;

/// The time of a signed call: whole seconds since 1970.
pub(crate) const TIMESTAMP: &str = "x-countersign-timestamp";
/// The signature of a signed call.
pub(crate) const SIGNATURE: &str = "x-countersign-signature";
/// What names one delivery, however often it is tried.
pub(crate) const DELIVERY: &str = "x-countersign-delivery";

const SCHEME: &str = "sha256=";

/// The signature of `body` at `timestamp`; `None` if there is no such key, which there always is.
pub(crate) fn sign(secret: &WebhookSecret, timestamp: &str, body: &[u8]) -> Option<String> {
    let digest = mac(secret, timestamp, body)?.finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("{SCHEME}{hex}"))
}

/// Whether `signature` is that of `body` at `timestamp`. Takes as long whatever is wrong with it.
pub(crate) fn is_signed(secret: &WebhookSecret, timestamp: &str, body: &[u8], signature: &str) -> bool {
    let given = signature.strip_prefix(SCHEME).and_then(from_hex);
    let expected = mac(secret, timestamp, body);
    given.zip(expected).is_some_and(|(given, expected)| expected.verify_slice(&given).is_ok())
}

/// The time goes into what is signed, so that an old call cannot be sent again as a new one.
fn mac(secret: &WebhookSecret, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()?;
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    digits.chunks_exact(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> WebhookSecret {
        WebhookSecret::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn a_signature_is_what_other_tools_make_of_it() {
        // printf '1561062848.{"a":1}' | openssl dgst -sha256 -hmac 'a key of some length'
        let expected = "sha256=0bed30641a558e8dc5e436d61b105a2036e19ffcf10692eaf276e5f358484e23";
        let signature = sign(&secret("a key of some length"), "1561062848", br#"{"a":1}"#).unwrap();
        assert_eq!(signature, expected);
    }

    #[test]
    fn whatever_differs_is_not_signed() {
        let (key, time, body) = (secret("a key of some length"), "1561062848", &b"body"[..]);
        let signature = sign(&key, time, body).unwrap();
        assert!(is_signed(&key, time, body, &signature));
        assert!(is_signed(&key, time, body, &format!("sha256={}", signature[7..].to_uppercase())));
        assert!(!is_signed(&secret("another key of that length"), time, body, &signature));
        assert!(!is_signed(&key, "1561062849", body, &signature));
        assert!(!is_signed(&key, time, b"bodY", &signature));
        for wrong in ["", "sha256=", &signature[7..], &signature[..70], "sha256=zz", "sha1=00", "sha256=\u{e9}"] {
            assert!(!is_signed(&key, time, body, wrong), "{wrong}");
        }
    }
}

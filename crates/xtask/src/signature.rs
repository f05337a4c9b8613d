//! Signatures of deliveries and of calls back, as `docs/webhooks.md` describes them. HMAC (RFC 2104) is written out
//! here, so that what signs and what checks have nothing in common but SHA-256.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use sha2::{Digest, Sha256};

use crate::receiver::Posted;

/// The bytes that SHA-256 takes at a time.
const BLOCK: usize = 64;
/// How old a delivery may be, in seconds.
const OLDEST: u64 = 300;

/// Fails unless whoever has the key has signed the delivery just now.
pub fn check(secret: &str, delivery: &Posted) -> anyhow::Result<()> {
    let timestamp = delivery.header("x-countersign-timestamp");
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let sent: u64 = timestamp.parse().with_context(|| format!("the timestamp is {timestamp:?}"))?;
    ensure!(now.abs_diff(sent) <= OLDEST, "it was sent at {sent} and is judged at {now}");
    let expected = sign(secret, timestamp, &delivery.body);
    let found = delivery.header("x-countersign-signature");
    ensure!(found == expected, "it is signed {found} instead of {expected}");
    Ok(())
}

/// The signature of a body that is sent at a time.
pub fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let signed = [timestamp.as_bytes(), b".", body].concat();
    format!("sha256={}", hex(&hmac(secret.as_bytes(), &signed)))
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test cases 2 and 6.
    #[test]
    fn it_is_the_hmac_of_the_standard() {
        let short = hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex(&short), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let long = hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(hex(&long), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }
}

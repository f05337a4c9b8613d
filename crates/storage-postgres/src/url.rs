//! What the URL of a database says, and what it leaves to us.

use std::time::Duration;

use countersign_core::error::RepositoryError;
use countersign_core::repository::Result;

/// Each option of a URL with its name.
fn options(url: &str) -> impl Iterator<Item = (&str, &str)> {
    let options = url.split_once('?').map_or("", |(_, options)| options);
    options.split('&').filter_map(|option| option.split_once('='))
}

/// A build without TLS says so, where libpq would only say that it does not know the mode.
pub(crate) fn check_tls(url: &str) -> Result<()> {
    let mode = options(url).find(|(name, _)| *name == "sslmode");
    let wanted = mode.is_some_and(|(_, mode)| !matches!(mode, "disable" | "allow" | "prefer"));
    if wanted && !cfg!(feature = "tls") {
        let reason = "sslmode asks for TLS, and this build has none: build with the feature `tls`";
        return Err(RepositoryError::Unavailable(reason.to_owned()));
    }
    Ok(())
}

/// The URL with limits where it sets none: connecting takes a bounded time, and a peer that has gone without a word
/// is noticed within half a minute. libpq keeps them on this side, so they are right behind a pooler, too.
pub(crate) fn with_limits(url: &str, connect: Duration) -> String {
    // Fewer than two seconds are two to libpq.
    let connect = connect.as_secs().max(2).to_string();
    let limits = [
        ("connect_timeout", connect.as_str()),
        ("keepalives_idle", "10"),
        ("keepalives_interval", "5"),
        ("keepalives_count", "3"),
        ("tcp_user_timeout", "20000"),
        ("fallback_application_name", "countersign"),
    ];
    let mut with = url.to_owned();
    let mut separator = if url.contains('?') { '&' } else { '?' };
    for (name, value) in limits.into_iter().filter(|(name, _)| options(url).all(|(set, _)| set != *name)) {
        with.extend([separator.to_string().as_str(), name, "=", value]);
        separator = '&';
    }
    with
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_added_where_the_url_sets_none() {
        let with = with_limits("postgres://app@db/x", Duration::from_secs(5));
        assert!(with.starts_with("postgres://app@db/x?connect_timeout=5&keepalives_idle=10&"), "{with}");
        let with = with_limits("postgres:///x?host=/run&connect_timeout=9", Duration::from_secs(1));
        assert!(with.starts_with("postgres:///x?host=/run&connect_timeout=9&keepalives_idle="), "{with}");
        assert_eq!(with.matches("connect_timeout").count(), 1);
    }

    #[test]
    fn a_build_without_tls_says_so() {
        for mode in ["require", "verify-ca", "verify-full"] {
            let checked = check_tls(&format!("postgres://db/x?a=b&sslmode={mode}"));
            assert_eq!(checked.is_ok(), cfg!(feature = "tls"), "{mode}");
        }
        check_tls("postgres://db/x?sslmode=prefer").unwrap();
        check_tls("postgres://db/x").unwrap();
    }
}

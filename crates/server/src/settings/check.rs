//! The rules of settings that their types cannot say.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use actix_web::http::Uri;
use countersign_core::error::Invalid;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::{Settings, StorageSettings};

/// A storage URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageUrl {
    /// The file of a SQLite database.
    Sqlite(PathBuf),
    /// A PostgreSQL database, by the URL that libpq takes.
    Postgres(String),
}

impl StorageUrl {
    /// Reads a URL. The error is the reason alone; it holds nothing of the URL but its scheme.
    pub fn parse(url: &str) -> Result<Self, String> {
        let (scheme, path) =
            url.split_once("://").ok_or("must be sqlite:// and the path of a file, or postgres:// and a database")?;
        match scheme {
            "sqlite" if path.is_empty() || path.ends_with('/') => Err("must name a file after sqlite://".to_owned()),
            "sqlite" if path.contains(['?', '#']) => Err("takes no parameters after the path".to_owned()),
            "sqlite" => Ok(Self::Sqlite(PathBuf::from(path))),
            "postgres" | "postgresql" => Ok(Self::Postgres(url.to_owned())),
            _ => Err(format!("this program stores in sqlite:// or postgres://, not in {scheme}://")),
        }
    }
}

/// `url` with its passwords, if it has any, replaced.
pub fn redact(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| *scheme != "sqlite") else {
        return url.to_owned();
    };
    let (user, place) = match end_of_user(rest).and_then(|end| rest.split_at_checked(end)) {
        Some((user, place)) => {
            (user.split_once(':').map_or_else(|| user.to_owned(), |(name, _)| format!("{name}:***")), place)
        }
        None => (String::new(), rest),
    };
    let option = |option: &str| match option.split_once('=') {
        Some((name, _)) if name.contains("password") => format!("{name}=***"),
        _ => option.to_owned(),
    };
    let (place, options) = place.split_once('?').map_or((place, None), |(place, options)| (place, Some(options)));
    let options = options.map(|options| options.split('&').map(option).collect::<Vec<_>>().join("&"));
    options.map_or_else(|| format!("{scheme}://{user}{place}"), |options| format!("{scheme}://{user}{place}?{options}"))
}

/// Where the user and the password end, if there are any. libpq takes a question mark in a password; a slash there is
/// a mistake, and no reason to print it.
fn end_of_user(rest: &str) -> Option<usize> {
    let before = |end: char| rest.split(end).next().and_then(|part| part.rfind('@'));
    before('/').or_else(|| before('?'))
}

impl Settings {
    /// Every setting whose value cannot be used, and why.
    pub fn faults(&self) -> Vec<Invalid> {
        let mut faults = Vec::new();
        let mut check = |key: &str, result: Result<(), String>| {
            faults.extend(result.err().map(|reason| Invalid::new(key, reason)));
        };
        check("server.listen", listen(&self.server.listen));
        check("server.public_url", self.server.public_url.as_deref().map_or(Ok(()), public_url));
        check("server.workers", within(self.server.workers, 0..=1024));
        check("server.max_body_bytes", within(self.server.max_body_bytes, 1024..=1 << 30));
        check("server.shutdown_seconds", within(self.server.shutdown_seconds, 0..=3600));
        check("storage.url", StorageUrl::parse(&self.storage.url).map(|_| ()));
        check("storage.batch", within(self.storage.batch, 1..=1024));
        check("storage.readers", within(self.storage.readers, 1..=256));
        check("storage.connections", within(self.storage.connections, 2..=1024));
        check("storage.statement_seconds", within(self.storage.statement_seconds, 1..=3600));
        check("storage.acquire_seconds", within(self.storage.acquire_seconds, 1..=3600));
        check("storage.replica_url", replica(&self.storage));
        check("workflow.max_children", within(self.workflow.max_children, 1..=10_000));
        check("workflow.max_bulk", within(self.workflow.max_bulk, 1..=10_000));
        check("workflow.worker_millis", within(self.workflow.worker_millis, 10..=3_600_000));
        check("webhooks.timeout_seconds", within(self.webhooks.timeout_seconds, 1..=60));
        check("webhooks.retry_millis", within(self.webhooks.retry_millis, 1..=3_600_000));
        check("webhooks.longest_retry_seconds", within(self.webhooks.longest_retry_seconds, 1..=86_400));
        check("audit.checkpoint_seconds", within(self.audit.checkpoint_seconds, 1..=86_400));
        check("auth.remember_seconds", within(self.auth.remember_seconds, 0..=86_400));
        check("auth.verifications", within(self.auth.verifications, 1..=1024));
        check("auth.queue", within(self.auth.queue, 0..=100_000));
        check("log.filter", filter(&self.log.filter));
        faults
    }
}

fn replica(storage: &StorageSettings) -> Result<(), String> {
    let is_postgres = |url: &str| matches!(StorageUrl::parse(url), Ok(StorageUrl::Postgres(_)));
    match &storage.replica_url {
        Some(url) if !is_postgres(url) => Err("must be postgres:// and a database".to_owned()),
        Some(_) if !is_postgres(&storage.url) => Err("is for a storage.url of postgres:// alone".to_owned()),
        _ => Ok(()),
    }
}

/// A word alone must be a level: a mistyped one would be taken for a module, and nothing logged.
fn filter(text: &str) -> Result<(), String> {
    EnvFilter::try_new(text).map_err(|error| error.to_string())?;
    for directive in text.split(',').map(str::trim).filter(|directive| !directive.contains(['=', '['])) {
        if directive.parse::<LevelFilter>().is_err() {
            return Err(format!("{directive:?} is no level: off, error, warn, info, debug or trace"));
        }
    }
    Ok(())
}

fn listen(text: &str) -> Result<(), String> {
    let address = text.parse::<SocketAddr>();
    address.map(|_| ()).map_err(|_| format!("{text:?} is not an IP address with a port (127.0.0.1:8080, [::]:8080)"))
}

fn public_url(text: &str) -> Result<(), String> {
    let fits = text.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some() && uri.query().is_none()
    });
    let bare = !text.contains(['@', '#']);
    if fits && bare { Ok(()) } else { Err(format!("{text:?} is not an http:// or https:// address without a query")) }
}

fn within<T: PartialOrd + std::fmt::Display>(value: T, range: RangeInclusive<T>) -> Result<(), String> {
    if range.contains(&value) {
        Ok(())
    } else {
        Err(format!("is {value}; it must be {} to {}", range.start(), range.end()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_have_no_faults() {
        assert_eq!(Settings::default().faults(), []);
    }

    #[test]
    fn every_unusable_value_is_named() {
        let mut settings = Settings::default();
        settings.server.listen = "localhost".to_owned();
        settings.server.public_url = Some("ftp://example.com".to_owned());
        settings.storage.url = "mysql://app:hunter2@db/countersign".to_owned();
        settings.storage.readers = 0;
        settings.storage.acquire_seconds = 0;
        settings.storage.replica_url = Some("mysql://app:hunter2@replica/countersign".to_owned());
        settings.auth.verifications = 0;
        settings.log.filter = "info,=".to_owned();
        let faults = settings.faults();
        let keys: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(
            keys,
            [
                "server.listen",
                "server.public_url",
                "storage.url",
                "storage.readers",
                "storage.acquire_seconds",
                "storage.replica_url",
                "auth.verifications",
                "log.filter"
            ]
        );
        assert!(!format!("{faults:?} {settings:?}").contains("hunter2"));
    }

    #[test]
    fn a_replica_is_one_of_a_postgresql_database() {
        let url = Some("postgres://app:hunter2@replica/countersign".to_owned());
        let storage = StorageSettings { replica_url: url, ..StorageSettings::default() };
        assert!(replica(&storage).is_err(), "SQLite has none");
        let storage = StorageSettings { url: "postgres://app@db/countersign".to_owned(), ..storage };
        assert_eq!(replica(&storage), Ok(()));
        let settings = Settings { storage, ..Settings::default() };
        assert!(!format!("{settings:?} {:?}", settings.redacted().storage.replica_url).contains("hunter2"));
    }

    #[test]
    fn a_mistyped_level_is_no_filter() {
        for text in ["inof", "info,loud"] {
            assert!(filter(text).is_err(), "{text}");
        }
        for text in ["info", "WARN", "info,actix_server=warn", "countersign_server=debug,off"] {
            assert!(filter(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_storage_url_names_a_file_or_a_database() {
        let file = |path: &str| Ok(StorageUrl::Sqlite(PathBuf::from(path)));
        assert_eq!(StorageUrl::parse("sqlite://data/a.db"), file("data/a.db"));
        assert_eq!(StorageUrl::parse("sqlite:///var/lib/a.db"), file("/var/lib/a.db"));
        let url = "postgres://app@db/x?sslmode=verify-full";
        assert_eq!(StorageUrl::parse(url), Ok(StorageUrl::Postgres(url.to_owned())));
        let url = "postgres://app:secret@db1:5432,db2:5433/x?target_session_attrs=read-write";
        assert_eq!(StorageUrl::parse(url), Ok(StorageUrl::Postgres(url.to_owned())));
        for url in ["", "a.db", "sqlite://", "sqlite://data/", "sqlite://a.db?mode=ro", "mysql://a"] {
            assert!(StorageUrl::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_password_is_not_printed() {
        assert_eq!(redact("postgres://app:p@ss:word@db/x"), "postgres://app:***@db/x");
        assert_eq!(redact("postgres://app@db/x"), "postgres://app@db/x");
        assert_eq!(redact("postgres://app:pass/word@db/x"), "postgres://app:***@db/x");
        assert_eq!(redact("postgres://app:pass?word@db/x"), "postgres://app:***@db/x");
        let hosts = "db1:5432,db2:5433/x?target_session_attrs=read-write";
        assert_eq!(redact(&format!("postgres://app:secret@{hosts}")), format!("postgres://app:***@{hosts}"));
        assert_eq!(redact(&format!("postgres://{hosts}")), format!("postgres://{hosts}"));
        assert_eq!(redact("sqlite://data/a@b:c.db"), "sqlite://data/a@b:c.db");
        let url = "postgres:///x?host=/run&password=secret&sslpassword=other&user=app";
        assert_eq!(redact(url), "postgres:///x?host=/run&password=***&sslpassword=***&user=app");
        assert_eq!(redact("postgres://app:secret@db/x?a=b"), "postgres://app:***@db/x?a=b");
    }
}

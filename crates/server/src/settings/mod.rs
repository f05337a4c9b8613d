//! The settings: what they are, their defaults, and what each is for. The doc comments here are
//! the comments of `config/default.toml`.

mod check;
mod document;
mod load;
mod text;

use std::fmt;
use std::path::PathBuf;

use countersign_core::catalog::FulfilmentMethod;
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use check::{StorageUrl, redact};
pub use document::{default_toml, to_toml};
pub use load::{ENVIRONMENT_PREFIX, SettingsError};

/// Everything that can be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How the server listens and what it takes.
    pub server: ServerSettings,
    /// Where the data lives.
    pub storage: StorageSettings,
    /// The MIM CM dialect.
    pub mim: MimSettings,
    /// The OIG dialect.
    pub oig: OigSettings,
    /// The life of requests.
    pub workflow: WorkflowSettings,
    /// How webhooks are told.
    pub webhooks: WebhookSettings,
    /// How the audit trail is protected.
    pub audit: AuditSettings,
    /// How callers are recognised.
    pub auth: AuthSettings,
    /// What is logged, and how.
    pub log: LogSettings,
}

/// How the server listens and what it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// The IP address and port to listen on. Port 0 takes any free port.
    pub listen: String,
    /// The address under which clients reach the server; links in answers begin with it.
    /// Unset, links follow the request, and Forwarded headers of trusted proxies.
    #[schemars(example = "https://requests.example.com")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// The addresses or networks of proxies whose Forwarded and X-Forwarded-* headers are
    /// believed. In the environment a list is written with commas.
    #[serde(deserialize_with = "text::networks")]
    #[schemars(with = "Vec<String>")]
    pub trusted_proxies: Vec<IpNet>,
    /// How many threads answer calls; 0 is one a core.
    pub workers: usize,
    /// The largest request body that is read, in bytes.
    pub max_body_bytes: usize,
    /// How long calls that are under way may take to end when the server is stopped, in seconds.
    pub shutdown_seconds: u64,
}

/// Where the data lives.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StorageSettings {
    /// The database: sqlite:// and the path of its file, relative or absolute; or
    /// postgres://user:password@host:port/database, with sslmode and the other options that libpq takes.
    pub url: String,
    /// How many changes that wait at the same time share one transaction at most; PostgreSQL: and how many reads by
    /// key one statement. With 1 each has its own.
    pub batch: usize,
    /// SQLite: how many connections read at the same time.
    pub readers: u32,
    /// PostgreSQL: how many connections there are at most.
    pub connections: u32,
    /// PostgreSQL: how long a statement may take, in seconds, and so what a call asks of the database; then it is
    /// told to come back (503).
    pub statement_seconds: u32,
    /// PostgreSQL: how long a call waits for a connection, in seconds; then it is told to come back (503).
    pub acquire_seconds: u32,
    /// PostgreSQL: the URL of a streaming replica, from which lists of requests are read where it holds what
    /// the caller has written. Unset, everything is read from storage.url.
    #[schemars(example = "postgres://countersign@replica/countersign")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replica_url: Option<String>,
}

/// The MIM CM dialect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MimSettings {
    /// Whether the dialect is answered at all; off, its paths are 404.
    pub enabled: bool,
}

/// The OIG dialect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OigSettings {
    /// The release whose shape is printed: 12c or 11g.
    pub compat: OigCompat,
    /// The time zone in which the 11g shape prints dates: an IANA name.
    #[serde(with = "text::zone")]
    #[schemars(with = "String")]
    pub time_zone: chrono_tz::Tz,
    /// Whether lists say how many elements there are in all; off, totalResult is -1, as OIG prints it.
    pub totals: bool,
}

/// The life of requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WorkflowSettings {
    /// How what was approved is carried out, where the catalog item does not say: immediate (at
    /// once), manual (a person marks it done) or webhook (a program is told, and calls back).
    pub fulfilment: FulfilmentMethod,
    /// Into how many child requests one request may split at most.
    pub max_children: usize,
    /// How many elements one bulk call may have at most.
    pub max_bulk: usize,
    /// How often the worker looks for what is due (deadlines, dates, deliveries), in milliseconds.
    pub worker_millis: u64,
    /// For tests alone: a file that holds the present as an RFC 3339 time, in the place of the
    /// machine's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_clock: Option<PathBuf>,
}

impl WorkflowSettings {
    /// What the core has to know of them.
    pub(crate) const fn of_core(&self) -> countersign_core::service::WorkflowSettings {
        countersign_core::service::WorkflowSettings { fulfilment: self.fulfilment, max_children: self.max_children }
    }
}

impl Default for WorkflowSettings {
    fn default() -> Self {
        Self {
            fulfilment: FulfilmentMethod::Immediate,
            max_children: 1000,
            max_bulk: 1000,
            worker_millis: 1000,
            test_clock: None,
        }
    }
}

/// How the audit trail is protected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AuditSettings {
    /// The file with the key that signs checkpoints, as `countersign audit key` makes it, where whoever
    /// can write the database cannot read it. Unset, no checkpoints are made.
    #[schemars(example = "/etc/countersign/audit.pem")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_key: Option<PathBuf>,
    /// How often a checkpoint is made, in seconds, if something has happened.
    pub checkpoint_seconds: u64,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self { signing_key: None, checkpoint_seconds: 300 }
    }
}

/// How webhooks are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// How long a receiver may take to answer, in seconds.
    pub timeout_seconds: u64,
    /// How long after a delivery that failed the next try is made, in milliseconds; each further try
    /// waits twice as long …
    pub retry_millis: u64,
    /// … up to so many seconds.
    pub longest_retry_seconds: u64,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self { timeout_seconds: 10, retry_millis: 1000, longest_retry_seconds: 300 }
    }
}

/// How callers are recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AuthSettings {
    /// How long a verified password is remembered, in seconds, so that the next call costs no
    /// hash; 0 remembers nothing. A changed password or a disabled user counts at once.
    pub remember_seconds: u64,
    /// How many passwords are verified at the same time. Each takes one core and 19 MiB.
    pub verifications: usize,
    /// How many more verifications may wait; calls beyond that are told to come back (503).
    pub queue: usize,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// The form of a line: text or json.
    pub format: LogFormat,
    /// The level, or levels by module: "info", "warn,countersign_server=debug". The default is silent about
    /// clients that send no HTTP.
    pub filter: String,
}

/// The OIG release whose shape is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub enum OigCompat {
    /// 12c and later.
    #[default]
    #[serde(rename = "12c")]
    C12,
    /// 11g.
    #[serde(rename = "11g")]
    G11,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub enum LogFormat {
    /// For people.
    #[default]
    #[serde(rename = "text")]
    Text,
    /// One JSON object a line.
    #[serde(rename = "json")]
    Json,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            public_url: None,
            trusted_proxies: Vec::new(),
            workers: 0,
            max_body_bytes: 1 << 20,
            shutdown_seconds: 10,
        }
    }
}

impl Default for StorageSettings {
    fn default() -> Self {
        Self {
            url: "sqlite://countersign-data/countersign.db".to_owned(),
            batch: 64,
            readers: 4,
            connections: 16,
            statement_seconds: 10,
            acquire_seconds: 5,
            replica_url: None,
        }
    }
}

impl Default for MimSettings {
    fn default() -> Self {
        Self { enabled: true }
    }
}

impl Default for OigSettings {
    fn default() -> Self {
        Self { compat: OigCompat::default(), time_zone: chrono_tz::Tz::UTC, totals: false }
    }
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self { remember_seconds: 60, verifications: 2, queue: 256 }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::default(), filter: "info,actix_server=warn,actix_http=off".to_owned() }
    }
}

impl fmt::Debug for StorageSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = redact(&self.url);
        let mut shown = f.debug_struct("StorageSettings");
        shown.field("url", &url).field("readers", &self.readers).field("connections", &self.connections);
        shown.field("statement_seconds", &self.statement_seconds).field("acquire_seconds", &self.acquire_seconds);
        shown.field("replica_url", &self.replica_url.as_deref().map(redact)).finish()
    }
}

impl TryFrom<String> for OigCompat {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "12c" => Ok(Self::C12),
            "11g" => Ok(Self::G11),
            _ => Err("must be 12c or 11g"),
        }
    }
}

impl TryFrom<String> for LogFormat {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("must be text or json"),
        }
    }
}

impl Settings {
    /// The settings without what must not be printed.
    #[must_use]
    pub fn redacted(&self) -> Self {
        let mut settings = self.clone();
        settings.storage.url = redact(&settings.storage.url);
        settings.storage.replica_url = settings.storage.replica_url.as_deref().map(redact);
        settings
    }
}

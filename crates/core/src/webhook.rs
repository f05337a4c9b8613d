//! Webhooks: addresses that are told what happened, in order, until they have heard it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coded::coded_enum;
use crate::error::{Invalid, repeated, text_faults};
use crate::event::StreamKind;
use crate::ids::{Revision, WebhookId};

/// The key with which deliveries are signed. Never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct WebhookSecret(String);

impl WebhookSecret {
    /// The key, for the signer and the store alone.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for WebhookSecret {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if (16..=256).contains(&text.len()) { Ok(Self(text)) } else { Err("a secret has 16 to 256 characters") }
    }
}

impl From<WebhookSecret> for String {
    fn from(secret: WebhookSecret) -> String {
        secret.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

coded_enum! {
    /// What a webhook is for.
    pub enum WebhookPurpose {
        /// It hears of what happened.
        Notify = 1 "notify",
        /// It carries out what was approved, and calls back.
        Fulfil = 2 "fulfil",
    }
}

/// An address that is told what happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Webhook {
    /// The webhook's GUID.
    pub id: WebhookId,
    /// The name that is shown to people.
    pub name: String,
    /// Where deliveries are posted: http or https.
    pub url: String,
    /// What it is for.
    #[serde(default = "notify")]
    pub purpose: WebhookPurpose,
    /// Whether it is told.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// Whose events it hears; empty is everybody's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub streams: Vec<StreamKind>,
    /// How many commits the webhook has seen.
    #[serde(default = "Revision::first")]
    pub revision: Revision,
}

const fn enabled() -> bool {
    true
}

const fn notify() -> WebhookPurpose {
    WebhookPurpose::Notify
}

impl Webhook {
    /// The rules between members that their types cannot say.
    pub fn faults(&self) -> Vec<Invalid> {
        let mut faults = text_faults("name", &self.name);
        faults.extend(repeated("streams", &self.streams));
        if !(self.url.starts_with("http://") || self.url.starts_with("https://")) || self.url.len() > 2048 {
            faults.push(Invalid::new("url", "must be an http or https address of at most 2048 characters"));
        }
        let authority = self.url.split('/').nth(2).unwrap_or_default();
        if authority.contains('@') {
            // The address is shown to whoever may read webhooks, and stays in events for good.
            faults.push(Invalid::new("url", "must not hold a user name or a password"));
        }
        faults
    }
}

//! Carries one delivery to a webhook: signed, over HTTP or HTTPS, within a time.

use std::time::Duration;

use countersign_core::clock::{Clock, SystemClock};
use countersign_core::webhook::WebhookSecret;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use crate::dialect::native::Notification;
use crate::settings::WebhookSettings;
use crate::signature::{DELIVERY, SIGNATURE, TIMESTAMP, sign};

/// How much of an error is kept for the administrators, in characters.
const LONGEST_ERROR: usize = 300;

/// Carries deliveries. A clone shares its connections with its original.
#[derive(Clone)]
pub(super) struct Courier(Agent);

impl Courier {
    /// A courier who waits as long as the settings say.
    pub(super) fn new(settings: &WebhookSettings) -> Self {
        // The authorities that the machine trusts: a company's own among them.
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(settings.timeout_seconds)))
            // Whoever redirects has not taken it, and the key vouches for one address alone.
            .max_redirects(0)
            .http_status_as_error(false)
            .proxy(None)
            .tls_config(tls)
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .build();
        Self(config.new_agent())
    }

    /// Posts `notification` to `url`. An error says, in words for administrators, why it was not taken.
    pub(super) async fn post(
        &self,
        url: &str,
        secret: &WebhookSecret,
        notification: &Notification,
    ) -> Result<(), String> {
        let body = serde_json::to_vec(notification).map_err(|error| error.to_string())?;
        let timestamp = SystemClock.now().as_micros().div_euclid(1_000_000).to_string();
        let signature = sign(secret, &timestamp, &body).ok_or("the delivery cannot be signed")?;
        let request = self
            .0
            .post(url)
            .header("content-type", "application/json")
            .header(DELIVERY, notification.id())
            .header(TIMESTAMP, timestamp)
            .header(SIGNATURE, signature);
        let sent = tokio::task::spawn_blocking(move || request.send(&body[..]));
        match sent.await {
            Ok(Ok(answer)) if answer.status().is_success() => Ok(()),
            Ok(Ok(answer)) => Err(format!("the receiver answered {}", answer.status())),
            Ok(Err(error)) => Err(shortened(&error.to_string())),
            Err(error) => Err(shortened(&error.to_string())),
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_ERROR).collect()
}

//! Who is calling: HTTP Basic against local accounts.

mod basic;
mod kept_memory;
mod password;
mod remembered;
mod threads;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::HeaderMap;
use countersign_core::clock::Clock;
use countersign_core::directory::{Caller, Login, PasswordHash, UserStatus};
use countersign_core::error::RepositoryError;
use countersign_core::repository::{Identity, Repository, StoredRequest};
use countersign_core::request::RequestKey;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::entropy::OsEntropy;
use crate::settings::AuthSettings;
use basic::Credentials;
use remembered::{Mark, Remembered};
use threads::Threads;

pub use password::{PasswordError, hash_password, verify_password};

/// The `WWW-Authenticate` header of a 401.
pub const CHALLENGE: &str = "Basic realm=\"Countersign\", charset=\"UTF-8\"";

/// Why a caller is not let in.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// No credentials were sent: 401.
    #[error("credentials are needed: send HTTP Basic authentication")]
    Missing,
    /// What was sent is not Basic credentials in UTF-8: 401.
    #[error("the Authorization header is not HTTP Basic with a login and a password in UTF-8")]
    Malformed,
    /// The login is unknown or disabled, or the password is wrong: 401.
    #[error("the login or the password is wrong")]
    Refused,
    /// Too many passwords wait to be verified: 503 with `Retry-After: 1`.
    #[error("too many passwords are being verified; try again in a moment")]
    Busy,
    /// The repository could not answer.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// Recognises callers. A clone shares everything with its original.
#[derive(Clone)]
pub struct Authenticator {
    repository: Arc<dyn Repository>,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
}

struct Shared {
    remembered: Remembered,
    /// A permit for each verification that runs or waits.
    places: Arc<Semaphore>,
    /// A permit for each verification that runs.
    turns: Arc<Semaphore>,
    threads: Threads,
}

impl Authenticator {
    /// Recognises the users of `repository`.
    pub fn new(
        repository: Arc<dyn Repository>,
        settings: &AuthSettings,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<Self> {
        let key = OsEntropy::new().map(|mut entropy| entropy.key()).inspect_err(|error| {
            tracing::warn!(%error, "no random bytes: passwords are not remembered, so every call costs a hash");
        });
        let shared = Shared {
            remembered: Remembered::new(key.ok(), Duration::from_secs(settings.remember_seconds)),
            places: Arc::new(Semaphore::new(settings.verifications + settings.queue)),
            turns: Arc::new(Semaphore::new(settings.verifications)),
            threads: Threads::new(settings.verifications)?,
        };
        Ok(Self { repository, clock, shared: Arc::new(shared) })
    }

    /// The caller whom the credentials in `headers` belong to. The user is read on every call,
    /// so that a changed password, a disabled user and a moved group member count at once.
    pub async fn authenticate(&self, headers: &HeaderMap) -> Result<Caller, AuthError> {
        let credentials = fitting(headers)?;
        let identity = match Login::try_from(credentials.login.clone()) {
            Ok(login) => self.repository.identity(login.as_str(), self.clock.now()).await?,
            Err(_) => None,
        };
        self.admitted(credentials, identity).await
    }

    /// Likewise, and what the repository says of the request by `key`, asked together with the user.
    pub async fn authenticate_for(
        &self,
        headers: &HeaderMap,
        key: RequestKey,
    ) -> Result<(Caller, Result<Option<StoredRequest>, RepositoryError>), AuthError> {
        let credentials = fitting(headers)?;
        let (identity, found) = match Login::try_from(credentials.login.clone()) {
            Ok(login) => self.repository.identity_and_request(login.as_str(), self.clock.now(), key).await?,
            Err(_) => (None, Ok(None)),
        };
        Ok((self.admitted(credentials, identity).await?, found))
    }

    /// The caller, if the credentials are theirs.
    async fn admitted(&self, credentials: Credentials, identity: Option<Identity>) -> Result<Caller, AuthError> {
        let Credentials { login, password } = credentials;
        let hash = identity.as_ref().and_then(|identity| identity.password.as_ref());
        let hash = hash.map_or(password::NOBODY, PasswordHash::expose);
        let right = self.verdict(&login, password, hash).await?;
        match identity {
            Some(Identity { caller, status: UserStatus::Active, password: Some(_) }) if right => {
                tracing::Span::current().record("user", tracing::field::display(caller.user));
                Ok(caller)
            }
            _ => Err(AuthError::Refused),
        }
    }

    async fn verdict(&self, login: &str, password: SecretString, hash: &str) -> Result<bool, AuthError> {
        let mark = self.shared.remembered.mark(login, &password, hash);
        match self.shared.remembered.verdict(mark.as_ref()) {
            Some(verdict) => Ok(verdict),
            None => self.verify(mark, password, hash.to_owned()).await,
        }
    }

    /// Verifies off the request path, when a turn comes free.
    async fn verify(&self, mark: Option<Mark>, password: SecretString, hash: String) -> Result<bool, AuthError> {
        let place = Arc::clone(&self.shared.places).try_acquire_owned().map_err(|_| AuthError::Busy)?;
        let turn = Arc::clone(&self.shared.turns).acquire_owned().await.map_err(|_| AuthError::Busy)?;
        // Another call with the same credentials may have been verified while this one waited.
        if let Some(verdict) = self.shared.remembered.verdict(mark.as_ref()) {
            return Ok(verdict);
        }
        let shared = Arc::clone(&self.shared);
        let verification = self.shared.threads.run(move || {
            // The permits go with the work: it runs on when the caller hangs up.
            let _permits = (place, turn);
            let verdict = password::matches(&password, &hash);
            shared.remembered.note(mark, verdict);
            verdict
        });
        verification.ok_or(AuthError::Busy)?.await.map_err(|_| AuthError::Busy)
    }
}

/// The credentials in `headers`, if anybody can have such a password.
fn fitting(headers: &HeaderMap) -> Result<Credentials, AuthError> {
    let credentials = Credentials::of(headers)?;
    if password::fits(credentials.password.expose_secret()) { Ok(credentials) } else { Err(AuthError::Refused) }
}

#[cfg(test)]
mod tests;

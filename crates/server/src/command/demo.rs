//! `countersign demo`

use std::fmt::Write;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use clap::Args;
use countersign_core::bundle::{BundleText, Record};
use countersign_core::clock::{Clock, SystemClock};
use countersign_core::directory::User;
use countersign_core::repository::{Repository, Silent};
use secrecy::{ExposeSecret, SecretString};

use super::bundle::{TextSource, import};
use super::{ConfigFile, account, print};
use crate::auth::{hash_password, verify_password};
use crate::serve::here;
use crate::settings::Settings;
use crate::state::AppState;
use crate::{storage, telemetry};

/// The documents' own examples.
pub(super) const BUNDLE: &str = include_str!("../../../../config/demo.json");
/// The password of every demo login unless another is given.
const PASSWORD: &str = "demo";
/// Where a password can be given without the process list showing it.
const PASSWORD_VARIABLE: &str = "COUNTERSIGN_DEMO_PASSWORD";

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// The IP address and port to listen on [default: that of the settings, 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The folder of the database, countersign.db [default: that of the settings, countersign-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The password of every demo login; the variable COUNTERSIGN_DEMO_PASSWORD does the same
    #[arg(long)]
    password: Option<SecretString>,
    #[command(flatten)]
    config: ConfigFile,
}

/// What the demo logins can be told to log in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// `demo`.
    Default,
    /// One that was given, now or in an earlier run.
    Given,
}

impl Demo {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let password = self.password();
        let settings = self.settings()?;
        refuse_exposure(&settings.server.listen, password.as_ref())?;
        let _log = telemetry::start_behind(&settings.log)?;
        let repository = storage::create(&settings.storage)?;
        repository.migrate().await?;
        repository.ready().await?;
        let users = demo_users()?;
        load_once(repository.as_ref(), &users).await?;
        let known = set_passwords(repository.as_ref(), &users, password.as_ref()).await?;
        let state = AppState::new(settings, repository)?;
        let settings = Arc::clone(&state.settings);
        let greet = |address| {
            if let Err(error) = print(&greeting(&base_url(address), &settings, &users, known)) {
                tracing::warn!(%error, "the logins cannot be printed");
            }
        };
        crate::serve::serve(state, greet).await
    }

    fn password(&self) -> Option<SecretString> {
        let variable = || std::env::var(PASSWORD_VARIABLE).ok().filter(|text| !text.is_empty());
        self.password.clone().or_else(|| variable().map(SecretString::from))
    }

    fn settings(&self) -> anyhow::Result<Settings> {
        let mut settings = self.config.settings()?;
        if let Some(listen) = &self.listen {
            settings.server.listen.clone_from(listen);
        }
        if let Some(folder) = &self.data {
            let folder = folder.to_str().ok_or_else(|| anyhow!("--data: the folder's name is not UTF-8"))?;
            settings.storage.url = format!("sqlite://{}/countersign.db", folder.trim_end_matches('/'));
        }
        Ok(settings.checked()?)
    }
}

/// Well-known passwords are for this machine alone.
fn refuse_exposure(listen: &str, password: Option<&SecretString>) -> anyhow::Result<()> {
    let address: SocketAddr = listen.parse()?;
    let secret = password.is_some_and(|password| password.expose_secret() != PASSWORD);
    if address.ip().to_canonical().is_loopback() || secret {
        return Ok(());
    }
    bail!(
        "{listen} can be reached from other machines, and everybody knows the demo logins and their password: \
         give another with --password or {PASSWORD_VARIABLE}, or listen on 127.0.0.1"
    )
}

/// The users in the bundle, in its order.
fn demo_users() -> anyhow::Result<Vec<User>> {
    let mut users = Vec::new();
    for placed in BundleText::new(BUNDLE.as_bytes())? {
        let placed = placed?.map_err(|fault| anyhow!("the demo bundle: {fault}"))?;
        if let Record::User(user) = placed.record {
            users.push(user);
        }
    }
    Ok(users)
}

/// Loads the bundle unless its first user is there: what a visitor has changed since stays.
async fn load_once(repository: &dyn Repository, users: &[User]) -> anyhow::Result<()> {
    let Some(first) = users.first() else { return Ok(()) };
    if repository.user_by_login(&first.login).await?.is_none() {
        import(repository, Box::new(TextSource(BUNDLE)), Arc::new(Silent), &mut io::stderr()).await?;
    }
    Ok(())
}

/// Sets the password that was given, or gives one to those who have none.
async fn set_passwords(
    repository: &dyn Repository,
    users: &[User],
    given: Option<&SecretString>,
) -> anyhow::Result<Known> {
    let mut known = Known::Default;
    let default = SecretString::from(PASSWORD);
    for user in users {
        let Some(identity) = repository.identity(user.login.as_str(), SystemClock.now()).await? else { continue };
        match (given, identity.password) {
            (None, Some(hash)) => {
                if !verify_password(&default, &hash) {
                    known = Known::Given;
                }
            }
            (given, _) => {
                let password = given.unwrap_or(&default);
                account::set_password(repository, &user.login, &hash_password(password)?).await?;
                if password.expose_secret() != PASSWORD {
                    known = Known::Given;
                }
            }
        }
    }
    Ok(known)
}

/// Where this machine reaches the server.
fn base_url(bound: SocketAddr) -> String {
    format!("http://{}", here(bound))
}

/// What a visitor needs to begin: the logins, the documents' calls, the API browser.
fn greeting(base: &str, settings: &Settings, users: &[User], known: Known) -> String {
    let mut text = String::from("\nCountersign demo: ");
    let _ = writeln!(text, "{base}\n");
    let _ = match known {
        Known::Default => writeln!(text, "Logins, each with the password `{PASSWORD}`:"),
        Known::Given => writeln!(text, "Logins, each with the password that was given (curl asks for it):"),
    };
    for user in users {
        let _ = writeln!(text, "  {:<13} {}", user.login.as_str(), user.display_name);
    }
    let _ = writeln!(text, "\nThe calls of the three documents:");
    let login = |login: &str| match known {
        Known::Default => format!("{login}:{PASSWORD}"),
        Known::Given => login.to_owned(),
    };
    if settings.mim.enabled {
        let mim = format!("{base}/CertificateManagement/api/v1.0");
        let _ = writeln!(
            text,
            "curl -sS -w '\\n' -u {} {mim}/requests/a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099 \
             {mim}/requests/0c96d73f-967b-420e-854a-43ad2a1504bc",
            login("requester")
        );
        let _ = writeln!(text, "curl -sS -w '\\n' -u {} '{mim}/profiles?status=Active'", login("profileowner"));
    }
    let oig = format!("{base}/iam/governance/selfservice/api/v1");
    let _ = writeln!(text, "curl -sS -w '\\n' -u {} {oig}/requests/2029", login("TESTUSER1"));
    let _ = writeln!(text, "\nAPI browser: {base}/docs/\nCtrl-C stops the server.");
    text
}

#[cfg(test)]
#[path = "demo_tests.rs"]
mod tests;

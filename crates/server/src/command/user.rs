//! `countersign user`

use std::io::{self, IsTerminal, Read};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use console::Term;
use countersign_core::directory::PasswordHash;
use secrecy::{ExposeSecret, SecretString};

use super::account::{self, NewUser};
use super::{ConfigFile, print};
use crate::auth::hash_password;

/// More than any password has, with its line end.
const LONGEST_INPUT: u64 = 1 << 16;

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Adds a user
    Add(Add),
    /// Sets a user's password: the first line of standard input, or asked for on a terminal
    Password(Password),
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// The name by which the user logs in
    login: String,
    /// The name that is shown to people [default: the login]
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// The login of the user's manager
    #[arg(long, value_name = "LOGIN")]
    manager: Option<String>,
    /// Makes the user one of the administrators
    #[arg(long)]
    administrator: bool,
    /// Reads the password from the first line of standard input; without it the user has none yet
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Debug, Args)]
pub(super) struct Password {
    /// The name by which the user logs in
    login: String,
    #[command(flatten)]
    config: ConfigFile,
}

impl User {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Add(add) => add.run().await,
            Self::Password(password) => password.run().await,
        }
    }
}

impl Add {
    async fn run(self) -> anyhow::Result<()> {
        let login = account::login(&self.login)?;
        let repository = self.config.repository().await?;
        let manager = match &self.manager {
            Some(manager) => {
                let manager = account::login(manager).context("--manager")?;
                Some(account::find(repository.as_ref(), &manager).await.context("--manager")?.id)
            }
            None => None,
        };
        let password = if self.password_stdin { Some(hashed(&from_stdin()?)?) } else { None };
        let without = password.is_none();
        let display_name = self.display_name.unwrap_or_else(|| login.to_string());
        let new = NewUser { login, display_name, manager, password, administrator: self.administrator };
        let user = account::add(repository.as_ref(), &new).await?;
        repository.close().await?;
        print(&format!("added user {} with number {} and id {}\n", user.login, user.number, user.id))?;
        if without {
            print(&format!("there is no password yet: countersign user password {}\n", user.login))?;
        }
        Ok(())
    }
}

impl Password {
    async fn run(self) -> anyhow::Result<()> {
        let login = account::login(&self.login)?;
        let repository = self.config.repository().await?;
        account::find(repository.as_ref(), &login).await?;
        let password = if io::stdin().is_terminal() { asked()? } else { from_stdin()? };
        account::set_password(repository.as_ref(), &login, &hashed(&password)?).await?;
        repository.close().await?;
        print(&format!("set the password of {login}\n"))?;
        Ok(())
    }
}

fn hashed(password: &SecretString) -> anyhow::Result<PasswordHash> {
    Ok(hash_password(password)?)
}

fn from_stdin() -> anyhow::Result<SecretString> {
    first_line(io::stdin().lock())
}

/// The first line of `input`, without its end.
fn first_line(input: impl Read) -> anyhow::Result<SecretString> {
    let mut text = String::new();
    input.take(LONGEST_INPUT).read_to_string(&mut text).context("the password on standard input")?;
    let line = text.split('\n').next().unwrap_or_default();
    Ok(line.strip_suffix('\r').unwrap_or(line).into())
}

/// Asks twice, without echo.
fn asked() -> anyhow::Result<SecretString> {
    let terminal = Term::stderr();
    let ask = |prompt: &str| -> io::Result<SecretString> {
        terminal.write_str(prompt)?;
        Ok(terminal.read_secure_line()?.into())
    };
    let (password, again) = (ask("Password: ")?, ask("The same again: ")?);
    if password.expose_secret() != again.expose_secret() {
        bail!("the two passwords differ; nothing was changed");
    }
    Ok(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line_and_nothing_else() {
        for text in ["pass word", "pass word\n", "pass word\r\n", "pass word\nmore\n"] {
            assert_eq!(first_line(text.as_bytes()).unwrap().expose_secret(), "pass word");
        }
        assert!(first_line(&b"\xff\n"[..]).is_err());
    }
}

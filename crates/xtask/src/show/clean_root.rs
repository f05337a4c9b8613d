//! `main-job.7` and `backends.1`: in a fresh minimal Debian that holds nothing but rustup's toolchain
//! and gcc, the test command tells an ordinary user in one line what is missing. For `main-job.7` that
//! is then installed, and it passes for the user; for `backends.1` it passes for root, for whom it
//! installs that itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use super::{Context, Size};
use crate::process::output;

const RELEASE: &str = "bookworm";
const USER: &str = "tester";
/// What the test command says to somebody who has no PostgreSQL and may not install it.
const MISSING: &str = "scripts/test: PostgreSQL is missing: apt-get install postgresql, or set TEST_DATABASE_URL";
const COMMAND: &str = "scripts/test";
const INSTALL: &str = "export DEBIAN_FRONTEND=noninteractive; \
    apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql";
/// What the crates that core may not know begin with.
const FOREIGN: [&str; 3] = ["actix", "diesel", "tokio"];
/// The longest that the test command may take from cold on two cores.
const LIMIT_SECONDS: u64 = 30 * 60;
/// Where Debian keeps the certificates that its programs trust.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Whose test run is seen to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tester {
    /// An ordinary user's with an empty home.
    User,
    /// That of root, who may install what is missing.
    Root,
}

/// Checks core's layering; in full size also runs the test command in the fresh root.
pub fn run(tester: Tester, size: Size, context: &Context) -> anyhow::Result<Value> {
    let dependencies = core_dependencies(&context.root)?;
    let foreign = foreign(&dependencies);
    ensure!(foreign.is_empty(), "countersign-core depends on {foreign:?}");
    let mut figures = json!({ "core_dependencies": dependencies.len() });
    if size == Size::Full {
        let root = CleanRoot::make(&context.root)?;
        root.is_told(&context.root)?;
        if tester == Tester::User {
            succeeded("apt-get", &root.execute(&context.root, "root", INSTALL)?)?;
        }
        let user = if tester == Tester::User { USER } else { "root" };
        let started = Instant::now();
        let (tests, backends) = root.test(&context.root, user)?;
        let seconds = started.elapsed().as_secs();
        ensure!(seconds <= LIMIT_SECONDS, "the test command took {seconds} s; {LIMIT_SECONDS} s is the limit");
        figures["tests_passed"] = json!(tests);
        figures["http_tests"] = json!(backends);
        figures["seconds"] = json!(seconds);
    }
    Ok(figures)
}

/// The crates that core is built from, itself left out.
fn core_dependencies(workspace: &Path) -> anyhow::Result<Vec<String>> {
    let mut tree = Command::new("cargo");
    tree.args(["tree", "--locked", "--package", "countersign-core", "--edges", "normal,build"]);
    tree.args(["--prefix", "none", "--no-dedupe", "--format", "{p}"]).current_dir(workspace);
    let text = output(&mut tree)?;
    let mut names: Vec<String> = text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| name != "countersign-core");
    ensure!(!names.is_empty(), "cargo tree names no dependency of countersign-core");
    Ok(names)
}

fn foreign(names: &[String]) -> Vec<&String> {
    names.iter().filter(|name| FOREIGN.iter().any(|foreign| name.starts_with(foreign))).collect()
}

/// A Debian of its own in a folder that goes away with it.
struct CleanRoot {
    folder: tempfile::TempDir,
}

impl CleanRoot {
    /// Makes the root with its user, and a clone of `workspace` as it was last committed.
    fn make(workspace: &Path) -> anyhow::Result<Self> {
        ensure!(output(Command::new("id").arg("-u"))?.trim() == "0", "making a root file system needs root");
        if Command::new("debootstrap").arg("--version").stdout(Stdio::null()).status().is_err() {
            quietly(Command::new("apt-get").args(["update"]))?;
            quietly(Command::new("apt-get").args(["install", "--yes", "debootstrap"]))?;
        }
        let root = Self { folder: tempfile::tempdir()? };
        let include = "--include=gcc,libc6-dev,ca-certificates";
        quietly(Command::new("debootstrap").args(["--variant=minbase", include, RELEASE]).arg(root.path("")))?;
        root.connect()?;
        // Without a skeleton the user's home is empty.
        quietly(root.chroot().args(["useradd", "--create-home", "--skel", "/nonexistent", USER]))?;
        let clone = root.path(&format!("home/{USER}/countersign"));
        // Hard links would make the clone's change of owner one of the workspace's own files.
        quietly(Command::new("git").args(["clone", "--quiet", "--no-hardlinks"]).arg(workspace).arg(clone))?;
        quietly(root.chroot().args(["chown", "--recursive", &format!("{USER}:{USER}"), &format!("/home/{USER}")]))?;
        Ok(root)
    }

    /// A place in the root.
    fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside)
    }

    /// Gives the root this machine's way to crates.io: names and trusted certificates.
    fn connect(&self) -> anyhow::Result<()> {
        let trusted = ["CARGO_HTTP_CAINFO", "SSL_CERT_FILE"].iter().find_map(std::env::var_os);
        let trusted = trusted.map_or_else(|| PathBuf::from(CERTIFICATES), PathBuf::from);
        for (from, to) in [(Path::new("/etc/resolv.conf"), "/etc/resolv.conf"), (&trusted, CERTIFICATES)] {
            let copied = std::fs::copy(from, self.path(to.trim_start_matches('/')));
            copied.with_context(|| format!("{} cannot be copied", from.display()))?;
        }
        Ok(())
    }

    fn chroot(&self) -> Command {
        let mut command = Command::new("chroot");
        command.arg(self.folder.path());
        command
    }

    /// Sees that the test command tells the ordinary user what is missing.
    fn is_told(&self, workspace: &Path) -> anyhow::Result<()> {
        let ran = self.execute(workspace, USER, COMMAND)?;
        ensure!(!ran.status.success(), "scripts/test passed without PostgreSQL");
        let said = String::from_utf8_lossy(&ran.stderr);
        ensure!(said.trim() == MISSING, "scripts/test says {said:?} to {USER}");
        Ok(())
    }

    /// Runs the test command; counts the tests that passed, and takes its last word on those of both
    /// backends.
    fn test(&self, workspace: &Path, user: &str) -> anyhow::Result<(u64, String)> {
        let ran = self.execute(workspace, user, COMMAND)?;
        succeeded(COMMAND, &ran)?;
        let text = String::from_utf8_lossy(&ran.stdout);
        let passed = passed(&text);
        ensure!(passed > 0, "{COMMAND} ran no test");
        let backends = text.lines().rev().find(|line| line.contains("on SQLite"));
        Ok((passed, backends.with_context(|| format!("{COMMAND} does not count the tests per backend"))?.to_owned()))
    }

    /// Runs a command as `user` in the clone.
    fn execute(&self, workspace: &Path, user: &str, line: &str) -> anyhow::Result<Output> {
        let toolchain = output(Command::new("rustc").args(["--print", "sysroot"]).current_dir(workspace))?;
        // The mounts and every process that was started live in namespaces of their own and end with them.
        let script = r#"set -eu
            root=$1 toolchain=$2 user=$3 line=$4; shift 4
            mkdir -p "$root/opt/rust"
            mount --bind "$toolchain" "$root/opt/rust"
            mount -o remount,bind,ro "$root/opt/rust"
            mount -t proc proc "$root/proc"
            mkdir -p "$root/dev/shm"
            mount -t tmpfs tmpfs "$root/dev/shm"
            chmod 1777 "$root/dev/shm"
            exec chroot --userspec="$user:$user" --groups= "$root" env -i "$@" bash -c "$line""#;
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]);
        command.args(["sh", "-c", script, "sh"]);
        let line = format!("cd /home/{USER}/countersign && {line}");
        command.arg(self.folder.path()).args([toolchain.trim(), user, &line]);
        command.args(environment(user)).stdin(Stdio::null()).output().context("unshare cannot be run")
    }
}

/// The user's whole environment, with what leads cargo to crates.io through this machine's proxy.
fn environment(user: &str) -> Vec<String> {
    let home = if user == USER { format!("/home/{USER}") } else { format!("/{user}") };
    let path = "PATH=/opt/rust/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned();
    let mut variables = vec![format!("HOME={home}"), format!("USER={user}"), path];
    let passed_on = std::env::vars().filter(|(name, _)| is_passed_on(name));
    variables.extend(passed_on.map(|(name, value)| format!("{name}={value}")));
    variables
}

/// Proxies and cargo's own network settings; certificates are copied, credentials stay here.
fn is_passed_on(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let proxy = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"].contains(&lower.as_str());
    proxy || ((name.starts_with("CARGO_HTTP_") && name != "CARGO_HTTP_CAINFO") || name.starts_with("CARGO_NET_"))
}

/// The tests that passed, by the summaries of `cargo test`.
fn passed(text: &str) -> u64 {
    let summaries = text.lines().filter_map(|line| line.trim().strip_prefix("test result: ok. "));
    summaries.filter_map(|summary| summary.split(' ').next()?.parse::<u64>().ok()).sum()
}

fn succeeded(command: &str, ran: &Output) -> anyhow::Result<()> {
    let text = |bytes| end(&String::from_utf8_lossy(bytes));
    if !ran.status.success() {
        bail!("{command} failed; its last lines:\n{}\n{}", text(&ran.stdout), text(&ran.stderr));
    }
    Ok(())
}

/// The last lines of an output.
fn end(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}

fn quietly(command: &mut Command) -> anyhow::Result<()> {
    output(command).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summaries_add_up() {
        let text = "test a ... ok\ntest result: ok. 12 passed; 0 failed; 0 ignored\n\n   Doc-tests core\n\
            test result: ok. 3 passed; 0 failed\ntest result: FAILED. 5 passed; 1 failed\n";
        assert_eq!(passed(text), 15);
    }

    #[test]
    fn a_foreign_crate_is_seen_and_a_like_name_is_not() {
        let names = ["chrono", "diesel_migrations", "my-tokio"].map(str::to_owned);
        assert_eq!(foreign(&names), [&names[1]]);
    }

    #[test]
    fn proxies_pass_and_credentials_do_not() {
        for name in ["HTTPS_PROXY", "no_proxy", "CARGO_HTTP_PROXY", "CARGO_NET_RETRY"] {
            assert!(is_passed_on(name), "{name}");
        }
        for name in ["HOME", "CARGO_REGISTRY_TOKEN", "CARGO_HTTP_CAINFO", "SSL_CERT_FILE"] {
            assert!(!is_passed_on(name), "{name}");
        }
    }
}

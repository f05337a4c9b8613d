//! A server of one test process.

#![allow(clippy::zombie_processes, reason = "the server and its watch outlive the process that starts them")]

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::Connection;
use diesel::pg::PgConnection;

/// How long a server may take to answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A server, by the URL of any of its databases.
#[derive(Debug)]
pub(crate) struct Server {
    /// What stands before the name of a database, and what behind it.
    url: (String, String),
}

/// Where a server takes connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At a socket in the file system.
    Socket(PathBuf),
    /// At a host and port.
    Address(String),
}

impl Server {
    /// The server that `TEST_DATABASE_URL` names, or a new one.
    pub(crate) fn start() -> Self {
        match std::env::var("TEST_DATABASE_URL") {
            Ok(url) => Self::named(&url),
            Err(_) => Self::own(),
        }
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("{}{database}{}", self.url.0, self.url.1)
    }

    /// Where it takes connections, and the URL of a database for whoever comes by a proxy on this machine.
    pub(crate) fn behind(&self, port: u16, database: &str) -> (Place, String) {
        let place = self.url.1.split_once("host=").map_or_else(
            || Place::Address(address(&self.url.0)),
            |(_, folder)| Place::Socket(Path::new(folder.split('&').next().unwrap_or(folder)).join(".s.PGSQL.5432")),
        );
        let user =
            self.url.0.split_once("://").map_or("", |(_, rest)| rest.rsplit_once('@').map_or("", |(user, _)| user));
        // What is encrypted no proxy understands.
        (place, format!("postgres://{user}@127.0.0.1:{port}/{database}?sslmode=disable&gssencmode=disable"))
    }

    /// The name of the database in the URL gives way to those of the tests.
    fn named(url: &str) -> Self {
        let (head, query) =
            url.split_once('?').map_or((url, String::new()), |(head, query)| (head, format!("?{query}")));
        let (_, rest) = head.split_once("://").expect("TEST_DATABASE_URL is postgres://...");
        let head = match rest.rsplit_once('/') {
            Some((_, database)) => &head[..head.len() - database.len()],
            None => head,
        };
        let slash = if head.ends_with('/') { "" } else { "/" };
        Self { url: (format!("{head}{slash}"), query) }
    }

    fn own() -> Self {
        let programs = programs();
        let account = account();
        let folder = folder(account);
        let data = folder.join("data");
        initialise(account, &programs, &data);
        let mut server = as_account(account, &programs.join("postgres"));
        server.arg("-D").arg(&data).arg("-k").arg(&folder);
        for setting in [
            "listen_addresses=",
            "fsync=off",
            "full_page_writes=off",
            "max_connections=400",
            "log_min_messages=fatal",
            // Tests make changes cross: they need not wait a second each time.
            "deadlock_timeout=50ms",
        ] {
            server.arg("-c").arg(setting);
        }
        // A group of its own: an interrupt of the tests must not reach it before its watch does.
        let child = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn();
        let child = child.unwrap_or_else(|error| panic!("{} does not start: {error}", programs.display()));
        watch(child.id(), &folder);
        let this = Self { url: ("postgres://postgres@/".to_owned(), format!("?host={}", folder.display())) };
        this.wait();
        this
    }

    fn wait(&self) {
        let end = Instant::now() + PATIENCE;
        while let Err(error) = PgConnection::establish(&self.url("postgres")) {
            assert!(Instant::now() < end, "the test server does not answer: {error}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// The host and port in a URL.
fn address(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host).trim_end_matches('/');
    if host.contains(':') { host.to_owned() } else { format!("{host}:5432") }
}

/// A new folder that is the account's.
pub(crate) fn folder(account: Option<&str>) -> PathBuf {
    let folder = tempfile::Builder::new()
        .prefix("countersign-postgres")
        .tempdir_in(super::FOLDER.get_or_init(in_memory))
        .unwrap()
        .keep();
    if let Some(account) = account {
        // Nobody but its owner looks into the folder of a cluster.
        run(Command::new("chown").arg("-R").arg(account).arg(&folder));
    }
    folder
}

/// Makes the files of a server that trusts everybody who reaches it.
pub(crate) fn initialise(account: Option<&str>, programs: &Path, data: &Path) {
    run(as_account(account, &programs.join("initdb"))
        .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
        .arg(data));
}

/// A folder in memory, where there is one: nobody wants the data, and databases are made and dropped all the time.
pub(crate) fn in_memory() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() }
}

/// Ends the server when this process has ended, however that was, and removes its folder.
pub(crate) fn watch(server: u32, folder: &Path) {
    let script = "while kill -0 \"$1\" 2>/dev/null; do sleep 1; done; \
        kill -QUIT \"$2\" 2>/dev/null; while kill -0 \"$2\" 2>/dev/null; do sleep 0.2; done; rm -rf \"$3\"";
    let mut watch = Command::new("sh");
    watch.args(["-c", script, "sh", &std::process::id().to_string(), &server.to_string()]).arg(folder);
    watch.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    watch.spawn().unwrap();
}

/// The folder of `initdb` and `postgres`: the newest of Debian's, else that in the PATH.
pub(crate) fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| folder.join("initdb").exists())
        .collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).find(|folder| folder.join("initdb").exists());
    let found = versions.pop().map(|(_, folder)| folder).or(in_path);
    found.expect("PostgreSQL is not installed: apt-get install postgresql, or set TEST_DATABASE_URL")
}

/// Under which account the server runs, where this process is root's: initdb refuses that.
pub(crate) fn account() -> Option<&'static str> {
    let output = Command::new("id").arg("-u").output().unwrap();
    if output.stdout.trim_ascii() != b"0" {
        return None;
    }
    let known = |account: &&str| Command::new("id").arg(account).output().is_ok_and(|output| output.status.success());
    ["postgres", "nobody"].into_iter().find(known)
}

pub(crate) fn as_account(account: Option<&str>, program: &Path) -> Command {
    let Some(account) = account else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.args(["--reuid", account, "--clear-groups", "--"]).arg(program);
    command
}

pub(crate) fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

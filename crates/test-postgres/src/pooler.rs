//! PgBouncer between a program and an [`Instance`].

#![allow(clippy::zombie_processes, reason = "the watch outlives the process that starts it")]

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::Connection as _;
use diesel::pg::PgConnection;

use crate::answer;
use crate::instance::Instance;
use crate::server::{PATIENCE, account, as_account, folder};

/// From which version on prepared statements outlive a transaction where connections do not.
const PREPARES: (u32, u32) = (1, 21);

/// How connections of clients share those to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// One has another for as long as it lives.
    Session,
    /// One has any other for each transaction.
    Transaction,
}

/// A PgBouncer, reached by a socket in the file system; it is gone when this is dropped.
#[derive(Debug)]
pub struct Pooler {
    program: PathBuf,
    folder: PathBuf,
    process: Option<Child>,
}

/// A PgBouncer that is installed: `PGBOUNCER` names it, or it stands in the PATH or where Debian puts it.
#[derive(Clone, Debug)]
pub struct PoolerProgram {
    program: PathBuf,
    version: (u32, u32),
}

impl PoolerProgram {
    /// The one that is installed, if there is one.
    #[must_use]
    pub fn find() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let in_path = std::env::split_paths(&path).map(|folder| folder.join("pgbouncer"));
        let named = std::env::var_os("PGBOUNCER").map(PathBuf::from);
        let mut places = named.into_iter().chain(in_path).chain([PathBuf::from("/usr/sbin/pgbouncer")]);
        let program = places.find(|program| program.is_file())?;
        let output = Command::new(&program).arg("--version").output().expect("pgbouncer says its version");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok());
        let version = (numbers.next().expect("a version"), numbers.next().expect("a version"));
        Some(Self { program, version })
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> String {
        format!("{}.{}", self.version.0, self.version.1)
    }

    /// Whether prepared statements can be used where connections are shared by transaction.
    #[must_use]
    pub fn prepares(&self) -> bool {
        self.version >= PREPARES
    }

    /// Starts it before `database`, with so many connections to each of its databases.
    #[must_use]
    pub fn start(&self, database: &Instance, sharing: Sharing, connections: u32) -> Pooler {
        let folder = folder(account());
        let mode = match sharing {
            Sharing::Session => "session",
            Sharing::Transaction => "transaction\nmax_prepared_statements = 200",
        };
        let settings = format!(
            "[databases]\n* = host={} user=postgres\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = {}\nauth_type = any\n\
             default_pool_size = {connections}\npool_mode = {mode}\n",
            database.folder().display(),
            folder.display()
        );
        fs::write(folder.join("pgbouncer.ini"), settings).unwrap();
        let mut pooler = Pooler { program: self.program.clone(), folder, process: None };
        pooler.launch();
        pooler
    }
}

impl Pooler {
    /// The URL of a database behind it.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@/{database}?host={}&port=6432", self.folder.display())
    }

    /// The text that a query of a database behind it answers with.
    #[must_use]
    pub fn ask(&self, database: &str, query: &str) -> String {
        answer(&mut PgConnection::establish(&self.url(database)).expect("the pooler takes connections"), query)
    }

    /// Ends it with all its connections, and starts it again.
    pub fn restart(&mut self) {
        self.end();
        self.launch();
    }

    fn launch(&mut self) {
        let log = OpenOptions::new().create(true).append(true).open(self.folder.join("log")).unwrap();
        let mut command = as_account(account(), &self.program);
        command.arg(self.folder.join("pgbouncer.ini")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let process = command.spawn().expect("the pooler starts");
        watch(process.id(), &self.folder);
        self.process = Some(process);
        let end = Instant::now() + PATIENCE;
        while let Err(error) = PgConnection::establish(&self.url("postgres")) {
            assert!(Instant::now() < end, "the pooler does not answer: {error}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn end(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        self.end();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Ends the pooler when this process has ended, however that was, and removes its folder.
fn watch(pooler: u32, folder: &Path) {
    let script = "while [ -d \"/proc/$1\" ] && [ -d \"/proc/$2\" ]; do sleep 1; done; \
        [ -d \"/proc/$1\" ] && exit 0; kill -KILL \"$2\" 2>/dev/null; rm -rf \"$3\"";
    let mut watch = Command::new("sh");
    watch.args(["-c", script, "sh", &std::process::id().to_string(), &pooler.to_string()]).arg(folder);
    std::os::unix::process::CommandExt::process_group(&mut watch, 0);
    watch.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
}

//! A primary with its standby, which takes its place when the primary ends.

#![allow(clippy::zombie_processes, reason = "the watch outlives the process that starts it")]

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::{Connection as _, SimpleConnection as _};
use diesel::pg::PgConnection;

use crate::answer;
use crate::server::{PATIENCE, account, as_account, folder, initialise, programs, run};

/// What both servers have in their configuration.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 150
max_wal_size = 256MB
# Nothing of a server that is killed shall stay in memory.
dynamic_shared_memory_type = mmap
log_min_messages = fatal
";
/// In which states the standbys are, as the primary has it.
const STANDBYS: &str = "SELECT coalesce(string_agg(sync_state, ', '), '') FROM pg_stat_replication \
    WHERE state = 'streaming' AND application_name = 'walreceiver'";

/// How a primary ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All its processes at once, signal 9, as where the power fails.
    Killed,
    /// At once, by its own hand: the immediate shutdown.
    Immediate,
}

/// Two servers, reached by TCP; both are gone when this is dropped.
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    account: Option<&'static str>,
    folder: PathBuf,
    ports: [u16; 2],
    servers: [Option<Child>; 2],
    primary: usize,
    synchronous: bool,
}

impl Cluster {
    /// A primary and a standby. If they are `synchronous`, a commit is over when the standby has it too, and
    /// without a standby nothing is committed.
    #[must_use]
    pub fn start(synchronous: bool) -> Self {
        let account = account();
        let folder = folder(account);
        let mut cluster = Self {
            programs: programs(),
            account,
            folder,
            ports: ports(),
            servers: [None, None],
            primary: 0,
            synchronous,
        };
        cluster.watch();
        initialise(account, &cluster.programs, &cluster.data(0));
        let mut file = OpenOptions::new().append(true).open(cluster.data(0).join("postgresql.conf")).unwrap();
        let standbys = if synchronous { "*" } else { "" };
        writeln!(file, "{SETTINGS}synchronous_standby_names = '{standbys}'").unwrap();
        cluster.launch(0);
        cluster.add_standby();
        cluster
    }

    /// Makes an empty database.
    pub fn create(&self, database: &str) {
        let statement = format!("CREATE DATABASE {database} TEMPLATE template0 ENCODING 'UTF8'");
        self.connect(self.primary).batch_execute(&statement).expect(&statement);
    }

    /// The URL of a database on whichever server takes writes.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let [one, two] = self.ports;
        format!(
            "postgres://postgres@127.0.0.1:{one},127.0.0.1:{two}/{database}?target_session_attrs=read-write&connect_timeout=5"
        )
    }

    /// What the primary says of its standbys: `sync`, `async`, or nothing if there is none.
    #[must_use]
    pub fn sync_state(&self) -> String {
        answer(&mut self.connect(self.primary), STANDBYS)
    }

    /// Lets nothing more reach the standby, until the primary ends.
    pub fn hold_back(&self) {
        let senders = "SELECT coalesce(string_agg(pid::TEXT, ' '), '') FROM pg_stat_replication";
        let senders = answer(&mut self.connect(self.primary), senders);
        signal("STOP", senders.split(' ').map(str::to_owned));
    }

    /// Ends the primary. Nobody takes writes until [`Self::promote`].
    pub fn end_primary(&mut self, end: End) {
        let mut server = self.servers[self.primary].take().expect("a primary");
        match end {
            End::Immediate => signal("QUIT", [server.id().to_string()]),
            End::Killed => {
                let children = children(server.id());
                signal("KILL", children.iter().copied().chain([server.id()]).map(|process| process.to_string()));
                wait_until("a process of the killed server lives", || !children.iter().any(|child| lives(*child)));
                self.forget_memory();
            }
        }
        server.wait().unwrap();
    }

    /// Makes the standby the primary.
    pub fn promote(&mut self) {
        self.primary = 1 - self.primary;
        let promoted = answer(&mut self.connect(self.primary), "SELECT pg_promote(true, 60)");
        assert_eq!(promoted, "true", "the standby is not promoted");
    }

    /// Makes a new standby of the primary, in the place of whatever server was there, and waits until it has
    /// everything.
    pub fn add_standby(&mut self) {
        let new = 1 - self.primary;
        assert!(self.servers[new].is_none(), "there is a standby");
        if self.data(new).exists() {
            fs::remove_dir_all(self.data(new)).unwrap();
        }
        run(as_account(self.account, &self.programs.join("pg_basebackup"))
            .args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync", "--dbname"])
            .arg(format!("host=127.0.0.1 port={} user=postgres", self.ports[self.primary]))
            .arg("--pgdata")
            .arg(self.data(new)));
        self.launch(new);
        let state = if self.synchronous { "sync" } else { "async" };
        wait_until("the standby does not come", || self.sync_state() == state);
    }

    fn data(&self, server: usize) -> PathBuf {
        self.folder.join(format!("server{server}"))
    }

    fn connect(&self, server: usize) -> PgConnection {
        PgConnection::establish(&self.url_of(server)).expect("the server takes connections")
    }

    fn url_of(&self, server: usize) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.ports[server])
    }

    fn launch(&mut self, server: usize) {
        let mut command = as_account(self.account, &self.programs.join("postgres"));
        command.arg("-D").arg(self.data(server)).arg("-p").arg(self.ports[server].to_string());
        // A group of its own: an interrupt of the tests must not reach it before its watch does.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        self.servers[server] = Some(command.spawn().expect("the server starts"));
        wait_until("the server does not answer", || PgConnection::establish(&self.url_of(server)).is_ok());
    }

    /// A server that was killed leaves a piece of shared memory.
    fn forget_memory(&self) {
        let file = fs::read_to_string(self.data(self.primary).join("postmaster.pid")).unwrap_or_default();
        let memory = file.lines().nth(6).and_then(|line| line.split_whitespace().nth(1)).map(str::to_owned);
        if let Some(memory) = memory {
            let _ = Command::new("ipcrm").arg("-m").arg(memory).stderr(Stdio::null()).status();
        }
    }

    /// Ends the servers when this process has ended, however that was, and removes their folder.
    fn watch(&self) {
        let script = "while [ -d \"/proc/$1\" ]; do sleep 1; done; \
            for data in \"$3\"/*; do \"$2/pg_ctl\" stop -D \"$data\" -m immediate; done; rm -rf \"$3\"";
        let mut watch = as_account(self.account, Path::new("/bin/sh"));
        watch.args(["-c", script, "sh", &std::process::id().to_string()]).arg(&self.programs).arg(&self.folder);
        watch.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).current_dir("/");
        watch.spawn().unwrap();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for server in self.servers.iter_mut().flatten() {
            signal("QUIT", [server.id().to_string()]);
            let _ = server.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Two ports that nobody listens on.
fn ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

fn wait_until(fault: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "{fault}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn signal(name: &str, processes: impl IntoIterator<Item = String>) {
    // The shell has it built in. A process that has ended meanwhile is no fault.
    let mut command = Command::new("sh");
    command.args(["-c", "kill -s \"$@\"", "sh", name]).args(processes);
    command.stderr(Stdio::null()).status().expect("a shell");
}

/// The state of a process and the process that began it.
fn process(id: u32) -> Option<(char, u32)> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name stands in brackets, and may hold anything.
    let mut words = text.rsplit_once(')')?.1.split_whitespace();
    Some((words.next()?.chars().next()?, words.next()?.parse().ok()?))
}

fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| process(*id).is_some_and(|(_, of)| of == parent)).collect()
}

fn lives(id: u32) -> bool {
    process(id).is_some_and(|(state, _)| !matches!(state, 'Z' | 'X'))
}

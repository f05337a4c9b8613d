//! A server of a test's own, to which everything may happen.

#![allow(clippy::zombie_processes, reason = "the watch outlives the process that starts it")]

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::{Connection as _, SimpleConnection as _};
use diesel::pg::PgConnection;

use crate::answer;
use crate::server::{PATIENCE, account, as_account, folder, initialise, programs, run};

/// What every such server has in its configuration. It keeps what it has promised through a crash.
const SETTINGS: &str = "
listen_addresses = ''
max_connections = 60
wal_level = replica
max_wal_size = 128MB
wal_init_zero = on
dynamic_shared_memory_type = mmap
logging_collector = off
";

/// What a server begins with.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// Nothing.
    Empty,
    /// Nothing; what it writes before it commits lies in this folder, which must not exist.
    LogIn(&'a Path),
    /// What this server has, whose changes it follows for as long as it lives.
    CopyOf(&'a Instance),
}

/// A server, reached by a socket in the file system; it is gone when this is dropped.
#[derive(Debug)]
pub struct Instance {
    programs: PathBuf,
    account: Option<&'static str>,
    folder: PathBuf,
    server: Option<Child>,
}

impl Instance {
    /// A new server with these lines in its configuration.
    #[must_use]
    pub fn start(origin: Origin<'_>, settings: &str) -> Self {
        let account = account();
        let mut instance = Self { programs: programs(), account, folder: folder(account), server: None };
        instance.watch();
        match origin {
            Origin::Empty => initialise(account, &instance.programs, &instance.data()),
            Origin::LogIn(folder) => {
                initialise(account, &instance.programs, &instance.data());
                let log = instance.data().join("pg_wal");
                run(as_account(account, Path::new("mv")).arg(&log).arg(folder));
                run(as_account(account, Path::new("ln")).arg("-s").arg(folder).arg(&log));
            }
            Origin::CopyOf(primary) => instance.copy(primary),
        }
        let mut file = OpenOptions::new().append(true).open(instance.data().join("postgresql.conf")).unwrap();
        let socket = instance.folder.display();
        writeln!(file, "{SETTINGS}unix_socket_directories = '{socket}'\n{settings}").unwrap();
        instance.launch();
        instance.wait();
        instance
    }

    fn copy(&self, primary: &Self) {
        run(as_account(self.account, &self.programs.join("pg_basebackup"))
            .args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync", "--dbname"])
            .arg(format!("host={} user=postgres", primary.folder.display()))
            .arg("--pgdata")
            .arg(self.data()));
    }

    /// One of the programs that come with the server.
    #[must_use]
    pub fn program(&self, name: &str) -> Command {
        Command::new(self.programs.join(name))
    }

    /// The folder of its socket.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The URL of one of its databases.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@/{database}?host={}", self.folder.display())
    }

    /// Everything that it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn connect(&self, database: &str) -> PgConnection {
        PgConnection::establish(&self.url(database)).expect("the server takes connections")
    }

    /// The text that a query of a database answers with.
    #[must_use]
    pub fn ask(&self, database: &str, query: &str) -> String {
        answer(&mut self.connect(database), query)
    }

    /// Runs statements in one of its databases.
    pub fn edit(&self, database: &str, statements: &str) {
        self.connect(database).batch_execute(statements).expect(statements);
    }

    /// Runs statements in a transaction that stays open, and with it the locks that they take.
    #[must_use]
    pub fn hold(&self, database: &str, statements: &str) -> Hold {
        let mut connection = self.connect(database);
        connection.batch_execute(&format!("BEGIN; {statements}")).expect(statements);
        Hold { _connection: connection }
    }

    /// Ends every connection but the one that asks for it; how many there were.
    #[must_use]
    pub fn cut(&self) -> usize {
        let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
            WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
        self.ask("postgres", cut).parse().unwrap()
    }

    /// Stops it, with whoever is connected.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            signal("INT", &[server.id()]);
            server.wait().unwrap();
        }
    }

    /// Starts it after [`Self::stop`], or after it has ended by itself.
    pub fn start_again(&mut self) {
        if let Some(mut server) = self.server.take() {
            signal("QUIT", &[server.id()]);
            server.wait().unwrap();
        }
        self.launch();
        self.wait();
    }

    /// Whether it runs at all.
    pub fn is_running(&mut self) -> bool {
        self.server.as_mut().is_some_and(|server| server.try_wait().is_ok_and(|ended| ended.is_none()))
    }

    /// Lets none of its processes go on.
    pub fn freeze(&self) {
        self.signal_all("STOP");
    }

    /// Lets them go on.
    pub fn thaw(&self) {
        self.signal_all("CONT");
    }

    fn signal_all(&self, name: &str) {
        let Some(server) = &self.server else { return };
        // First the one that begins the others.
        signal(name, &[server.id()]);
        signal(name, &children(server.id()));
    }

    /// Waits until it takes connections.
    pub fn wait(&self) {
        let end = Instant::now() + PATIENCE;
        while let Err(error) = PgConnection::establish(&self.url("postgres")) {
            assert!(Instant::now() < end, "the server does not answer: {error}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn launch(&mut self) {
        let log = OpenOptions::new().create(true).append(true).open(self.log_file()).unwrap();
        let mut command = as_account(self.account, &self.programs.join("postgres"));
        // A group of its own: an interrupt of the tests must not reach it before its watch does.
        command.arg("-D").arg(self.data()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).process_group(0);
        self.server = Some(command.spawn().expect("the server starts"));
    }

    /// Ends the server when this process has ended, however that was, and removes its folder.
    fn watch(&self) {
        let script = "while [ -d \"/proc/$1\" ]; do sleep 1; done; cd /; [ -d \"$3\" ] || exit 0; \
            server=$(head -n 1 \"$3/data/postmaster.pid\") && kill -CONT \"$server\" && kill -QUIT \"$server\"; \
            sleep 1; rm -rf \"$3\"";
        let mut watch = as_account(self.account, Path::new("sh"));
        watch.args(["-c", script, "sh", &std::process::id().to_string()]).arg(&self.programs).arg(&self.folder);
        watch.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        watch.spawn().unwrap();
    }
}

/// A transaction that is open, until this is dropped.
#[allow(missing_debug_implementations, reason = "a connection has none")]
pub struct Hold {
    _connection: PgConnection,
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.thaw();
        if let Some(mut server) = self.server.take() {
            signal("QUIT", &[server.id()]);
            let _ = server.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn signal(name: &str, processes: &[u32]) {
    // The shell has it built in. A process that has ended meanwhile is no fault.
    let mut command = Command::new("sh");
    command.args(["-c", "kill -s \"$@\"", "sh", name]).args(processes.iter().map(u32::to_string));
    command.stderr(Stdio::null()).status().expect("a shell");
}

fn children(parent: u32) -> Vec<u32> {
    let of = |id: &u32| -> Option<u32> {
        let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name stands in brackets, and may hold anything.
        text.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| of(id) == Some(parent)).collect()
}

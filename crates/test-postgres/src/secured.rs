//! A server that takes nobody without TLS and a password.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::{Connection as _, SimpleConnection as _};
use diesel::pg::PgConnection;

use crate::answer;
use crate::server::{PATIENCE, account, as_account, in_memory, programs, run, watch};

/// Who may connect, and how: whoever comes over the network, encrypted and with a password.
const RULES: &str = "local all postgres trust\nhostssl all all all scram-sha-256\n";
/// The name in the server's certificate. It is reached as 127.0.0.1 too, which is not in there.
const NAME: &str = "localhost";

/// A server on TCP with a certificate of an authority of its own; it is gone when this is dropped.
#[derive(Debug)]
pub struct Secured {
    child: Child,
    folder: PathBuf,
    port: u16,
}

impl Secured {
    /// The password that it asks for.
    pub const PASSWORD: &'static str = "correct-horse-battery";

    /// Starts one with an empty database.
    #[must_use]
    pub fn start() -> Self {
        let (programs, account) = (programs(), account());
        let folder = tempfile::Builder::new().prefix("countersign-secured").tempdir_in(in_memory()).unwrap().keep();
        certificates(&folder);
        fs::write(folder.join("rules"), RULES).unwrap();
        if let Some(account) = account {
            run(Command::new("chown").arg("-R").arg(account).arg(&folder));
        }
        // The authorities are for everybody, and the keys for their owner alone.
        run(Command::new("chmod").arg("a+x").arg(&folder));
        let data = folder.join("data");
        run(as_account(account, &programs.join("initdb"))
            .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(&data));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = as_account(account, &programs.join("postgres"));
        server.arg("-D").arg(&data).arg("-k").arg(&folder).args(["-p", &port.to_string()]);
        for (name, value) in [
            ("listen_addresses", Path::new("127.0.0.1")),
            ("hba_file", &folder.join("rules")),
            ("ssl", Path::new("on")),
            ("ssl_cert_file", &folder.join("server.pem")),
            ("ssl_key_file", &folder.join("server.key")),
            ("fsync", Path::new("off")),
            ("log_min_messages", Path::new("fatal")),
        ] {
            server.arg("-c").arg(format!("{name}={}", value.display()));
        }
        // A group of its own: an interrupt of the tests must not reach it before its watch does.
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let child = server.spawn().unwrap_or_else(|error| panic!("{} does not start: {error}", programs.display()));
        watch(child.id(), &folder);
        let this = Self { child, folder, port };
        this.wait();
        this.edit(&format!("CREATE ROLE countersign LOGIN PASSWORD '{}'", Self::PASSWORD));
        this.edit("CREATE DATABASE countersign OWNER countersign TEMPLATE template0 ENCODING 'UTF8'");
        this
    }

    /// The URL of the database by the name in the certificate, with more options (`sslmode=require&...`).
    #[must_use]
    pub fn url(&self, options: &str) -> String {
        self.url_at(NAME, options)
    }

    /// Likewise by another name of this machine.
    #[must_use]
    pub fn url_at(&self, host: &str, options: &str) -> String {
        format!("postgres://countersign:{}@{host}:{}/countersign?{options}", Self::PASSWORD, self.port)
    }

    /// The certificate of the authority that the server's is of.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// The certificate of another authority, of the same name.
    #[must_use]
    pub fn stranger(&self) -> PathBuf {
        self.folder.join("stranger.pem")
    }

    /// How many connections there are over the network, and how many of them are encrypted, and as what.
    #[must_use]
    pub fn connections(&self) -> String {
        let query = "SELECT count(*) || ' connections, ' || count(*) FILTER (WHERE ssl) || ' encrypted, ' \
            || coalesce(string_agg(DISTINCT version, ' '), '-') \
            FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'countersign'";
        answer(&mut self.connection().expect("the server takes connections"), query)
    }

    fn edit(&self, statement: &str) {
        let mut connection = self.connection().expect("the server takes connections");
        connection.batch_execute(statement).expect(statement);
    }

    fn connection(&self) -> diesel::ConnectionResult<PgConnection> {
        let url = format!("postgres://postgres@/postgres?host={}&port={}", self.folder.display(), self.port);
        PgConnection::establish(&url)
    }

    fn wait(&self) {
        let end = Instant::now() + PATIENCE;
        while let Err(error) = self.connection() {
            assert!(Instant::now() < end, "the test server does not answer: {error}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        // The shell has it built in. The watch removes the folder.
        let _ = Command::new("sh").args(["-c", &format!("kill -s QUIT {}", self.child.id())]).status();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Two authorities of one name, and the server's certificate of the first.
fn certificates(folder: &Path) {
    for name in ["authority", "stranger"] {
        run(certificate(folder, name).args(["-subj", "/CN=Test authority"]));
    }
    let authority = |name: &str| folder.join("authority").with_extension(name);
    run(certificate(folder, "server")
        .args(["-subj", &format!("/CN={NAME}"), "-addext", &format!("subjectAltName=DNS:{NAME}")])
        .arg("-CA")
        .arg(authority("pem"))
        .arg("-CAkey")
        .arg(authority("key")));
}

fn certificate(folder: &Path, name: &str) -> Command {
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]);
    openssl.arg("-keyout").arg(folder.join(name).with_extension("key"));
    openssl.arg("-out").arg(folder.join(name).with_extension("pem"));
    openssl
}

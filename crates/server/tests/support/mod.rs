//! The demo as a test meets it: the real binary on a free port, with every answer held against
//! the description that the server gives of itself.

mod store;

use std::path::PathBuf;

use countersign_xtask::http::Client;
use countersign_xtask::process::{Server, countersign, outcome};
use tempfile::TempDir;

pub(crate) use store::Store;

pub(crate) const MIM: &str = "/CertificateManagement/api/v1.0";
pub(crate) const NATIVE: &str = "/api/v1";
pub(crate) const OIG: &str = "/iam/governance/selfservice/api/v1";

/// The binary under test.
pub(crate) fn binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_countersign"))
}

/// A running demo with its data.
pub(crate) struct Demo {
    pub(crate) client: Client,
    pub(crate) server: Server,
    pub(crate) store: Store,
    /// For the files of the test.
    pub(crate) folder: TempDir,
}

impl Demo {
    /// A demo with the default settings.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// A demo with these variables in its environment.
    pub(crate) fn with(variables: &[(&str, &str)]) -> Self {
        let (folder, store) = (tempfile::tempdir().unwrap(), Store::new());
        let mut command = countersign(binary());
        command.args(["demo", "--listen", "127.0.0.1:0"]).env("COUNTERSIGN__STORAGE__URL", store.url());
        let server = Server::start(command.envs(variables.iter().copied())).unwrap();
        store.assert_in_use();
        Self { client: Client::checked(server.address()).unwrap(), server, store, folder }
    }

    /// A demo login.
    pub(crate) fn login(&self, login: &str) -> Client {
        self.client.login(login, "demo")
    }

    /// The database file.
    pub(crate) fn database(&self) -> PathBuf {
        self.store.file()
    }
}

/// Whatever a test did: what is stored must be what happened.
impl Drop for Demo {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let verified = outcome(self.store.command().args(["audit", "verify"])).unwrap();
        let said = String::from_utf8_lossy(&verified.stdout);
        assert!(verified.status.success(), "the audit finds faults after the test:\n{said}");
    }
}

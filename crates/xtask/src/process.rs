//! The real binary as a child process: run to its end, or as a server until dropped.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

/// How long a server may take until it listens.
const START: Duration = Duration::from_secs(120);

/// A command that runs `binary` with none of our own settings in its environment.
pub fn countersign(binary: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("COUNTERSIGN__") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// Runs `command` to its end, whatever that is.
pub fn outcome(command: &mut Command) -> anyhow::Result<Output> {
    command.output().with_context(|| format!("{} cannot be run", command.get_program().to_string_lossy()))
}

/// Runs `command`, which must succeed, and returns what it printed.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = outcome(command)?;
    ensure!(output.status.success(), "{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).with_context(|| format!("{command:?} printed no UTF-8"))
}

/// Runs `command`, which must succeed, with `input` as its standard input.
pub fn output_of_input(command: &mut Command, input: &str) -> anyhow::Result<String> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    child.stdin.take().context("a standard input")?.write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: SocketAddr,
    heard: Vec<String>,
    lines: Receiver<String>,
}

impl Server {
    /// Starts `command` and waits until it says where it listens and answers there.
    pub fn start(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{command:?} cannot be started"))?;
        let (sender, lines) = channel();
        forward(child.stdout.take(), sender.clone());
        forward(child.stderr.take(), sender);
        let mut server = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), heard: Vec::new(), lines };
        server.address = server.wait_for_address().with_context(|| format!("{command:?}"))?;
        Ok(server)
    }

    /// The demo on a free port, with its database in `data`.
    pub fn demo(binary: &Path, data: &Path) -> anyhow::Result<Self> {
        Self::start(countersign(binary).args(["demo", "--listen", "127.0.0.1:0", "--data"]).arg(data))
    }

    /// A server on a free port over the database at `path`.
    pub fn on(binary: &Path, path: &Path) -> anyhow::Result<Self> {
        Self::start(serve(binary, path).arg("serve"))
    }

    fn wait_for_address(&mut self) -> anyhow::Result<SocketAddr> {
        let deadline = Instant::now() + START;
        let mut address = None;
        while address.is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    address = address_in(&line);
                    self.heard.push(line);
                }
                Err(RecvTimeoutError::Timeout) => bail!("the server does not listen:\n{}", self.heard.join("\n")),
                Err(RecvTimeoutError::Disconnected) => bail!("the server ended:\n{}", self.heard.join("\n")),
            }
        }
        let address = address.context("an address")?;
        while std::net::TcpStream::connect(address).is_err() {
            ensure!(Instant::now() < deadline, "nobody answers at {address}");
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(address)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://` and the address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything that it has printed so far, once nothing more comes for a moment.
    pub fn printed(&mut self) -> Vec<String> {
        while let Ok(line) = self.lines.recv_timeout(Duration::from_millis(300)) {
            self.heard.push(line);
        }
        self.heard.clone()
    }

    /// Keeps nothing that it prints from now on: a line a call is much where there are many calls.
    pub fn hear_no_more(&mut self) {
        self.lines = channel().1;
    }

    /// Asks it to stop, as an init system does, and waits for its end.
    pub fn stop(mut self) -> anyhow::Result<Vec<String>> {
        self.terminate()?;
        Ok(self.printed())
    }

    /// Likewise, and keeps what it printed.
    pub fn terminate(&mut self) -> anyhow::Result<()> {
        // The shell has it built in; a small machine has no program of that name.
        output(Command::new("sh").args(["-c", &format!("kill -s TERM {}", self.child.id())]))?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command over the database at `path`, on a free port if it serves, quiet.
pub fn serve(binary: &Path, path: &Path) -> Command {
    serve_at(binary, &url_of(path))
}

/// Likewise on the database at `url`.
pub fn serve_at(binary: &Path, url: &str) -> Command {
    let mut command = countersign(binary);
    command
        .env("COUNTERSIGN__STORAGE__URL", url)
        .env("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:0")
        .env("COUNTERSIGN__LOG__FILTER", "info");
    command
}

/// The storage URL of the database at `path`.
pub fn url_of(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

fn forward(stream: Option<impl Read + Send + 'static>, sender: Sender<String>) {
    let Some(stream) = stream else { return };
    std::thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        for line in stream.by_ref().lines().map_while(Result::ok) {
            // Whoever called it then hears nothing but a connection that closes.
            if line.contains("panicked at") {
                eprintln!("a server says: {line}");
            }
            if sender.send(line).is_err() {
                break;
            }
        }
        // Whoever stopped listening wants no more; the pipe is still emptied.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
}

/// The first loopback address with a port in `line`.
fn address_in(line: &str) -> Option<SocketAddr> {
    let at = line.find("127.0.0.1:")?;
    let text: String = line[at..].chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':')).collect();
    text.trim_end_matches(['.', ':']).parse().ok().filter(|address: &SocketAddr| address.port() != 0)
}

/// Builds the binary `countersign` of the workspace at `root` and says where it is.
pub fn build(root: &Path, release: bool) -> anyhow::Result<PathBuf> {
    let mut cargo = cargo();
    cargo.args(["build", "--locked", "--package", "countersign-server", "--bin", "countersign"]);
    cargo.args(["--message-format", "json-render-diagnostics"]).current_dir(root).stderr(Stdio::inherit());
    if release {
        cargo.arg("--release");
    }
    let messages = output(&mut cargo)?;
    let mut executables = messages.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    });
    executables.next_back().context("cargo built no executable")
}

/// cargo as somebody calls it by hand. What `cargo run` tells a program about its package would have build scripts that
/// look at it run again, and everything above them compiled again.
pub fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        let is_of_package =
            name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"));
        if is_of_package {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// The workspace's folder, from inside of one of its crates.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_any_line() {
        let found = |line| address_in(line).map(|address| address.port());
        assert_eq!(found("INFO countersign: listening address=127.0.0.1:40123"), Some(40123));
        assert_eq!(found("curl -u a:b http://127.0.0.1:8080/x"), Some(8080));
        assert_eq!(found("Listening on 127.0.0.1:81."), Some(81));
        assert_eq!(found("listen = 127.0.0.1:0"), None);
        assert_eq!(found("nothing"), None);
    }
}

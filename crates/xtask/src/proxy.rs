//! A proxy before PostgreSQL that cuts a connection around a COMMIT: before the server has it, or when the server has
//! answered it and the client has not heard that.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use countersign_test_postgres::{Database, Place};

/// How long a server may take to answer a COMMIT.
const PATIENCE: Duration = Duration::from_secs(60);
/// How a server ends its answer where no transaction is open any more.
const READY: &[u8] = b"Z\0\0\0\x05I";
/// The answer to a COMMIT that was one, and no rollback.
const COMMITTED: &[u8] = b"C\0\0\0\x0bCOMMIT\0";

/// Where a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The server does not get the COMMIT.
    Before,
    /// The client does not get the answer to it.
    After,
}

/// Which COMMIT is meant.
#[derive(Clone, Debug)]
pub struct Trap {
    /// Where its connection is cut.
    pub cut: Cut,
    /// What the client sends in a transaction of it, which may write.
    pub mark: Vec<u8>,
    /// How many of those are let through first.
    pub spare: usize,
}

/// A proxy, until it is dropped; connections outlive it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    place: Place,
    trap: Mutex<Option<Trap>>,
    /// What the server answered to the COMMIT that was caught; nothing if it did not get it.
    caught: Mutex<Option<(Cut, Vec<u8>)>>,
    stopped: AtomicBool,
}

impl Proxy {
    /// A proxy before that database, and the URL that leads through it.
    pub fn before(database: &Database) -> anyhow::Result<(Self, String)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (place, url) = database.behind(address.port());
        let (trap, caught, stopped) = (Mutex::default(), Mutex::default(), AtomicBool::new(false));
        let shared = Arc::new(Shared { place, trap, caught, stopped });
        let kept = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if kept.stopped.load(Ordering::SeqCst) {
                    break;
                }
                let shared = Arc::clone(&kept);
                // Whoever cannot reach the server sees the connection close.
                thread::spawn(move || serve(client, &shared));
            }
        });
        Ok((Self { address, shared }, url))
    }

    /// Waits for a COMMIT from now on.
    pub fn set(&self, trap: Trap) {
        *lock(&self.shared.caught) = None;
        *lock(&self.shared.trap) = Some(trap);
    }

    /// Waits no longer; whether one was caught. Fails if the server did not do what it said.
    pub fn caught(&self) -> anyhow::Result<bool> {
        *lock(&self.shared.trap) = None;
        let Some((cut, answer)) = lock(&self.shared.caught).take() else { return Ok(false) };
        let committed = contains(&answer, COMMITTED);
        ensure!(committed == (cut == Cut::After), "cut {cut:?} a COMMIT that was answered {}", answer.escape_ascii());
        Ok(true)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len().max(1)).any(|window| window == part)
}

/// The server's end of a connection.
struct Server {
    reader: Box<dyn Read + Send>,
    writer: Box<dyn Write + Send>,
    close: Box<dyn Fn() + Send>,
}

impl Server {
    fn reach(place: &Place) -> io::Result<Self> {
        // A stream that is closed already needs no closing.
        Ok(match place {
            Place::Socket(path) => {
                let stream = UnixStream::connect(path)?;
                let (reader, writer) = (Box::new(stream.try_clone()?), Box::new(stream.try_clone()?));
                Self { reader, writer, close: Box::new(move || drop(stream.shutdown(Shutdown::Both))) }
            }
            Place::Address(address) => {
                let stream = TcpStream::connect(address)?;
                stream.set_nodelay(true)?;
                let (reader, writer) = (Box::new(stream.try_clone()?), Box::new(stream.try_clone()?));
                Self { reader, writer, close: Box::new(move || drop(stream.shutdown(Shutdown::Both))) }
            }
        })
    }
}

fn serve(client: TcpStream, shared: &Shared) -> anyhow::Result<()> {
    let Server { reader, mut writer, close } = Server::reach(&shared.place)?;
    client.set_nodelay(true)?;
    let silent = Arc::new(AtomicBool::new(false));
    let (kept, answer) = channel();
    let down = {
        let (client, silent) = (client.try_clone()?, Arc::clone(&silent));
        thread::spawn(move || pass_down(reader, client, &silent, &kept))
    };
    let done = pass_up(&client, &mut *writer, shared, &silent, &answer);
    close();
    let _ = client.shutdown(Shutdown::Both);
    let _ = down.join();
    done
}

/// Passes on what the server says, until it is to be kept back: then up to the end of one answer.
fn pass_down(
    mut server: impl Read,
    mut client: TcpStream,
    silent: &AtomicBool,
    kept: &Sender<Vec<u8>>,
) -> io::Result<()> {
    let (mut buffer, mut answer) = ([0; 1 << 14], Vec::new());
    loop {
        let count = server.read(&mut buffer)?;
        if silent.load(Ordering::SeqCst) {
            answer.extend(&buffer[..count]);
            if count == 0 || answer.ends_with(READY) {
                let _ = kept.send(answer);
                return Ok(());
            }
        } else if count == 0 {
            return client.shutdown(Shutdown::Both);
        } else {
            client.write_all(&buffer[..count])?;
        }
    }
}

/// Passes on what the client says, message by message, until the connection is to be cut.
fn pass_up(
    mut client: &TcpStream,
    server: &mut dyn Write,
    shared: &Shared,
    silent: &AtomicBool,
    answer: &Receiver<Vec<u8>>,
) -> anyhow::Result<()> {
    // The first message has no kind.
    server.write_all(&sized(&mut client)?)?;
    let (mut writes, mut marked) = (false, false);
    loop {
        let mut kind = [0];
        client.read_exact(&mut kind)?;
        let body = sized(&mut client)?;
        let text = if kind == *b"Q" { body.get(4..).unwrap_or_default() } else { &[] };
        if text.starts_with(b"BEGIN") {
            (writes, marked) = (!contains(text, b"READ ONLY"), false);
        }
        marked = marked || shared.marks(&body);
        if text.starts_with(b"COMMIT")
            && let Some(cut) = shared.cuts(writes && marked)
        {
            let mut heard = Vec::new();
            if cut == Cut::After {
                silent.store(true, Ordering::SeqCst);
                server.write_all(&[&kind[..], &body].concat())?;
                heard = answer.recv_timeout(PATIENCE).context("no answer to a COMMIT")?;
            }
            *lock(&shared.caught) = Some((cut, heard));
            return Ok(());
        }
        server.write_all(&[&kind[..], &body].concat())?;
    }
}

impl Shared {
    fn marks(&self, body: &[u8]) -> bool {
        lock(&self.trap).as_ref().is_some_and(|trap| contains(body, &trap.mark))
    }

    /// Where the connection is cut, if that is the COMMIT which is waited for.
    fn cuts(&self, marked: bool) -> Option<Cut> {
        let mut waiting = lock(&self.trap);
        let trap = waiting.as_mut().filter(|_| marked)?;
        if trap.spare > 0 {
            trap.spare -= 1;
            return None;
        }
        waiting.take().map(|trap| trap.cut)
    }
}

/// A length, which counts itself, and what follows it.
fn sized(client: &mut impl Read) -> anyhow::Result<Vec<u8>> {
    let mut length = [0; 4];
    client.read_exact(&mut length)?;
    let rest = u32::from_be_bytes(length).checked_sub(4).context("a message without its length")?;
    let mut body = length.to_vec();
    let read = client.take(rest.into()).read_to_end(&mut body)?;
    ensure!(read == usize::try_from(rest)?, "a message broke off");
    Ok(body)
}

//! A receiver of webhook deliveries: a small HTTP server in a thread.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use serde_json::Value;

/// What was posted.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The headers: lower-case names with their values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// What it was answered with; the last one before the receiver died, nothing.
    pub answer: Option<u16>,
}

impl Posted {
    /// The first header of that name, given in lower case.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// What a receiver does with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Answers with this status.
    Status(u16),
    /// Has it, and dies before it has answered: the connection breaks, and nobody listens any more.
    Die,
}

/// A receiver, until it dies or is dropped.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    posted: Arc<Mutex<Vec<Posted>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    /// A receiver on any free port that replies to the nth post, from 0, with `reply(n)`.
    pub fn start(reply: impl Fn(usize) -> Reply + Send + 'static) -> anyhow::Result<Self> {
        Self::on(SocketAddr::from(([127, 0, 0, 1], 0)), reply)
    }

    /// The same at an address that one had before.
    pub fn on(address: SocketAddr, reply: impl Fn(usize) -> Reply + Send + 'static) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let (posted, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (kept, stopped) = (Arc::clone(&posted), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::SeqCst) || serve(stream, &kept, &reply) == Some(Reply::Die) {
                    break;
                }
            }
        });
        Ok(Self { address, posted, stop, thread: Some(thread) })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where deliveries are to be posted.
    pub fn url(&self) -> String {
        format!("http://{}/hook?a=b", self.address)
    }

    /// What was posted so far.
    pub fn posted(&self) -> Vec<Posted> {
        self.posted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether nobody listens any more.
    pub fn is_dead(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Receiver {
    /// Ends it; what was posted until then.
    pub fn end(self) -> Vec<Posted> {
        let posted = Arc::clone(&self.posted);
        drop(self);
        posted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if self.is_dead() {
            return;
        }
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn serve(mut stream: TcpStream, posted: &Mutex<Vec<Posted>>, reply: &impl Fn(usize) -> Reply) -> Option<Reply> {
    let (headers, body) = read(&mut stream)?;
    let reply = {
        let mut posted = posted.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = reply(posted.len());
        let answer = if let Reply::Status(status) = reply { Some(status) } else { None };
        posted.push(Posted { headers, body, answer });
        reply
    };
    if let Reply::Status(status) = reply {
        let location = if (300..400).contains(&status) { "Location: /elsewhere\r\n" } else { "" };
        let _ = write!(stream, "HTTP/1.1 {status} Answer\r\n{location}Content-Length: 0\r\nConnection: close\r\n\r\n");
    }
    Some(reply)
}

type Call = (Vec<(String, String)>, Vec<u8>);

fn read(stream: &mut TcpStream) -> Option<Call> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
            let headers: Vec<_> = head
                .lines()
                .skip(1)
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect();
            let length = headers.iter().find(|(name, _)| name == "content-length");
            let length: usize = length.map_or(Some(0), |(_, value)| value.parse().ok())?;
            if bytes.len() >= end + 4 + length {
                return Some((headers, bytes[end + 4..end + 4 + length].to_vec()));
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend(&buffer[..count]),
        }
    }
}

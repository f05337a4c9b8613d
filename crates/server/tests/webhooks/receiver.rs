//! A receiver of webhook deliveries: a small HTTP server in a thread.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// What was posted.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// What it was answered with.
    pub(crate) answer: u16,
}

impl Posted {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A receiver, until it is dropped.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    posted: Arc<Mutex<Vec<Posted>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    /// A receiver on any free port that answers the nth post, from 0, with `answer(n)`.
    pub(crate) fn start(answer: impl Fn(usize) -> u16 + Send + 'static) -> Self {
        Self::on(SocketAddr::from(([127, 0, 0, 1], 0)), answer)
    }

    /// The same at an address that one had before.
    pub(crate) fn on(address: SocketAddr, answer: impl Fn(usize) -> u16 + Send + 'static) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let (posted, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (kept, stopped) = (Arc::clone(&posted), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                serve(stream.unwrap(), &kept, &answer);
            }
        });
        Self { address, posted, stop, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook?a=b", self.address)
    }

    /// What was posted so far.
    pub(crate) fn posted(&self) -> Vec<Posted> {
        self.posted.lock().unwrap().clone()
    }

    /// What was taken so far.
    pub(crate) fn taken(&self) -> Vec<Posted> {
        self.posted().into_iter().filter(|posted| posted.answer == 200).collect()
    }

    /// Waits until enough was taken.
    #[track_caller]
    pub(crate) fn wait_for(&self, enough: impl Fn(&[Posted]) -> bool) -> Vec<Posted> {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let taken = self.taken();
            if enough(&taken) {
                return taken;
            }
            assert!(Instant::now() < end, "only so much came: {taken:#?}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Receiver {
    /// Dies; what was taken until then.
    pub(crate) fn die(self) -> Vec<Posted> {
        let posted = Arc::clone(&self.posted);
        drop(self);
        let posted = posted.lock().unwrap().clone();
        posted.into_iter().filter(|posted| posted.answer == 200).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().unwrap().join();
    }
}

fn serve(mut stream: TcpStream, posted: &Mutex<Vec<Posted>>, answer: &impl Fn(usize) -> u16) {
    let Some((headers, body)) = read(&mut stream) else { return };
    let status = {
        let mut posted = posted.lock().unwrap();
        let status = answer(posted.len());
        posted.push(Posted { headers, body, answer: status });
        status
    };
    let location = if (300..400).contains(&status) { "Location: /elsewhere\r\n" } else { "" };
    let _ = write!(stream, "HTTP/1.1 {status} Answer\r\n{location}Content-Length: 0\r\nConnection: close\r\n\r\n");
}

type Call = (Vec<(String, String)>, Vec<u8>);

fn read(stream: &mut TcpStream) -> Option<Call> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let headers: Vec<_> = head
                .lines()
                .skip(1)
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect();
            let length = headers.iter().find(|(name, _)| name == "content-length");
            let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
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

/// The signature of a body at a time.
pub(crate) fn signature(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(&[timestamp.as_bytes(), b".", body].concat());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

//! Counting the objects of a list while it comes, without keeping it.

use std::collections::HashSet;
use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserializer as _, SeqAccess, Visitor};
use uuid::Uuid;

/// How fast the list is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// As fast as it comes.
    Fast,
    /// With a long pause at the beginning, then at no more than some megabytes a second.
    Slow {
        /// Whether the pause is as long as a full show has time for.
        full: bool,
    },
}

/// What a list held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    /// Its objects.
    pub(super) objects: u64,
    /// The different `Uuid`s among them.
    pub(super) distinct: u64,
    /// The bytes of the answer.
    pub(super) bytes: u64,
}

/// Reads the list at `path` as `login` and counts.
pub(super) fn count(
    address: SocketAddr,
    path: &str,
    (login, password): (&str, &str),
    pace: Pace,
) -> anyhow::Result<Counted> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    let credentials = STANDARD.encode(format!("{login}:{password}"));
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Basic {credentials}\r\nConnection: close\r\n\r\n"
    )?;
    let mut reader = BufReader::with_capacity(1 << 16, Paced::new(stream, pace));
    head(&mut reader)?;
    let mut body = Chunked { reader, left: 0, bytes: 0, ended: false };
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(1 << 16, &mut body));
    let (objects, uuids) = json.deserialize_seq(Count)?;
    json.end()?;
    drop(json);
    ensure!(body.ended, "the answer breaks off");
    Ok(Counted { objects, distinct: uuids.len() as u64, bytes: body.bytes })
}

fn head(reader: &mut impl BufRead) -> anyhow::Result<()> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    ensure!(line.starts_with("HTTP/1.1 200 "), "the list answers {line}");
    let mut chunked = false;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        match line.trim() {
            "" if chunked => return Ok(()),
            "" => bail!("the list is not streamed"),
            header => chunked |= header.eq_ignore_ascii_case("transfer-encoding: chunked"),
        }
    }
}

/// The objects of an array, and their identifiers.
struct Count;

#[derive(serde::Deserialize)]
struct Object {
    #[serde(rename = "Uuid")]
    uuid: Uuid,
}

impl<'de> Visitor<'de> for Count {
    type Value = (u64, HashSet<Uuid>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of requests")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let (mut objects, mut uuids) = (0, HashSet::new());
        while let Some(object) = sequence.next_element::<Object>()? {
            objects += 1;
            uuids.insert(object.uuid);
        }
        Ok((objects, uuids))
    }
}

/// A stream that is read at a pace.
struct Paced {
    stream: TcpStream,
    pace: Pace,
    begun: Option<Instant>,
    bytes: u64,
}

impl Paced {
    /// Bytes a second, of the slow reader.
    const RATE: u64 = 8 << 20;

    const fn new(stream: TcpStream, pace: Pace) -> Self {
        Self { stream, pace, begun: None, bytes: 0 }
    }
}

impl Read for Paced {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if let Pace::Slow { full } = self.pace {
            let begun = *self.begun.get_or_insert_with(|| {
                // The server goes on as far as its buffers allow.
                std::thread::sleep(Duration::from_secs(if full { 10 } else { 1 }));
                Instant::now()
            });
            let due = Duration::from_millis(self.bytes * 1000 / Self::RATE);
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
        }
        let read = self.stream.read(buffer)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

/// A chunked body.
struct Chunked<R> {
    reader: R,
    left: u64,
    bytes: u64,
    ended: bool,
}

impl<R: BufRead> Chunked<R> {
    /// Reads the size of the next chunk.
    fn begin(&mut self) -> anyhow::Result<()> {
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            // The end of the chunk before.
            line.clear();
            self.reader.read_line(&mut line)?;
        }
        self.left = u64::from_str_radix(line.trim(), 16).with_context(|| format!("{line:?} is no size of a chunk"))?;
        self.ended = self.left == 0;
        Ok(())
    }
}

impl<R: BufRead> Read for Chunked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 && !self.ended {
            self.begin().map_err(std::io::Error::other)?;
        }
        let limit = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.reader.read(&mut buffer[..limit])?;
        if read == 0 && limit > 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        self.bytes += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> std::io::Result<String> {
        let mut body = Chunked { reader: text.as_bytes(), left: 0, bytes: 0, ended: false };
        let mut found = String::new();
        body.read_to_string(&mut found)?;
        Ok(found)
    }

    #[test]
    fn chunks_are_put_together_and_a_missing_end_is_noticed() {
        assert_eq!(read("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").unwrap(), "abcde");
        for broken in ["3\r\nabc\r\n", "3\r\nab", "", "x\r\n"] {
            assert!(read(broken).is_err(), "{broken:?}");
        }
    }
}

//! The lines of the log on their way out: whoever logs leaves them here, and one thread writes what has gathered. To wake
//! that thread for every line would cost a busy server a fifth of what it can do.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// How long the thread that writes waits for more lines after it has written some.
const GATHERING: Duration = Duration::from_millis(5);
/// How much may wait to be written before whoever logs waits, in bytes.
const MOST: usize = 1024 * 1024;

/// Where lines are left.
#[derive(Clone)]
pub(crate) struct Lines(Arc<Shared>);

#[derive(Default)]
struct Shared {
    gathered: Mutex<Gathered>,
    /// There is something to write, or never will be again.
    some: Condvar,
    /// There is room again.
    room: Condvar,
}

#[derive(Default)]
struct Gathered {
    bytes: Vec<u8>,
    closed: bool,
}

/// The thread that writes, until this is dropped: then it writes what is left and ends.
#[must_use = "lines are written as long as it is held"]
pub struct Writing {
    lines: Lines,
    thread: Option<JoinHandle<()>>,
}

impl Lines {
    /// Lines that a thread of their own writes to `target`.
    pub(crate) fn to(target: impl Write + Send + 'static) -> io::Result<(Self, Writing)> {
        let lines = Self(Arc::default());
        let writer = lines.clone();
        let thread = std::thread::Builder::new().name("log".to_owned()).spawn(move || writer.write_all_to(target))?;
        Ok((lines.clone(), Writing { lines, thread: Some(thread) }))
    }

    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.0.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all_to(&self, mut target: impl Write) {
        let mut bytes = Vec::new();
        while self.take(&mut bytes) {
            // Nobody is left to hear that it cannot be written.
            let _ = target.write_all(&bytes).and_then(|()| target.flush());
            bytes.clear();
            std::thread::sleep(GATHERING);
        }
    }

    /// Puts what has gathered into `bytes`, which is empty, as soon as there is any; false when there never will be.
    fn take(&self, bytes: &mut Vec<u8>) -> bool {
        let idle = |gathered: &mut Gathered| gathered.bytes.is_empty() && !gathered.closed;
        let mut gathered = self.0.some.wait_while(self.gathered(), idle).unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut gathered.bytes, bytes);
        drop(gathered);
        self.0.room.notify_all();
        !bytes.is_empty()
    }
}

impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let full = |gathered: &mut Gathered| gathered.bytes.len() >= MOST && !gathered.closed;
        let mut gathered = self.0.room.wait_while(self.gathered(), full).unwrap_or_else(PoisonError::into_inner);
        let first = gathered.bytes.is_empty();
        gathered.bytes.extend_from_slice(line);
        drop(gathered);
        if first {
            self.0.some.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.lines.gathered().closed = true;
        self.lines.0.some.notify_one();
        self.lines.0.room.notify_all();
        // A panic in it has been reported where it happened.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    /// A reader who takes what is written when it is asked to.
    struct Slow(SyncSender<Vec<u8>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Slow, Receiver<Vec<u8>>) {
        let (sender, receiver) = sync_channel(0);
        (Slow(sender), receiver)
    }

    #[test]
    fn every_line_arrives_whole_in_its_order_and_before_the_end() {
        let (target, receiver) = slow();
        let read = std::thread::spawn(move || receiver.iter().collect::<Vec<_>>().concat());
        let (lines, writing) = Lines::to(target).unwrap();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let lines = &lines;
                scope.spawn(move || {
                    for n in 0..1000 {
                        (&*lines).write_all(format!("{writer} {n:03}\n").as_bytes()).unwrap();
                    }
                });
            }
        });
        drop(writing);
        let text = String::from_utf8(read.join().unwrap()).unwrap();
        for writer in 0..4 {
            let prefix = format!("{writer} ");
            let seen: Vec<_> = text.lines().filter_map(|line| line.strip_prefix(&prefix)).collect();
            assert_eq!(seen, (0..1000).map(|n| format!("{n:03}")).collect::<Vec<_>>());
        }
    }

    #[test]
    fn whoever_logs_waits_for_a_reader_who_is_behind_and_no_longer() {
        let (target, receiver) = slow();
        let (lines, writing) = Lines::to(target).unwrap();
        let logged = std::thread::spawn(move || {
            let line = [b'x'; MOST / 2];
            (0..6).for_each(|_| (&lines).write_all(&line).unwrap());
        });
        std::thread::sleep(Duration::from_millis(100));
        assert!(!logged.is_finished());
        let mut read = 0;
        while read < 3 * MOST {
            read += receiver.recv().unwrap().len();
        }
        logged.join().unwrap();
        drop(receiver);
        drop(writing);
    }
}

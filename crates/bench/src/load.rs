//! The load: connections that call one after another, or at a fixed rate. Every answer's status and length is checked.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use clap::Parser as _;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rlt::cli::BenchCli;
use rlt::{BenchSuite, IterInfo, IterReport, Status};
use serde_json::Value;
use tokio::net::TcpStream;

/// A call, and which answer is the right one.
pub(crate) struct Call {
    /// What is sent.
    pub(crate) request: Request<Full<Bytes>>,
    /// The status.
    pub(crate) status: u16,
    /// How long the body is, in bytes.
    pub(crate) length: RangeInclusive<usize>,
    /// What the body has only if something was refused.
    pub(crate) refusal: Option<&'static str>,
}

/// What the callers of a row ask for.
pub(crate) trait Calls: Send + Sync {
    /// The `n`th call of a run.
    fn call(&self, n: u64) -> anyhow::Result<Call>;
}

/// How hard to call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pressure {
    /// How many connections.
    pub(crate) connections: u32,
    /// How many calls a second arrive at most; without it each connection calls again as soon as it has an answer.
    pub(crate) rate: Option<u32>,
    /// How long.
    pub(crate) time: Duration,
    /// How many calls at most, where there is no more to ask for.
    pub(crate) calls: Option<u64>,
}

/// What a run showed.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// Right answers a second.
    pub(crate) per_second: f64,
    /// The median of how long an answer took, in milliseconds.
    pub(crate) p50_ms: f64,
    /// So long took 99 of 100 at most, in milliseconds.
    pub(crate) p99_ms: f64,
    /// Calls that had another answer than the right one, by what was wrong with it.
    pub(crate) errors: Vec<(String, u64)>,
}

impl Measured {
    /// How many calls had another answer than the right one.
    pub(crate) fn failed(&self) -> u64 {
        self.errors.iter().map(|(_, count)| count).sum()
    }
}

/// Calls the server at `address`.
pub(crate) fn run(address: SocketAddr, calls: &Arc<dyn Calls>, pressure: Pressure) -> anyhow::Result<Measured> {
    let report = tempfile::NamedTempFile::new()?;
    let mut arguments = vec!["load".to_owned(), "--quiet".to_owned(), "--output=json".to_owned()];
    arguments.push(format!("--output-file={}", report.path().display()));
    arguments.push(format!("--concurrency={}", pressure.connections));
    arguments.push(format!("--duration={}ms", pressure.time.as_millis()));
    arguments.extend(pressure.rate.map(|rate| format!("--rate={rate}")));
    arguments.extend(pressure.calls.map(|calls| format!("--iterations={calls}")));
    let options = BenchCli::try_parse_from(arguments)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(rlt::cli::run(options, Caller { address, calls: Arc::clone(calls) }))?;
    let report: Value = serde_json::from_reader(std::fs::File::open(report.path())?)?;
    measured(&report)
}

fn measured(report: &Value) -> anyhow::Result<Measured> {
    let number = |pointer: &str| report.pointer(pointer).and_then(Value::as_f64);
    let errors = report["errors"].as_object().into_iter().flatten();
    let measured = Measured {
        per_second: number("/summary/iters/rate").context("no rate")?,
        p50_ms: number("/latency/percentiles/p50").map_or(f64::NAN, |seconds| seconds * 1e3),
        p99_ms: number("/latency/percentiles/p99").map_or(f64::NAN, |seconds| seconds * 1e3),
        errors: errors.map(|(error, count)| (error.clone(), count.as_u64().unwrap_or(1))).collect(),
    };
    ensure!(measured.per_second > 0.0 || !measured.errors.is_empty(), "not one call was answered");
    Ok(measured)
}

/// Sends one call; how long the answer is, which must have the right status.
pub(crate) fn answer(address: SocketAddr, call: Call) -> anyhow::Result<usize> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut sender = connect(address).await?;
        Ok(exchange(&mut sender, call).await?.1)
    })
}

/// Asks whether the server is there, and takes any answer.
pub(crate) fn any_answer(address: SocketAddr) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut sender = connect(address).await?;
        let request = Request::get("/healthz").header(hyper::header::HOST, "localhost");
        sender.send_request(request.body(Full::default())?).await?;
        Ok(())
    })
}

async fn connect(address: SocketAddr) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// The status and the length of the answer, which are the right ones.
async fn exchange(sender: &mut SendRequest<Full<Bytes>>, call: Call) -> anyhow::Result<(u16, usize)> {
    sender.ready().await?;
    let answer = sender.send_request(call.request).await?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await?.to_bytes();
    let length = body.len();
    ensure!(status == call.status, "status {status} instead of {}", call.status);
    ensure!(call.length.contains(&length), "a body of {length} bytes; {:?} are right", call.length);
    let has = |text: &str| body.windows(text.len()).any(|part| part == text.as_bytes());
    ensure!(!call.refusal.is_some_and(has), "{}", String::from_utf8_lossy(&body));
    Ok((status, length))
}

#[derive(Clone)]
struct Caller {
    address: SocketAddr,
    calls: Arc<dyn Calls>,
}

#[async_trait]
impl BenchSuite for Caller {
    type WorkerState = SendRequest<Full<Bytes>>;

    async fn state(&self, _: u32) -> anyhow::Result<Self::WorkerState> {
        connect(self.address).await
    }

    async fn bench(&mut self, sender: &mut Self::WorkerState, info: &IterInfo) -> anyhow::Result<IterReport> {
        let call = self.calls.call(info.runner_seq)?;
        let begin = Instant::now();
        let (status, length) = exchange(sender, call).await?;
        let duration = begin.elapsed();
        Ok(IterReport { duration, status: Status::success(status.into()), bytes: length as u64, items: 1 })
    }
}

/// A number that follows from `n` and looks like chance.
pub(crate) const fn scattered(n: u64) -> u64 {
    let mut x = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

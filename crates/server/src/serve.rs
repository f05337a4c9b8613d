//! Runs the server until it is told to stop.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::HttpServer;
use anyhow::Context;
use countersign_core::error::RepositoryError;
use tokio::signal::unix::{SignalKind, signal};

use crate::probe::ready;
use crate::state::AppState;

/// How long a client may take to send the head of a call.
const HEAD: Duration = Duration::from_secs(10);
/// How long a connection may stay open between calls.
const IDLE: Duration = Duration::from_secs(75);
/// How long a client may take to close a connection.
const CLOSE: Duration = Duration::from_secs(5);
/// How long after a try to reach the database for its migrations the next one is made.
const RETRY: Duration = Duration::from_secs(1);

/// Runs the migrations that the database misses. Waits for a database that is out of reach: whoever starts the
/// server may start the database beside it. `false` if it was told to stop before.
pub async fn migrate(state: &AppState) -> anyhow::Result<bool> {
    let mut stop = Box::pin(stop_signal()?);
    loop {
        match state.repository.migrate().await {
            Ok(run) => {
                run.iter().for_each(|migration| tracing::info!(%migration, "migrated"));
                return Ok(true);
            }
            Err(error @ RepositoryError::Unavailable(_)) => {
                tracing::warn!(%error, "the migrations wait for the database")
            }
            Err(error) => return Err(error).context("the server is not started"),
        }
        tokio::select! {
            () = tokio::time::sleep(RETRY) => {}
            () = &mut stop => return Ok(false),
        }
    }
}

/// Answers calls until SIGTERM or SIGINT, then lets those under way end. `listening` hears the
/// address once calls are accepted. Refuses to start while a migration is missing; a database that is out of reach
/// may come back, and until then whoever asks whether the server is ready is told.
pub async fn serve(state: AppState, listening: impl FnOnce(SocketAddr)) -> anyhow::Result<()> {
    match ready(state.repository.as_ref()).await {
        Err(error @ RepositoryError::Unavailable(_)) => tracing::warn!(%error, "the database is out of reach"),
        ready => ready.context("the server is not started")?,
    }
    let key = crate::audit::signing_key(&state.settings.audit)?;
    if key.is_none() {
        tracing::warn!(
            "audit.signing_key is not set: no checkpoints are made, and a history rewritten to fit could not be told"
        );
    }
    let settings = state.settings.server.clone();
    let repository = state.repository.clone();
    let place = || format!("cannot listen on {}", settings.listen);
    let listener = TcpListener::bind(&settings.listen).with_context(place)?;
    let address = listener.local_addr()?;
    let stop = stop_signal()?;
    let worker = actix_web::rt::spawn(crate::worker::run(state.clone(), key));
    let mut server = HttpServer::new(move || crate::app::app(state.clone()))
        .client_request_timeout(HEAD)
        .client_disconnect_timeout(CLOSE)
        .keep_alive(IDLE)
        .shutdown_timeout(settings.shutdown_seconds)
        .shutdown_signal(stop);
    if settings.workers > 0 {
        server = server.workers(settings.workers);
    }
    let server = server.listen(listener).with_context(place)?.run();
    tracing::info!(%address, "listening");
    listening(address);
    server.await?;
    // Whatever it is at has landed or has not: the next server finds it due again.
    worker.abort();
    repository.close().await?;
    tracing::info!("stopped");
    Ok(())
}

/// Where this machine reaches whoever listens on `bound`: an address that means every interface is no destination.
pub fn here(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, bound.port())
}

/// Comes when somebody asks the process to stop, politely or from the keyboard.
fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    })
}

//! Logs: one access line per call, every line with the id of the call that it belongs to.
//!
//! Nothing secret is logged: headers, bodies and query values never are.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use tracing::Span;
use tracing::field::Empty;
use tracing_actix_web::{RequestId, RootSpanBuilder, TracingLogger};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::log_lines::{Lines, Writing};
use crate::settings::{LogFormat, LogSettings};

/// The response header that names the call in the logs.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Begins to log to standard error, line by line. A second call changes nothing.
pub fn start(settings: &LogSettings) -> anyhow::Result<()> {
    start_to(settings, std::io::stderr)
}

/// Begins to log to standard error from a thread of its own, so that no call waits for whoever reads there. Lines are
/// written within milliseconds, at the latest when what is returned is dropped. Where too many wait to be written, whoever
/// logs waits, too.
pub fn start_behind(settings: &LogSettings) -> anyhow::Result<Writing> {
    let (lines, writing) = Lines::to(std::io::stderr())?;
    start_to(settings, lines)?;
    Ok(writing)
}

fn start_to(settings: &LogSettings, writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.filter)?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    // An error here means that a subscriber is already there, as in tests.
    let _ = match settings.format {
        LogFormat::Text => subscriber.with_ansi(false).try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
    Ok(())
}

/// The middleware that opens a span for every call and logs how it went.
pub fn access_log() -> TracingLogger<AccessLog> {
    TracingLogger::new()
}

/// Writes the root span and the access line of a call.
pub struct AccessLog;

/// When a call came in.
struct Started(Instant);

impl RootSpanBuilder for AccessLog {
    fn on_request_start(request: &ServiceRequest) -> Span {
        request.extensions_mut().insert(Started(Instant::now()));
        // Always ours: an id that a client sends could be made to collide or to break a log line.
        let id = request.extensions().get::<RequestId>().map(RequestId::to_string).unwrap_or_default();
        tracing::info_span!("call", request_id = %id, user = Empty)
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let _in_span = span.enter();
        match outcome {
            Ok(response) => access_line(response),
            Err(error) => tracing::warn!(status = error.as_response_error().status_code().as_u16(), "refused"),
        }
    }
}

/// The latency is that of the head: a streamed body may take longer.
fn access_line<B>(response: &ServiceResponse<B>) {
    let request = response.request();
    let started = request.extensions().get::<Started>().map(|started| started.0.elapsed());
    let latency_ms = started.map(|elapsed| (elapsed.as_secs_f64() * 1e6).round() / 1e3);
    tracing::info!(
        method = %request.method(),
        path = request.path(),
        status = response.status().as_u16(),
        latency_ms,
        "answered"
    );
}

/// The middleware, inside [`access_log`], that tells the client the id of the call.
pub async fn stamp<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let id = request.extensions().get::<RequestId>().copied();
    let mut response = next.call(request).await?;
    if let Some(value) = id.and_then(|id| HeaderValue::try_from(id.to_string()).ok()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use actix_web::middleware::from_fn;
    use actix_web::{App, HttpResponse, test, web};
    use tracing::instrument::WithSubscriber;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[actix_web::test]
    async fn a_call_has_one_line_with_its_id_and_without_secrets() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber =
            tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone()).finish();
        let response = async {
            let app = App::new().wrap(from_fn(stamp)).wrap(access_log());
            let app = test::init_service(app.route("/a", web::get().to(HttpResponse::NoContent))).await;
            let request = test::TestRequest::get().uri("/a?status=hidden");
            let request = request.insert_header(("authorization", "Basic aGlkZGVuOmhpZGRlbg=="));
            test::call_service(&app, request.insert_header(("x-request-id", "theirs")).to_request()).await
        }
        .with_subscriber(subscriber)
        .await;
        let id = response.headers().get(REQUEST_ID).unwrap().to_str().unwrap().to_owned();
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&line["method"], &line["path"], &line["status"]), (&"GET".into(), &"/a".into(), &204.into()));
        assert_eq!(line["span"]["request_id"], id.as_str());
        assert!(line["latency_ms"].is_number());
        for secret in ["hidden", "aGlkZGVu", "theirs"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

//! Probes for whoever runs the server: is it alive, and can it answer?

use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use countersign_core::error::RepositoryError;
use countersign_core::repository::Repository;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::AppState;

/// How long a probe waits: less than whoever asks.
const PATIENCE: Duration = Duration::from_secs(2);

/// The server is alive.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub struct Health {
    /// Always `ok`: whoever can answer is well.
    #[schema(example = "ok")]
    pub status: &'static str,
}

impl Health {
    const OK: Self = Self { status: "ok" };
}

/// A problem in the form of RFC 9457.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Problem {
    /// What kind of problem: `about:blank` says no more than the status.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    pub kind: &'static str,
    /// The status in words.
    #[schema(example = "Service Unavailable")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 503)]
    pub status: u16,
    /// What is wrong, and what to do about it.
    #[schema(example = "the database needs migration 00000000000001_initial: run `countersign migrate`")]
    pub detail: String,
    /// The word by which clients tell problems apart. It never changes.
    #[schema(nullable = false, example = "InvalidInput")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// The member of the input that cannot be taken.
    #[schema(nullable = false, example = "targets[0].end")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl Problem {
    /// The media type of a problem.
    pub const MEDIA_TYPE: &'static str = "application/problem+json";

    /// A problem that `status` and `detail` say everything about.
    pub fn new(status: actix_web::http::StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or_default().to_owned();
        Self { kind: "about:blank", title, status: status.as_u16(), detail: detail.into(), code: None, field: None }
    }

    /// The same problem with the word for its kind, and the member that it is about.
    #[must_use]
    pub fn of(self, code: &'static str, field: Option<&str>) -> Self {
        Self { code: Some(code), field: field.map(str::to_owned), ..self }
    }

    /// The response that carries the problem.
    pub fn response(&self) -> HttpResponse {
        let status = actix_web::http::StatusCode::from_u16(self.status);
        let status = status.unwrap_or(actix_web::http::StatusCode::INTERNAL_SERVER_ERROR);
        HttpResponse::build(status).content_type(Self::MEDIA_TYPE).json(self)
    }
}

/// Whether the server is alive
///
/// Touches nothing but the server itself.
#[utoipa::path(
    operation_id = "healthz",
    tag = "probes",
    security(()),
    responses((status = 200, description = "The server is alive.", body = Health, example = json!({"status": "ok"})))
)]
#[get("/healthz")]
pub(crate) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(Health::OK)
}

/// Whether the server can answer calls
///
/// Writes a row into the database and reads it back, and looks whether a migration is missing.
#[utoipa::path(
    operation_id = "readyz",
    tag = "probes",
    security(()),
    responses(
        (status = 200, description = "The server can answer calls.", body = Health, example = json!({"status": "ok"})),
        (
            status = 503,
            description = "The database is out of reach, or a migration is missing; `detail` says which.",
            body = Problem,
            content_type = "application/problem+json",
            example = json!({
                "type": "about:blank",
                "title": "Service Unavailable",
                "status": 503,
                "detail": "the database needs migration 00000000000001_initial: run `countersign migrate`"
            })
        )
    )
)]
#[get("/readyz")]
pub(crate) async fn readyz(state: web::Data<AppState>) -> HttpResponse {
    match ready(state.repository.as_ref()).await {
        Ok(()) => HttpResponse::Ok().json(Health::OK),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            Problem::new(actix_web::http::StatusCode::SERVICE_UNAVAILABLE, reason(&error)).response()
        }
    }
}

/// Whether the database takes and gives a row, and misses no migration, as soon as a probe must know.
pub(crate) async fn ready(repository: &dyn Repository) -> Result<(), RepositoryError> {
    let ready = tokio::time::timeout(PATIENCE, repository.ready()).await;
    ready.unwrap_or_else(|_| Err(RepositoryError::Unavailable("it does not answer in time".to_owned())))
}

/// What may be told to strangers: the name of a migration, but no text of the database's own.
fn reason(error: &RepositoryError) -> String {
    match error {
        RepositoryError::MigrationMissing { .. } => error.to_string(),
        _ => "the database does not take or give a row; the log says why".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_migration_is_named_and_nothing_else_is_told() {
        let missing = RepositoryError::MigrationMissing { missing: "0002_requests".to_owned() };
        assert!(reason(&missing).contains("0002_requests") && reason(&missing).contains("countersign migrate"));
        let inside = RepositoryError::Unavailable("/var/lib/x.db is locked".to_owned());
        assert!(!reason(&inside).contains("x.db"));
    }

    #[actix_web::test]
    async fn readiness_waits_for_the_migrations_and_life_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/a.db", folder.path().display());
        let storage = crate::settings::StorageSettings { url, ..Default::default() };
        let repository = crate::storage::create(&storage).unwrap();
        let state = AppState::new(crate::settings::Settings::default(), repository.clone()).unwrap();
        let app = actix_web::test::init_service(crate::app::app(state)).await;
        let get = async |path: &str| {
            let response =
                actix_web::test::call_service(&app, actix_web::test::TestRequest::get().uri(path).to_request());
            let response = response.await;
            let status = response.status().as_u16();
            let body: serde_json::Value = actix_web::test::read_body_json(response).await;
            (status, body)
        };
        let (status, body) = get("/readyz").await;
        assert_eq!((status, &body["status"]), (503, &503.into()));
        assert!(body["detail"].as_str().unwrap().contains("00000000000001_initial"), "{body}");
        assert_eq!(get("/healthz").await, (200, serde_json::json!({"status": "ok"})));
        repository.migrate().await.unwrap();
        assert_eq!(get("/readyz").await, (200, serde_json::json!({"status": "ok"})));
    }

    #[test]
    fn a_problem_has_its_media_type_and_members() {
        let problem = Problem::new(actix_web::http::StatusCode::SERVICE_UNAVAILABLE, "later");
        let response = problem.response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers().get("content-type").unwrap(), "application/problem+json");
        let expected = serde_json::json!({
            "type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": "later"
        });
        assert_eq!(serde_json::to_value(&problem).unwrap(), expected);
    }
}

//! The application: every route, and what stands before them.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, Error, HttpResponse};
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::dialect::extractor_faults;
use crate::head;
use crate::method::{self, Methods};
use crate::openapi;
use crate::operations;
use crate::path;
use crate::state::AppState;
use crate::telemetry;

/// The application that answers with `state`; one is made for each worker.
pub fn app(
    state: AppState,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let settings = state.settings.clone();
    let document = openapi::document(&settings);
    App::new()
        .app_data(Data::new(state))
        .app_data(Data::new(Methods::of(&document)))
        .into_utoipa_app()
        .configure(|config| operations::register(config, &settings))
        .into_app()
        .configure(|config| extractor_faults(config, settings.server.max_body_bytes))
        .configure(|config| browser(config, document.to_string().into()))
        .default_service(web::to(method::unmatched))
        .wrap(from_fn(path::canonical))
        .wrap(from_fn(head::limited))
        .wrap(from_fn(method::head_as_get))
        .wrap(from_fn(telemetry::stamp))
        .wrap(telemetry::access_log())
}

/// The contract, and pages to browse it with that fetch nothing from elsewhere.
fn browser(config: &mut web::ServiceConfig, document: Bytes) {
    let contract = web::resource("/openapi.json").route(web::get().to(move || {
        let json = HeaderValue::from_static("application/json");
        std::future::ready(HttpResponse::Ok().insert_header((CONTENT_TYPE, json)).body(document.clone()))
    }));
    // Relative, so that both work behind a proxy that puts a prefix before our paths.
    let pages = Config::from("../openapi.json").validator_url("none");
    config.service(contract);
    config.service(web::redirect("/docs", "docs/"));
    config.service(SwaggerUi::new("/docs/{_:.*}").config(pages));
}

#[cfg(test)]
#[path = "app_tests.rs"]
mod tests;

//! The way into a dialect: who calls is settled before any handler runs, and whatever goes
//! wrong behind it leaves in the dialect's form.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::ops::Deref;
use std::rc::Rc;

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::middleware::Next;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use countersign_core::directory::Caller;
use countersign_core::error::RepositoryError;
use countersign_core::repository::StoredRequest;
use countersign_core::request::RequestKey;
use countersign_core::service::Sought;

use super::{Dialect, Fault};
use crate::state::AppState;

/// Who calls. Only behind [`admit`].
#[derive(Clone)]
pub(crate) struct CurrentCaller(Rc<Caller>);

impl From<CurrentCaller> for Rc<Caller> {
    fn from(caller: CurrentCaller) -> Self {
        caller.0
    }
}

impl Deref for CurrentCaller {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl FromRequest for CurrentCaller {
    type Error = Fault;
    type Future = Ready<Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Self>().cloned();
        ready(caller.ok_or_else(|| Fault::Broken("a handler stands outside the guard of its dialect".to_owned())))
    }
}

/// The request that the path of a call names, which was asked for together with the caller.
struct AlreadyRead {
    key: RequestKey,
    found: Result<Option<StoredRequest>, RepositoryError>,
}

/// The request that a call reads, once: what was read with the caller need not be read again.
pub(crate) struct Reading(Option<AlreadyRead>);

impl Reading {
    /// The request by `key`.
    pub(crate) fn of(self, key: RequestKey) -> Sought {
        match self.0 {
            Some(read) if read.key == key => Sought::Read(read.found),
            _ => Sought::By(key),
        }
    }
}

impl FromRequest for Reading {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.extensions_mut().remove::<AlreadyRead>())))
    }
}

/// Lets a request into `dialect`, with its caller, and gives errors on the way out the dialect's form.
pub(crate) async fn admit(
    dialect: Dialect,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let asked = if request.method() == Method::GET { dialect.asked(request.path()) } else { None };
    match identify(&request, asked).await {
        Ok((caller, read)) => {
            let mut extensions = request.extensions_mut();
            extensions.insert(caller);
            if let Some(read) = read {
                extensions.insert(read);
            }
        }
        Err(fault) => {
            let response = dialect.respond(request.request(), &fault);
            return Ok(request.into_response(response));
        }
    }
    Ok(render(dialect, next.call(request).await?))
}

/// The response; if it is an error, in the form of `dialect`.
pub(crate) fn render(dialect: Dialect, response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let Some(error) = response.response().error() else { return response };
    let rendered = match error.as_error::<Fault>() {
        Some(fault) => dialect.respond(response.request(), fault),
        None => dialect.respond(response.request(), &Fault::of_actix(error)),
    };
    response.into_response(rendered)
}

async fn identify(
    request: &ServiceRequest,
    asked: Option<RequestKey>,
) -> Result<(CurrentCaller, Option<AlreadyRead>), Fault> {
    let Some(state) = request.app_data::<Data<AppState>>() else {
        return Err(Fault::Broken("the application has no state".to_owned()));
    };
    let (caller, read) = match asked {
        Some(key) => {
            let (caller, found) = state.authenticator.authenticate_for(request.headers(), key).await?;
            (caller, Some(AlreadyRead { key, found }))
        }
        None => (state.authenticator.authenticate(request.headers()).await?, None),
    };
    let limit = state.settings.server.max_body_bytes;
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(Fault::TooLarge);
    }
    Ok((CurrentCaller(Rc::new(caller)), read))
}

/// Makes actix's own extractors fail with a [`Fault`], and bodies end at `limit` bytes.
pub(crate) fn extractor_faults(config: &mut ServiceConfig, limit: usize) {
    config.app_data(web::PayloadConfig::new(limit));
    config.app_data(
        web::PathConfig::default().error_handler(|error, _| Fault::invalid("path", error.to_string()).into()),
    );
    config.app_data(
        web::QueryConfig::default().error_handler(|error, _| Fault::invalid("query", error.to_string()).into()),
    );
    config.app_data(web::JsonConfig::default().limit(limit).error_handler(|error, _| {
        let too_large = matches!(
            error,
            actix_web::error::JsonPayloadError::Overflow { .. }
                | actix_web::error::JsonPayloadError::OverflowKnownLength { .. }
        );
        if too_large { Fault::TooLarge.into() } else { Fault::invalid("body", error.to_string()).into() }
    }));
}

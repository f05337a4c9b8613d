//! Methods: HEAD is GET without the body, OPTIONS tells what a path allows, and a wrong method is
//! told apart from a wrong path.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ResourceDef, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpRequest, HttpResponse};
use serde_json::Value;

use crate::dialect::{Dialect, Fault};

/// Which methods each path of the contract knows.
pub(crate) struct Methods(Vec<(ResourceDef, Vec<Method>)>);

impl Methods {
    /// Reads the paths of an OpenAPI document.
    pub(crate) fn of(document: &Value) -> Self {
        let paths = document["paths"].as_object().into_iter().flatten();
        Self(paths.map(|(path, item)| (ResourceDef::new(path.as_str()), known(item))).collect())
    }

    fn allowed(&self, path: &str) -> Option<&[Method]> {
        let known = self.0.iter().find(|(resource, _)| resource.is_match(path));
        known.map(|(_, methods)| methods.as_slice())
    }
}

fn known(item: &Value) -> Vec<Method> {
    let names = item.as_object().into_iter().flatten().map(|(name, _)| name.to_uppercase());
    let mut methods: Vec<_> = names.filter_map(|name| Method::from_bytes(name.as_bytes()).ok()).collect();
    if methods.contains(&Method::GET) {
        methods.push(Method::HEAD);
    }
    methods.push(Method::OPTIONS);
    methods
}

/// Answers what no handler takes.
pub(crate) async fn unmatched(request: HttpRequest, methods: Data<Methods>) -> HttpResponse {
    let fault = match methods.allowed(request.path()) {
        Some(allowed) if request.method() == Method::OPTIONS => {
            return HttpResponse::Ok().insert_header(header::Allow(allowed.to_vec())).finish();
        }
        Some(allowed) => Fault::Method(allowed.to_vec()),
        None => Fault::NoRoute,
    };
    Dialect::of(request.path()).respond(&request, &fault)
}

/// Answers HEAD as GET, without the body: what would be streamed is not even made.
pub(crate) async fn head_as_get(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.method() != Method::HEAD {
        return next.call(request).await;
    }
    request.head_mut().method = Method::GET;
    let response = next.call(request).await?;
    Ok(response.map_body(|_, body| BoxBody::new(Unsent(body.size()))))
}

/// A body that has a size and is not sent.
struct Unsent(BodySize);

impl MessageBody for Unsent {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        self.0
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(None)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_allows_what_the_contract_says() {
        let methods = Methods::of(&json!({"paths": {"/a/{id}": {"get": {}, "put": {}}, "/b": {"post": {}}}}));
        let allowed = methods.allowed("/a/7").unwrap();
        assert_eq!(allowed, [Method::GET, Method::PUT, Method::HEAD, Method::OPTIONS]);
        assert_eq!(methods.allowed("/b").unwrap(), [Method::POST, Method::OPTIONS]);
        assert_eq!(methods.allowed("/a"), None);
        assert_eq!(methods.allowed("/a/7/8"), None);
    }
}

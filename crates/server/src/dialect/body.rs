//! The body of a call, before anybody reads it.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};

use super::Fault;

/// The bytes of a body that says it is JSON, or says nothing: clients leave the header out.
pub(crate) struct JsonBody(Bytes);

impl Deref for JsonBody {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl FromRequest for JsonBody {
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Fault>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let checked = check(request);
        let bytes = Bytes::from_request(request, payload);
        Box::pin(async move {
            checked?;
            bytes.await.map(Self).map_err(|error| Fault::of_actix(&error))
        })
    }
}

fn check(request: &HttpRequest) -> Result<(), Fault> {
    let Some(sent) = request.headers().get(CONTENT_TYPE) else { return Ok(()) };
    let media = sent.to_str().ok().and_then(|sent| sent.split(';').next()).map(str::trim);
    match media {
        Some(media) if media.eq_ignore_ascii_case("application/json") => Ok(()),
        _ => Err(Fault::MediaType),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use actix_web::web::PayloadConfig;

    use super::*;

    async fn read(media: Option<&str>, body: &'static str) -> Result<JsonBody, Fault> {
        let mut request = TestRequest::post().set_payload(body).app_data(PayloadConfig::new(8));
        if let Some(media) = media {
            request = request.insert_header((CONTENT_TYPE, media));
        }
        let (request, mut payload) = request.to_http_parts();
        JsonBody::from_request(&request, &mut payload).await
    }

    #[actix_web::test]
    async fn json_is_read_and_so_is_what_names_no_type() {
        for media in [None, Some("application/json"), Some("Application/JSON ; charset=utf-8")] {
            assert_eq!(&*read(media, "{}").await.unwrap(), b"{}", "{media:?}");
        }
    }

    #[actix_web::test]
    async fn other_types_and_long_bodies_are_refused() {
        for media in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
            assert!(matches!(read(Some(media), "{}").await, Err(Fault::MediaType)), "{media:?}");
        }
        assert!(matches!(read(None, "[1,2,3,4]").await, Err(Fault::TooLarge)));
    }
}

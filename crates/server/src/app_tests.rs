use std::sync::{Arc, Mutex};

use actix_web::body::to_bytes;
use actix_web::http::header::{ALLOW, AUTHORIZATION, WWW_AUTHENTICATE};
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, init_service};
use serde_json::{Value, json};

use super::*;
use crate::settings::MimSettings;
use crate::settings::Settings;
use crate::testing::{BASIC, Memory, certificate_request};
use countersign_core::request::{Request, RequestState};

const MIM: &str = "/CertificateManagement/api/v1.0";
const OIG: &str = "/iam/governance/selfservice/api/v1";

struct Answer {
    status: u16,
    headers: actix_web::http::header::HeaderMap,
    /// `None` when the connection broke before the end.
    body: Option<Bytes>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(self.body.as_ref().unwrap()).unwrap()
    }

    fn header(&self, name: impl actix_web::http::header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

fn requests(count: u32) -> Vec<Request> {
    (0..count).rev().map(certificate_request).collect()
}

async fn send(memory: Memory, settings: Settings, request: TestRequest) -> Answer {
    let service = init_service(app(AppState::new(settings, Arc::new(memory)).unwrap())).await;
    let response = actix_web::dev::Service::call(&service, request.to_request()).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: to_bytes(response.into_body()).await.ok() }
}

fn call(method: Method, uri: &str) -> TestRequest {
    TestRequest::with_uri(uri)
        .method(method)
        .insert_header((AUTHORIZATION, BASIC))
        .insert_header(("x-requested-by", "test"))
}

async fn get(uri: &str) -> Answer {
    send(Memory::of(requests(3)), Settings::default(), call(Method::GET, uri)).await
}

async fn with_method(method: Method, uri: &str) -> Answer {
    send(Memory::of(requests(3)), Settings::default(), call(method, uri)).await
}

fn error_code(answer: &Answer) -> String {
    let body = answer.json();
    body["ErrorCode"].as_str().or(body["errorCode"].as_str()).unwrap_or_default().to_owned()
}

#[actix_web::test]
async fn mim_paths_and_guids_are_taken_in_every_form() {
    let guid = "a0000001";
    for path in [
        format!("{MIM}/requests/00000000-0000-0000-0000-0000{guid}"),
        format!("/certificatemanagement/API/V1.0/REQUESTS/%7B00000000-0000-0000-0000-0000{}%7D/", guid.to_uppercase()),
        format!("{MIM}/requests/%20000000000000000000000000{guid}"),
        format!("{MIM}/requests/{{00000000-0000-0000-0000-0000{guid}}}"),
    ] {
        let answer = get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.json()["Uuid"], format!("00000000-0000-0000-0000-0000{guid}"));
        assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    }
}

#[actix_web::test]
async fn bad_input_is_named_in_the_form_of_its_dialect() {
    for (uri, status, code, named) in [
        (format!("{MIM}/requests/junk"), 400, "InvalidInput", "id: "),
        (format!("{MIM}/requests?status=junk"), 400, "InvalidInput", "status: "),
        (format!("{MIM}/requests?targetuser="), 400, "InvalidInput", "targetuser: "),
        (format!("{MIM}/requests/junk/profiles"), 400, "InvalidInput", "requestid: "),
        (format!("{MIM}/requests/%FF"), 400, "InvalidInput", "path: "),
        (format!("{MIM}/requests?status=%FF"), 400, "InvalidInput", "query: "),
        (format!("{MIM}/nothing"), 404, "RouteNotFound", ""),
        ("/CertificateManagement".to_owned(), 404, "RouteNotFound", ""),
        (format!("{OIG}/requests/junk"), 404, "EntityNotFound", "reqid: "),
        (format!("{OIG}/requests/99"), 404, "EntityNotFound", ""),
        (format!("{OIG}/requests/1?fields=%FF"), 400, "InvalidInput", "query: "),
        (format!("{OIG}/requests/1?fields=a&fields=b"), 400, "InvalidInput", "fields: "),
        (format!("{OIG}/nothing"), 404, "RouteNotFound", ""),
    ] {
        let answer = get(&uri).await;
        assert_eq!((answer.status, error_code(&answer).as_str()), (status, code), "{uri}");
        let body = answer.json();
        let message = body["Message"].as_str().or(body["message"].as_str()).unwrap();
        assert!(message.starts_with(named), "{uri}: {message}");
    }
}

#[actix_web::test]
async fn what_mim_does_not_have_is_204_and_what_is_not_the_callers_403() {
    let mut foreign = requests(3);
    for request in &mut foreign {
        request.originator = uuid::Uuid::from_u128(77).into();
        if let countersign_core::request::RequestDetails::Certificate(certificate) = &mut request.details {
            certificate.target = request.originator;
        }
    }
    let known = format!("{MIM}/requests/00000000-0000-0000-0000-0000a0000001");
    let answer = send(Memory::of(foreign), Settings::default(), call(Method::GET, &known)).await;
    assert_eq!((answer.status, error_code(&answer).as_str()), (403, "AccessDenied"));
    let mut draft = requests(3);
    draft.iter_mut().for_each(|request| request.state = RequestState::Draft);
    let answer = send(Memory::of(draft), Settings::default(), call(Method::GET, &known)).await;
    assert_eq!((answer.status, answer.body), (204, Some(Bytes::new())));
    for uri in ["/requests/00000000-0000-0000-0000-000000000007", "/requests?status=Denied", "/requests?status=none"] {
        assert_eq!(get(&format!("{MIM}{uri}")).await.status, 204, "{uri}");
    }
}

#[actix_web::test]
async fn nobody_gets_in_without_credentials() {
    for uri in [format!("{MIM}/requests"), format!("{OIG}/requests/1")] {
        let answer = send(Memory::of(requests(1)), Settings::default(), TestRequest::with_uri(&uri)).await;
        assert_eq!((answer.status, error_code(&answer).as_str()), (401, "AuthenticationRequired"), "{uri}");
        assert!(answer.header(WWW_AUTHENTICATE).starts_with("Basic "));
    }
}

#[actix_web::test]
async fn an_error_of_ours_tells_its_id_and_nothing_else() {
    let answer = get(&format!("{MIM}/profiles")).await;
    assert_eq!(answer.status, 500);
    let body = answer.json();
    let id = body["CorrelationId"].as_str().unwrap();
    assert_eq!(answer.header("x-request-id"), id);
    assert_eq!(body["Message"], format!("An error has occurred. Correlation ID: {id}"));
    assert!(!body.to_string().contains("secret"));
}

#[actix_web::test]
async fn a_wrong_method_is_told_apart_from_a_wrong_path() {
    for (uri, allowed) in [
        (format!("{MIM}/requests"), "GET, POST, HEAD, OPTIONS"),
        (format!("{OIG}/requests/1"), "GET, PUT, DELETE, HEAD, OPTIONS"),
    ] {
        let answer = with_method(Method::PATCH, &uri).await;
        assert_eq!((answer.status, error_code(&answer).as_str()), (405, "MethodNotAllowed"), "{uri}");
        assert_eq!(answer.header(ALLOW), allowed);
        let answer = with_method(Method::OPTIONS, &uri).await;
        assert_eq!((answer.status, answer.header(ALLOW)), (200, allowed), "{uri}");
        let head = with_method(Method::HEAD, &uri).await;
        let whole = get(&uri).await;
        assert_eq!((head.status, head.header("content-type")), (200, whole.header("content-type")));
        assert_eq!(head.body, Some(Bytes::new()));
    }
    assert_eq!(with_method(Method::DELETE, "/healthz").await.status, 405);
    assert_eq!(with_method(Method::DELETE, "/nothing").await.status, 404);
}

#[actix_web::test]
async fn a_long_list_is_whole_and_in_order() {
    for count in [1, 256, 257, 1000] {
        let answer =
            send(Memory::of(requests(count)), Settings::default(), call(Method::GET, &format!("{MIM}/requests"))).await;
        let list = answer.json();
        let ids: Vec<_> = list.as_array().unwrap().iter().map(|item| item["Uuid"].clone()).collect();
        let expected: Vec<_> = requests(count).iter().map(|request| json!(request.id)).collect();
        assert_eq!(ids, expected, "{count}");
    }
}

#[actix_web::test]
async fn a_list_that_breaks_off_never_looks_whole() {
    let broken = |broken_after| Memory { broken_after, ..Memory::of(requests(1000)) };
    let list = format!("{MIM}/requests");
    let answer = send(broken(0), Settings::default(), call(Method::GET, &list)).await;
    assert_eq!(answer.status, 500);
    let answer = send(broken(500), Settings::default(), call(Method::GET, &list)).await;
    assert_eq!((answer.status, answer.body), (200, None));
    let answer = send(broken(256), Settings::default(), call(Method::HEAD, &list)).await;
    assert_eq!((answer.status, answer.body), (200, Some(Bytes::new())));
}

#[actix_web::test]
async fn a_list_goes_on_when_its_database_comes_back() {
    // What is lost twice in a row, and later once more.
    let lost = Memory { lost_after: Mutex::new(vec![768, 256, 256]), ..Memory::of(requests(1000)) };
    let answer = send(lost, Settings::default(), call(Method::GET, &format!("{MIM}/requests"))).await;
    assert_eq!(answer.json().as_array().unwrap().len(), 1000);
    // Before anything was answered it is said.
    let lost = Memory { lost_after: Mutex::new(vec![0]), ..Memory::of(requests(1000)) };
    let answer = send(lost, Settings::default(), call(Method::GET, &format!("{MIM}/requests"))).await;
    assert_eq!(answer.status, 503);
}

#[actix_web::test]
async fn fields_choose_members_and_accept_must_take_json() {
    let answer = get(&format!("{OIG}/requests/1?fields=reqType,%20reqStatus")).await;
    let members: Vec<_> = answer.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["links", "id", "reqStatus", "reqType"]);
    assert!(answer.header("responsetime").parse::<u64>().is_ok());
    let request = call(Method::GET, &format!("{OIG}/requests/1")).insert_header(("accept", "application/xml"));
    let answer = send(Memory::of(requests(1)), Settings::default(), request).await;
    assert_eq!((answer.status, error_code(&answer).as_str()), (406, "NotAcceptable"));
}

#[actix_web::test]
async fn a_body_that_is_too_long_is_refused_before_it_is_read() {
    let request = call(Method::GET, &format!("{MIM}/requests")).insert_header(("content-length", "99999999"));
    let answer = send(Memory::of(requests(1)), Settings::default(), request).await;
    assert_eq!((answer.status, error_code(&answer).as_str()), (413, "BodyTooLarge"));
}

#[actix_web::test]
async fn a_dialect_that_is_switched_off_is_not_there() {
    let settings = Settings { mim: MimSettings { enabled: false }, ..Settings::default() };
    for method in [Method::GET, Method::OPTIONS, Method::POST] {
        let request = call(method.clone(), &format!("{MIM}/requests"));
        let answer = send(Memory::of(requests(1)), settings.clone(), request).await;
        assert_eq!(answer.status, 404, "{method}");
    }
}

#[actix_web::test]
async fn the_contract_and_its_pages_are_served() {
    let contract = get("/openapi.json").await;
    assert_eq!(contract.json(), openapi::document(&Settings::default()));
    let page = get("/docs/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.header("content-type").starts_with("text/html"));
    let page = String::from_utf8(page.body.unwrap().to_vec()).unwrap();
    assert!(!page.contains("://"), "{page}");
    let script = String::from_utf8(get("/docs/swagger-initializer.js").await.body.unwrap().to_vec()).unwrap();
    assert!(script.contains("../openapi.json") && script.contains("\"validatorUrl\": \"none\""), "{script}");
    let redirect = get("/docs").await;
    assert_eq!((redirect.status, redirect.header("location")), (307, "docs/"));
}

#[actix_web::test]
async fn outside_the_dialects_errors_are_problems() {
    for (uri, status) in [("/nothing", 404), ("/nothing?a=%FF", 400)] {
        let answer = get(uri).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, "application/problem+json"));
        assert_eq!(answer.json()["status"], status);
    }
}

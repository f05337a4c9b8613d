//! OIG's operations: parse, one service call, convert.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use countersign_core::ids::RequestNumber;
use countersign_core::request::RequestKey;
use countersign_core::service::RequestView;
use serde::Serialize;
use utoipa::openapi::schema::{AnyOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::accept;
use super::address::Addresses;
use super::convert::Printer;
use super::dates::Dates;
use super::error::Errors;
use super::fields::Fields;
use super::{wire, wire_11g};
use crate::dialect::{CurrentCaller, Fault, Parameters, Reading, json};
use crate::links;
use crate::settings::{OigCompat, OigSettings};
use crate::state::AppState;

/// Get a request
///
/// The detail of one request (`spec/oig-requests.md` A.4, B.4). Who asked for it, whom it is for,
/// their managers, its approvers and the administrators see it; for everybody else there is no
/// such request. With the setting `oig.compat = "11g"` the answer has the shape of 11g.
#[utoipa::path(
    operation_id = "oig_get_request",
    tag = "oig",
    params(
        ("reqid" = String, Path, description = "The request's number.", example = "2029", pattern = "^[1-9][0-9]*$"),
        ("fields" = Option<String>, Query, example = "reqType, reqStatus",
            description = "The members that are wanted, with commas between them; id and links are always there. \
                           Names that no member has are ignored."),
    ),
    responses(
        (status = 200, description = "The request.", body = Detail,
            headers(("ResponseTime" = String, description = "How many milliseconds the answer took."))),
        Errors,
    ),
)]
#[get("/requests/{reqid}")]
pub(super) async fn get_request(
    state: Data<AppState>,
    caller: CurrentCaller,
    reading: Reading,
    number: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    accept::json(&request)?;
    let fields = Fields::read(&Parameters::read(request.query_string())?)?;
    let number: RequestNumber = number.parse().map_err(|error| Fault::Absent(format!("reqid: {error}")))?;
    let view = state.requests.detail(&caller, reading.of(RequestKey::Number(number))).await?;
    let addresses = Addresses::new(links::origin(&request, &state.settings.server));
    answer(&detail(&view, &addresses, &state.settings.oig), fields.as_ref())
}

fn detail(view: &RequestView, addresses: &Addresses, settings: &OigSettings) -> Detail {
    let printer = Printer { view, addresses, dates: Dates::of(settings) };
    match settings.compat {
        OigCompat::C12 => Detail::Current(printer.request()),
        OigCompat::G11 => Detail::Legacy(printer.request_11g()),
    }
}

fn answer(detail: &Detail, fields: Option<&Fields>) -> Result<HttpResponse, Fault> {
    let body = match fields {
        None => json::body(detail)?,
        Some(fields) => {
            let mut members = serde_json::to_value(detail)?;
            fields.keep(&mut members);
            json::body(&members)?
        }
    };
    Ok(HttpResponse::Ok().content_type("application/json").body(body))
}

/// A request in detail, in the shape that the server is set to.
#[derive(Serialize)]
#[serde(untagged)]
enum Detail {
    Current(wire::Request),
    Legacy(wire_11g::Request),
}

/// With `fields` an answer may fit both shapes, so that it is any of them and not one.
impl PartialSchema for Detail {
    fn schema() -> RefOr<Schema> {
        let shapes = AnyOfBuilder::new()
            .item(Ref::from_schema_name(wire::Request::name()))
            .item(Ref::from_schema_name(wire_11g::Request::name()))
            .description(Some("A request in detail, in the shape that the server is set to."));
        shapes.into()
    }
}

impl ToSchema for Detail {
    fn name() -> std::borrow::Cow<'static, str> {
        "OigRequestDetail".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((wire::Request::name().into(), wire::Request::schema()));
        schemas.push((wire_11g::Request::name().into(), wire_11g::Request::schema()));
        wire::Request::schemas(schemas);
        wire_11g::Request::schemas(schemas);
    }
}

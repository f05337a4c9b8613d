//! Catalog items, for administrators.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post, put};
use countersign_core::catalog;
use countersign_core::event::Channel;
use countersign_core::ids::{CatalogNumber, Revision};

use super::convert_admin::{Sent, printed};
use super::cursor::Cursor;
use super::error::{Absent, Conflict, Errors, Forbidden, KeyReused, MediaType, Stale, Unconditional, fault};
use super::etag::required;
use super::read::{body, number};
use super::wire_admin::{CatalogItem, CatalogItems};
use super::{PageParameters, ReplaceHeaders, WriteHeaders, created, page, paged, tagged};
use crate::dialect::idempotency::via;
use crate::dialect::{CurrentCaller, Fault, JsonBody, Parameters};
use crate::state::AppState;

/// List the catalog
///
/// Everything that can be asked for through OIG and here, by number; for administrators.
#[utoipa::path(
    operation_id = "native_list_catalog_items",
    tag = "native",
    params(PageParameters),
    responses(
        (status = 200, description = "The page.", body = CatalogItems,
            headers(("Link" = String, description = "Leads to the next page (`rel=\"next\"`)."))),
        Errors, Forbidden,
    ),
)]
#[get("/catalog-items")]
pub(super) async fn list_catalog_items(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let parameters = Parameters::read(request.query_string())?;
    let (limit, after) = (page::limit(&parameters)?, page::cursor::<CatalogNumber>(&parameters)?);
    let found = state.administration.catalog_items(&caller, after, limit).await?;
    let items = found.items.iter().map(printed).collect::<Result<_, _>>()?;
    let next = found.next.map(|next| next.write());
    paged(&request, &state.settings.server, &CatalogItems { items, next: next.clone() }, next.as_deref())
}

/// Make a catalog item
///
/// Something that can be asked for from then on. The GUID, the number and the revision are given out by the
/// server. An item is switched off by `requestable`; it is never deleted, for requests refer to it.
#[utoipa::path(
    operation_id = "native_create_catalog_item",
    tag = "native",
    params(WriteHeaders),
    request_body(content = CatalogItem, description = "The item."),
    responses(
        (status = 201, description = "The item.", body = CatalogItem, headers(
            ("Location" = String, description = "Where the item is."),
            ("ETag" = String, description = "The revision, in quotation marks."))),
        Errors, Forbidden, Conflict, MediaType, KeyReused,
    ),
)]
#[post("/catalog-items")]
pub(super) async fn create_catalog_item(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
    sent: JsonBody,
) -> Result<HttpResponse, Fault> {
    let via = via(&request, Channel::Native, "native_create_catalog_item")?;
    let new = body::<CatalogItem>(&request, &sent)?.core(None)?;
    let made = state.administration.create(&caller, new, (), &via).await.map_err(fault)?;
    let path = format!("catalog-items/{}", made.number);
    let item: CatalogItem = printed(&made)?;
    created(&request, &state.settings.server, &path, &item, made.revision.0)
}

/// Read a catalog item
///
/// For administrators.
#[utoipa::path(
    operation_id = "native_get_catalog_item",
    tag = "native",
    params(("number" = i64, Path, minimum = 1, description = "The item's number.", example = 7)),
    responses(
        (status = 200, description = "The item.", body = CatalogItem,
            headers(("ETag" = String, description = "The revision, in quotation marks."))),
        Errors, Forbidden, Absent,
    ),
)]
#[get("/catalog-items/{number}")]
pub(super) async fn get_catalog_item(
    state: Data<AppState>,
    caller: CurrentCaller,
    key: Path<String>,
) -> Result<HttpResponse, Fault> {
    let found: catalog::CatalogItem = state.administration.get(&caller, &number(&key)?).await?;
    tagged(&printed::<CatalogItem>(&found)?, found.revision.0)
}

/// Replace a catalog item
///
/// Its type and its key stay as they are, for requests and rules refer to them.
#[utoipa::path(
    operation_id = "native_replace_catalog_item",
    tag = "native",
    params(
        ("number" = i64, Path, minimum = 1, description = "The item's number.", example = 7),
        ReplaceHeaders,
        WriteHeaders,
    ),
    request_body(content = CatalogItem, description = "The item as it is to be."),
    responses(
        (status = 200, description = "The item after that.", body = CatalogItem,
            headers(("ETag" = String, description = "The revision, in quotation marks."))),
        Errors, Forbidden, Absent, Stale, MediaType, KeyReused, Unconditional,
    ),
)]
#[put("/catalog-items/{number}")]
pub(super) async fn replace_catalog_item(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
    key: Path<String>,
    sent: JsonBody,
) -> Result<HttpResponse, Fault> {
    let via = via(&request, Channel::Native, "native_replace_catalog_item")?;
    let number = number(&key)?;
    let seen = required(&request)?.revision().map(Revision);
    let new = body::<CatalogItem>(&request, &sent)?.core(None)?;
    let after = state.administration.replace(&caller, &number, seen, (new, ()), &via).await.map_err(fault)?;
    tagged(&printed::<CatalogItem>(&after)?, after.revision.0)
}

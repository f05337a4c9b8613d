//! The feed of all events, for administrators.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};

use super::convert_event::event;
use super::error::{Errors, Forbidden};
use super::wire_event::EventFeed;
use super::{linked, page};
use crate::dialect::{CurrentCaller, Fault, Parameters};
use crate::state::AppState;

/// List all events
///
/// Everything that happened to requests, people, templates, rules and the rest, in the order of the
/// commits; for administrators. Whoever sends `next` as `after` goes on where the page ended, now or later,
/// and misses nothing.
#[utoipa::path(
    operation_id = "native_list_events",
    tag = "native",
    params(
        ("after" = Option<i64>, Query, minimum = 0, example = 0,
            description = "The position after which the page begins. Left out: the beginning."),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 1000, example = 50,
            description = "How many events a page has. Left out: 50."),
    ),
    responses(
        (status = 200, description = "The page.", body = EventFeed,
            headers(("Link" = String, description = "Leads to what follows (`rel=\"next\"`)."))),
        Errors, Forbidden,
    ),
)]
#[get("/events")]
pub(super) async fn list_events(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let parameters = Parameters::read(request.query_string())?;
    let limit = page::limit(&parameters)?;
    let after = match parameters.get("after")? {
        None => 0,
        Some(text) => position(text)?,
    };
    let found = state.events.feed(&caller, after, limit).await?;
    let next = found.next.unwrap_or(after);
    let names = found.names;
    let items = found.events.into_iter().map(|(position, view)| event(view, Some(position), &names)).collect();
    linked(&request, &state.settings.server, &EventFeed { items, next }, Some(("after", &next.to_string())))
}

fn position(text: &str) -> Result<i64, Fault> {
    let number = text.parse().ok().filter(|number: &i64| *number >= 0);
    number.ok_or_else(|| Fault::invalid("after", "must be a position of the feed: 0 or a positive number"))
}

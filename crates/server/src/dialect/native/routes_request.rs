//! Reading requests.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use countersign_core::filter::{Filter, RequestClause, StatusMatch};
use countersign_core::repository::{RequestCursor, Start};
use countersign_core::request::RequestStatus;
use countersign_core::service::TrackQuery;

use super::convert::{Printer, detail};
use super::convert_event::event;
use super::cursor::{Cursor, Sequence};
use super::error::{Absent, Errors};
use super::read::request_key;
use super::wire::{Request, RequestPage};
use super::wire_event::EventPage;
use super::{PageParameters, page, paged, tagged};
use crate::dialect::{CurrentCaller, Fault, Parameters};
use crate::state::AppState;

/// List requests
///
/// The requests that the caller asked for, that are for the caller, or that are those of somebody who
/// reports to the caller; to administrators every one. The newest stand first. Whoever follows `next`
/// meets each request once and misses none that was there from the first page on.
#[utoipa::path(
    operation_id = "native_list_requests",
    tag = "native",
    params(
        ("status" = Option<String>, Query, example = "pending,executing",
            description = "Only requests in these states, with commas between them. Left out: in every one."),
        PageParameters,
    ),
    responses(
        (status = 200, description = "The page.", body = RequestPage,
            headers(("Link" = String, description = "Leads to the next page (`rel=\"next\"`)."))),
        Errors,
    ),
)]
#[get("/requests")]
pub(super) async fn list_requests(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let parameters = Parameters::read(request.query_string())?;
    let limit = page::limit(&parameters)?;
    let start = page::cursor::<RequestCursor>(&parameters)?.map_or(Start::Offset(0), Start::After);
    let filter = parameters.get("status")?.map(statuses).transpose()?;
    let query = TrackQuery {
        filter: filter.map(|statuses| Filter::Clause(RequestClause::Status(statuses))),
        ..TrackQuery::default()
    };
    let found = state.requests.track(&caller, &query, start, limit).await?;
    let printer = Printer { names: &found.names };
    let items = found.requests.iter().map(|request| printer.listed(request)).collect();
    let next = found.next.map(|next| next.write());
    paged(&request, &state.settings.server, &RequestPage { items, next: next.clone() }, next.as_deref())
}

fn statuses(words: &str) -> Result<Vec<StatusMatch>, Fault> {
    let known = |word: &str| {
        let status = RequestStatus::ALL.iter().find(|status| status.name() == word.trim()).copied();
        status.map(|status| StatusMatch { status, certificate: None, approved_by: None, fulfilment: None })
    };
    words.split(',').map(known).collect::<Option<_>>().ok_or_else(|| {
        let names: Vec<_> = RequestStatus::ALL.iter().map(|status| status.name()).collect();
        Fault::invalid("status", format!("must be some of {}", names.join(", ")))
    })
}

/// Read one request
///
/// By its GUID or its number: with its approval, stage by stage, the votes and their comments, and its
/// child requests. The ETag is the revision of what an approver judges: a vote leaves it, an edit moves it.
#[utoipa::path(
    operation_id = "native_get_request",
    tag = "native",
    params(("request" = String, Path, description = "The request's GUID or number.", example = "2029")),
    responses(
        (status = 200, description = "The request.", body = Request,
            headers(("ETag" = String, description = "The content revision, in quotation marks."))),
        Errors,
        Absent,
    ),
)]
#[get("/requests/{request}")]
pub(super) async fn get_request(
    state: Data<AppState>,
    caller: CurrentCaller,
    key: Path<String>,
) -> Result<HttpResponse, Fault> {
    let view = state.requests.detail(&caller, request_key(&key)?).await?;
    tagged(&detail(&view), view.request.content_revision)
}

/// List a request's events
///
/// Everything that happened to it, the oldest first, with comments and whatever else people wrote.
#[utoipa::path(
    operation_id = "native_list_request_events",
    tag = "native",
    params(("request" = String, Path, description = "The request's GUID or number.", example = "2029"), PageParameters),
    responses(
        (status = 200, description = "The page.", body = EventPage,
            headers(("Link" = String, description = "Leads to the next page (`rel=\"next\"`)."))),
        Errors,
        Absent,
    ),
)]
#[get("/requests/{request}/events")]
pub(super) async fn list_request_events(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
    key: Path<String>,
) -> Result<HttpResponse, Fault> {
    let parameters = Parameters::read(request.query_string())?;
    let limit = page::limit(&parameters)?;
    let after = page::cursor::<Sequence>(&parameters)?.map_or(0, |Sequence(after)| after);
    let found = state.events.of_request(&caller, request_key(&key)?, after, limit).await?;
    let next = found.next.map(|next| Sequence(next).write());
    let items = found.events.into_iter().map(|view| event(view, None, &found.names)).collect();
    paged(&request, &state.settings.server, &EventPage { items, next: next.clone() }, next.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_named_by_their_words() {
        let found = statuses("pending, executing").unwrap();
        let expected = [RequestStatus::Pending, RequestStatus::Executing];
        assert_eq!(found.iter().map(|found| found.status).collect::<Vec<_>>(), expected);
        for words in ["", "Pending", "pending,", "all"] {
            assert!(matches!(statuses(words), Err(Fault::Invalid(fault)) if fault.field == "status"), "{words}");
        }
    }
}

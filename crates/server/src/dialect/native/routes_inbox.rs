//! Who calls, and what waits for the caller.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use countersign_core::approval::TaskState;
use countersign_core::repository::{Start, TaskCursor};
use countersign_core::service::InboxQuery;

use super::convert::{Printer, me};
use super::cursor::Cursor;
use super::error::Errors;
use super::wire::{InboxPage, Me};
use super::{PageParameters, json, page, paged};
use crate::dialect::{CurrentCaller, Fault, Parameters};
use crate::state::AppState;

/// Who calls
///
/// The caller with their groups, and in whose place they decide.
#[utoipa::path(
    operation_id = "native_get_me",
    tag = "native",
    responses((status = 200, description = "The caller.", body = Me), Errors),
)]
#[get("/me")]
pub(super) async fn get_me(state: Data<AppState>, caller: CurrentCaller) -> Result<HttpResponse, Fault> {
    json(&me(&caller, &state.directory.me(&caller).await?))
}

/// List the caller's inbox
///
/// The approval tasks that the caller may decide, each with its request, the newest first. Whoever
/// follows `next` meets each task once and misses none that stays.
#[utoipa::path(
    operation_id = "native_list_inbox",
    tag = "native",
    params(
        ("state" = Option<String>, Query, example = "assigned",
            description = "Only tasks in these states, with commas between them, or `all`. Left out: `assigned`."),
        PageParameters,
    ),
    responses(
        (status = 200, description = "The page, with the exact number of all tasks.", body = InboxPage,
            headers(("Link" = String, description = "Leads to the next page (`rel=\"next\"`)."))),
        Errors,
    ),
)]
#[get("/inbox")]
pub(super) async fn list_inbox(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let parameters = Parameters::read(request.query_string())?;
    let limit = page::limit(&parameters)?;
    let start = page::cursor::<TaskCursor>(&parameters)?.map_or(Start::Offset(0), Start::After);
    let query = match parameters.get("state")? {
        None => InboxQuery::default(),
        Some(words) => InboxQuery { states: states(words)?, ..InboxQuery::default() },
    };
    let count = state.tasks.count(&caller, &query).await?;
    let found = state.tasks.inbox(&caller, &query, start, limit).await?;
    let printer = Printer { names: &found.names };
    let missing = |task| Fault::Broken(format!("task {task} is listed and its request has no such task"));
    let item = |(task, request)| printer.inbox_item(task, request).ok_or_else(|| missing(task));
    let items = found.tasks.iter().map(|(task, request)| item((*task, request))).collect::<Result<_, _>>()?;
    let next = found.next.map(|next| next.write());
    let body = InboxPage { count, items, next: next.clone() };
    paged(&request, &state.settings.server, &body, next.as_deref())
}

fn states(words: &str) -> Result<Option<Vec<TaskState>>, Fault> {
    if words.trim() == "all" {
        return Ok(None);
    }
    let known = |word: &str| TaskState::ALL.iter().find(|state| state.name() == word.trim()).copied();
    let states: Option<Vec<TaskState>> = words.split(',').map(known).collect();
    states.map(Some).ok_or_else(|| {
        let names: Vec<_> = TaskState::ALL.iter().map(|state| state.name()).collect();
        Fault::invalid("state", format!("must be all, or some of {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_named_by_their_words() {
        assert_eq!(states("assigned, suspended").unwrap(), Some(vec![TaskState::Assigned, TaskState::Suspended]));
        assert_eq!(states("all").unwrap(), None);
        for words in ["", "Assigned", "assigned,", "all,assigned"] {
            assert!(matches!(states(words), Err(Fault::Invalid(fault)) if fault.field == "state"), "{words}");
        }
    }
}

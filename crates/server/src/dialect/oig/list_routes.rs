//! OIG's lists: parse, ask one service, convert.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use countersign_core::repository::{Order, RequestCursor, Start, TaskCursor};
use countersign_core::service::{InboxQuery, Names, TrackQuery};

use super::accept;
use super::address::Addresses;
use super::attributes::{Attribute, RequestAttribute, TaskAttribute};
use super::convert_list::ListPrinter;
use super::dates::Dates;
use super::error::Errors;
use super::fields::Fields;
use super::page::{Direction, Following, ListQuery, OrderBy, View};
use super::people::People;
use super::wire_list::{Item, RequestList};
use crate::dialect::{CurrentCaller, Fault, Parameters, json};
use crate::links;
use crate::state::AppState;

/// List requests or approval tasks
///
/// With `view=trackRequests`, and without a view, the requests that the caller asked for, that are for
/// the caller, or that are those of somebody who reports to the caller; to administrators every one. With
/// `view=pendingApprovals` the approval tasks that the caller may decide, one element a task
/// (`spec/oig-requests.md` A.1, B.2, B.3, E and F). The newest stand first. A list without elements is
/// empty and no error.
///
/// Whoever follows the `next` links meets each element once and misses none that was there from the first
/// page on, however the list changes meanwhile: the link holds a cursor, which counts before its `offset`.
/// Pages by `offset` alone are cut from the list as it is at each call.
#[utoipa::path(
    operation_id = "oig_list_requests",
    tag = "oig",
    params(
        ("view" = Option<String>, Query, example = "trackRequests",
            description = "`trackRequests` or `pendingApprovals`, in any case."),
        ("q" = Option<String>, Query, example = "reqStatus co wait",
            description = "Which elements: clauses of an attribute, an operator (`eq`, `co`, `sw`, `ne`, `ew`, `gt`, \
                           `ge`, `lt`, `le`, or `pr` without a value) and a value, joined by `and`, which binds \
                           tighter, and `or`. `::` is a blank in a value. The attributes are the elements' members. \
                           Without `q` pendingApprovals holds the assigned tasks (`state eq Assigned`); any clause \
                           switches that off."),
        ("fields" = Option<String>, Query, example = "reqType, reqStatus",
            description = "The members that are wanted, with commas between them; id and links are always there. \
                           Names that no member has are ignored."),
        ("userId" = Option<String>, Query, example = "2001",
            description = "Only requests that this user asked for or gets, and tasks of those; the user's number."),
        ("orderBy" = Option<String>, Query, example = "reqCreatedOn:ascending",
            description = "`reqCreatedOn` or, of pendingApprovals, `created`; then `:ascending` (the oldest first; so \
                           without either) or `:descending`. Left out: the newest first."),
        ("offset" = Option<i64>, Query, example = 1, description = "The place of the first element, from 1 on."),
        ("limit" = Option<i64>, Query, minimum = 0, maximum = 5000, example = 10,
            description = "How many elements a page has; 0 asks for `totalResult` alone, which is exact then. \
                           Left out: 10."),
        ("cursor" = Option<String>, Query, description = "From a `next` link: where the page begins."),
    ),
    responses(
        (status = 200, description = "The page.", body = RequestList,
            headers(("ResponseTime" = String, description = "How many milliseconds the answer took."))),
        Errors,
    ),
)]
#[get("/requests")]
pub(super) async fn list_requests(
    state: Data<AppState>,
    caller: CurrentCaller,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    accept::json(&request)?;
    let parameters = Parameters::read(request.query_string())?;
    let fields = Fields::read(&parameters)?;
    let query = ListQuery::read(&parameters)?;
    let addresses = Addresses::new(links::origin(&request, &state.settings.server));
    let list = List { state: &state, caller: &caller, addresses: &addresses, limit: query.limit };
    let page = match &query.view {
        View::TrackRequests { filter, order, start } => {
            let order = by_creation(*order, RequestAttribute::Created)?;
            let asked = TrackQuery { filter: filter.clone(), user: query.user, order };
            list.tracked(&asked, *start).await?
        }
        View::PendingApprovals { condition, order, start } => {
            let (states, filter) = (condition.states.clone(), condition.filter.clone());
            let order = by_creation(*order, TaskAttribute::Created)?;
            list.pending(&InboxQuery { states, filter, user: query.user, order }, *start).await?
        }
    };
    let body = RequestList {
        links: query.links(&addresses, &page.following),
        count: page.items.len(),
        has_more: page.following != Following::Nothing,
        total_result: page.total.and_then(|total| total.try_into().ok()).unwrap_or(-1),
        requests: page.items,
    };
    answer(&body, fields.as_ref())
}

/// What is found of a list.
struct Page {
    items: Vec<Item>,
    following: Following,
    /// How many elements there are in all, if that was asked for.
    total: Option<u64>,
}

/// A list, and who asks for it.
struct List<'a> {
    state: &'a AppState,
    caller: &'a CurrentCaller,
    addresses: &'a Addresses,
    limit: usize,
}

impl List<'_> {
    async fn tracked(&self, query: &TrackQuery, start: Start<RequestCursor>) -> Result<Page, Fault> {
        let requests = &self.state.requests;
        let total = if self.counts() { Some(requests.count_tracked(self.caller, query).await?) } else { None };
        if self.limit == 0 {
            return Ok(Page { items: Vec::new(), following: Following::Nothing, total });
        }
        let found = requests.track(self.caller, query, start, self.limit).await?;
        let printer = self.printer(&found.names);
        let items = found.requests.iter().map(|request| Item::Tracked(printer.tracked(request)));
        Ok(Page { items: items.collect(), following: Following::of(found.next.as_ref()), total })
    }

    async fn pending(&self, query: &InboxQuery, start: Start<TaskCursor>) -> Result<Page, Fault> {
        let tasks = &self.state.tasks;
        let total = if self.counts() { Some(tasks.count(self.caller, query).await?) } else { None };
        if self.limit == 0 {
            return Ok(Page { items: Vec::new(), following: Following::Nothing, total });
        }
        let found = tasks.inbox(self.caller, query, start, self.limit).await?;
        let printer = self.printer(&found.names);
        let missing = |task| Fault::Broken(format!("task {task} is listed and its request has no such task"));
        let item = |(task, request)| printer.pending(task, request).map(Item::Pending).ok_or_else(|| missing(task));
        let items = found.tasks.iter().map(|(task, request)| item((*task, request))).collect::<Result<_, _>>()?;
        Ok(Page { items, following: Following::of(found.next.as_ref()), total })
    }

    /// Whether all elements are counted.
    fn counts(&self) -> bool {
        self.limit == 0 || self.state.settings.oig.totals
    }

    fn printer<'b>(&'b self, names: &'b Names) -> ListPrinter<'b> {
        let settings = &self.state.settings.oig;
        let people = People { names, addresses: self.addresses };
        ListPrinter { people, compat: settings.compat, dates: Dates::of(settings) }
    }
}

/// The order that is asked for. Lists are kept in the order of creation and in no other.
fn by_creation<A: Attribute + PartialEq>(order: Option<OrderBy<A>>, created: A) -> Result<Order, Fault> {
    let Some(order) = order else { return Ok(Order::NewestFirst) };
    if order.attribute != created {
        let name = A::NAMES.iter().find(|(_, attribute)| *attribute == created).map_or("", |(name, _)| name);
        return Err(Fault::invalid("orderBy", format!("{} is ordered by {name} only", A::VIEW)));
    }
    Ok(match order.direction {
        Direction::Ascending => Order::OldestFirst,
        Direction::Descending => Order::NewestFirst,
    })
}

fn answer(list: &RequestList, fields: Option<&Fields>) -> Result<HttpResponse, Fault> {
    let body = match fields {
        None => json::body(list)?,
        Some(fields) => {
            let mut members = serde_json::to_value(list)?;
            for element in members["requests"].as_array_mut().into_iter().flatten() {
                fields.keep(element);
            }
            json::body(&members)?
        }
    };
    Ok(HttpResponse::Ok().content_type("application/json").body(body))
}

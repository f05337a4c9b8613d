//! The parameters of a list, and the links of its answer (`spec/oig-requests.md` A.1, B.2 and F,
//! decisions 24 and 25).
//!
//! `offset` is the 1-based place of the first row, `limit` the size of the page. The link to the next
//! page has the offset that follows and a cursor, which counts before the offset: whoever follows it
//! misses nothing while the list changes.

use countersign_core::filter::RequestFilter;
use countersign_core::ids::UserNumber;
use countersign_core::repository::{RequestCursor, Start, TaskCursor};
use percent_encoding::utf8_percent_encode;

use super::address::{Addresses, UNRESERVED};
use super::attributes::{Attribute, RequestAttribute, TaskAttribute, TaskCondition, request_filter};
use super::cursor::Cursor;
use super::q::Expression;
use super::wire::Link;
use crate::dialect::{Fault, Parameters};

/// The rows of a page when the caller does not say.
const DEFAULT_LIMIT: usize = 10;
/// The most rows of a page.
const MOST: usize = 5000;
/// The last place that a row can have.
const LAST: u64 = i64::MAX.unsigned_abs();

/// What a caller asks for with `GET requests`.
#[derive(Debug)]
pub(super) struct ListQuery {
    /// Which list, and what of it.
    pub(super) view: View,
    /// How many rows at most; 0 asks for the count alone.
    pub(super) limit: usize,
    /// Only what this user asked for or gets.
    pub(super) user: Option<UserNumber>,
    offset: u64,
    written: Written,
}

/// A list with what is asked of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum View {
    /// `trackRequests`: requests.
    TrackRequests {
        /// What they must meet.
        filter: Option<RequestFilter>,
        /// In which order; `None` is the newest first.
        order: Option<OrderBy<RequestAttribute>>,
        /// Where the page begins.
        start: Start<RequestCursor>,
    },
    /// `pendingApprovals`: approval tasks.
    PendingApprovals {
        /// What they must meet.
        condition: TaskCondition,
        /// In which order; `None` is the newest first.
        order: Option<OrderBy<TaskAttribute>>,
        /// Where the page begins.
        start: Start<TaskCursor>,
    },
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OrderBy<A> {
    /// By what.
    pub(super) attribute: A,
    /// Which end first.
    pub(super) direction: Direction,
}

/// Which end of an order comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// The smallest, the oldest.
    Ascending,
    /// The largest, the newest.
    Descending,
}

/// What comes after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Following {
    /// Nothing.
    Nothing,
    /// More, from this cursor on.
    Cursor(String),
}

impl Following {
    /// What comes after a page that ends at this place.
    pub(super) fn of(next: Option<&impl Cursor>) -> Self {
        next.map_or(Self::Nothing, |place| Self::Cursor(place.write()))
    }
}

/// The parameters that the links repeat.
#[derive(Debug)]
struct Written {
    view: Option<&'static str>,
    fields: Option<String>,
    order_by: Option<String>,
    cursor: Option<String>,
    q: Option<String>,
}

impl ListQuery {
    /// Reads the parameters of a list.
    pub(super) fn read(parameters: &Parameters) -> Result<Self, Fault> {
        let text = |name| {
            let given = parameters.get(name)?.filter(|text| !text.trim().is_empty());
            Ok::<_, Fault>(given.map(str::to_owned))
        };
        let named = view_named(parameters)?;
        let written = Written {
            view: named,
            fields: text("fields")?,
            order_by: text("orderBy")?,
            cursor: text("cursor")?,
            q: text("q")?,
        };
        let offset = offset(parameters)?;
        let expression = written.q.as_deref().map(Expression::read).transpose()?.flatten();
        let view = if named == Some(TaskAttribute::VIEW) {
            let order = OrderBy::read(written.order_by.as_deref())?;
            let start = start(offset, written.cursor.as_deref(), order, TaskAttribute::Created)?;
            View::PendingApprovals { condition: TaskCondition::of(expression.as_ref())?, order, start }
        } else {
            let order = OrderBy::read(written.order_by.as_deref())?;
            let start = start(offset, written.cursor.as_deref(), order, RequestAttribute::Created)?;
            View::TrackRequests { filter: expression.as_ref().map(request_filter).transpose()?, order, start }
        };
        Ok(Self { view, limit: limit(parameters)?, user: user(parameters)?, offset, written })
    }

    /// The links of the answer.
    pub(super) fn links(&self, addresses: &Addresses, following: &Following) -> Vec<Link> {
        let collection = &addresses.requests();
        let link = |rel, offset, cursor| Link { rel, href: self.href(collection, offset, cursor) };
        let mut links = vec![link("self", self.offset, self.written.cursor.as_deref()), link("first", 1, None)];
        let size = self.limit as u64;
        if size == 0 {
            return links;
        }
        if let Following::Cursor(cursor) = following {
            links.push(link("next", self.offset.saturating_add(size).min(LAST), Some(cursor)));
        }
        if self.offset > 1 {
            links.push(link("prev", self.offset.saturating_sub(size).max(1), None));
        }
        links
    }

    /// The list with these parameters, in the one order in which links write them.
    fn href(&self, collection: &str, offset: u64, cursor: Option<&str>) -> String {
        let Written { view, fields, order_by, q, .. } = &self.written;
        let parameters = [
            ("view", view.map(str::to_owned)),
            ("fields", fields.clone()),
            ("userId", self.user.map(|user| user.to_string())),
            ("orderBy", order_by.clone()),
            ("offset", Some(offset.to_string())),
            ("limit", Some(self.limit.to_string())),
            ("cursor", cursor.map(str::to_owned)),
            ("q", q.clone()),
        ];
        let pairs = parameters.into_iter().filter_map(|(name, value)| {
            value.map(|value| format!("{name}={}", utf8_percent_encode(&value, UNRESERVED)))
        });
        format!("{collection}?{}", pairs.collect::<Vec<_>>().join("&"))
    }
}

impl<A: Attribute> OrderBy<A> {
    /// Reads `orderBy=ATTR[:ascending|:descending]`.
    fn read(text: Option<&str>) -> Result<Option<Self>, Fault> {
        let Some(text) = text else { return Ok(None) };
        let (name, direction) = text.split_once(':').unwrap_or((text, "ascending"));
        let direction = match direction.trim() {
            word if word.eq_ignore_ascii_case("ascending") => Direction::Ascending,
            word if word.eq_ignore_ascii_case("descending") => Direction::Descending,
            _ => return Err(Fault::invalid("orderBy", "after `:` there is ascending or descending")),
        };
        let attribute = A::named(name.trim()).map_err(|reason| Fault::invalid("orderBy", reason))?;
        Ok(Some(Self { attribute, direction }))
    }
}

/// The view by its name, in any case; `None` when none is named.
fn view_named(parameters: &Parameters) -> Result<Option<&'static str>, Fault> {
    let Some(name) = parameters.get("view")? else { return Ok(None) };
    let mut known = [RequestAttribute::VIEW, TaskAttribute::VIEW].into_iter();
    let view = known.find(|known| known.eq_ignore_ascii_case(name.trim()));
    let unknown = || Fault::invalid("view", format!("is {} or {}", RequestAttribute::VIEW, TaskAttribute::VIEW));
    view.map(Some).ok_or_else(unknown)
}

/// The first row; what lies before the list means its beginning.
fn offset(parameters: &Parameters) -> Result<u64, Fault> {
    let Some(text) = parameters.get("offset")? else { return Ok(1) };
    let number: i64 = text.trim().parse().map_err(|_| {
        Fault::invalid("offset", format!("must be a whole number: 1 for the first row, at most {LAST}"))
    })?;
    Ok(number.max(1).unsigned_abs())
}

fn limit(parameters: &Parameters) -> Result<usize, Fault> {
    let Some(text) = parameters.get("limit")? else { return Ok(DEFAULT_LIMIT) };
    let limit = text.trim().parse().ok().filter(|limit| *limit <= MOST);
    limit.ok_or_else(|| Fault::invalid("limit", format!("must be a whole number from 0 to {MOST}")))
}

/// `Parameters` does not tell `userId` from `userid`.
fn user(parameters: &Parameters) -> Result<Option<UserNumber>, Fault> {
    let Some(text) = parameters.get("userId")? else { return Ok(None) };
    text.trim().parse().map(Some).map_err(|error| Fault::invalid("userId", format!("{error}")))
}

/// Where the page begins. A cursor is a place in the order of creation, from either end.
fn start<A: PartialEq, C: Cursor>(
    offset: u64,
    cursor: Option<&str>,
    order: Option<OrderBy<A>>,
    created: A,
) -> Result<Start<C>, Fault> {
    let Some(cursor) = cursor else { return Ok(Start::Offset(offset - 1)) };
    if order.is_some_and(|order| order.attribute != created) {
        return Err(Fault::invalid("cursor", "belongs to a list in the order of creation; leave it or orderBy out"));
    }
    Ok(Start::After(C::read(cursor.trim())?))
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;

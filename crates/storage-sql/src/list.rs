//! Lists of requests: the runs of the access index that a caller's principals and reports have,
//! merged. The cost of a page depends on the runs and the page, not on what lies in them.
//!
//! A filter first takes away runs: those of statuses that it rules out. What is left of it is
//! asked of each entry, under a budget; where it names a number or a person, the entries are those of
//! that number or person, and whether the caller may see them is asked too.

use countersign_core::access::ListClass;
use countersign_core::filter::{RequestFilter, TextMatch, UserMatch};
use countersign_core::ids::{PrincipalId, RequestId, RequestNumber, UserId};
use countersign_core::repository::{Order, Page, RequestCursor, RequestList, Start, StoredRequest};
use countersign_core::request::RequestStatus;

use crate::derived;
use crate::error::{Failure, damaged};
use crate::filter::Condition;
use crate::merge::{Merge, Place, Source};
use crate::narrow::{Narrowed, RequestKey, by_status, request_keys};
use crate::run::{self, AccessRun, length, places, runs_of};
use crate::session::{Dialect, Session};
use crate::sieve::{Selection, Sieve, cut};
use crate::sql::{Statement, Value, sql};

/// People are searched for by parts of their logins only if a caller sees more than this.
const SHORT: u32 = 1024;
/// A filter that names more people than this is not looked up by them.
const PEOPLE: usize = 64;

/// The classes of what somebody asked for, and of what is for somebody.
const ASKED_FOR: &[ListClass] =
    &[ListClass::AccessOwn, ListClass::AccessRaised, ListClass::CertificateOwn, ListClass::CertificateRaised];
const GETS: &[ListClass] =
    &[ListClass::AccessOwn, ListClass::AccessHeld, ListClass::CertificateOwn, ListClass::CertificateHeld];

pub(crate) fn page(
    connection: &mut dyn Session,
    list: &RequestList,
    start: Start<RequestCursor>,
    limit: usize,
) -> Result<Page<StoredRequest>, Failure> {
    let (skip, after) = match start {
        Start::Offset(skip) => (skip, None),
        Start::After(cursor) => (0, Some(Place { created: cursor.created, id: cursor.id.as_uuid() })),
    };
    let wanted = limit.saturating_add(1);
    let places = Scope::of(list)
        .plan(connection)?
        .select(connection.dialect(), list.order, after, wanted)
        .take(connection, skip, wanted)?;
    let (places, next) = cut(places, limit);
    let mut documents = derived::by_ids(connection, places.iter().map(|place| place.id.into()).collect())?;
    let document = |place: Place| {
        let id = RequestId::from(place.id);
        let document = documents.remove(&id);
        document.ok_or_else(|| damaged(format!("request {id} is listed and has no document")))?
    };
    let items = places.into_iter().map(document).collect::<Result<_, _>>()?;
    Ok(Page { items, next: next.map(|place| RequestCursor { created: place.created, id: place.id.into() }) })
}

/// How many requests the list holds.
pub(crate) fn count(connection: &mut dyn Session, list: &RequestList) -> Result<u64, Failure> {
    match Scope::of(list).plan(connection)? {
        Plan::Walk(runs) => run::count(connection, runs),
        filtered @ Plan::Sift(..) => {
            filtered.select(connection.dialect(), list.order, None, usize::MAX).count(connection)
        }
    }
}

/// How a list is read.
enum Plan {
    /// All that stands in these runs.
    Walk(Vec<AccessRun>),
    /// What stands there and meets the condition.
    Sift(Vec<Source<AccessRun>>, Condition),
}

impl Plan {
    fn select(
        self,
        dialect: Dialect,
        order: Order,
        after: Option<Place>,
        wanted: usize,
    ) -> Selection<Source<AccessRun>> {
        let (runs, condition) = match self {
            Self::Walk(runs) => (runs.into_iter().map(Source::Index).collect(), None),
            Self::Sift(runs, condition) => (runs, Some(condition)),
        };
        let (list, id) = (dialect.list("j"), dialect.id("j"));
        let from = format!("SELECT r.id FROM {list} CROSS JOIN request AS r WHERE r.id = {id}");
        Selection { merge: Merge::new(runs, order, after, wanted), sieve: condition.map(|it| Sieve::new(&from, it)) }
    }
}

/// What a list holds before the filter's own clauses are asked.
struct Scope<'a> {
    list: &'a RequestList,
    statuses: Option<Vec<RequestStatus>>,
    filter: Option<RequestFilter>,
}

impl<'a> Scope<'a> {
    fn of(list: &'a RequestList) -> Self {
        let Narrowed { states, rest } = by_status(list.statuses.as_deref(), list.filter.as_ref());
        Self { list, statuses: states, filter: rest }
    }

    fn wants(&self, status: RequestStatus) -> bool {
        self.statuses.as_ref().is_none_or(|wanted| wanted.contains(&status))
    }

    /// Of the list's classes those in which a manager sees a report's requests (decision 1).
    fn report_classes(&self) -> Vec<ListClass> {
        let classes = self.list.classes.iter().copied();
        classes.filter(|class| ASKED_FOR.contains(class) || GETS.contains(class)).collect()
    }

    fn plan(&self, connection: &mut dyn Session) -> Result<Plan, Failure> {
        let visible = self.visible_runs(connection)?;
        let Some(filter) = &self.filter else { return Ok(Plan::Walk(visible)) };
        let condition = Condition::of_request(filter);
        Ok(match self.keyed_runs(connection, filter, &visible)? {
            Some(runs) => Plan::Sift(runs, self.and_visible(connection.dialect(), condition)),
            None => Plan::Sift(visible.into_iter().map(Source::Index).collect(), condition),
        })
    }

    fn visible_runs(&self, connection: &mut dyn Session) -> Result<Vec<AccessRun>, Failure> {
        let wanted = |status| self.wants(status);
        let mut runs = runs_of(connection, &self.list.principals, self.list.classes, &wanted)?;
        if let Some(manager) = self.list.through_reports {
            let reports = sql!("SELECT id FROM app_user WHERE manager_id = ?", manager.as_uuid()).rows(connection)?;
            let reports: Vec<PrincipalId> = reports.into_iter().map(|mut row| row.id()).collect::<Result<_, _>>()?;
            runs.extend(runs_of(connection, &reports, &self.report_classes(), &wanted)?);
        }
        Ok(runs)
    }

    /// The runs in which everything stands that meets the filter, by what it names; `None` when it names
    /// nothing, or when what the caller sees is the shorter way.
    fn keyed_runs(
        &self,
        connection: &mut dyn Session,
        filter: &RequestFilter,
        visible: &[AccessRun],
    ) -> Result<Option<Vec<Source<AccessRun>>>, Failure> {
        let Some(keys) = request_keys(filter) else { return Ok(None) };
        let (mut found, mut people) = (Vec::new(), Vec::new());
        for key in keys {
            match key {
                RequestKey::Number(number) => found.extend(by_number(connection, number)?),
                RequestKey::Requester(user) => people.push((user, ASKED_FOR)),
                RequestKey::Beneficiary(user) => people.push((user, GETS)),
            }
        }
        let searched = people.iter().any(|(user, _)| is_searched(user));
        if searched && length(connection, visible, SHORT)? < SHORT.into() {
            return Ok(None);
        }
        // Those whom a cart is for have no entry for it.
        let carts = visible.iter().filter(|run| run.is_of_carts() && !people.is_empty());
        let mut runs: Vec<_> = carts.copied().collect();
        for (user, classes) in people {
            let Some(users) = people_of(connection, user)? else { return Ok(None) };
            runs.extend(runs_of(connection, &users, classes, &|status| self.wants(status))?);
        }
        if !is_shorter(connection, &runs, visible)? {
            return Ok(None);
        }
        let found = std::iter::once(Source::Found(found));
        Ok(Some(found.chain(runs.into_iter().map(Source::Index)).collect()))
    }

    /// The condition, and that the list holds the request.
    fn and_visible(&self, dialect: Dialect, condition: Condition) -> Condition {
        let statuses = self.statuses.as_deref().unwrap_or(RequestStatus::ALL);
        let manager = self.list.through_reports.map(UserId::as_uuid);
        let codes = |classes: &[ListClass]| Value::Codes(classes.iter().map(|class| class.code()).collect());
        let (principals, classes, id) = (dialect.list("p"), dialect.list("k"), dialect.id("p"));
        let wanted = dialect.list("w");
        condition
            .and(
                &format!("r.status IN (SELECT w.value FROM {wanted})"),
                [Value::Codes(statuses.iter().map(|status| status.code()).collect())],
            )
            .and(
                &format!(
                    "(EXISTS (SELECT 1 FROM {principals} CROSS JOIN {classes} CROSS JOIN request_access AS a \
                     WHERE a.principal_id = {id} AND a.class = k.value AND a.status = r.status \
                     AND a.created_at = r.created_at AND a.request_id = r.id) \
                     OR EXISTS (SELECT 1 FROM app_user AS m CROSS JOIN {classes} CROSS JOIN request_access AS a \
                     WHERE m.manager_id = ? AND a.principal_id = m.id AND a.class = k.value AND a.status = r.status \
                     AND a.created_at = r.created_at AND a.request_id = r.id))"
                ),
                [
                    Value::Ids(self.list.principals.iter().map(|principal| principal.as_uuid()).collect()),
                    codes(self.list.classes),
                    codes(&self.report_classes()),
                    Value::from(manager),
                ],
            )
    }
}

fn by_number(connection: &mut dyn Session, number: RequestNumber) -> Result<Vec<Place>, Failure> {
    let found = sql!("SELECT created_at, id FROM request WHERE number = ?", number.get());
    Ok(places(found.rows(connection)?)?)
}

/// Whether `keyed` is shorter than `visible`, found out at a cost that follows the shorter one.
fn is_shorter(connection: &mut dyn Session, keyed: &[AccessRun], visible: &[AccessRun]) -> Result<bool, Failure> {
    for most in [16, 128, 1024, 8192, 65_536, 524_288] {
        if length(connection, keyed, most)? < most.into() {
            return Ok(true);
        }
        if length(connection, visible, most)? < most.into() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether all users must be looked at to find those whom the clause names.
const fn is_searched(user: &UserMatch) -> bool {
    matches!(user, UserMatch::Login(login) if !matches!(login, TextMatch::Equals(_)))
}

/// The users whom a clause names; `None` if there are too many.
fn people_of(connection: &mut dyn Session, user: &UserMatch) -> Result<Option<Vec<PrincipalId>>, Failure> {
    let condition = Condition::of_person(user);
    let text = format!("SELECT u.id FROM app_user AS u WHERE {} LIMIT {}", condition.text(), PEOPLE + 1);
    let rows = Statement::built(text, condition.values().to_vec()).rows(connection)?;
    let users: Vec<_> = rows.into_iter().map(|mut row| row.id()).collect::<Result<_, _>>()?;
    Ok(Some(users).filter(|users| users.len() <= PEOPLE))
}

//! `q`: every row that is returned matches, and every row that matches is returned, in its place.
//!
//! What matches is worked out here, from the rows as they stand on the wire and the words of
//! `spec/oig-requests.md` E.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};
use countersign_storage_conformance::sample::Random;
use serde_json::Value;

use super::OIG;
use crate::http::Client;
use crate::oracle::{Bundle, array, strings};
use crate::world::World;

/// The documents' own filters, by view.
const DOCUMENTED: [(View, &[&str]); 2] = [
    (
        View::Requests,
        &[
            "id eq 9",
            "reqStatus co wait",
            "requester eq 15",
            "requesterId eq 15",
            "reqStatus co waiting",
            "reqStatus co Draft",
            "requestStatus=draft",
            "requester eq john or beneficiary eq avink",
            "reqStatus eq Request::Awaiting::Approval",
        ],
    ),
    (View::Tasks, &["state eq Assigned", "state eq assigned", "state eq Any", "title co abc"]),
];

const TEXT: &[&str] = &["eq", "ne", "co", "sw", "ew", "pr"];
const OPTIONAL_TEXT: &[&str] = &["eq", "co", "sw", "ew", "pr"];
const NUMBER: &[&str] = &["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"];
const WORD: &[&str] = &["eq", "ne"];
const DATE: &[&str] = &["eq", "ne", "gt", "ge", "lt", "le", "pr"];
const OPTIONAL_DATE: &[&str] = &["eq", "gt", "ge", "lt", "le", "pr"];

#[derive(Clone, Copy, Debug)]
enum View {
    Requests,
    Tasks,
}

impl View {
    const fn name(self) -> &'static str {
        match self {
            Self::Requests => "trackRequests",
            Self::Tasks => "pendingApprovals",
        }
    }

    /// What tells two rows apart.
    const fn key(self) -> &'static str {
        match self {
            Self::Requests => "id",
            Self::Tasks => "taskId",
        }
    }

    /// A filter that everything meets.
    const fn everything(self) -> &'static str {
        match self {
            Self::Requests => "id pr",
            Self::Tasks => "state eq Any",
        }
    }

    /// The attributes of which filters are made up, each with its operators.
    const fn attributes(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Self::Requests => &[
                ("id", NUMBER),
                ("reqStatus", TEXT),
                ("requestStatus", TEXT),
                ("reqType", TEXT),
                ("requester", WORD),
                ("beneficiary", WORD),
                ("reqJustification", OPTIONAL_TEXT),
                ("reqCreatedOn", DATE),
                ("reqExpireOn", OPTIONAL_DATE),
            ],
            Self::Tasks => &[
                ("id", NUMBER),
                ("title", TEXT),
                ("creator", WORD),
                ("taskId", WORD),
                ("state", WORD),
                ("status", TEXT),
                ("assignee", TEXT),
                ("acquiredBy", &["eq", "pr"]),
                ("created", DATE),
            ],
        }
    }
}

/// How much was compared.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// Filters, each as one caller.
    pub(super) filters: usize,
    /// Rows that were returned.
    pub(super) rows: usize,
}

/// Compares the documents' filters, and `made_up` more, as callers who see much and little.
pub(super) fn check(world: &World, bundle: &Bundle, made_up: u64) -> anyhow::Result<Compared> {
    let server = world.start([])?;
    let client = Client::checked(server.address())?;
    refused_with_raw_blanks(&world.login(&client, "john"))?;
    let mut compared = Compared::default();
    let mut found_something = BTreeSet::new();
    let callers = ["sysadmin", "xelsysadm", "john"];
    let share = made_up.div_ceil(callers.len() as u64 * DOCUMENTED.len() as u64);
    for (at, login) in (1..).zip(callers) {
        for (view, documented) in DOCUMENTED {
            let lister = Lister::new(world.login(&client, login), view, bundle, login)?;
            for filter in documented {
                let rows = lister.compare(filter, &mut compared).with_context(|| format!("as {login}"))?;
                found_something.extend((rows > 0).then_some(*filter));
            }
            let mut random = Random::new(at);
            for _ in 0..share {
                let filter = lister.make_up(&mut random);
                lister.compare(&filter, &mut compared).with_context(|| format!("as {login}"))?;
            }
        }
    }
    let idle = DOCUMENTED.iter().flat_map(|(_, filters)| *filters).find(|filter| !found_something.contains(*filter));
    ensure!(idle.is_none(), "the bundle has no row for {idle:?}");
    Ok(compared)
}

/// The documents print filters with raw blanks; such a line is no HTTP, and clients must encode them.
fn refused_with_raw_blanks(client: &Client) -> anyhow::Result<()> {
    let target = format!("{OIG}/requests?view=trackRequests&q=id eq 9");
    let status = client.unchecked().raw("GET", target.as_bytes(), &[], b"")?.status;
    ensure!(status == 400, "raw blanks in a target are answered by {status}");
    Ok(())
}

/// A caller's list of one view.
struct Lister {
    client: Client,
    view: View,
    /// Every row, in the order of the list.
    rows: Vec<Value>,
    /// The logins by user number.
    logins: BTreeMap<String, String>,
}

impl Lister {
    /// Fetches every row; fails unless they are those of the bundle.
    fn new(client: Client, view: View, bundle: &Bundle, login: &str) -> anyhow::Result<Self> {
        let users = bundle.of_kind("user").map(|user| (user["number"].to_string(), text(&user["login"])));
        let mut lister = Self { client, view, rows: Vec::new(), logins: users.collect() };
        lister.rows = lister.list(view.everything())?;
        let found: BTreeSet<_> = lister.rows.iter().map(|row| text(&row[view.key()])).collect();
        ensure!(found.len() == lister.rows.len(), "{login} gets a row twice");
        let expected = match view {
            View::Requests => requests_of(bundle, login)?,
            View::Tasks => tasks_of(bundle, login)?,
        };
        ensure!(found == expected, "{login} has {found:?} in {} instead of {expected:?}", view.name());
        Ok(lister)
    }

    fn list(&self, filter: &str) -> anyhow::Result<Vec<Value>> {
        let target = format!("{OIG}/requests?view={}&limit=1000&q={}", self.view.name(), encoded(filter));
        let list = self.client.get(&target)?.json_of(200).with_context(|| format!("q={filter}"))?;
        ensure!(list["hasMore"] == false, "q={filter} has more than a page");
        Ok(array(&list["requests"]).to_vec())
    }

    fn compare(&self, filter: &str, compared: &mut Compared) -> anyhow::Result<usize> {
        let keys = |rows: &[Value]| rows.iter().map(|row| text(&row[self.view.key()])).collect::<Vec<_>>();
        let matching: Vec<_> = self.rows.iter().filter(|row| self.matches(row, filter)).cloned().collect();
        let (expected, found) = (keys(&matching), keys(&self.list(filter)?));
        ensure!(found == expected, "{} q={filter} returns {found:?} instead of {expected:?}", self.view.name());
        compared.filters += 1;
        compared.rows += found.len();
        Ok(found.len())
    }

    /// `and` binds tighter than `or`.
    fn matches(&self, row: &Value, filter: &str) -> bool {
        filter.split(" or ").any(|clauses| clauses.split(" and ").all(|clause| self.meets(row, clause)))
    }

    fn meets(&self, row: &Value, clause: &str) -> bool {
        let words: Vec<_> = clause.split(' ').collect();
        let (attribute, operator, value) = match (clause.split_once('='), &words[..]) {
            (Some((attribute, value)), _) => (attribute, "co", value),
            (None, [attribute, operator, value]) => (*attribute, *operator, *value),
            (None, [attribute, operator]) => (*attribute, *operator, ""),
            _ => return false,
        };
        let wanted = value.replace("::", " ").to_lowercase();
        if attribute == "state" && wanted == "any" {
            return true;
        }
        if attribute == "id" && ["gt", "ge", "lt", "le"].contains(&operator) {
            return is_in_order(&text(&row[attribute]), operator, &wanted);
        }
        let mut values = self.values(row, attribute).into_iter().map(|value| value.to_lowercase());
        match operator {
            "eq" => values.any(|value| value == wanted),
            "ne" => values.all(|value| value != wanted),
            "co" => values.any(|value| value.contains(&wanted)),
            "sw" => values.any(|value| value.starts_with(&wanted)),
            "ew" => values.any(|value| value.ends_with(&wanted)),
            "gt" => values.any(|value| value > wanted),
            "ge" => values.any(|value| value >= wanted),
            "lt" => values.any(|value| value < wanted),
            "le" => values.any(|value| value <= wanted),
            _ => values.next().is_some(),
        }
    }

    /// What an attribute of a row may be compared with: people have a number and a login.
    fn values(&self, row: &Value, attribute: &str) -> Vec<String> {
        match attribute {
            "requester" | "requesterId" => {
                let number = text(&row["requester"]["value"]);
                let login = self.logins.get(&number).cloned();
                login.into_iter().chain([number]).collect()
            }
            "beneficiary" => {
                let people = array(&row["reqBeneficiaryList"]).iter();
                people.flat_map(|person| [text(&person["id"]), text(&person["userLogin"])]).collect()
            }
            "requestStatus" => vec![text(&row["reqStatus"])],
            _ => row[attribute].as_str().map(str::to_owned).into_iter().collect(),
        }
    }

    /// One to four clauses about what rows have.
    fn make_up(&self, random: &mut Random) -> String {
        let mut filter = self.clause(random);
        while random.below(2) == 0 && filter.len() < 200 {
            filter.push_str(if random.below(2) == 0 { " and " } else { " or " });
            filter.push_str(&self.clause(random));
        }
        filter
    }

    fn clause(&self, random: &mut Random) -> String {
        let (attribute, operators) = random.pick(self.view.attributes());
        let operator = random.pick(operators);
        let values = if self.rows.is_empty() { Vec::new() } else { self.values(random.pick(&self.rows), attribute) };
        if values.is_empty() || *operator == "pr" {
            return format!("{attribute} pr");
        }
        let value: Vec<char> = random.pick(&values).chars().collect();
        let length = value.len() as u64;
        let (first, last) = (random.below(length), 1 + random.below(length));
        let part = match *operator {
            "co" => &value[to_index(first.min(last - 1))..to_index(last.max(first + 1))],
            "sw" => &value[..to_index(last)],
            "ew" => &value[to_index(first)..],
            _ => &value[..],
        };
        let part: String = part.iter().collect();
        format!("{attribute} {operator} {}", part.replace(' ', "::"))
    }
}

/// Ids are compared as numbers.
fn is_in_order(id: &str, operator: &str, wanted: &str) -> bool {
    let (Ok(id), Ok(wanted)) = (id.parse::<u64>(), wanted.parse::<u64>()) else { return false };
    match operator {
        "gt" => id > wanted,
        "ge" => id >= wanted,
        "lt" => id < wanted,
        _ => id <= wanted,
    }
}

fn to_index(place: u64) -> usize {
    usize::try_from(place).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn is_administrator(bundle: &Bundle, user: &str) -> bool {
    let groups = bundle.of_kind("group").filter(|group| group["purpose"] == "administrators");
    groups.into_iter().any(|group| strings(&group["members"]).any(|member| member == user))
}

/// The numbers of the requests that a caller without reports tracks: their own, those for them, and for
/// administrators all; of drafts only their own.
fn requests_of(bundle: &Bundle, login: &str) -> anyhow::Result<BTreeSet<String>> {
    let user = bundle.user_id(login)?;
    ensure!(bundle.of_kind("user").all(|other| other["manager"] != user), "{login} has reports");
    let administrator = is_administrator(bundle, user);
    let tracked = bundle.of_kind("request").filter(|request| {
        let gets = strings(&request["details"]["access"]["beneficiaries"]).any(|beneficiary| beneficiary == user);
        request["originator"] == user || request["state"]["status"] != "draft" && (administrator || gets)
    });
    Ok(tracked.map(|request| request["number"].to_string()).collect())
}

/// The tasks that are a caller's: claimed, or theirs and nobody's else. The bundle's administrators
/// have asked for nothing, so that nothing is kept from them.
fn tasks_of(bundle: &Bundle, login: &str) -> anyhow::Result<BTreeSet<String>> {
    let user = bundle.user_id(login)?;
    let principals = bundle.principals(user);
    let tasks = bundle.of_kind("request").flat_map(|request| array(&request["stages"]));
    let held = tasks.flat_map(|stage| array(&stage["tasks"])).filter(|task| {
        let assignee = task["assignee"].as_str().unwrap_or_default();
        task["acquiredBy"].as_str().map_or_else(|| principals.contains(assignee), |claimer| claimer == user)
    });
    Ok(held.map(|task| text(&task["id"])).collect())
}

fn encoded(filter: &str) -> String {
    let byte = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    filter.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lister() -> Lister {
        let rows = vec![json!({
            "id": "9", "reqStatus": "Request Awaiting Approval", "requester": {"value": "15"},
            "reqBeneficiaryList": [{"id": "16", "userLogin": "avink"}, {"id": "24", "userLogin": "user24"}],
            "reqCreatedOn": "2019-01-02T10:00:00Z",
        })];
        let logins = BTreeMap::from([("15".to_owned(), "john".to_owned())]);
        Lister { client: Client::new(([127, 0, 0, 1], 0).into()), view: View::Requests, rows, logins }
    }

    #[test]
    fn a_row_meets_what_the_specification_says() {
        let lister = lister();
        for (filter, meets) in [
            ("reqStatus co wait", true),
            ("reqStatus eq request::awaiting::approval", true),
            ("requestStatus=draft", false),
            ("requester eq 15", true),
            ("requester eq JOHN", true),
            ("beneficiary eq avink and id eq 9", true),
            ("beneficiary ne avink", false),
            ("id eq 8 and id eq 9 or id eq 9", true),
            ("id eq 9 or id eq 8 and id eq 7", true),
            ("id eq 9 and id eq 8 or id eq 7", false),
            ("id lt 10 and id gt 8 and id ge 9 and id le 9", true),
            ("id gt 9", false),
            ("reqJustification pr", false),
            ("reqCreatedOn gt 2019-01-02T10:00:00Z", false),
            ("reqCreatedOn ge 2019-01-02T10:00:00Z", true),
        ] {
            assert_eq!(lister.matches(&lister.rows[0], filter), meets, "{filter}");
        }
    }

    #[test]
    fn made_up_filters_have_one_value_a_clause() {
        let (lister, mut random) = (lister(), Random::new(1));
        for _ in 0..500 {
            let filter = lister.make_up(&mut random);
            for clause in filter.split(" or ").flat_map(|clauses| clauses.split(" and ")) {
                let words: Vec<_> = clause.split(' ').collect();
                assert_eq!(words.len(), if words[1] == "pr" { 2 } else { 3 }, "{filter}");
                assert!(words.iter().all(|word| !word.is_empty()), "{filter}");
            }
        }
    }
}

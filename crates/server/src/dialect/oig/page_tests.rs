use countersign_core::approval::TaskState;
use countersign_core::clock::Timestamp;
use countersign_core::filter::Filter;
use percent_encoding::NON_ALPHANUMERIC;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use uuid::Uuid;

use super::*;

/// The host of the real capture (`spec/oig-requests.md` V2).
const HOST: &str = "http://HOST:14000";
const LIST: &str = "http://HOST:14000/iam/governance/selfservice/api/v1/requests";

fn read(query: &str) -> Result<ListQuery, Fault> {
    ListQuery::read(&Parameters::read(query)?)
}

fn query(text: &str) -> ListQuery {
    read(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"))
}

fn refused(text: &str) -> (String, String) {
    match read(text) {
        Err(Fault::Invalid(fault)) => (fault.field, fault.reason),
        other => panic!("{text}: {other:?}"),
    }
}

fn links(query_text: &str, following: &Following) -> Vec<(&'static str, String)> {
    let links = query(query_text).links(&Addresses::new(HOST.to_owned()), following);
    links.into_iter().map(|link| (link.rel, link.href.strip_prefix(LIST).unwrap().to_owned())).collect()
}

fn place() -> RequestCursor {
    RequestCursor::from_parts(Timestamp::from_micros(1_580_762_676_000_000).unwrap(), Uuid::from_u128(5004))
}

fn begin(view: &View) -> u64 {
    match view {
        View::TrackRequests { start: Start::Offset(rows), .. }
        | View::PendingApprovals { start: Start::Offset(rows), .. } => *rows,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_parameters_the_newest_ten_requests_are_asked_for() {
    let query = query("requestStatus=pending");
    assert_eq!(query.view, View::TrackRequests { filter: None, order: None, start: Start::Offset(0) });
    assert_eq!((query.limit, query.user), (10, None));
}

#[test]
fn the_view_is_known_in_any_case_and_no_other_is() {
    assert!(matches!(query("view=TRACKREQUESTS").view, View::TrackRequests { .. }));
    assert!(matches!(query("View=pendingapprovals").view, View::PendingApprovals { .. }));
    for view in ["", "drafts", "pendingApprovals,trackRequests"] {
        let refusal = ("view".to_owned(), "is trackRequests or pendingApprovals".to_owned());
        assert_eq!(refused(&format!("view={view}")), refusal);
    }
}

#[test]
fn paging_and_fields_leave_the_implicit_state_as_it_is() {
    for parameters in ["", "&offset=51&limit=100", "&fields=id", "&userId=5", "&q=", "&q=%20", "&orderBy=created"] {
        let View::PendingApprovals { condition, .. } = query(&format!("view=pendingApprovals{parameters}")).view else {
            panic!("{parameters}")
        };
        let assigned = TaskCondition { states: Some(vec![TaskState::Assigned]), filter: None };
        assert_eq!(condition, assigned, "{parameters}");
    }
    let View::PendingApprovals { condition, .. } = query("view=pendingApprovals&q=title+co+abc").view else { panic!() };
    assert_eq!(condition.states, None);
    assert!(matches!(condition.filter, Some(Filter::Clause(_))));
}

#[test]
fn a_filter_arrives_with_plus_or_percent_for_blanks() {
    let filter = |text: &str| match query(text).view {
        View::TrackRequests { filter, .. } => filter.unwrap(),
        other => panic!("{other:?}"),
    };
    let expected = filter("q=id%20eq%209%20and%20reqType%20pr");
    assert_eq!(filter("view=trackRequests&q=id+eq+9+AND+reqType+pr"), expected);
    assert_eq!(refused("q=id+eq+9&q=id+eq+8").0, "q");
    assert_eq!(refused("q=title+co+abc").0, "q", "an attribute of the other view");
}

#[test]
fn offsets_count_from_one() {
    for (text, rows) in
        [("1", 0), ("3", 2), ("0", 0), ("-7", 0), (" 2 ", 1), ("9223372036854775807", 9_223_372_036_854_775_806)]
    {
        assert_eq!(begin(&query(&format!("offset={text}")).view), rows, "{text}");
    }
    for junk in ["", "x", "1.5", "1e3", "9223372036854775808", "0x10", "1,2"] {
        assert_eq!(refused(&format!("offset={junk}")).0, "offset", "{junk}");
    }
}

#[test]
fn a_page_has_at_most_a_thousand_rows() {
    for (text, limit) in [("0", 0), ("1", 1), ("5000", 5000)] {
        assert_eq!(query(&format!("limit={text}")).limit, limit);
    }
    for junk in ["5001", "-1", "", "x", "99999999999999999999"] {
        let refusal = ("limit".to_owned(), "must be a whole number from 0 to 5000".to_owned());
        assert_eq!(refused(&format!("limit={junk}")), refusal, "{junk}");
    }
}

#[test]
fn a_user_is_named_by_number_in_either_spelling() {
    assert_eq!(query("userId=15").user.map(UserNumber::get), Some(15));
    assert_eq!(query("userid=15").user.map(UserNumber::get), Some(15));
    for junk in ["", "john", "0", "-1", "15a"] {
        assert_eq!(refused(&format!("userId={junk}")).0, "userId", "{junk}");
    }
    assert_eq!(refused("userId=15&userid=16").0, "userId");
}

#[test]
fn an_order_has_an_attribute_of_the_view_and_a_direction() {
    let order = |text: &str| match query(text).view {
        View::TrackRequests { order, .. } => order.unwrap(),
        other => panic!("{other:?}"),
    };
    for (text, attribute, direction) in [
        ("reqCreatedOn", RequestAttribute::Created, Direction::Ascending),
        ("reqcreatedon:Ascending", RequestAttribute::Created, Direction::Ascending),
        ("id:descending", RequestAttribute::Id, Direction::Descending),
        ("status+:+descending", RequestAttribute::Status, Direction::Descending),
    ] {
        assert_eq!(order(&format!("orderBy={text}")), OrderBy { attribute, direction }, "{text}");
    }
    let View::PendingApprovals { order, .. } = query("view=pendingApprovals&orderBy=expires").view else { panic!() };
    assert_eq!(order, Some(OrderBy { attribute: TaskAttribute::Expires, direction: Direction::Ascending }));
    for junk in ["nothing", ":descending", "id:", "id:down", "id:ascending:descending", "taskId"] {
        assert_eq!(refused(&format!("orderBy={junk}")).0, "orderBy", "{junk}");
    }
}

#[test]
fn a_cursor_counts_before_the_offset() {
    let cursor = place().write();
    let text = format!("offset=11&cursor={cursor}");
    assert_eq!(query(&text).view, View::TrackRequests { filter: None, order: None, start: Start::After(place()) });
    for order in ["reqCreatedOn:descending", "reqCreatedOn:ascending"] {
        let View::TrackRequests { start, .. } = query(&format!("{text}&orderBy={order}")).view else {
            panic!("{order}")
        };
        assert_eq!(start, Start::After(place()), "a place in the order of creation, from either end");
    }
    for other in ["orderBy=id:descending", "view=pendingApprovals"] {
        assert_eq!(refused(&format!("{text}&{other}")).0, "cursor", "{other}");
    }
    assert_eq!(refused("cursor=abc").0, "cursor");
}

#[test]
fn the_links_of_the_capture() {
    let href = "?view=trackRequests&offset=1&limit=10&q=reqStatus%20eq%20Request%3A%3AAwaiting%3A%3AApproval";
    let expected = [("self", href.to_owned()), ("first", href.to_owned())];
    for written in [
        "view=trackRequests&q=reqStatus%20eq%20Request::Awaiting::Approval",
        "q=reqStatus+eq+Request%3a%3aAwaiting%3a%3aApproval&limit=10&offset=1&view=trackRequests",
    ] {
        assert_eq!(links(written, &Following::Nothing), expected, "{written}");
    }
}

#[test]
fn the_view_stands_there_only_if_the_caller_named_it() {
    let expected = [("self", "?offset=1&limit=10".to_owned()), ("first", "?offset=1&limit=10".to_owned())];
    assert_eq!(links("", &Following::Nothing), expected);
    assert_eq!(links("&q=&fields=&cursor=&orderBy=", &Following::Nothing), expected);
}

#[test]
fn pages_lead_on_and_back() {
    let more = Following::of(Some(&place()));
    let cursor = place().write();
    let next = links("offset=1&limit=2", &more).remove(2);
    assert_eq!(next, ("next", format!("?offset=3&limit=2&cursor={cursor}")));
    assert_eq!(
        links("offset=5&limit=2&fields=reqType,%20reqStatus", &more),
        [
            ("self", "?fields=reqType%2C%20reqStatus&offset=5&limit=2".to_owned()),
            ("first", "?fields=reqType%2C%20reqStatus&offset=1&limit=2".to_owned()),
            ("next", format!("?fields=reqType%2C%20reqStatus&offset=7&limit=2&cursor={cursor}")),
            ("prev", "?fields=reqType%2C%20reqStatus&offset=3&limit=2".to_owned()),
        ]
    );
    assert_eq!(links("offset=2&limit=10", &Following::Nothing)[2..], [("prev", "?offset=1&limit=10".to_owned())]);
    let last = links("offset=9223372036854775807", &more).remove(2).1;
    assert_eq!(last, format!("?offset=9223372036854775807&limit=10&cursor={cursor}"));
    assert_eq!(links("limit=0&offset=5", &more).len(), 2, "a count has no pages");
}

#[test]
fn every_parameter_has_its_place_and_the_next_page_its_cursor() {
    let cursor = place().write();
    let written = "q=id+sw+5&limit=5&orderBy=reqCreatedOn:descending&userid=15&offset=6&fields=id&VIEW=TrackRequests";
    let head = "?view=trackRequests&fields=id&userId=15&orderBy=reqCreatedOn%3Adescending";
    let tail = "&q=id%20sw%205";
    let links = links(&format!("{written}&cursor={cursor}"), &Following::of(Some(&place())));
    assert_eq!(
        links,
        [
            ("self", format!("{head}&offset=6&limit=5&cursor={cursor}{tail}")),
            ("first", format!("{head}&offset=1&limit=5{tail}")),
            ("next", format!("{head}&offset=11&limit=5&cursor={cursor}{tail}")),
            ("prev", format!("{head}&offset=1&limit=5{tail}")),
        ]
    );
    for (_, href) in links {
        assert!(read(&href[1..]).is_ok(), "{href}");
    }
    assert_eq!(Following::of(None::<&TaskCursor>), Following::Nothing);
}

fn junk() -> impl Strategy<Value = String> {
    let words = [
        "id",
        "reqStatus",
        "state",
        "taskId",
        "reqCreatedOn",
        "expires",
        "eq",
        "co",
        "gt",
        "ne",
        "pr",
        "and",
        "or",
        "not",
        "(",
        ")",
        "\"",
        "\"a b\"",
        "=",
        "::",
        ":",
        "9",
        "-1",
        "Any",
        "2019-06-20",
        "\u{a0}",
        "\u{e9}\u{301}",
        "%",
        "\0",
        " ",
    ];
    let soup = prop::collection::vec(prop::sample::select(words.to_vec()), 0..40);
    prop_oneof![soup.clone().prop_map(|words| words.join(" ")), soup.prop_map(|words| words.concat()), any::<String>(),]
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(24), failure_persistence: None, ..ProptestConfig::with_cases(4_000) })]

    #[test]
    fn junk_is_refused_by_name_or_understood(text in junk(), name in 0..8_usize, tasks in any::<bool>()) {
        let name = ["q", "q", "q", "offset", "limit", "orderBy", "cursor", "userId"][name];
        let view = if tasks { "pendingApprovals" } else { "trackRequests" };
        let value = utf8_percent_encode(&text, NON_ALPHANUMERIC);
        match read(&format!("view={view}&{name}={value}")) {
            Ok(query) => {
                let again = query.links(&Addresses::new(HOST.to_owned()), &Following::Nothing).remove(0).href;
                let again = read(again.strip_prefix(LIST).unwrap().strip_prefix('?').unwrap()).unwrap();
                prop_assert_eq!((again.view, again.limit, again.user), (query.view, query.limit, query.user));
            }
            Err(Fault::Invalid(fault)) => prop_assert_eq!(fault.field, name),
            Err(other) => prop_assert!(false, "{:?}", other),
        }
    }
}

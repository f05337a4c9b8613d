use countersign_core::clock::Timestamp;
use countersign_core::filter::{StatusMatch, TypeMatch, UserMatch};
use countersign_core::ids::TaskId;
use countersign_core::request::{AccessOperation, RequestStatus};

use super::*;

fn expression(q: &str) -> Expression {
    Expression::read(q).unwrap_or_else(|fault| panic!("{q}: {fault:?}")).unwrap()
}

fn requests(q: &str) -> RequestFilter {
    request_filter(&expression(q)).unwrap_or_else(|fault| panic!("{q}: {fault:?}"))
}

fn tasks(q: &str) -> TaskCondition {
    TaskCondition::of(Some(&expression(q))).unwrap_or_else(|fault| panic!("{q}: {fault:?}"))
}

/// What the tasks must meet besides their state, of which nothing is said.
fn task(q: &str) -> TaskFilter {
    let TaskCondition { states, filter } = tasks(q);
    assert_eq!(states, None, "{q}");
    filter.unwrap()
}

fn reason<T: std::fmt::Debug>(result: Result<T, Fault>) -> String {
    match result {
        Err(Fault::Invalid(fault)) if fault.field == "q" => fault.reason,
        other => panic!("{other:?}"),
    }
}

fn is(clause: RequestClause) -> RequestFilter {
    Filter::Clause(clause)
}

fn status(status: RequestStatus) -> RequestFilter {
    is(RequestClause::Status(vec![StatusMatch { status, certificate: None, approved_by: None, fulfilment: None }]))
}

fn not<C>(filter: Filter<C>) -> Filter<C> {
    Filter::Not(Box::new(filter))
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn login(text: &str) -> UserMatch {
    UserMatch::Login(TextMatch::Equals(text.to_owned()))
}

fn person(number: i64) -> Vec<UserMatch> {
    vec![UserMatch::Number(number.try_into().unwrap()), login(&number.to_string())]
}

#[test]
fn the_documented_examples_of_track_requests() {
    assert_eq!(requests("id eq 9"), is(RequestClause::Number(9.try_into().unwrap())));
    assert_eq!(requests("reqStatus co Draft"), status(RequestStatus::Draft));
    assert_eq!(requests("requestStatus=draft"), status(RequestStatus::Draft));
    assert_eq!(requests("reqStatus eq Request::Awaiting::Approval"), status(RequestStatus::Pending));
    for q in ["reqStatus co wait", "reqStatus co waiting"] {
        let Filter::Clause(RequestClause::Status(set)) = requests(q) else { panic!("{q}") };
        assert_eq!(set.len(), 4, "{q}");
    }
    for q in ["requester eq 15", "requesterId eq 15"] {
        assert_eq!(requests(q), is(RequestClause::Requester(person(15))), "{q}");
    }
    assert_eq!(
        requests("requester eq john or beneficiary eq avink"),
        Filter::Or(vec![
            is(RequestClause::Requester(vec![login("john")])),
            is(RequestClause::Beneficiary(vec![login("avink")])),
        ])
    );
}

#[test]
fn the_documented_examples_of_pending_approvals() {
    let assigned = TaskCondition { states: Some(vec![TaskState::Assigned]), filter: None };
    assert_eq!(TaskCondition::of(None).unwrap(), assigned);
    assert_eq!(tasks("state eq Assigned"), assigned);
    assert_eq!(tasks("state eq assigned"), assigned);
    assert_eq!(tasks("state eq Any"), TaskCondition { states: None, filter: None });
    assert_eq!(task("title co abc"), Filter::Clause(TaskClause::Title(TextMatch::Contains("abc".to_owned()))));
}

#[test]
fn the_examples_of_other_collections_are_no_attributes_here() {
    for (q, name) in [
        ("ENTITY_TYPE eq Entitlements AND ENTITY_DISPLAY_NAME sw A", "ENTITY_TYPE eq Entitlements"),
        ("User::Login eq MGRAFF", "User::Login eq MGRAFF"),
        ("Status.Category eq Rejected", "Status.Category eq Rejected"),
        ("id eq 9 and taskId pr", "clause 2, `taskId pr` at character 13"),
    ] {
        let reason = reason(request_filter(&expression(q)));
        assert!(
            reason.contains(name)
                && reason.contains("trackRequests has no attribute of this name; it has id, reqStatus")
        );
    }
    let reason = reason(TaskCondition::of(Some(&expression("reqType pr"))));
    assert!(
        reason.ends_with(
            "pendingApprovals has no attribute of this name; it has id, title, creator, taskId, \
        state, status, assignee, created, acquiredBy, expires"
        ),
        "{reason}"
    );
}

#[test]
fn names_and_aliases_are_known_in_any_case() {
    for (names, value) in [
        (vec!["reqStatus", "REQSTATUS", "requestStatus", "Status"], "Request::Completed"),
        (vec!["requester", "requesterID"], "15"),
        (vec!["reqBeneficiaryList", "reqBenefiiciaryList", "Beneficiary", "beneficiaryId"], "15"),
        (vec!["reqCreatedOn", "reqcreatedon"], "2019-06-20"),
        (vec!["reqExpireOn", "REQEXPIREON"], "2019-06-20"),
    ] {
        let meanings: Vec<_> = names.iter().map(|name| requests(&format!("{name} eq {value}"))).collect();
        assert!(meanings.windows(2).all(|two| two[0] == two[1]), "{names:?}");
    }
    for (name, attribute) in RequestAttribute::NAMES {
        assert_eq!(RequestAttribute::named(&name.to_uppercase()), Ok(*attribute));
    }
    for (name, attribute) in TaskAttribute::NAMES {
        assert_eq!(TaskAttribute::named(&name.to_uppercase()), Ok(*attribute));
    }
}

#[test]
fn and_or_and_ne_keep_their_shape() {
    let completed = || status(RequestStatus::Completed);
    let draft = || status(RequestStatus::Draft);
    let nine = || is(RequestClause::Number(9.try_into().unwrap()));
    assert_eq!(
        requests("id eq 9 and status eq Request::Completed or status co draft"),
        Filter::Or(vec![Filter::And(vec![nine(), completed()]), draft()])
    );
    assert_eq!(requests("id ne 9"), not(nine()));
    assert_eq!(requests("status ne Request::Completed"), not(completed()));
    assert_eq!(requests("status ne nothing::like::it"), not(values::never()));
    assert_eq!(requests("status eq nothing::like::it"), values::never());
}

#[test]
fn an_id_is_a_number_or_its_digits() {
    assert_eq!(requests("id co 12"), is(RequestClause::NumberText(TextMatch::Contains("12".to_owned()))));
    assert_eq!(requests("id sw 12"), is(RequestClause::NumberText(TextMatch::Begins("12".to_owned()))));
    assert_eq!(requests("id ew 12"), is(RequestClause::NumberText(TextMatch::Ends("12".to_owned()))));
    assert_eq!(requests("id eq 99999999999999999999"), values::never(), "a number that no request has");
    assert_eq!(requests("id pr"), values::always());
    assert!(reason(request_filter(&expression("id eq abc"))).ends_with("the id of a request is a decimal number"));
    assert!(reason(request_filter(&expression("id gt -1"))).ends_with("the id of a request is a decimal number"));
    let below = |bound: i64| is(RequestClause::NumberBelow(bound.try_into().unwrap()));
    assert_eq!((requests("id lt 9"), requests("id le 9")), (below(9), below(10)));
    assert_eq!((requests("id ge 9"), requests("id gt 9")), (not(below(9)), not(below(10))));
    assert_eq!((requests("id lt 0"), requests("id ge 0")), (values::never(), not(values::never())));
    assert_eq!(requests("id gt 99999999999999999999"), not(values::always()), "a number that no request has");
}

#[test]
fn a_person_goes_by_number_or_login() {
    assert_eq!(requests("requester eq john::doe"), is(RequestClause::Requester(vec![login("john doe")])));
    let partly = |text: &str| vec![UserMatch::Login(TextMatch::Contains(text.to_owned()))];
    assert_eq!(requests("beneficiary co 15"), is(RequestClause::Beneficiary(partly("15"))));
    assert_eq!(requests("requester ne 15"), not(is(RequestClause::Requester(person(15)))));
    assert_eq!(requests("requester eq 0"), is(RequestClause::Requester(vec![login("0")])));
    assert_eq!(requests("beneficiary pr"), values::always());
}

#[test]
fn texts_and_types() {
    let justified = |text: TextMatch| is(RequestClause::Justification(text));
    assert_eq!(requests("reqJustification eq \"50% of _ *\""), justified(TextMatch::Equals("50% of _ *".to_owned())));
    assert_eq!(requests("reqJustification sw a::b"), justified(TextMatch::Begins("a b".to_owned())));
    assert_eq!(requests("reqJustification pr"), justified(TextMatch::Present));
    assert_eq!(requests("reqJustification ne x"), not(justified(TextMatch::Equals("x".to_owned()))));
    let roles = TypeMatch::Access(AccessOperation::AssignRoles);
    assert_eq!(requests("reqType=assign::roles"), is(RequestClause::Type(vec![roles])));
    assert!(reason(request_filter(&expression("reqJustification lt x"))).contains("`reqJustification lt x`"));
}

#[test]
fn dates_are_compared_at_their_seconds() {
    let second = at("2019-06-20T20:34:08Z");
    let next = at("2019-06-20T20:34:09Z");
    for (operator, time) in [
        ("eq", TimeMatch::Within(second, next)),
        ("gt", TimeMatch::From(next)),
        ("ge", TimeMatch::From(second)),
        ("lt", TimeMatch::Before(second)),
        ("le", TimeMatch::Before(next)),
    ] {
        for date in ["2019-06-20T20:34:08Z", "2019-06-20T22:34:08+02:00", "2019-06-20T20:34:08.999999Z"] {
            assert_eq!(
                requests(&format!("reqCreatedOn {operator} {date}")),
                is(RequestClause::Created(time)),
                "{date}"
            );
        }
    }
    assert_eq!(
        requests("reqExpireOn ne 2019-06-20T20:34:08Z"),
        not(is(RequestClause::Ended(TimeMatch::Within(second, next))))
    );
    assert_eq!(requests("reqExpireOn pr"), is(RequestClause::Ended(TimeMatch::Present)));
    assert_eq!(requests("reqCreatedOn pr"), values::always());
    let before = at("1969-12-31T23:59:59Z");
    let epoch = at("1970-01-01T00:00:00Z");
    assert_eq!(
        requests("reqCreatedOn=1969-12-31T23:59:59.5Z"),
        is(RequestClause::Created(TimeMatch::Within(before, epoch)))
    );
}

#[test]
fn a_plain_date_is_a_day_in_utc() {
    let (day, next) = (at("2019-06-30T00:00:00Z"), at("2019-07-01T00:00:00Z"));
    for (operator, time) in [
        ("eq", TimeMatch::Within(day, next)),
        ("gt", TimeMatch::From(next)),
        ("ge", TimeMatch::From(day)),
        ("lt", TimeMatch::Before(day)),
        ("le", TimeMatch::Before(next)),
    ] {
        assert_eq!(requests(&format!("reqCreatedOn {operator} 2019-06-30")), is(RequestClause::Created(time)));
    }
    let last = at("9999-12-31T00:00:00Z");
    assert_eq!(requests("reqExpireOn eq 9999-12-31"), is(RequestClause::Ended(TimeMatch::From(last))));
    assert_eq!(requests("reqExpireOn gt 9999-12-31"), values::never());
    assert_eq!(requests("reqExpireOn le 9999-12-31"), is(RequestClause::Ended(TimeMatch::Present)));
}

#[test]
fn what_is_no_date_is_refused() {
    for date in ["yesterday", "2019-06-20T20:34:08", "2019-6-1", "2019-02-30", "20190620", "12019-06-20", "2019"] {
        let reason = reason(request_filter(&expression(&format!("reqCreatedOn ge {date}"))));
        assert!(reason.contains(date) && reason.contains("2019-06-20T20:34:08Z, with Z or an offset"), "{reason}");
    }
    for operator in ["co", "sw", "ew"] {
        let reason = reason(request_filter(&expression(&format!("reqCreatedOn {operator} 2019-06-20"))));
        assert!(reason.ends_with("`eq 2019-06-20` is the whole day"), "{reason}");
    }
}

#[test]
fn each_attribute_of_a_task() {
    let clause = Filter::Clause::<TaskClause>;
    let about = |filter: RequestClause| clause(TaskClause::Request(filter));
    assert_eq!(task("id eq 5004"), about(RequestClause::Number(5004.try_into().unwrap())));
    assert_eq!(task("id sw 50"), about(RequestClause::NumberText(TextMatch::Begins("50".to_owned()))));
    assert_eq!(task("creator eq mgraff"), about(RequestClause::Requester(vec![login("mgraff")])));
    let pending =
        StatusMatch { status: RequestStatus::Pending, certificate: None, approved_by: None, fulfilment: None };
    assert_eq!(task("status eq Request::Awaiting::Approval"), about(RequestClause::Status(vec![pending])));
    let id = "2c91aeca-9169-47fd-847f-466763af278a";
    let task_id = || clause(TaskClause::Task(TaskId::from_uuid(uuid::Uuid::parse_str(id).unwrap())));
    assert_eq!(task(&format!("taskId eq {}", id.to_uppercase())), task_id());
    assert_eq!(task(&format!("taskId ne {id}")), not(task_id()));
    let administrators = TextMatch::Equals("SYSTEM ADMINISTRATORS".to_owned());
    assert_eq!(task("assignee eq SYSTEM::ADMINISTRATORS"), clause(TaskClause::AssigneeName(administrators)));
    assert_eq!(task("acquiredBy eq 15"), clause(TaskClause::AcquiredBy(person(15))));
    assert_eq!(task("acquiredBy pr"), clause(TaskClause::Acquired(true)));
    let day = TimeMatch::Before(at("2019-06-20T00:00:00Z"));
    assert_eq!(task("created lt 2019-06-20"), clause(TaskClause::Created(day)));
    assert_eq!(task("expires lt 2019-06-20"), clause(TaskClause::Expires(day)));
    assert_eq!(task("expires pr"), clause(TaskClause::Expires(TimeMatch::Present)));
    for q in ["taskId co 2c91", "taskId eq 2c91", "title gt a", "state lt Assigned", "expires sw 2019"] {
        reason(TaskCondition::of(Some(&expression(q))));
    }
}

#[test]
fn states_stand_apart_where_they_bound_the_list() {
    use TaskState::{Assigned, Completed, Suspended};
    let condition = |states: Option<Vec<TaskState>>, filter| TaskCondition { states, filter };
    let titled = || Filter::Clause(TaskClause::Title(TextMatch::Contains("abc".to_owned())));
    let in_states = |states: Vec<TaskState>| Filter::Clause(TaskClause::State(states));
    assert_eq!(tasks("state eq Assigned and title co abc"), condition(Some(vec![Assigned]), Some(titled())));
    assert_eq!(tasks("state eq Any and title co abc"), condition(None, Some(titled())));
    assert_eq!(tasks("state eq Assigned and state eq Completed"), condition(Some(vec![]), None));
    assert_eq!(tasks("state eq Suspended or state eq Assigned"), condition(Some(vec![Assigned, Suspended]), None));
    assert_eq!(
        tasks("state eq Assigned and title co abc or state eq Completed"),
        condition(
            Some(vec![Assigned, Completed]),
            Some(Filter::Or(vec![Filter::And(vec![in_states(vec![Assigned]), titled()]), in_states(vec![Completed]),]))
        )
    );
    assert_eq!(
        tasks("state eq Assigned or title co abc"),
        condition(None, Some(Filter::Or(vec![in_states(vec![Assigned]), titled()])))
    );
    for q in ["state eq Any or title co abc", "state eq Assigned or state eq Any"] {
        assert_eq!(tasks(q), condition(None, None), "{q}");
    }
    assert_eq!(tasks("state ne Assigned"), condition(None, Some(not(in_states(vec![Assigned])))));
    assert_eq!(tasks("state ne Any"), condition(None, Some(not(values::always()))));
    assert_eq!(tasks("state eq open"), condition(None, Some(values::never())));
}

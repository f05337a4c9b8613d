//! `q`: every returned element matches, and every matching one is returned.

use countersign_xtask::http::Client;

use crate::rows::{Row, Task, inbox, moment, number_of, rows, tracked};
use crate::world::World;
use crate::{encoded, list, members, path};

type RowTest = fn(&Row) -> bool;
type TaskTest = fn(&Row, &Task) -> bool;

fn asked_by(row: &Row, user: &str) -> bool {
    row.requester == user || number_of(row.requester).to_string() == user
}

fn is_for(row: &Row, user: &str) -> bool {
    row.beneficiaries.iter().any(|login| *login == user || number_of(login).to_string() == user)
}

fn why(row: &Row) -> String {
    row.why.unwrap_or_default().to_lowercase()
}

/// The documents' own filters of trackRequests (`spec/oig-requests.md` E).
const DOCUMENTED: [(&str, RowTest); 9] = [
    ("id eq 9", |row| row.number == 9),
    ("reqStatus co wait", |row| row.status().to_lowercase().contains("wait")),
    ("requester eq 15", |row| asked_by(row, "15")),
    ("requesterId eq 15", |row| asked_by(row, "15")),
    ("reqStatus co waiting", |row| row.status().contains("waiting")),
    ("reqStatus co Draft", |row| row.status() == "Request Draft Created"),
    ("requestStatus=draft", |row| row.status() == "Request Draft Created"),
    ("requester eq john or beneficiary eq avink", |row| {
        row.requester == "john" || row.beneficiaries.contains(&"avink")
    }),
    ("reqStatus eq Request::Awaiting::Approval", |row| row.status() == "Request Awaiting Approval"),
];

/// What else the grammar says.
const GRAMMAR: [(&str, RowTest); 50] = [
    ("", |_| true),
    ("id pr", |_| true),
    ("id ne 9", |row| row.number != 9),
    ("id co 00", |row| row.number.to_string().contains("00")),
    ("id sw 20", |row| row.number.to_string().starts_with("20")),
    ("id ew 4", |row| row.number.to_string().ends_with('4')),
    ("id eq 9 or id eq 5004", |row| [9, 5004].contains(&row.number)),
    ("REQSTATUS  EQ   request::completed", |row| row.status() == "Request Completed"),
    ("status eq \"Request Completed\"", |row| row.status() == "Request Completed"),
    ("reqStatus ne Request::Completed", |row| row.status() != "Request Completed"),
    ("reqStatus sw Operation", |row| row.status() == "Operation Initiated"),
    ("reqStatus ew Pending", |row| row.status() == "Request Approved Fulfillment Pending"),
    ("reqStatus eq Request::Approved", |row| row.status() == "Request Approved"),
    ("reqStatus eq Request::Auto::Approved", |row| row.status() == "Request Auto Approved"),
    ("reqStatus co approved", |row| row.status().contains("Approved")),
    ("reqStatus eq Request::Partially::Failed", |row| row.status() == "Request Partially Failed"),
    ("reqStatus eq SoD::check::completed", |_| false),
    ("reqStatus eq nothing", |_| false),
    ("requestStatus=Request::Rejected", |row| row.status() == "Request Rejected"),
    ("requester eq JOHN", |row| row.requester == "john"),
    ("requester eq 5001", |row| row.requester == "mgraff"),
    ("requester co an", |_| false),
    ("requester co OH", |row| row.requester == "john"),
    ("requester ne john", |row| row.requester != "john"),
    ("requester eq \u{e4}NNE", |row| row.requester == "\u{c4}nne"),
    ("beneficiary eq 15", |row| is_for(row, "15")),
    ("beneficiaryId eq 16", |row| is_for(row, "avink")),
    ("reqBeneficiaryList sw \u{c4}", |row| is_for(row, "\u{c4}nne")),
    ("reqType eq Certificate::Enroll", |row| row.kind == "Certificate Enroll"),
    ("reqType co certificate", |row| row.kind.starts_with("Certificate")),
    ("reqType eq Provision::ApplicationInstance", |row| row.kind == "Provision ApplicationInstance"),
    ("reqType ne Assign::Roles and reqType ne Modify::User::Profile", |row| {
        !["Assign Roles", "Modify User Profile"].contains(&row.kind)
    }),
    ("reqJustification pr", |row| row.why.is_some()),
    ("reqJustification co PAYROLL", |row| why(row).contains("payroll")),
    ("reqJustification sw \u{e4}rger", |row| why(row).starts_with("\u{e4}rger")),
    ("reqJustification ew B\u{dc}RO", |row| why(row).ends_with("b\u{fc}ro")),
    ("reqJustification co %", |row| why(row).contains('%')),
    ("reqJustification co 0_5", |row| why(row).contains("0_5")),
    ("reqJustification co \"\"now\"\"", |row| why(row).contains("\"now\"")),
    ("reqCreatedOn eq 2019-04-01T12:30:00Z", |row| row.created.starts_with("2019-04-01T12:30:00")),
    ("reqCreatedOn ne 2019-04-01", |row| !row.created.starts_with("2019-04-01")),
    ("id gt 1005", |row| row.number > 1005),
    ("id ge 1005 and id lt 2000", |row| (1005..2000).contains(&row.number)),
    ("id le 1005", |row| row.number <= 1005),
    ("reqCreatedOn gt 2019-05-31", |row| moment(row.created) >= "2019-06-01"),
    ("reqCreatedOn ge 2019-04-01T14:30:00+02:00", |row| moment(row.created) >= "2019-04-01T12:30:00"),
    ("reqCreatedOn lt 2019-03-01", |row| moment(row.created) < "2019-03-01"),
    ("reqCreatedOn le 2019-03-01", |row| moment(row.created) < "2019-03-02"),
    ("reqExpireOn pr", |row| row.ended.is_some()),
    ("requester eq john or requester eq carol and reqStatus eq Request::Completed AND reqType pr", |row| {
        row.requester == "john" || row.requester == "carol" && row.status() == "Request Completed"
    }),
];

/// Filters of pendingApprovals; the first four are the documents' own.
const TASKS: [(&str, TaskTest); 24] = [
    ("state eq Assigned", |_, task| task.state() == "ASSIGNED"),
    ("state eq assigned", |_, task| task.state() == "ASSIGNED"),
    ("state eq Any", |_, _| true),
    ("title co abc", |_, task| task.title.contains("ABC")),
    ("", |_, task| task.state() == "ASSIGNED"),
    ("state eq Suspended", |_, task| task.state() == "SUSPENDED"),
    ("state eq Information::Required", |_, task| task.state() == "INFO_REQUESTED"),
    ("state ne Assigned", |_, task| task.state() != "ASSIGNED"),
    ("title co abc and state eq Assigned", |_, task| task.title.contains("ABC") && task.state() == "ASSIGNED"),
    ("state eq Suspended or title sw operational", |_, task| {
        task.state() == "SUSPENDED" || task.title.starts_with("Operational")
    }),
    ("id eq 2003", |row, _| row.number == 2003),
    ("creator eq john", |row, _| row.requester == "john"),
    ("creator eq 5001", |row, _| row.requester == "mgraff"),
    ("assignee eq approvers", |_, task| task.assignee == "APPROVERS"),
    ("assignee sw SYSTEM::ADMIN", |_, task| task.assignee == "SYSTEM ADMINISTRATORS"),
    ("acquiredBy pr", |_, task| task.acquired_by.is_some()),
    ("acquiredBy eq carol", |_, task| task.acquired_by == Some("carol")),
    ("status eq Request::Awaiting::Approval", |row, _| row.status() == "Request Awaiting Approval"),
    ("status eq Request::Completed", |row, _| row.status() == "Request Completed"),
    ("created ge 2019-09-01", |_, task| moment(task.created) >= "2019-09-01"),
    ("created lt 2019-09-01 and acquiredBy pr", |_, task| {
        moment(task.created) < "2019-09-01" && task.acquired_by.is_some()
    }),
    ("expires pr", |_, task| task.expires.is_some()),
    ("expires eq 2030-05-05", |_, task| task.expires.is_some_and(|expires| expires.starts_with("2030-05-05"))),
    ("taskId ne 00000000-0000-0000-0000-000000000001", |_, _| true),
];

#[test]
fn filters_of_requests_keep_what_they_say_for_everybody() {
    let (world, rows) = (World::start(), rows());
    for login in ["xelsysadm", "john", "boss", "carol"] {
        let client = world.login(login);
        let visible = tracked(&rows, login);
        for (q, keeps) in DOCUMENTED.iter().chain(&GRAMMAR) {
            let expected: Vec<_> = visible.iter().filter(|row| keeps(row)).map(|row| row.number.to_string()).collect();
            for parameters in
                [format!("q={}", encoded(q)), format!("view=trackRequests&q={}", encoded(q).replace("%20", "+"))]
            {
                let found = list(&client, &format!("{parameters}&limit=1000"));
                assert_eq!(members(&found, "id"), expected, "{login}: {q}");
            }
            assert_eq!(total(&client, &format!("q={}", encoded(q))), expected.len(), "{login}: {q}");
        }
    }
}

#[test]
fn every_documented_filter_finds_something() {
    let (world, rows) = (World::start(), rows());
    let john = world.login("john");
    for (q, keeps) in DOCUMENTED {
        assert!(tracked(&rows, "john").into_iter().any(keeps), "the world has nothing for {q}");
        assert!(total(&john, &format!("q={}", encoded(q))) > 0, "{q}");
    }
}

#[test]
fn filters_of_tasks_keep_what_they_say_for_everybody() {
    let (world, rows) = (World::start(), rows());
    for login in ["xelsysadm", "carol", "dave", "percy"] {
        let client = world.login(login);
        let visible = inbox(&rows, login);
        for (q, keeps) in TASKS {
            let kept = visible.iter().filter(|(row, task)| keeps(row, task));
            let expected: Vec<_> = kept.map(|(_, task)| task.id()).collect();
            let parameters = format!("view=pendingApprovals&q={}", encoded(q));
            let found = list(&client, &format!("{parameters}&limit=1000"));
            assert_eq!(members(&found, "taskId"), expected, "{login}: {q}");
            assert_eq!(total(&client, &parameters), expected.len(), "{login}: {q}");
        }
        for (_, task) in visible {
            let found = list(&client, &format!("view=pendingApprovals&q=taskId+eq+{}", task.id()));
            assert_eq!(members(&found, "taskId"), [task.id()], "{login}");
        }
    }
}

#[test]
fn a_filter_that_cannot_be_read_is_refused_with_the_clause() {
    let world = World::start();
    let client = world.login("john");
    let many = vec!["id eq 1"; 400].join(" or ");
    let deep = "(".repeat(5_000);
    for (view, q, named) in [
        ("", "title co abc", "title co abc"),
        ("", "ENTITY_TYPE eq Entitlements", "ENTITY_TYPE"),
        ("", "id", "operator"),
        ("", "id is 9", "`is`"),
        ("", "id eq", "value"),
        ("", "id eq 9 reqType pr", "`and`, `or`"),
        ("", "id eq 9 and", "clause"),
        ("", "id eq nine", "decimal"),
        ("", "(id eq 9)", "parentheses"),
        ("", "reqCreatedOn gt yesterday", "date"),
        ("", "reqJustification gt a", "eq, ne, co"),
        ("view=pendingApprovals&", "reqStatus co wait", "reqStatus"),
        ("view=pendingApprovals&", "taskId eq 7", "GUID"),
        ("", &many, "at most"),
        ("", &deep, "parentheses"),
    ] {
        let answer = client.get(&path(&format!("{view}q={}", encoded(q)))).unwrap();
        let body = answer.json_of(400).unwrap();
        let message = body["message"].as_str().unwrap();
        assert!(message.starts_with("q: ") && message.contains(named), "{q:.40}: {message}");
    }
    let endless = vec!["id eq 1"; 1_500].join(" or ");
    assert_eq!(client.get(&path(&format!("q={}", encoded(&endless)))).unwrap().status, 414);
}

/// How many elements there are, by the count alone.
fn total(client: &Client, parameters: &str) -> usize {
    let found = list(client, &format!("{parameters}&limit=0"));
    usize::try_from(found["totalResult"].as_u64().unwrap()).unwrap()
}

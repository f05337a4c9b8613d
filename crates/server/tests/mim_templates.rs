//! MIM CM's profile templates and policies over HTTP: who sees which, and what is said of them.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use countersign_xtask::http::Client;
use countersign_xtask::process::{Server, output, output_of_input};
use serde_json::{Value, json};
use support::{Demo, MIM, Store};

const CARD: &str = "a039b4d0-5ce8-4eff-8651-181c6576fda3";
const SOFTWARE: &str = "8f31803f-8afc-49bb-911d-402ec264b589";
const WITHOUT_RECOVERY: &str = "1e3a31fe-699b-4a6b-945c-18b83c985bc1";
const UNKNOWN: &str = "00000000-dead-4bad-8bad-000000000000";
const REQUESTER: &str = "8f1590dc-d932-4b66-8e68-2e91c5880780";
const APPROVERS: &str = "154dbe34-dfc8-40ab-a3a6-68e85a35c939";

fn id(n: u32) -> String {
    format!("7e570000-0000-4000-8000-{n:012x}")
}

/// A template that everybody may enroll for, but for what `changed` says.
fn template(n: u32, changed: &Value) -> Value {
    let mut record = json!({"kind": "profileTemplate", "id": id(n), "name": "Of the test", "templateKind": "software",
        "version": 1, "readers": "everyone", "enrollers": "everyone",
        "policies": [{"policy": "enroll", "enabled": true, "selfService": true}]});
    record.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
    record
}

/// The demo with more templates.
fn demo_with(templates: Vec<Value>) -> Demo {
    let demo = Demo::start();
    let bundle: Vec<_> = [json!({"kind": "header", "format": 1})].into_iter().chain(templates).collect();
    let file = demo.folder.path().join("templates.json");
    std::fs::write(&file, Value::from(bundle).to_string()).unwrap();
    output(demo.store.command().arg("import").arg(&file)).unwrap();
    demo
}

/// The templates that `client` is offered, in their order.
fn offered(client: &Client) -> Vec<Value> {
    let answer = client.get(&format!("{MIM}/profiletemplates")).unwrap();
    answer.json_of(200).unwrap().as_array().unwrap().clone()
}

fn is_offered(client: &Client, id: &str) -> bool {
    offered(client).iter().any(|template| template["Uuid"] == id)
}

fn status(client: &Client, path: &str) -> u16 {
    let answer = client.get(&format!("{MIM}/profiletemplates/{path}")).unwrap();
    assert!(answer.status != 204 || answer.body.is_empty());
    answer.status
}

fn get(client: &Client, path: &str) -> Value {
    client.get(&format!("{MIM}/profiletemplates/{path}")).unwrap().json_of(200).unwrap()
}

#[test]
fn a_template_is_in_the_list_as_it_is_alone() {
    let demo = Demo::start();
    let requester = demo.login("requester");
    let list = offered(&requester);
    for (id, card) in [(CARD, true), (SOFTWARE, false), (WITHOUT_RECOVERY, false)] {
        let one = get(&requester, id);
        assert!(list.contains(&one), "{id} is not in the list");
        assert_eq!(one["Uuid"], id);
        assert_eq!(one["IsSmartcardProfileTemplate"], card, "{id}");
        assert_eq!(one["IsVirtualSmartcardProfileTemplate"], false, "{id}");
    }
    assert_eq!(get(&requester, SOFTWARE)["Name"], "Sample Software Profile Template");
    assert_eq!(get(&requester, SOFTWARE)["Description"], "Certificates on the client's disk, with archived keys.");
}

#[test]
fn the_documents_examples_replay() {
    let demo = Demo::start();
    let requester = demo.login("requester");
    let list = offered(&requester);
    for (id, name, card) in [
        ("12bd5120-86a2-4ee1-8d05-131066871578", "FIM CM Sample Profile Template", false),
        ("2b7044cf-aa96-4911-b886-177947e9271b", "FIM CM Sample Smart Card Logon Profile Template", true),
    ] {
        let documented = json!({"Name": name, "Description": "Description of the template goes here", "Uuid": id,
            "IsSmartcardProfileTemplate": card, "IsVirtualSmartcardProfileTemplate": false});
        assert!(list.contains(&documented), "{documented} is not in the list");
        assert_eq!(get(&requester, id), documented);
    }
    // The walkthrough's template, whose GUID it writes in capitals, asks one question and for no comment.
    let walkthrough = "97CD65FA-AF4B-4587-9309-0DD6BFD8B4E1";
    assert_eq!(get(&requester, walkthrough)["IsVirtualSmartcardProfileTemplate"], true);
    for path in ["policies/enroll", "policy/workflow/Enroll"] {
        let policy = get(&requester, &format!("{walkthrough}/{path}"));
        assert_eq!(policy["CollectComments"], false);
        assert_eq!(policy["ApprovalsNeeded"], 0);
        let questions: Vec<_> = policy["DataCollection"].as_array().unwrap().iter().map(|item| &item["Name"]).collect();
        assert_eq!(questions, ["Request Reason"]);
    }
}

#[test]
fn the_list_is_whole_and_by_name_then_id() {
    let templates: Vec<_> = (1..=300).map(|n| template(n, &json!({"name": format!("Test {}", n % 2)}))).collect();
    let demo = demo_with(templates);
    let list = offered(&demo.login("requester"));
    let place = |template: &Value| ["Name", "Uuid"].map(|member| template[member].as_str().unwrap().to_owned());
    assert!(list.is_sorted_by_key(place));
    for n in 1..=300 {
        assert_eq!(list.iter().filter(|template| template["Uuid"] == id(n)).count(), 1, "{n}");
    }
}

#[test]
fn a_template_is_offered_to_whoever_may_read_it_enroll_and_ask() {
    let enroll = |changed: Value| {
        let mut policy = json!({"policy": "enroll", "enabled": true, "selfService": true});
        policy.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        json!({"policies": [policy]})
    };
    let approvers = json!({"principals": [APPROVERS]});
    let demo = demo_with(vec![
        template(1, &json!({"readers": approvers})),
        template(2, &json!({"enrollers": approvers})),
        template(3, &enroll(json!({"enabled": false}))),
        template(4, &enroll(json!({"selfService": false, "initiators": [APPROVERS]}))),
        template(5, &json!({"policies": [{"policy": "renew", "enabled": true, "selfService": true}]})),
        template(6, &enroll(json!({"selfService": false, "initiators": [REQUESTER]}))),
    ]);
    let (requester, manager) = (demo.login("requester"), demo.login("manager"));
    for (n, to_requester, to_manager) in
        [(1, false, true), (2, false, true), (3, false, false), (4, false, true), (5, false, false), (6, true, false)]
    {
        assert_eq!(is_offered(&requester, &id(n)), to_requester, "{n}");
        assert_eq!(is_offered(&manager, &id(n)), to_manager, "{n}");
        // Reading one template takes no more than the right to read it.
        assert_eq!(status(&requester, &id(n)), if n == 1 { 403 } else { 200 }, "{n}");
        assert_eq!(status(&manager, &id(n)), 200, "{n}");
    }
}

#[test]
fn only_the_caller_is_a_target_and_other_parameters_are_ignored() {
    let demo = Demo::start();
    let requester = demo.login("requester");
    let list = offered(&requester);
    for query in ["?targetuser=current", "?TargetUser=CURRENT", "?workflow=Enroll&permission=x"] {
        let answer = requester.get(&format!("{MIM}/profiletemplates{query}")).unwrap();
        assert_eq!(answer.json_of(200).unwrap(), json!(list), "{query}");
    }
    for query in ["?targetuser=manager", "?targetuser=", &format!("?targetuser={REQUESTER}")] {
        let answer = requester.get(&format!("{MIM}/profiletemplates{query}")).unwrap().json_of(400).unwrap();
        assert!(answer["Message"].as_str().unwrap().contains("targetuser"), "{query}: {answer}");
    }
}

#[test]
fn nothing_to_list_is_204() {
    let store = Store::new();
    output(store.command().arg("migrate")).unwrap();
    output_of_input(store.command().args(["user", "add", "somebody", "--password-stdin"]), "demo\n").unwrap();
    let server = Server::start(store.command().arg("serve")).unwrap();
    let somebody = Client::checked(server.address()).unwrap().login("somebody", "demo");
    let answer = somebody.get(&format!("{MIM}/profiletemplates")).unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
}

#[test]
fn both_paths_give_the_same_policy() {
    let demo = Demo::start();
    let requester = demo.login("requester");
    let unblock = get(&requester, &format!("{CARD}/policies/unblock"));
    assert_eq!(unblock["Enabled"], true);
    assert_eq!(unblock["SelfServiceEnabled"], true);
    assert_eq!(unblock["ApprovalsNeeded"], 0);
    let items = unblock["PolicyDataCollection"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!((&items[0]["Name"], &items[0]["UserRole"]), (&json!("Sample Data Item"), &json!(1)));
    assert_eq!(unblock["DataCollection"], unblock["PolicyDataCollection"]);
    for path in ["policies/UNBLOCK", "policy/workflow/Unblock", "Policy/Workflow/unblock/"] {
        assert_eq!(get(&requester, &format!("{CARD}/{path}")), unblock, "{path}");
    }
}

#[test]
fn a_policy_answers_to_each_of_its_names() {
    let kinds = ["revoke", "reinstate", "temporaryCards"];
    let policies: Vec<_> =
        (1..).zip(kinds).map(|(needed, kind)| json!({"policy": kind, "approvalsNeeded": needed})).collect();
    let demo = demo_with(vec![template(1, &json!({"policies": policies}))]);
    let requester = demo.login("requester");
    for (needed, words) in [
        (1, &["Revoke", "Disable"][..]),
        (2, &["Reinstate", "Suspend"]),
        (3, &["TemporaryCards", "TemporaryEnroll", "TemporaryCardEnroll"]),
    ] {
        for word in words {
            for path in ["policies", "policy/workflow"] {
                assert_eq!(get(&requester, &format!("{}/{path}/{word}", id(1)))["ApprovalsNeeded"], needed, "{word}");
            }
        }
    }
}

#[test]
fn a_policy_that_is_switched_off_says_so_and_one_that_is_missing_is_nothing() {
    let demo = Demo::start();
    let requester = demo.login("requester");
    for path in ["policies", "policy/workflow"] {
        assert_eq!(get(&requester, &format!("{WITHOUT_RECOVERY}/{path}/Recover"))["Enabled"], false);
        assert_eq!(status(&requester, &format!("{SOFTWARE}/{path}/Unblock")), 204);
        assert_eq!(status(&requester, &format!("{UNKNOWN}/{path}/Enroll")), 204);
    }
    assert_eq!(status(&requester, UNKNOWN), 204);
}

#[test]
fn the_policies_of_an_unreadable_template_are_unreadable_too() {
    let demo = demo_with(vec![template(1, &json!({"readers": {"principals": [APPROVERS]}}))]);
    for (login, expected) in [("requester", 403), ("sysadmin", 200), ("xelsysadm", 403)] {
        let client = demo.login(login);
        for path in ["policies/Enroll", "policy/workflow/Enroll"] {
            assert_eq!(status(&client, &format!("{}/{path}", id(1))), expected, "{login} {path}");
        }
    }
    // Whether there is such a policy is not told either.
    assert_eq!(status(&demo.login("requester"), &format!("{}/policies/Unblock", id(1))), 403);
}

#[test]
fn what_cannot_be_read_is_named() {
    let demo = Demo::start();
    let requester = demo.login("requester");
    for (path, field) in [
        ("not-a-guid".to_owned(), "id"),
        ("not-a-guid/policies/Enroll".to_owned(), "id"),
        (format!("{CARD}/policies/junk"), "type"),
        (format!("{CARD}/policy/workflow/1"), "type"),
        (format!("{CARD}/policies/SuspendOrReinstate"), "type"),
    ] {
        let answer = requester.get(&format!("{MIM}/profiletemplates/{path}")).unwrap().json_of(400).unwrap();
        assert!(answer["Message"].as_str().unwrap().starts_with(&format!("{field}: ")), "{path}: {answer}");
    }
    assert_eq!(status(&requester, &format!("{CARD}/policies")), 404);
    assert_eq!(status(&requester, &format!("{CARD}/policy/workflow")), 404);
}

#[test]
fn a_guid_may_be_written_in_any_form() {
    let demo = Demo::start();
    let requester = demo.login("requester");
    let one = get(&requester, CARD);
    for written in [CARD.to_uppercase(), CARD.replace('-', ""), format!("%7B{CARD}%7D"), format!("({CARD})")] {
        assert_eq!(get(&requester, &written), one, "{written}");
    }
}

#[test]
fn templates_are_only_read_here() {
    let demo = Demo::start();
    let requester = demo.login("requester");
    for path in
        ["", &format!("/{CARD}"), &format!("/{CARD}/policies/enroll"), &format!("/{CARD}/policy/workflow/enroll")]
    {
        let target = format!("{MIM}/profiletemplates{path}");
        let send = |method| requester.raw(method, target.as_bytes(), &[], b"").unwrap();
        assert_eq!(send("HEAD").status, 200, "{path}");
        for (method, status) in [("OPTIONS", 200), ("POST", 405), ("DELETE", 405)] {
            let answer = send(method);
            assert_eq!(answer.status, status, "{method} {path}");
            assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS"), "{method} {path}");
        }
    }
}

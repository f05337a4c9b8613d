use chrono_tz::Tz;
use countersign_core::approval::{Staffing, TaskState, VoteOutcome};
use countersign_core::directory::PrincipalName;
use countersign_core::event::Channel;
use countersign_core::ids::{GroupId, Revision};
use countersign_core::request::{
    AccessOperation, AccessRequest, ApprovedBy, CertificateRequest, ChildSummary, DataItem, FormValue, Fulfilment,
    Outcome, Request, RequestState, RequestStatus,
};
use countersign_core::template::{CertificateOperation, DataProvider};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

const VECTORS: &str = include_str!("../../openapi/examples/oig_get_request.json");

fn id<T: From<Uuid>>(n: u128) -> T {
    Uuid::from_u128(n).into()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn target(entity_type: EntityType, key: &str, name: &str) -> Target {
    Target {
        entity_type,
        entity_key: key.to_owned().try_into().unwrap(),
        entity_name: name.to_owned(),
        parent_account: None,
        start: None,
        end: None,
        form: Vec::new(),
    }
}

fn task() -> ApprovalTask {
    ApprovalTask {
        id: id(50),
        title: "Default request level approval for Request ID 2029".to_owned(),
        assignee: id::<GroupId>(9).into(),
        state: TaskState::Completed,
        acquired_by: None,
        created: at("2016-03-04T06:56:51Z"),
        expires: None,
        delegate: None,
        parent: None,
        suspended: None,
        renewals: 0,
        votes: vec![Vote {
            voter: id(2),
            represented: None,
            outcome: VoteOutcome::Approve,
            at: at("2016-03-04T06:58:40Z"),
            content_revision: 1,
            comment: None,
        }],
    }
}

/// The seed's request 2029, from the facts that it gives.
fn view() -> RequestView {
    let end = at("2016-04-06T10:25:31Z");
    let targets = vec![
        target(EntityType::ApplicationInstance, "1", "DisconnectedAppInstance1"),
        target(EntityType::Entitlement, "2", "abc_meaning2"),
        target(EntityType::Role, "7", "Role1"),
        target(EntityType::Entitlement, "1", "abc_meaning1"),
    ];
    let stage = Stage {
        name: "defaultRequestApproval.approvalTask.assignee".to_owned(),
        index: Some(3),
        quorum: 1,
        title: String::new(),
        own_approval: false,
        deadline: None,
        staffing: Staffing::Enough,
        planned: Vec::new(),
        managers_of: Vec::new(),
        tasks: vec![task()],
    };
    let operation = AccessOperation::Heterogeneous;
    let request = Request {
        id: id(100),
        number: 2029.try_into().unwrap(),
        state: RequestState::Ended { outcome: Outcome::Completed, at: end },
        details: RequestDetails::Access(AccessRequest { operation, beneficiaries: vec![id(1)], targets }),
        originator: id(1),
        created: at("2016-03-04T06:56:51Z"),
        modified: Some(end),
        channel: Channel::Import,
        justification: None,
        parent: None,
        has_children: true,
        depends_on: None,
        failure: None,
        stages: vec![stage],
        revision: Revision::FIRST,
        content_revision: 1,
    };
    let child = |ordinal: i32| ChildSummary {
        id: id(200 + ordinal as u128),
        ordinal,
        number: (2029 + i64::from(ordinal)).try_into().unwrap(),
        status: RequestStatus::Completed,
    };
    let user = |number: i64, login: &str, name: &str| PrincipalName::User {
        number: number.try_into().unwrap(),
        login: login.to_owned().try_into().unwrap(),
        display_name: name.to_owned(),
        manager: None,
        stand_in: None,
    };
    let names = [
        (id(1), user(2007, "TESTUSER1", "Test user1")),
        (id(2), user(1, "xelsysadm", "System Administrator")),
        (id(9), PrincipalName::Group { name: "SYSTEM ADMINISTRATORS".to_owned() }),
    ];
    RequestView {
        request,
        children: [2, 1, 4, 3].map(child).into(),
        names: names.into(),
        administrators: None,
        template_name: None,
    }
}

fn current(view: &RequestView) -> Value {
    let addresses = Addresses::new("https://pseudo.com".to_owned());
    serde_json::to_value(Printer { view, addresses: &addresses, dates: Dates::Iso }.request()).unwrap()
}

fn targets(view: &mut RequestView) -> &mut Vec<Target> {
    match &mut view.request.details {
        RequestDetails::Access(access) => &mut access.targets,
        RequestDetails::Certificate(_) => unreachable!(),
    }
}

#[test]
fn the_seeds_request_is_sent_member_for_member_in_11g() {
    let addresses = Addresses::new("https://pseudo.com".to_owned());
    let view = view();
    let printer = Printer { view: &view, addresses: &addresses, dates: Dates::Java(Tz::Asia__Kolkata) };
    let sent = serde_json::to_string(&printer.request_11g()).unwrap();
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    assert_eq!(sent, vectors["legacy"]["value"].to_string());
}

#[test]
fn in_11g_the_histories_of_all_tasks_are_one() {
    let addresses = Addresses::new("https://pseudo.com".to_owned());
    let mut view = view();
    let mut second = Stage { name: "second".to_owned(), ..view.request.stages[0].clone() };
    second.tasks[0].votes.clear();
    let third = Stage { name: "third".to_owned(), planned: vec![id(2)], tasks: Vec::new(), ..second.clone() };
    view.request.stages.extend([second, third]);
    let printer = Printer { view: &view, addresses: &addresses, dates: Dates::Java(Tz::UTC) };
    let sent = serde_json::to_value(printer.request_11g()).unwrap();
    let stages = |list: &str| -> Vec<String> {
        let approvers = sent["history"][list].as_array().unwrap().iter();
        approvers.map(|approver| approver["stage"].as_str().unwrap().to_owned()).collect()
    };
    let first = &view.request.stages[0].name;
    assert_eq!(stages("previousApprovers"), [first.as_str()]);
    assert_eq!(stages("currentApprovers"), [first.as_str(), "second"]);
    assert_eq!(stages("futureApprovers"), ["third"]);
}

#[test]
fn twelve_c_has_the_documents_members_in_their_order() {
    let sent = current(&view());
    let members: Vec<_> = sent.as_object().unwrap().keys().map(String::as_str).collect();
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let expected: Vec<_> = vectors["current"]["value"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, expected);
    let user = json!({"rel": "self", "href": "https://pseudo.com/iam/governance/selfservice/api/v1/users/2007"});
    assert_eq!(sent["requester"], json!({"name": "requesterId", "value": "2007", "link": user}));
    let beneficiary = json!([{"links": [user], "id": "2007", "userLogin": "TESTUSER1", "displayName": "Test user1"}]);
    assert_eq!(sent["reqBeneficiaryList"], beneficiary);
    assert_eq!(sent["reqExpireOn"], "2016-04-06T10:25:31Z");
    let task = &sent["requestTaskDetails"][0];
    assert_eq!((&task["taskId"], &task["state"]), (&json!(Uuid::from_u128(50)), &json!("COMPLETED")));
    assert_eq!(task["history"]["previousApprovers"][0]["updatedDate"], "2016-03-04T06:58:40Z");
}

#[test]
fn a_pending_request_has_no_end_and_tells_who_comes_next() {
    let mut view = view();
    view.request.state = RequestState::Pending;
    view.request.stages[0].tasks[0].state = TaskState::Assigned;
    view.request.stages[0].tasks[0].votes.clear();
    view.request.stages.push(Stage {
        name: "second".to_owned(),
        index: None,
        quorum: 1,
        title: String::new(),
        own_approval: false,
        deadline: None,
        staffing: Staffing::Enough,
        planned: vec![id(2)],
        managers_of: Vec::new(),
        tasks: Vec::new(),
    });
    let sent = current(&view);
    assert_eq!(sent["reqStatus"], "Request Awaiting Approval");
    assert_eq!(sent.get("reqExpireOn"), None);
    let history = &sent["requestTaskDetails"][0]["history"];
    assert_eq!(history["previousApprovers"], json!([]));
    assert_eq!(history["currentApprovers"][0]["status"], "ASSIGNED");
    assert_eq!(history["futureApprovers"], json!([{"stage": "second", "approvers": "xelsysadm"}]));
}

#[test]
fn forms_and_dates_are_pairs_and_an_application_always_has_one() {
    let mut view = view();
    let targets = targets(&mut view);
    targets.truncate(3);
    targets[1].form.push(FormValue { name: "Level".to_owned(), value: "2".to_owned() });
    targets[2].start = Some(at("2019-06-20T01:30:00Z"));
    targets[2].end = Some(at("2019-09-25T18:30:00Z"));
    let sent = current(&view);
    let pairs: Vec<_> = (0..3).map(|n| sent["reqTargetEntities"][n]["appFormData"].clone()).collect();
    assert_eq!(pairs[0], json!([{"name": "appInstanceName", "value": "DisconnectedAppInstance1"}]));
    assert_eq!(pairs[1], json!([{"name": "Level", "value": "2"}]));
    let dates = json!([{"name": "endDate", "value": "2019-09-25T18:30:00Z"}, {"name": "startDate", "value": "2019-06-20T01:30:00Z"}]);
    assert_eq!(pairs[2], dates);
}

#[test]
fn a_certificate_request_is_for_its_template() {
    let mut view = view();
    view.template_name = Some("Virtual smart card".to_owned());
    view.request.state = RequestState::Approved { by: ApprovedBy::Automatic };
    view.request.details = RequestDetails::Certificate(CertificateRequest {
        operation: CertificateOperation::Enroll,
        template: id(70),
        smartcard: false,
        agent_required: false,
        target: id(1),
        priority: 0,
        comment: String::new(),
        data_items: vec![
            DataItem { name: "Reason".to_owned(), value: Some("Lost".to_owned()), provider: DataProvider::Subscriber },
            DataItem { name: "Checked".to_owned(), value: None, provider: DataProvider::CertificateManager },
        ],
        old_profile: None,
        new_profile: None,
        old_smartcard: None,
        new_smartcard: None,
        agents: Vec::new(),
        auditors: Vec::new(),
        security_descriptor: None,
    });
    let sent = current(&view);
    assert_eq!(
        (&sent["reqType"], &sent["reqStatus"]),
        (&json!("Certificate Enroll"), &json!("Request Approved Fulfillment Pending"))
    );
    let guid = Uuid::from_u128(70);
    let href = format!("https://pseudo.com/CertificateManagement/api/v1.0/profiletemplates/{guid}");
    let expected = json!([{
        "links": [{"rel": "self", "href": href}], "entityId": guid, "entityType": "ProfileTemplate",
        "entityName": "Virtual smart card",
        "appFormData": [{"name": "Reason", "value": "Lost"}]
    }]);
    assert_eq!(sent["reqTargetEntities"], expected);
}

#[test]
fn each_state_has_its_label() {
    let mut view = view();
    for (state, label) in [
        (RequestState::Draft, "Request Draft Created"),
        (RequestState::Submitted, "Request Created"),
        (RequestState::Approved { by: ApprovedBy::Votes }, "Request Approved"),
        (RequestState::Approved { by: ApprovedBy::Automatic }, "Request Auto Approved"),
        (RequestState::AwaitingChildren, "Request Awaiting Child Requests Completion"),
        (RequestState::AwaitingDependency, "Request Awaiting Dependent Request Completion"),
        (RequestState::Scheduled, "Request Awaiting Completion"),
        (RequestState::Executing { fulfilment: Fulfilment::Automatic }, "Operation Initiated"),
        (RequestState::Executing { fulfilment: Fulfilment::Manual }, "Request Approved Fulfillment Pending"),
    ] {
        view.request.state = state;
        assert_eq!(current(&view)["reqStatus"], label);
    }
}

#[test]
fn somebody_who_is_not_there_any_more_is_printed_by_guid() {
    let mut view = view();
    view.names.clear();
    let sent = current(&view);
    assert_eq!(sent["requester"]["value"], json!(Uuid::from_u128(1)));
    assert_eq!(sent["reqBeneficiaryList"][0].get("userLogin"), None);
}

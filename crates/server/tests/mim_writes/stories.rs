//! Requests from their beginning to their end.

use super::*;

const DEMO_SOFTWARE: &str = "12bd5120-86a2-4ee1-8d05-131066871578";
const DEMO_UNBLOCK: &str = "0c96d73f-967b-420e-854a-43ad2a1504bc";

#[test]
fn software_is_enrolled_for_and_completed() {
    let demo = Demo::start();
    let requester = demo.login("requester");
    let templates = requester.get(&format!("{MIM}/profiletemplates")).unwrap().json_of(200).unwrap();
    let template = templates.as_array().unwrap().iter().find(|template| template["Uuid"] == DEMO_SOFTWARE).unwrap();
    assert_eq!(template["IsSmartcardProfileTemplate"], false);
    let policy = format!("{MIM}/profiletemplates/{DEMO_SOFTWARE}/policies/enroll");
    assert_eq!(requester.get(&policy).unwrap().json_of(200).unwrap()["Enabled"], true);

    let body = json!({"datacollection": "[]", "type": "Enroll", "profiletemplateuuid": DEMO_SOFTWARE, "comment": ""});
    let request = place(&requester, &body);
    let fresh = get(&requester, &request);
    assert_eq!(fresh["Uuid"], request.as_str());
    for (member, expected) in [
        ("RequestType", json!(1)),
        ("Status", json!(3)),
        ("Flags", json!(0)),
        ("IsSmartcard", json!(false)),
        ("OriginatorUserUuid", json!(REQUESTER)),
        ("TargetUserUuid", json!(REQUESTER)),
        ("ProfileTemplateUuid", json!(DEMO_SOFTWARE)),
        ("Completed", json!(NEVER)),
        ("NewProfileUuid", json!(ZEROS)),
        ("NewSmartcardUuid", json!(ZEROS)),
    ] {
        assert_eq!(fresh[member], expected, "{member}");
    }

    assert_eq!(submit(&requester, &request).json_of(200).unwrap(), json!([]));
    assert_eq!(get(&requester, &request)["Status"], 18);
    assert_eq!(submit(&requester, &request).json_of(200).unwrap(), json!([]), "and once more");

    let completed = put(&requester, &request, "Completed").json_of(200).unwrap();
    assert_eq!(completed["Status"], 8);
    assert_ne!(completed["Completed"], NEVER);
    assert_eq!(completed["NewSmartcardUuid"], ZEROS);
    assert_eq!(completed, get(&requester, &request));
    let profiles = requester.get(&format!("{MIM}/profiles?status=Active")).unwrap().json_of(200).unwrap();
    assert_eq!(profiles.as_array().unwrap().len(), 1);
    assert_eq!(profiles[0]["Uuid"], completed["NewProfileUuid"]);
    assert_eq!(profiles[0]["ProfileTemplateUuid"], DEMO_SOFTWARE);
    assert_eq!(profiles[0]["AssignedUserUuid"], REQUESTER);
    let operations = profiles[0]["ProfileOperations"].as_array().unwrap();
    assert!(operations.contains(&json!("renew")) && operations.contains(&json!("recover")), "{operations:?}");
}

/// `spec/mim-cm.md` F.6.
#[test]
fn what_the_state_or_the_person_forbids_is_403() {
    let demo = demo_with([]);
    let (requester, stranger) = (demo.login("requester"), demo.login("profileowner"));
    let pending = enroll(&requester, APPROVED);
    assert_eq!(get(&requester, &pending)["Status"], 16);
    refused(&submit(&requester, &pending), 403, "RequestStatusInvalid", "pending");
    for status in ["Abandoned", "Completed"] {
        refused(&put(&requester, &pending, status), 403, "RequestStatusInvalid", "pending");
    }

    let approved = enroll(&requester, SOFTWARE);
    for status in ["Completed", "Canceled", "Abandoned"] {
        refused(&put(&stranger, &approved, status), 403, "AccessDenied", "may not");
        assert_eq!(put(&requester, UNKNOWN, status).status, 204);
        refused(&put(&requester, "not-a-guid", status), 400, "InvalidInput", "id: ");
    }
    refused(&submit(&stranger, &approved), 403, "AccessDenied", "may not");
    assert_eq!(submit(&requester, UNKNOWN).status, 204);
    refused(&submit(&requester, "not-a-guid"), 400, "InvalidInput", "id: ");
    assert_eq!(get(&requester, &approved)["Status"], 3, "all of that changed nothing");

    let abandoned = put(&requester, &approved, "Abandoned").json_of(200).unwrap();
    assert_eq!(abandoned["Status"], 9);
    assert_ne!(abandoned["Completed"], NEVER);
    refused(&put(&requester, &approved, "Abandoned"), 403, "RequestStatusInvalid", "failed");
    assert_eq!(put(&requester, &pending, "Canceled").json_of(200).unwrap()["Status"], 17);
}

#[test]
fn a_dialect_that_is_off_takes_nothing() {
    let demo = Demo::with(&[("COUNTERSIGN__MIM__ENABLED", "false")]);
    let requester = demo.login("requester");
    assert_eq!(post(&requester, &json!({"type": "Enroll", "profiletemplateuuid": DEMO_SOFTWARE})).status, 404);
    assert_eq!(put(&requester, DEMO_UNBLOCK, "Completed").status, 404);
    assert_eq!(submit(&requester, DEMO_UNBLOCK).status, 404);
}

#[test]
fn an_end_is_final_and_only_completed_may_be_said_twice() {
    let demo = demo_with([]);
    let requester = demo.login("requester");
    for (end, number, word) in [("Completed", 8, "completed"), ("Canceled", 17, "canceled"), ("Abandoned", 9, "failed")]
    {
        for begun in [false, true] {
            let request = enroll(&requester, SOFTWARE);
            if begun {
                assert_eq!(submit(&requester, &request).status, 200);
            }
            let ended = put(&requester, &request, end).json_of(200).unwrap();
            assert_eq!(ended["Status"], number);
            assert_ne!(ended["Completed"], NEVER);
            for again in ["Completed", "Canceled", "Abandoned"] {
                let answer = put(&requester, &request, again);
                if (end, again) == ("Completed", "Completed") {
                    assert_eq!(answer.json_of(200).unwrap(), ended);
                } else {
                    refused(&answer, 403, "RequestStatusInvalid", word);
                }
            }
            refused(&submit(&requester, &request), 403, "RequestStatusInvalid", word);
            assert_eq!(get(&requester, &request), ended);
        }
    }
}

#[test]
fn a_request_for_a_card_waits_for_the_card() {
    let demo = demo_with([]);
    let requester = demo.login("requester");
    let request = enroll(&requester, CARD);
    assert_eq!(get(&requester, &request)["Flags"], 2);
    refused(&put(&requester, &request, "Completed"), 403, "RequestStatusInvalid", "card");
    refused(&submit(&requester, &request), 403, "RequestStatusInvalid", "card");
    assert_eq!(get(&requester, &request)["Status"], 3);
    // The demo's Unblock has its card.
    assert_eq!(submit(&requester, DEMO_UNBLOCK).json_of(200).unwrap(), json!([]));
    let before = get(&requester, DEMO_UNBLOCK);
    let done = put(&requester, DEMO_UNBLOCK, "Completed").json_of(200).unwrap();
    assert_eq!((&before["Status"], &done["Status"]), (&json!(18), &json!(8)));
    for member in ["NewProfileUuid", "OldProfileUuid", "NewSmartcardUuid", "OldSmartcardUuid"] {
        assert_eq!(done[member], before[member], "{member}");
    }
}

#[test]
fn who_asks_for_somebody_else_does_not_execute_but_may_give_up() {
    let demo = demo_with([]);
    let (manager, requester) = (demo.login("manager"), demo.login("requester"));
    let ask = || {
        let body = json!({"type": "Enroll", "profiletemplateuuid": id(SOFTWARE), "target": REQUESTER.to_uppercase()});
        place(&manager, &body)
    };
    let request = ask();
    let fresh = get(&requester, &request);
    assert_eq!((&fresh["OriginatorUserUuid"], &fresh["TargetUserUuid"]), (&json!(MANAGER), &json!(REQUESTER)));
    refused(&put(&manager, &request, "Completed"), 403, "AccessDenied", "execute");
    refused(&submit(&manager, &request), 403, "AccessDenied", "execute");
    assert_eq!(put(&requester, &request, "Completed").json_of(200).unwrap()["Status"], 8);
    assert_eq!(put(&manager, &ask(), "Canceled").json_of(200).unwrap()["Status"], 17);
    assert_eq!(put(&manager, &ask(), "Abandoned").json_of(200).unwrap()["Status"], 9);
    assert_eq!(put(&requester, &ask(), "Canceled").json_of(200).unwrap()["Status"], 17);
}

#[test]
fn an_enrollment_agent_executes_in_the_place_of_the_target() {
    let demo = demo_with([]);
    let (requester, agent) = (demo.login("requester"), demo.login("approver"));
    let request = enroll(&requester, AGENT);
    assert_eq!(get(&requester, &request)["IsEnrollmentAgent"], true);
    refused(&put(&requester, &request, "Completed"), 403, "AccessDenied", "execute");
    refused(&submit(&requester, &request), 403, "AccessDenied", "execute");
    assert_eq!(submit(&agent, &request).json_of(200).unwrap(), json!([]));
    assert_eq!(put(&agent, &request, "Completed").json_of(200).unwrap()["Status"], 8);
}

#[test]
fn a_reader_who_has_no_part_in_it_changes_nothing() {
    let demo = Demo::start();
    let auditor = demo.login("auditor");
    assert_eq!(get(&auditor, DEMO_UNBLOCK)["Status"], 3);
    for (status, reason) in [("Completed", "execute"), ("Canceled", "only whoever asked"), ("Abandoned", "execute")] {
        refused(&put(&auditor, DEMO_UNBLOCK, status), 403, "AccessDenied", reason);
    }
    refused(&submit(&auditor, DEMO_UNBLOCK), 403, "AccessDenied", "execute");
    assert_eq!(get(&auditor, DEMO_UNBLOCK)["Status"], 3);
}

#[test]
fn a_request_for_access_is_not_there() {
    let demo = Demo::start();
    let user = demo.login("TESTUSER1");
    let access = "174f78a2-80c7-44e4-88a1-60562ffa4697";
    assert_eq!(put(&user, access, "Canceled").status, 204);
    assert_eq!(submit(&user, access).status, 204);
}

#[test]
fn renewing_leaves_a_new_profile_in_the_place_of_the_old_one() {
    let demo = demo_with([profile(20, SOFTWARE)]);
    let requester = demo.login("requester");
    let request = place(&requester, &json!({"type": "Renew", "profile": id(20)}));
    let done = put(&requester, &request, "Completed").json_of(200).unwrap();
    assert_eq!(done["OldProfileUuid"], id(20));
    let of = |id: &str| requester.get(&format!("{MIM}/profiles/{id}")).unwrap().json_of(200).unwrap();
    let new = of(done["NewProfileUuid"].as_str().unwrap());
    assert_eq!((&new["Status"], &new["ParentProfileUuid"]), (&json!(2), &json!(id(20))));
    assert_eq!(of(&id(20))["Status"], 5);
}

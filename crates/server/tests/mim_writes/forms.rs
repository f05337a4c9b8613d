//! The forms in which clients write what they ask for.

use super::*;

#[test]
fn every_type_name_is_taken() {
    let subjects = (20..30).map(|n| profile(n, SOFTWARE)).chain([30, 32, 34].into_iter().flat_map(card));
    let demo = demo_with(subjects);
    let requester = demo.login("requester");
    let of = |word: &str, number: u16, subject: Value| {
        let request = place(&requester, &with(json!({ "type": word }), &subject));
        assert_eq!(get(&requester, &request)["RequestType"], number, "{word}");
    };
    let new = || json!({"profiletemplateuuid": id(SOFTWARE)});
    for word in ["Enroll", "enroll", "ENROLL"] {
        of(word, 1, new());
    }
    for word in ["TemporaryCards", "TemporaryEnroll", "TemporaryCardEnroll"] {
        of(word, 11, new());
    }
    let software = [
        ("Duplicate", 6),
        ("OnlineUpdate", 10),
        ("Renew", 3),
        ("Recover", 2),
        ("Reinstate", 9),
        ("Suspend", 9),
        ("Revoke", 4),
        ("Disable", 4),
    ];
    for (n, (word, number)) in (20..).zip(software) {
        let name = if n % 2 == 0 { "profile" } else { "profileuuid" };
        of(word, number, json!({ name: id(n) }));
    }
    for (n, word, number, name) in
        [(30, "Unblock", 5, "smartcard"), (32, "offlineunblock", 14, "smartcarduuid"), (34, "Retire", 7, "smartcard")]
    {
        of(word, number, json!({ name: id(n) }));
    }
    let manager = demo.login("manager");
    let request = place(&manager, &json!({"type": "RecoverOnBehalf", "profile": id(28)}));
    assert_eq!(get(&manager, &request)["RequestType"], 8);
}

#[test]
fn what_is_about_a_card_or_profile_names_old_and_new() {
    let demo = demo_with(card(30).into_iter().chain([profile(20, SOFTWARE)]));
    let requester = demo.login("requester");
    let unblock = get(&requester, &place(&requester, &json!({"type": "Unblock", "smartcard": id(30)})));
    let renew = json!({"type": "Renew", "profile": id(20), "profiletemplateuuid": id(SOFTWARE)});
    let renew = get(&requester, &place(&requester, &renew));
    for (member, of_card, of_profile) in [
        ("OldProfileUuid", id(31), id(20)),
        ("NewProfileUuid", id(31), ZEROS.to_owned()),
        ("OldSmartcardUuid", id(30), ZEROS.to_owned()),
        ("NewSmartcardUuid", id(30), ZEROS.to_owned()),
        ("ProfileTemplateUuid", id(CARD), id(SOFTWARE)),
        ("TargetUserUuid", REQUESTER.to_owned(), REQUESTER.to_owned()),
    ] {
        assert_eq!((&unblock[member], &renew[member]), (&json!(of_card), &json!(of_profile)), "{member}");
    }
}

#[test]
fn answers_are_taken_in_every_form() {
    let demo = demo_with([]);
    let requester = demo.login("requester");
    let answered = json!([{"Name": "Request Reason", "Value": "Need VPN Certs"}, {"Name": "City", "Value": "seattle"}]);
    for sent in [
        json!("[{\"Request Reason\":\"Need VPN Certs\"},{\"city\":\"seattle\"}]"),
        json!("[{\"Request Reason\":\"Need VPN Certs\"},{\"city\":\"seattle\",},]"),
        json!([{"REQUEST reason": "Need VPN Certs"}, {"City": "seattle"}, {"pavle": "unknown names are ignored"}]),
        json!([{"Name": "Request Reason", "Value": "Need VPN Certs"}, {"name": "city", "value": "seattle"}]),
        json!({"Request Reason": "Need VPN Certs", "City": "seattle"}),
        json!("{\"Request Reason\":\"Need VPN Certs\",\"City\":\"seattle\"}"),
    ] {
        let body = json!({"type": "Enroll", "profiletemplateuuid": id(ASKING), "datacollection": sent});
        let request = get(&requester, &place(&requester, &body));
        assert_eq!(request["DataCollection"], answered, "{sent}");
        assert_eq!(request["DataCollectionFlags"], 48);
        assert_eq!(request["IsDataCollectionComplete"], true);
    }
    let body = json!({"type": "Enroll", "profiletemplateuuid": id(ASKING), "datacollection": {"request reason": 7}});
    let request = get(&requester, &place(&requester, &body));
    let expected = json!([{"Name": "Request Reason", "Value": "7"}, {"Name": "City", "Value": null}]);
    assert_eq!(request["DataCollection"], expected);
    assert_eq!(request["IsDataCollectionComplete"], false);
    for none in [json!(null), json!(""), json!("[]"), json!([])] {
        let body = json!({"type": "Enroll", "profiletemplateuuid": id(SOFTWARE), "datacollection": none});
        assert_eq!(get(&requester, &place(&requester, &body))["DataCollection"], json!([]));
    }
}

#[test]
fn the_documents_walkthrough_is_taken() {
    let demo = Demo::start();
    let requester = demo.login("requester");
    let body = r#"{"datacollection":"[{\"Request Reason\":\"Need VPN Certs\"}]","type":"Enroll",
        "profiletemplateuuid":"97CD65FA-AF4B-4587-9309-0DD6BFD8B4E1","comment":"",}"#;
    let request = get(&requester, &placed(&send(&requester, "POST", "requests", &[], body)));
    assert_eq!(request["DataCollection"], json!([{"Name": "Request Reason", "Value": "Need VPN Certs"}]));
    assert_eq!((&request["Status"], &request["IsSmartcard"]), (&json!(3), &json!(true)));
    assert_eq!((&request["NewSmartcardUuid"], &request["Comment"]), (&json!(ZEROS), &json!("")));
}

#[test]
fn a_priority_is_a_number_or_a_text_and_otherwise_the_policys() {
    let demo = demo_with([]);
    let requester = demo.login("requester");
    for (sent, expected) in [
        (json!({"priority": "4"}), 4),
        (json!({"priority": 4}), 4),
        (json!({"PRIORITY": 0}), 0),
        (json!({"priority": "255"}), 255),
        (json!({"priority": null}), 7),
        (json!({}), 7),
    ] {
        let body = json!({"type": "Enroll", "profiletemplateuuid": id(ASKING),
            "datacollection": {"Request Reason": "x"}});
        assert_eq!(get(&requester, &place(&requester, &with(body, &sent)))["Priority"], expected, "{sent}");
    }
}

#[test]
fn names_have_no_case_and_identifiers_many_forms() {
    let demo = demo_with([]);
    let requester = demo.login("requester");
    let template = id(SOFTWARE);
    for written in [
        template.to_uppercase(),
        template.replace('-', ""),
        format!("{{{template}}}"),
        format!("({template})"),
        format!(" {template} "),
    ] {
        let body = json!({"TYPE": "Enroll", "ProfileTemplateUuid": written, "Comment": "Hello \u{201c}you\u{201d}",
            "Target": format!("{{{}}}", REQUESTER.to_uppercase()), "Unknown": {"a": 1}});
        let request = get(&requester, &place(&requester, &body));
        assert_eq!(request["ProfileTemplateUuid"], template, "{written}");
        assert_eq!(request["TargetUserUuid"], REQUESTER);
        assert_eq!(request["Comment"], "Hello \u{201c}you\u{201d}");
    }
    let body = format!("{{\"type\":\"Enroll\",\"profiletemplateuuid\":\"{template}\",\r\n}}\r\n");
    let request = placed(&send(&requester, "POST", "Requests/", &[], &body));
    let path = format!("requests/%7B{}%7D", request.to_uppercase());
    let ended = send(&requester, "PUT", &path, &[], "{\"STATUS\":\"cAnCeLeD\",}").json_of(200).unwrap();
    assert_eq!((&ended["Uuid"], &ended["Status"]), (&json!(request), &json!(17)));
}

#[test]
fn a_body_needs_no_media_type_but_takes_no_other() {
    let demo = demo_with([]);
    let requester = demo.login("requester");
    let request = enroll(&requester, SOFTWARE);
    let target = format!("{MIM}/requests/{request}");
    let body = br#"{"status":"Canceled"}"#;
    for media in ["text/plain", "application/xml", "application/x-www-form-urlencoded"] {
        let header = format!("Content-Type: {media}");
        let answer = requester.raw("PUT", target.as_bytes(), &[header.as_bytes()], body).unwrap();
        refused(&answer, 415, "UnsupportedMediaType", "application/json");
    }
    let answer = requester.raw("PUT", target.as_bytes(), &[], body).unwrap();
    assert_eq!(answer.json_of(200).unwrap()["Status"], 17);
}

#[test]
fn the_location_begins_where_the_proxy_put_us() {
    let demo = Demo::with(&[("COUNTERSIGN__SERVER__TRUSTED_PROXIES", "127.0.0.0/8")]);
    let demo = demo_of(demo, []);
    let requester = demo.login("requester");
    let body = json!({"type": "Enroll", "profiletemplateuuid": id(SOFTWARE)}).to_string();
    let answer = send(&requester, "POST", "requests", &[b"X-Forwarded-Prefix: /id"], &body);
    let address = answer.json_of(201).unwrap();
    let expected = format!("/id/CertificateManagement/{}", address.as_str().unwrap());
    assert_eq!(answer.header("location"), Some(expected.as_str()));
}

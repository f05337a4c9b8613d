//! What a template does not offer is had under none of its names.

use super::*;

/// Each type with its aliases, and what it is about: nothing (a template), a profile or a card.
const TYPES: [(&str, &[&str]); 3] = [
    ("template", &["Enroll", "TemporaryCards", "TemporaryEnroll", "TemporaryCardEnroll"]),
    ("profile", &["Duplicate", "OnlineUpdate", "Renew", "Recover", "Reinstate", "Suspend", "Revoke", "Disable"]),
    ("card", &["Unblock", "OfflineUnblock", "Retire"]),
];

#[test]
fn no_type_is_had_from_a_template_that_does_not_offer_it() {
    let off = EVERY_POLICY.map(|policy| json!({"policy": policy, "enabled": false, "selfService": true}));
    let [software, card_template] = [60, 65].map(|n| template(n, &json!({ "policies": off }), &json!({})));
    let card_template = with(card_template, &json!({"templateKind": "smartcard"}));
    let cards = card(30).map(|record| with(record, &json!({"template": id(65)})));
    let records =
        [software, card_template, profile(20, 60), profile(21, SOFTWARE)].into_iter().chain(cards).chain(card(40));
    let demo = demo_with(records);
    let requester = demo.login("requester");
    let before = count(&requester);
    for (about, words) in TYPES {
        for word in words {
            let (subject, offered) = match about {
                "template" => (json!({"profiletemplateuuid": id(60)}), json!({"profiletemplateuuid": id(SOFTWARE)})),
                "profile" => (json!({"profile": id(20)}), json!({"profile": id(21)})),
                _ => (json!({"smartcard": id(30)}), json!({"smartcard": id(40)})),
            };
            let refusal = post(&requester, &with(json!({ "type": word }), &subject));
            refused(&refusal, 403, "AccessDenied", "type: the template does not offer");
            // Where it is offered the same order is taken.
            let request = place(&requester, &with(json!({ "type": word }), &offered));
            assert_eq!(put(&requester, &request, "Canceled").status, 200, "{word}");
        }
    }
    let manager = demo.login("manager");
    let refusal = post(&manager, &json!({"type": "RecoverOnBehalf", "profile": id(20)}));
    refused(&refusal, 403, "AccessDenied", "type: the template does not offer");
    place(&manager, &json!({"type": "RecoverOnBehalf", "profile": id(21)}));
    let made: usize = TYPES.iter().map(|(_, words)| words.len()).sum();
    assert_eq!(count(&requester), before + made + 1);
}

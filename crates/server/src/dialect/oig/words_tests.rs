use super::*;

/// Every state that a request can be in, for certificates and for access, with what it shows.
fn shown() -> Vec<(RequestState, bool, &'static str)> {
    let mut states = Vec::new();
    for status in RequestStatus::ALL {
        for detail in [None, Some(1), Some(2)] {
            for ended in [None, Timestamp::from_micros(1)] {
                let state = RequestState::from_parts(*status, detail, ended);
                states.extend(state.into_iter().flat_map(|state| [(state, false), (state, true)]));
            }
        }
    }
    states.into_iter().map(|(state, certificate)| (state, certificate, labels::status(state, certificate))).collect()
}

fn covers(set: &[StatusMatch], state: RequestState, certificate: bool) -> bool {
    set.iter().any(|one| {
        let detail = match state {
            RequestState::Approved { by } => one.approved_by.is_none_or(|wanted| wanted == by),
            RequestState::Executing { fulfilment } => one.fulfilment.is_none_or(|wanted| wanted == fulfilment),
            _ => one.approved_by.is_none() && one.fulfilment.is_none(),
        };
        one.status == state.status() && one.certificate.is_none_or(|wanted| wanted == certificate) && detail
    })
}

fn set(operator: Operator, value: &str) -> Vec<RequestStatus> {
    let mut set: Vec<_> = statuses(operator, value).unwrap().iter().map(|one| one.status).collect();
    set.dedup();
    set
}

#[test]
fn a_filter_finds_exactly_the_requests_that_show_the_words() {
    let shown = shown();
    let labels: std::collections::BTreeSet<_> = shown.iter().map(|(_, _, label)| *label).collect();
    assert_eq!((shown.len(), labels.len()), (34, 16), "the canonical set of C.1 but for SoD");
    let mut words: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
    words.extend(labels.iter().flat_map(|label| label.split(' ')).map(str::to_owned));
    words.extend(labels.iter().map(|label| label[2..label.len() - 2].to_uppercase()));
    words.extend(
        ["wait", "Draft", "e", " ", "o", "SoD", "SoD check completed", "%", "_", "*", "Request "].map(str::to_owned),
    );
    for word in &words {
        for operator in [Operator::Equals, Operator::Contains, Operator::Begins, Operator::Ends] {
            let set = statuses(operator, word).unwrap();
            for (state, certificate, label) in &shown {
                let (label, word) = (label.to_lowercase(), word.to_lowercase());
                let meets = match operator {
                    Operator::Equals => label == word,
                    Operator::Contains => label.contains(&word),
                    Operator::Begins => label.starts_with(&word),
                    _ => label.ends_with(&word),
                };
                assert_eq!(covers(&set, *state, *certificate), meets, "{operator:?} {word}: {state:?} {certificate}");
            }
        }
    }
}

#[test]
fn the_documented_words_name_their_statuses() {
    use RequestStatus::{AwaitingChildren, AwaitingDependency, Draft, Pending, Scheduled};
    let waiting = [Pending, AwaitingChildren, AwaitingDependency, Scheduled];
    assert_eq!(set(Operator::Contains, "wait"), waiting);
    assert_eq!(set(Operator::Contains, "waiting"), waiting);
    assert_eq!(set(Operator::Contains, "Draft"), [Draft]);
    assert_eq!(set(Operator::Equals, "request awaiting APPROVAL"), [Pending]);
    assert_eq!(set(Operator::Equals, "draft"), []);
    assert_eq!(set(Operator::Legacy, "draft"), [Draft], "11g's short word");
    let whole = statuses(Operator::Equals, "Request Approved").unwrap();
    assert_eq!(statuses(Operator::Legacy, "request approved").unwrap(), whole, "not what else contains a whole label");
}

#[test]
fn one_label_may_have_two_states_behind_it() {
    let pending =
        StatusMatch { status: RequestStatus::Approved, certificate: Some(true), approved_by: None, fulfilment: None };
    let manual = Some(Fulfilment::Manual);
    let executing = StatusMatch { status: RequestStatus::Executing, certificate: None, fulfilment: manual, ..pending };
    assert_eq!(statuses(Operator::Equals, "Request Approved Fulfillment Pending"), Ok(vec![pending, executing]));
    let by_votes = StatusMatch { certificate: Some(false), approved_by: Some(ApprovedBy::Votes), ..pending };
    assert_eq!(statuses(Operator::Equals, "Request Approved"), Ok(vec![by_votes]));
}

#[test]
fn older_labels_stand_for_the_one_in_their_place_when_they_are_whole() {
    for (older, current) in OLDER_STATUSES {
        let expected = statuses(Operator::Equals, current).unwrap();
        assert!(!expected.is_empty(), "{current}");
        assert_eq!(statuses(Operator::Equals, &older.to_lowercase()).unwrap(), expected, "{older}");
        assert_eq!(statuses(Operator::Contains, older).unwrap(), [], "{older} is printed nowhere");
    }
    for never_printed in [
        "SoD check not initiated",
        "SoD check initiated",
        "SoD check result pending",
        "SoD check completed",
        "SoD Remediation In Progress",
        "Request Initialized",
        "Operation Completed",
        "Post Operation Processing Initiated",
        "Provide Information",
        "Request Completed with Errors",
        "anything",
    ] {
        assert_eq!(statuses(Operator::Equals, never_printed).unwrap(), [], "{never_printed}");
    }
}

#[test]
fn types_go_by_every_printed_label() {
    let enroll = TypeMatch::Certificate(CertificateOperation::Enroll);
    assert_eq!(types(Operator::Equals, "certificate enroll").unwrap(), [enroll]);
    assert_eq!(types(Operator::Equals, "Enroll").unwrap(), []);
    let temporary = TypeMatch::Certificate(CertificateOperation::TemporaryCardEnroll);
    assert_eq!(types(Operator::Contains, "enroll").unwrap(), [enroll, temporary]);
    assert_eq!(types(Operator::Begins, "Certificate ").unwrap().len(), CertificateOperation::ALL.len());
    for operation in AccessOperation::ALL {
        assert_eq!(types(Operator::Equals, operation.name()).unwrap(), [TypeMatch::Access(*operation)]);
    }
    let remove = TypeMatch::Access(AccessOperation::RemoveRoles);
    assert_eq!(types(Operator::Equals, "Remove Roles").unwrap(), [remove]);
    assert_eq!(types(Operator::Contains, "Remove").unwrap(), [remove]);
    assert_eq!(
        types(Operator::Ends, "applicationinstance").unwrap(),
        [TypeMatch::Access(AccessOperation::ProvisionApplicationInstance)]
    );
}

#[test]
fn task_states_go_by_the_printed_word_and_by_the_filters_own() {
    for (word, state) in [
        ("Assigned", TaskState::Assigned),
        ("completed", TaskState::Completed),
        ("SUSPENDED", TaskState::Suspended),
        ("Withdrawn", TaskState::Withdrawn),
        ("Expired", TaskState::Expired),
        ("Errored", TaskState::Errored),
        ("Alerted", TaskState::Alerted),
        ("Information Required", TaskState::InformationRequired),
        ("INFO_REQUESTED", TaskState::InformationRequired),
    ] {
        for operator in [Operator::Equals, Operator::Legacy, Operator::Begins, Operator::Contains] {
            assert_eq!(states(operator, word).unwrap(), Some(vec![state]), "{word}");
        }
    }
    assert_eq!(states(Operator::Equals, "any").unwrap(), None);
    assert_eq!(states(Operator::Legacy, "Any").unwrap(), None);
    assert_eq!(states(Operator::Begins, "info").unwrap(), Some(vec![TaskState::InformationRequired]), "once");
    assert_eq!(states(Operator::Equals, "open").unwrap(), Some(vec![]));
    assert!(states(Operator::Less, "Assigned").is_err());
}

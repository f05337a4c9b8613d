//! Requests in every state and tasks in every state, kept as rows of which both the bundle and what
//! is expected are made.

/// Number, login, display name, login of the manager.
pub(crate) const PEOPLE: [(u64, &str, &str, Option<&str>); 12] = [
    (1, "xelsysadm", "System Administrator", None),
    (15, "john", "John Doe", Some("boss")),
    (16, "avink", "Arthur Vink", Some("boss")),
    (17, "carol", "Carol Clerk", Some("chief")),
    (18, "dave", "Dave Deputy", None),
    (20, "boss", "Bea Boss", Some("chief")),
    (21, "chief", "Charles Chief", None),
    (30, "percy", "Percy Proxy", None),
    (40, "stranger", "Sam Stranger", None),
    (77, "15", "Numa Numeral", None),
    (78, "\u{c4}nne", "\u{c4}nne \u{d6}zil", None),
    (5001, "mgraff", "Mary Graff", None),
];

pub(crate) const ADMINISTRATORS: &str = "SYSTEM ADMINISTRATORS";
pub(crate) const GROUPS: [(&str, &[&str]); 2] = [(ADMINISTRATORS, &["xelsysadm"]), ("APPROVERS", &["carol", "dave"])];
/// `percy` decides for `dave`.
pub(crate) const PROXY: (&str, &str) = ("percy", "dave");

/// The states of a request, with the labels that the documents give them.
const STATES: [(&str, &str); 16] = [
    ("draft", "Request Draft Created"),
    ("submitted", "Request Created"),
    ("pending", "Request Awaiting Approval"),
    ("approved votes", "Request Approved"),
    ("approved automatic", "Request Auto Approved"),
    ("awaitingChildren", "Request Awaiting Child Requests Completion"),
    ("awaitingDependency", "Request Awaiting Dependent Request Completion"),
    ("scheduled", "Request Awaiting Completion"),
    ("executing automatic", "Operation Initiated"),
    ("executing manual", "Request Approved Fulfillment Pending"),
    ("ended completed", "Request Completed"),
    ("ended partiallyFailed", "Request Partially Failed"),
    ("ended failed", "Request Failed"),
    ("ended denied", "Request Rejected"),
    ("ended canceled", "Request Withdrawn"),
    ("ended closed", "Request Closed"),
];

/// Ids in another order than numbers, so that neither can be taken for the other.
pub(crate) fn id(kind: u64, number: u64) -> String {
    format!("{:08x}-0000-4000-8000-{kind:012x}", (number * 2_654_435_761) & 0xffff_ffff)
}

/// A request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) number: u64,
    pub(crate) state: &'static str,
    /// `reqType`.
    pub(crate) kind: &'static str,
    pub(crate) requester: &'static str,
    pub(crate) beneficiaries: Vec<&'static str>,
    pub(crate) created: &'static str,
    pub(crate) ended: Option<&'static str>,
    pub(crate) why: Option<&'static str>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) parent: Option<u64>,
    pub(crate) depends_on: Option<u64>,
}

/// A task of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Task {
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) assignee: &'static str,
    pub(crate) state: &'static str,
    pub(crate) created: &'static str,
    pub(crate) acquired_by: Option<&'static str>,
    pub(crate) expires: Option<&'static str>,
    pub(crate) voter: Option<&'static str>,
}

pub(crate) fn number_of(login: &str) -> u64 {
    PEOPLE.iter().find(|person| person.1 == login).unwrap().0
}

impl Row {
    pub(crate) fn id(&self) -> String {
        id(3, self.number)
    }

    pub(crate) fn is_certificate(&self) -> bool {
        self.kind.starts_with("Certificate ")
    }

    pub(crate) fn is_draft(&self) -> bool {
        self.state == "draft"
    }

    /// `reqStatus`. An approved request for certificates waits for whoever carries it out.
    pub(crate) fn status(&self) -> &'static str {
        let state =
            if self.is_certificate() && self.state.starts_with("approved") { "executing manual" } else { self.state };
        STATES.iter().find(|(known, _)| *known == state).unwrap().1
    }
}

impl Task {
    pub(crate) fn id(&self) -> String {
        id(4, self.number)
    }

    /// `state`.
    pub(crate) fn state(&self) -> String {
        if self.state == "informationRequired" { "INFO_REQUESTED".to_owned() } else { self.state.to_uppercase() }
    }

    fn is_open(&self) -> bool {
        ["assigned", "suspended", "alerted", "informationRequired"].contains(&self.state)
    }
}

/// Every request.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = vec![
        Row {
            number: 9,
            state: "ended completed",
            kind: "Assign Roles",
            requester: "john",
            beneficiaries: vec!["john"],
            created: "2019-01-02T10:00:00.999999Z",
            ended: Some("2019-01-05T08:00:00.25Z"),
            why: Some("Needs the payroll role"),
            tasks: vec![Task {
                number: 901,
                title: "Default operational level approval for Request ID 9".to_owned(),
                assignee: "APPROVERS",
                state: "completed",
                created: "2019-01-02T10:00:01Z",
                acquired_by: Some("carol"),
                voter: Some("carol"),
                ..Task::default()
            }],
            ..Row::default()
        },
        Row {
            number: 1003,
            state: "pending",
            kind: "Assign Roles",
            requester: "john",
            beneficiaries: vec!["avink", "15"],
            created: "2019-06-20T20:34:08Z",
            why: Some("100% of the team, 50_50"),
            tasks: vec![Task {
                number: 1,
                title: "Default request level approval for Request ID 1003".to_owned(),
                assignee: ADMINISTRATORS,
                state: "assigned",
                created: "2019-06-20T20:34:09Z",
                expires: Some("2031-01-01T00:00:00Z"),
                ..Task::default()
            }],
            ..Row::default()
        },
        Row {
            number: 5004,
            state: "pending",
            kind: "Modify User Profile",
            requester: "mgraff",
            beneficiaries: vec!["mgraff"],
            created: "2020-02-03T20:44:36Z",
            tasks: vec![Task {
                number: 2,
                title: "Default operational level approval for Request ID 5004".to_owned(),
                assignee: ADMINISTRATORS,
                state: "assigned",
                created: "2020-02-03T20:44:36Z",
                ..Task::default()
            }],
            ..Row::default()
        },
    ];
    rows.extend(one_in_each_state());
    rows.extend(pending());
    rows
}

/// One in each state but pending, of changing kinds, people and days; each second pair is of one moment.
fn one_in_each_state() -> Vec<Row> {
    let kinds = ["Provision ApplicationInstance", "Certificate Enroll", "Provision Entitlement", "Certificate Renew"];
    let people = [("john", "avink"), ("15", "15"), ("boss", "\u{c4}nne"), ("\u{c4}nne", "john"), ("carol", "dave")];
    let days = ["2019-03-01T00:00:00Z", "2019-04-01T12:30:00.5Z", "2019-04-01T12:30:00.5Z", "2019-05-31T23:59:59Z"];
    let reasons = [None, Some("\u{c4}rger im B\u{fc}ro"), Some("says \"now\""), Some("PAYROLL, again")];
    let mut rows = Vec::new();
    for (at, (state, _)) in STATES.iter().enumerate().filter(|(_, (state, _))| *state != "pending") {
        for turn in 0..2 {
            let step = at + turn * 3;
            let certificate =
                !["awaitingChildren", "awaitingDependency", "scheduled", "ended partiallyFailed"].contains(state);
            let (requester, beneficiary) = people[step % people.len()];
            rows.push(Row {
                number: (100 + at * 10 + turn) as u64,
                state,
                kind: if certificate { kinds[step % kinds.len()] } else { kinds[step / 2 % 2 * 2] },
                requester,
                beneficiaries: vec![beneficiary],
                created: days[step % days.len()],
                ended: state.starts_with("ended").then_some("2019-07-01T07:00:00Z"),
                why: reasons[step % reasons.len()],
                depends_on: (*state == "awaitingDependency").then_some(1003),
                ..Row::default()
            });
        }
    }
    rows
}

/// Requests that wait, with their tasks; among them a child of each parent that waits for its children.
fn pending() -> Vec<Row> {
    let parents: Vec<_> = one_in_each_state().into_iter().filter(|row| row.state == "awaitingChildren").collect();
    let parent = |at: usize| Some(parents[at].number);
    let task =
        |number: u64, assignee, state, acquired_by| Task { number, assignee, state, acquired_by, ..Task::default() };
    let tasks = [
        ("john", "avink", task(11, "APPROVERS", "assigned", None), parent(0)),
        ("avink", "john", task(12, "APPROVERS", "assigned", Some("dave")), parent(1)),
        ("carol", "john", task(13, "APPROVERS", "assigned", None), None),
        ("15", "15", task(14, "dave", "assigned", None), None),
        ("boss", "john", task(15, "APPROVERS", "suspended", Some("carol")), None),
        ("john", "john", task(16, "APPROVERS", "informationRequired", None), None),
        ("\u{c4}nne", "\u{c4}nne", task(17, "carol", "alerted", None), None),
        ("john", "dave", task(18, "APPROVERS", "assigned", None), None),
        ("boss", "boss", task(19, "boss", "assigned", None), None),
        ("mgraff", "avink", task(20, "carol", "assigned", None), None),
        ("mgraff", "avink", task(21, "APPROVERS", "assigned", None), None),
        ("john", "mgraff", task(22, ADMINISTRATORS, "assigned", Some("xelsysadm")), None),
    ];
    let row = |(at, (requester, beneficiary, task, parent)): (usize, (_, _, Task, _))| {
        let number = 2000 + at as u64;
        let title = format!(
            "{} approval for Request ID {number}",
            if at % 2 == 0 { "Operational level" } else { "ABC manager" }
        );
        let created = ["2019-08-01T00:00:00Z", "2019-09-01T00:00:00Z", "2019-09-01T00:00:00Z"][at % 3];
        let expires = (at % 4 == 1).then_some("2030-05-05T05:05:05Z");
        Row {
            number,
            state: "pending",
            kind: if at % 3 == 2 { "Certificate Enroll" } else { "Assign Roles" },
            requester,
            beneficiaries: vec![beneficiary],
            created,
            tasks: vec![Task { title, created, expires, ..task }],
            parent,
            ..Row::default()
        }
    };
    tasks.into_iter().enumerate().map(row).collect()
}

/// As many requests that wait for the group of `carol` and `dave`, some of them of one moment.
pub(crate) fn crowd(count: u64) -> Vec<Row> {
    let times = ["2019-10-01T00:00:00Z", "2019-10-02T00:00:00Z", "2019-10-03T00:00:00.5Z"];
    let row = |at: u64| {
        let (number, created) = (7000 + at, times[at as usize % times.len()]);
        let title = format!("Default operational level approval for Request ID {number}");
        let task = Task { number, title, assignee: "APPROVERS", state: "assigned", created, ..Task::default() };
        Row {
            number,
            state: "pending",
            kind: "Assign Roles",
            requester: "mgraff",
            beneficiaries: vec!["avink"],
            created,
            tasks: vec![task],
            ..Row::default()
        }
    };
    (0..count).map(row).collect()
}

/// Those that `login` may track, in the order of the list.
pub(crate) fn tracked<'a>(rows: &'a [Row], login: &str) -> Vec<&'a Row> {
    let managed = |user: &str| PEOPLE.iter().any(|person| person.1 == user && person.3 == Some(login));
    let sees = |row: &&Row| {
        let concerned: Vec<_> = [row.requester].into_iter().chain(row.beneficiaries.iter().copied()).collect();
        row.requester == login
            || !row.is_draft()
                && (login == "xelsysadm" || concerned.contains(&login) || concerned.into_iter().any(managed))
    };
    let mut seen: Vec<_> = rows.iter().filter(sees).collect();
    seen.sort_by_key(|row| std::cmp::Reverse((moment(row.created), row.id())));
    seen
}

/// The tasks that `login` may decide, with their requests, in the order of the list.
pub(crate) fn inbox<'a>(rows: &'a [Row], login: &str) -> Vec<(&'a Row, &'a Task)> {
    let holds = |user: &str, task: &Task| match task.acquired_by {
        Some(claimer) => claimer == user,
        None => {
            task.assignee == user
                || GROUPS.iter().any(|(group, members)| *group == task.assignee && members.contains(&user))
        }
    };
    let barred = |user: &str, row: &Row, task: &Task| {
        task.is_open() && (row.requester == user || row.beneficiaries.contains(&user) || task.voter == Some(user))
    };
    let through_proxy = |row: &Row, task: &Task| {
        let (proxy, user) = PROXY;
        // What is a user's own, not what comes to them through a group.
        let own = task.acquired_by.unwrap_or(task.assignee) == user;
        login == proxy && own && !barred(user, row, task)
    };
    let all = rows.iter().flat_map(|row| row.tasks.iter().map(move |task| (row, task)));
    let sees =
        |(row, task): &(&Row, &Task)| (holds(login, task) || through_proxy(row, task)) && !barred(login, row, task);
    let mut seen: Vec<_> = all.filter(sees).collect();
    seen.sort_by_key(|(_, task)| std::cmp::Reverse((moment(task.created), task.id())));
    seen
}

/// A time as a text by which times can be ordered.
pub(crate) fn moment(text: &str) -> &str {
    text.trim_end_matches('Z')
}

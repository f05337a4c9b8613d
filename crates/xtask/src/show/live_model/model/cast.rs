//! Who is who and what can be asked for, in the sequences that are played. Times are seconds after
//! a sequence begins.

/// A user, by place in [`USERS`].
pub type Person = usize;

/// A user or a group. Users come before groups, in the order of their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// By place in [`USERS`].
    User(Person),
    /// By place in [`GROUPS`].
    Group(usize),
}

/// Somebody who decides for a user.
#[derive(Clone, Copy, Debug)]
pub struct Proxy {
    /// Who.
    pub person: Person,
    /// From when.
    pub from: i64,
    /// Until when; for good without.
    pub until: Option<i64>,
}

/// A user.
#[derive(Clone, Copy, Debug)]
pub struct User {
    /// The login.
    pub login: &'static str,
    /// Who is above.
    pub manager: Option<Person>,
    /// Whether they still work here.
    pub active: bool,
    /// Who acts for them when they have left.
    pub stand_in: Option<Person>,
    /// Who decides for them, and when.
    pub proxies: &'static [Proxy],
}

const fn user(login: &'static str, manager: Option<Person>, proxies: &'static [Proxy]) -> User {
    User { login, manager, active: true, stand_in: None, proxies }
}

const fn left(login: &'static str, manager: Option<Person>, stand_in: Option<Person>) -> User {
    User { login, manager, active: false, stand_in, proxies: &[] }
}

const fn proxy(person: Person, from: i64, until: Option<i64>) -> Proxy {
    Proxy { person, from, until }
}

/// An administrator.
pub const ADA: Person = 0;
/// Above most.
pub const BOSS: Person = 2;
/// Above some.
pub const LEAD: Person = 3;
/// Reports to the lead.
pub const ANN: Person = 4;
/// Reports to the lead, and audits.
pub const BEN: Person = 5;
/// Approves.
pub const CAT: Person = 6;
/// Approves.
pub const DAN: Person = 7;
/// Approves, and acts for one who has left.
pub const EVE: Person = 8;
/// Decides for others.
pub const PAT: Person = 9;
/// Has left; has a stand-in.
pub const GUS: Person = 10;
/// Has left; has a manager alone.
pub const HAL: Person = 11;
/// Has left; has nobody.
pub const IVY: Person = 12;

/// The users, in the order of their ids.
pub const USERS: &[User] = &[
    user("ada", None, &[]),
    user("al", Some(BOSS), &[]),
    user("boss", None, &[proxy(ANN, 0, Some(80))]),
    user("lead", Some(BOSS), &[proxy(PAT, -1000, None)]),
    user("ann", Some(LEAD), &[]),
    user("ben", Some(LEAD), &[]),
    user("cat", Some(BOSS), &[proxy(PAT, -1000, Some(50))]),
    user("dan", Some(LEAD), &[proxy(PAT, 100, None)]),
    user("eve", None, &[proxy(BEN, -1000, Some(-1))]),
    user("pat", Some(ADA), &[]),
    left("gus", Some(BOSS), Some(EVE)),
    left("hal", Some(LEAD), None),
    left("ivy", None, None),
];

/// The group of the administrators.
pub const ADMINISTRATORS: usize = 0;
/// A group of approvers.
pub const ALPHA: usize = 1;
/// Another, with a group in it.
pub const BETA: usize = 2;
const INNER: usize = 3;

/// The members of each group, in the order of the groups' ids.
pub const GROUPS: &[(&str, &[Principal])] = &[
    ("SYSTEM ADMINISTRATORS", &[Principal::User(ADA), Principal::User(1)]),
    ("ALPHA", &[Principal::User(CAT), Principal::User(DAN), Principal::User(LEAD)]),
    ("BETA", &[Principal::User(DAN), Principal::User(EVE), Principal::User(GUS), Principal::Group(INNER)]),
    ("INNER", &[Principal::User(PAT)]),
];

/// Whom a step asks.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    /// This user or group.
    Named(Principal),
    /// The managers of those whom it is for.
    TheirManagers,
    /// The manager of whoever asks.
    MyManager,
}

/// What happens when a deadline passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The task ends, and the request with it.
    Expire,
    /// The task goes up.
    Escalate,
    /// It begins anew, so often.
    Renew(u16),
}

/// How long a task may take, in seconds, and what then.
pub type Deadline = (i64, Then);

/// One step of an approval.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// How many people.
    pub quorum: usize,
    /// Of whom.
    pub asked: &'static [Asked],
    /// By when.
    pub deadline: Option<Deadline>,
}

/// What must be approved before something is given.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Whether those whom it concerns may approve.
    pub own: bool,
    /// The steps.
    pub steps: &'static [Step],
}

/// What kind of thing an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A role.
    Role,
    /// An account in an application.
    Account,
    /// An entitlement in an account.
    Entitlement,
}

/// How something is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// At once.
    AtOnce,
    /// By a person.
    ByHand,
    /// By a program.
    ByProgram,
}

/// Something that can be asked for.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// What kind of thing.
    pub thing: Thing,
    /// Its key.
    pub key: &'static str,
    /// The item whose account an entitlement lies in.
    pub application: Option<usize>,
    /// How it is given.
    pub way: Way,
    /// What must be approved; without a rule the administrators approve.
    pub rule: Option<Rule>,
    /// Whether it can be asked for at present.
    pub offered: bool,
}

const fn step(quorum: usize, asked: &'static [Asked], deadline: Option<Deadline>) -> Step {
    Step { quorum, asked, deadline }
}

const fn rule(steps: &'static [Step]) -> Option<Rule> {
    Some(Rule { own: false, steps })
}

const fn role(key: &'static str, way: Way, rule: Option<Rule>) -> Item {
    Item { thing: Thing::Role, key, application: None, way, rule, offered: true }
}

const fn of_kind(thing: Thing, application: Option<usize>, item: Item) -> Item {
    Item { thing, application, ..item }
}

const fn named(person: Person) -> Asked {
    Asked::Named(Principal::User(person))
}

const ALPHAS: Asked = Asked::Named(Principal::Group(ALPHA));
const BETAS: Asked = Asked::Named(Principal::Group(BETA));
const ADMINS: Asked = Asked::Named(Principal::Group(ADMINISTRATORS));
/// The rule where none fits: the administrators.
pub const FALLBACK: Rule = Rule { own: false, steps: &[step(1, &[ADMINS], None)] };
/// The rule of a whole request for roles alone.
pub const WHOLE_ROLES: Rule = Rule { own: false, steps: &[step(1, &[ALPHAS], Some((90, Then::Expire)))] };
/// The rule of a whole request for things of several kinds.
pub const WHOLE_MIXED: Rule = Rule { own: false, steps: &[] };

/// Places in [`ITEMS`] that a sequence names.
pub const APPLICATION: usize = 10;
/// The same, given at once.
pub const QUICK_APPLICATION: usize = 12;

/// The items.
pub const ITEMS: &[Item] = &[
    role("1", Way::AtOnce, rule(&[])),
    role("2", Way::ByHand, rule(&[step(1, &[Asked::TheirManagers], None)])),
    role("3", Way::AtOnce, rule(&[step(2, &[ALPHAS], Some((60, Then::Expire)))])),
    role("4", Way::ByProgram, rule(&[step(3, &[ALPHAS, BETAS], Some((60, Then::Renew(1))))])),
    role(
        "5",
        Way::AtOnce,
        rule(&[
            step(1, &[Asked::MyManager], Some((40, Then::Escalate))),
            step(2, &[ALPHAS, named(CAT)], Some((40, Then::Escalate))),
        ]),
    ),
    role("6", Way::ByHand, rule(&[step(1, &[named(GUS), named(HAL), named(IVY)], None)])),
    role(
        "7",
        Way::AtOnce,
        Some(Rule { own: true, steps: &[step(2, &[named(ANN), named(CAT), named(DAN), named(EVE)], None)] }),
    ),
    role("8", Way::AtOnce, rule(&[step(3, &[named(CAT)], None)])),
    role("9", Way::ByProgram, None),
    role("10", Way::AtOnce, rule(&[step(2, &[named(LEAD), named(PAT)], None)])),
    of_kind(Thing::Account, None, role("1", Way::ByHand, rule(&[step(1, &[BETAS], None)]))),
    of_kind(Thing::Entitlement, Some(APPLICATION), role("1", Way::AtOnce, rule(&[step(1, &[named(EVE)], None)]))),
    of_kind(Thing::Account, None, role("2", Way::AtOnce, rule(&[]))),
    of_kind(Thing::Entitlement, Some(QUICK_APPLICATION), role("2", Way::ByHand, rule(&[]))),
    role("11", Way::AtOnce, rule(&[step(2, &[ADMINS], None)])),
    role("12", Way::AtOnce, rule(&[step(1, &[named(BEN), BETAS], None), step(2, &[ADMINS], None)])),
    role("13", Way::ByProgram, rule(&[step(1, &[named(CAT), named(GUS)], Some((40, Then::Escalate)))])),
    Item { offered: false, ..role("14", Way::AtOnce, rule(&[])) },
    role("15", Way::AtOnce, rule(&[step(2, &[named(BOSS), named(DAN), ALPHAS], Some((70, Then::Renew(2))))])),
];

/// A template for certificates.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// How many people must approve.
    pub approvals: usize,
    /// Of whom.
    pub approvers: &'static [Principal],
    /// Whether those whom it concerns may approve.
    pub own: bool,
    /// Who executes instead of the target; empty is the target.
    pub agents: &'static [Principal],
    /// Whether it is for a card.
    pub card: bool,
    /// Whether whoever asks must say why.
    pub asks_why: bool,
}

const fn template(approvals: usize, approvers: &'static [Principal]) -> Template {
    Template { approvals, approvers, own: false, agents: &[], card: false, asks_why: false }
}

/// Who may read every request for a template.
pub const AUDITOR: Person = BEN;

/// The templates.
pub const TEMPLATES: &[Template] = &[
    template(0, &[]),
    Template { asks_why: true, ..template(2, &[Principal::Group(ALPHA), Principal::User(BOSS)]) },
    Template {
        own: true,
        agents: &[Principal::Group(BETA)],
        ..template(1, &[Principal::User(CAT), Principal::User(EVE), Principal::User(ANN)])
    },
    Template { card: true, ..template(0, &[]) },
    template(1, &[]),
];

/// Who may ask for anything for anybody; others ask for themselves, and managers ask roles for
/// those who report to them.
pub const ASKERS: &[Person] = &[ADA, BOSS, LEAD, CAT];

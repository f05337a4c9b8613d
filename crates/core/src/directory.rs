//! Users and groups: who may act, and for whom.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::coded::coded_enum;
use crate::error::{Invalid, repeated, text_faults};
use crate::ids::{GroupId, PrincipalId, Revision, UserId, UserNumber};

/// The name by which a user logs in: 1 to 256 characters, no colon, no control
/// character, no blank at either end. Compared without regard to case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Login(String);

impl Login {
    /// The login as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which logins are compared and looked up.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl TryFrom<String> for Login {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = (1..=256).contains(&text.chars().count()) && text.trim() == text;
        if fits && !text.chars().any(|c| c == ':' || c.is_control()) {
            Ok(Self(text))
        } else {
            Err("a login has 1 to 256 characters, no colon, no control character and no blank at either end")
        }
    }
}

impl From<Login> for String {
    fn from(login: Login) -> String {
        login.0
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

coded_enum! {
    /// Whether a user may log in and act.
    pub enum UserStatus {
        /// May log in and act.
        Active = 1 "active",
        /// May not log in; open tasks go to the stand-in.
        Disabled = 2 "disabled",
    }
}

coded_enum! {
    /// What a group is for, beyond naming its members.
    pub enum GroupPurpose {
        /// The system administrators: every request has them among its readers. At most one group.
        Administrators = 1 "administrators",
    }
}

coded_enum! {
    /// A MIM right over people (`spec/mim-cm.md` E.2). Being a manager gives none.
    pub enum MimRight {
        /// FIM CM Audit: may read the profiles and cards of the subject.
        Audit = 1 "audit",
        /// FIM CM Enrollment Agent: may execute requests for the subject.
        EnrollmentAgent = 2 "enrollmentAgent",
        /// FIM CM Request Enroll.
        RequestEnroll = 3 "requestEnroll",
        /// FIM CM Request Recover.
        RequestRecover = 4 "requestRecover",
        /// FIM CM Request Renew.
        RequestRenew = 5 "requestRenew",
        /// FIM CM Request Revoke.
        RequestRevoke = 6 "requestRevoke",
        /// FIM CM Request Unblock Smart Card.
        RequestUnblock = 7 "requestUnblock",
    }
}

/// A right that its holder has over one user or over every member of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RightOver {
    /// What the holder may do.
    pub right: MimRight,
    /// The user or group over which the right is held.
    pub subject: PrincipalId,
}

/// Somebody who decides for a user within two dates (`spec/oig-requests.md` A.9, D).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proxy {
    /// Who decides for the user.
    pub user: UserId,
    /// From when.
    pub start: Timestamp,
    /// Until when; for good without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
}

impl Proxy {
    /// Whether the proxy decides at `now`.
    pub fn is_current(&self, now: Timestamp) -> bool {
        self.start <= now && self.end.is_none_or(|end| now < end)
    }
}

/// A person who can log in, ask, approve and be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct User {
    /// The user's GUID.
    pub id: UserId,
    /// The number by which OIG knows the user.
    pub number: UserNumber,
    /// The login, unique without regard to case.
    pub login: Login,
    /// The name that is shown to people.
    pub display_name: String,
    /// Where notifications go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The user's manager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<UserId>,
    /// Whether the user may log in.
    #[serde(default = "active")]
    pub status: UserStatus,
    /// Who acts in the place of a disabled user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stand_in: Option<PrincipalId>,
    /// Who decides for the user, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proxies: Vec<Proxy>,
    /// MIM rights over other people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rights: Vec<RightOver>,
    /// How many commits the user has seen.
    #[serde(default = "Revision::first")]
    pub revision: Revision,
}

/// Users and other groups under one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Group {
    /// The group's GUID.
    pub id: GroupId,
    /// The name, unique without regard to case.
    pub name: String,
    /// What the group is for, beyond naming its members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<GroupPurpose>,
    /// The members: users, or groups whose members count too.
    #[serde(default)]
    pub members: Vec<PrincipalId>,
    /// MIM rights over people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rights: Vec<RightOver>,
    /// How many commits the group has seen.
    #[serde(default = "Revision::first")]
    pub revision: Revision,
}

const fn active() -> UserStatus {
    UserStatus::Active
}

impl User {
    /// The rules between members that their types cannot say.
    pub fn faults(&self) -> Vec<Invalid> {
        let mut faults = text_faults("displayName", &self.display_name);
        if self.manager == Some(self.id) {
            faults.push(Invalid::new("manager", "nobody is their own manager"));
        }
        if self.stand_in == Some(self.id.into()) {
            faults.push(Invalid::new("standIn", "nobody stands in for themselves"));
        }
        for (at, proxy) in self.proxies.iter().enumerate() {
            if proxy.user == self.id {
                faults.push(Invalid::new(format!("proxies[{at}].user"), "nobody is their own proxy"));
            }
            if proxy.end.is_some_and(|end| end <= proxy.start) {
                faults.push(Invalid::new(format!("proxies[{at}].end"), "is not after start"));
            }
        }
        faults.extend(repeated("proxies", &self.proxies));
        faults.extend(repeated("rights", &self.rights));
        faults
    }
}

impl Group {
    /// The rules between members that their types cannot say.
    pub fn faults(&self) -> Vec<Invalid> {
        let mut faults = text_faults("name", &self.name);
        if self.members.contains(&self.id.into()) {
            faults.push(Invalid::new("members", "a group is not its own member"));
        }
        faults.extend(repeated("members", &self.members));
        faults.extend(repeated("rights", &self.rights));
        faults
    }
}

/// A state of users, groups, passwords, proxies and profile templates. A later one is never less, and a change of any of
/// them makes another. Where nothing of the kind is counted, all are one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirectoryVersion(pub i64);

/// Who a call is made by, resolved before any handler runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// The user's number.
    pub number: UserNumber,
    /// The user's login.
    pub login: Login,
    /// The user and the groups that the user is in, through groups too. Sorted.
    pub principals: Vec<PrincipalId>,
    /// The users in whose place the user decides at present: as their proxy, or as the stand-in of
    /// one who has left and whose tasks were not handed over yet. Sorted; nobody twice.
    pub represents: Vec<UserId>,
    /// The version of the directory in which the caller was found so.
    pub directory: DirectoryVersion,
}

impl Caller {
    /// Whether one of the caller's principals is in `list`.
    pub fn is_among(&self, list: &[PrincipalId]) -> bool {
        list.iter().any(|principal| self.principals.binary_search(principal).is_ok())
    }
}

/// What is printed of a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalName {
    /// A user.
    User {
        /// The user's number.
        number: UserNumber,
        /// The user's login.
        login: Login,
        /// The name that is shown to people.
        display_name: String,
        /// The user's manager.
        manager: Option<UserId>,
        /// Who acts in the place of a disabled user: the stand-in, else the manager, else the
        /// administrators (decision 6). An active user has none.
        stand_in: Option<PrincipalId>,
    },
    /// A group.
    Group {
        /// The group's name.
        name: String,
    },
}

impl PrincipalName {
    /// The login of a user or the name of a group.
    pub fn text(&self) -> &str {
        match self {
            Self::User { login, .. } => login.as_str(),
            Self::Group { name } => name,
        }
    }
}

/// A stored password hash in PHC form. Never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The PHC text, for the verifier and the store alone.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PasswordHash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.starts_with("$argon2id$") { Ok(Self(text)) } else { Err("must be an argon2id hash in PHC form") }
    }
}

impl From<PasswordHash> for String {
    fn from(hash: PasswordHash) -> String {
        hash.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

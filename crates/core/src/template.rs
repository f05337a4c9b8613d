//! Profile templates: what certificates a profile holds and who may ask for what.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coded::coded_enum;
use crate::directory::Caller;
use crate::error::{Invalid, repeated, text_faults};
use crate::ids::{PrincipalId, Revision, TemplateId};

coded_enum! {
    /// Where a template's certificates live.
    pub enum TemplateKind {
        /// On the client's disk.
        Software = 1 "software",
        /// On a physical smart card.
        Smartcard = 2 "smartcard",
        /// On a virtual smart card; to clients it is a smart card too.
        VirtualSmartcard = 3 "virtualSmartcard",
    }
}

impl TemplateKind {
    /// Whether requests under the template are smart card requests.
    pub const fn is_smartcard(self) -> bool {
        !matches!(self, Self::Software)
    }
}

coded_enum! {
    /// What a certificate request does: MIM's RequestType, with MIM's numbers (`spec/mim-cm.md` C.2a).
    pub enum CertificateOperation {
        /// A first profile or card.
        Enroll = 1 "Enroll",
        /// A new profile or card in the place of a lost one.
        Recover = 2 "Recover",
        /// A new profile or card before the old one runs out.
        Renew = 3 "Renew",
        /// Certificates revoked, profile disabled.
        Disable = 4 "Disable",
        /// The card's PIN reset.
        Unblock = 5 "Unblock",
        /// A second profile or card beside the primary one.
        Duplicate = 6 "Duplicate",
        /// Certificates revoked, card given back.
        Retire = 7 "Retire",
        /// Somebody else's archived keys recovered.
        RecoverOnBehalf = 8 "RecoverOnBehalf",
        /// Certificates put on hold, or taken off it.
        SuspendOrReinstate = 9 "SuspendOrReinstate",
        /// Certificates on the card brought up to date.
        OnlineUpdate = 10 "OnlineUpdate",
        /// A temporary card.
        TemporaryCardEnroll = 11 "TemporaryCardEnroll",
        /// A temporary card given back.
        TemporaryCardRetire = 12 "TemporaryCardRetire",
        /// A temporary card disabled.
        TemporaryCardDisable = 13 "TemporaryCardDisable",
        /// The card's PIN reset over the telephone.
        OfflineUnblock = 14 "OfflineUnblock",
    }
}

coded_enum! {
    /// The workflow policies of a template (`spec/mim-cm.md` C.2b).
    pub enum PolicyKind {
        /// For Enroll.
        Enroll = 1 "enroll",
        /// For Duplicate.
        Duplicate = 2 "duplicate",
        /// For OfflineUnblock.
        OfflineUnblock = 3 "offlineUnblock",
        /// For OnlineUpdate.
        OnlineUpdate = 4 "onlineUpdate",
        /// For Renew.
        Renew = 5 "renew",
        /// For Recover.
        Recover = 6 "recover",
        /// For RecoverOnBehalf.
        RecoverOnBehalf = 7 "recoverOnBehalf",
        /// For SuspendOrReinstate.
        Reinstate = 8 "reinstate",
        /// For Retire.
        Retire = 9 "retire",
        /// For Disable.
        Revoke = 10 "revoke",
        /// For the three temporary card operations.
        TemporaryCards = 11 "temporaryCards",
        /// For Unblock.
        Unblock = 12 "unblock",
    }
}

impl CertificateOperation {
    /// The policy that governs the operation.
    pub const fn policy(self) -> PolicyKind {
        match self {
            Self::Enroll => PolicyKind::Enroll,
            Self::Recover => PolicyKind::Recover,
            Self::Renew => PolicyKind::Renew,
            Self::Disable => PolicyKind::Revoke,
            Self::Unblock => PolicyKind::Unblock,
            Self::Duplicate => PolicyKind::Duplicate,
            Self::Retire => PolicyKind::Retire,
            Self::RecoverOnBehalf => PolicyKind::RecoverOnBehalf,
            Self::SuspendOrReinstate => PolicyKind::Reinstate,
            Self::OnlineUpdate => PolicyKind::OnlineUpdate,
            Self::TemporaryCardEnroll | Self::TemporaryCardRetire | Self::TemporaryCardDisable => {
                PolicyKind::TemporaryCards
            }
            Self::OfflineUnblock => PolicyKind::OfflineUnblock,
        }
    }
}

coded_enum! {
    /// Who answers a data item (`spec/mim-cm.md` C.4).
    pub enum DataProvider {
        /// The person whom the request is for.
        Subscriber = 1 "subscriber",
        /// The approver.
        CertificateManager = 2 "certificateManager",
    }
}

/// A question that a policy asks of whoever makes or approves a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataItemDefinition {
    /// The name, unique in the policy without regard to case.
    pub name: String,
    /// What the question means.
    #[serde(default)]
    pub description: String,
    /// Whether a request cannot do without an answer.
    #[serde(default)]
    pub required: bool,
    /// The answer that is offered first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_value: Option<String>,
    /// Who answers.
    #[serde(default = "subscriber")]
    pub provider: DataProvider,
}

const fn subscriber() -> DataProvider {
    DataProvider::Subscriber
}

/// What a template says of one operation (`spec/mim-cm.md` B.9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkflowPolicy {
    /// The operation's policy.
    pub policy: PolicyKind,
    /// Whether the operation is offered at all.
    #[serde(default)]
    pub enabled: bool,
    /// Whether the owner may ask without being an initiator.
    #[serde(default)]
    pub self_service: bool,
    /// How many different people must approve.
    #[serde(default)]
    pub approvals_needed: u16,
    /// Whether an enrollment agent executes instead of the target user.
    #[serde(default)]
    pub agent_required: bool,
    /// Whether the requester may approve: off unless the policy says so.
    #[serde(default)]
    pub own_approval: bool,
    /// Whether the client asks for a comment.
    #[serde(default)]
    pub collect_comments: bool,
    /// Whether the client asks for a priority.
    #[serde(default)]
    pub collect_priority: bool,
    /// The priority of a request that names none; 0 is the most urgent.
    #[serde(default)]
    pub default_priority: u8,
    /// Who may ask for others (and, without self-service, for themselves).
    #[serde(default)]
    pub initiators: Vec<PrincipalId>,
    /// Who may approve and deny.
    #[serde(default)]
    pub approvers: Vec<PrincipalId>,
    /// Who executes when an agent is required.
    #[serde(default)]
    pub agents: Vec<PrincipalId>,
    /// Who may read every request made under the policy.
    #[serde(default)]
    pub auditors: Vec<PrincipalId>,
    /// The questions that are asked.
    #[serde(default)]
    pub data_items: Vec<DataItemDefinition>,
}

/// Whom a template is visible to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Audience {
    /// Everybody who can log in.
    Everyone,
    /// These users and the members of these groups.
    Principals(Vec<PrincipalId>),
}

impl Audience {
    /// Whether the caller belongs to it.
    pub fn includes(&self, caller: &Caller) -> bool {
        match self {
            Self::Everyone => true,
            Self::Principals(list) => caller.is_among(list),
        }
    }
}

/// A kind of profile or card that can be asked for (`spec/mim-cm.md` B.1, B.9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileTemplate {
    /// The template's GUID.
    pub id: TemplateId,
    /// The name that is shown to people.
    pub name: String,
    /// What the template is for.
    #[serde(default)]
    pub description: String,
    /// Where the certificates live.
    pub template_kind: TemplateKind,
    /// The version; it grows with every change of the template.
    pub version: i32,
    /// Who may read it.
    pub readers: Audience,
    /// Who may enroll for it.
    pub enrollers: Audience,
    /// The policies, at most one of a kind; a kind that is missing is not offered.
    pub policies: Vec<WorkflowPolicy>,
    /// How many commits the template has seen.
    #[serde(default = "Revision::first")]
    pub revision: Revision,
}

impl ProfileTemplate {
    /// The policy of `kind`, if the template has it and it is enabled.
    pub fn enabled_policy(&self, kind: PolicyKind) -> Option<&WorkflowPolicy> {
        self.policies.iter().find(|policy| policy.policy == kind && policy.enabled)
    }

    /// The rules between members that their types cannot say.
    pub fn faults(&self) -> Vec<Invalid> {
        let mut faults = text_faults("name", &self.name);
        if self.version < 1 {
            faults.push(Invalid::new("version", "must be at least 1"));
        }
        let kinds: Vec<_> = self.policies.iter().map(|policy| policy.policy).collect();
        faults.extend(repeated("policies", &kinds));
        for (index, policy) in self.policies.iter().enumerate() {
            let place = |member: &str| format!("policies[{index}].{member}");
            for (member, list) in policy.lists() {
                faults.extend(repeated(&place(member), list));
            }
            let names: Vec<_> = policy.data_items.iter().map(|item| item.name.to_lowercase()).collect();
            faults.extend(repeated(&place("dataItems"), &names));
            faults.extend(names.iter().flat_map(|name| text_faults(&place("dataItems"), name)));
        }
        faults
    }
}

impl WorkflowPolicy {
    /// The four lists of principals with their member names.
    pub fn lists(&self) -> [(&'static str, &Vec<PrincipalId>); 4] {
        [
            ("initiators", &self.initiators),
            ("approvers", &self.approvers),
            ("agents", &self.agents),
            ("auditors", &self.auditors),
        ]
    }
}

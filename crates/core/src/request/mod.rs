//! Requests: what was asked for, by whom, for whom, and how far it is.

mod key;
mod state;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::approval::{ApprovalTask, Stage, TaskState, stage_faults};
use crate::catalog::{EntityKey, EntityType};
use crate::clock::Timestamp;
use crate::coded::coded_enum;
use crate::error::{Invalid, repeated};
use crate::event::Channel;
use crate::ids::{PrincipalId, ProfileId, RequestId, RequestNumber, Revision, SmartcardId, TaskId, TemplateId, UserId};
use crate::template::{CertificateOperation, DataProvider};

pub use key::RequestKey;
pub use state::{ApprovedBy, Fulfilment, Outcome, RequestState, RequestStatus};

coded_enum! {
    /// What an access request does: OIG's request types (`spec/oig-requests.md` C.2).
    pub enum AccessOperation {
        /// Several kinds of target at once.
        Heterogeneous = 1 "Heterogeneous Request",
        /// Roles given.
        AssignRoles = 2 "Assign Roles",
        /// Roles taken away.
        RemoveRoles = 3 "Remove from Roles",
        /// A role grant's dates changed.
        ModifyRoleGrant = 4 "Modify Role Grant",
        /// An account given.
        ProvisionApplicationInstance = 5 "Provision ApplicationInstance",
        /// An entitlement given.
        ProvisionEntitlement = 6 "Provision Entitlement",
        /// An entitlement taken away.
        RevokeEntitlement = 7 "Revoke Entitlement",
        /// An entitlement changed.
        ModifyEntitlement = 8 "Modify Entitlement",
        /// An account changed.
        ModifyAccount = 9 "Modify Account",
        /// An account enabled.
        EnableAccount = 10 "Enable Account",
        /// An account disabled.
        DisableAccount = 11 "Disable Account",
        /// An account taken away.
        RevokeAccount = 12 "Revoke Account",
        /// A user made.
        CreateUser = 13 "Create User",
        /// A user changed.
        ModifyUserProfile = 14 "Modify User Profile",
        /// One's own data changed.
        ModifySelfProfile = 15 "Modify Self Profile",
        /// A user enabled.
        EnableUser = 16 "Enable User",
        /// A user disabled.
        DisableUser = 17 "Disable User",
        /// A user deleted.
        DeleteUser = 18 "Delete User",
        /// A user who registered alone.
        SelfRegisterUser = 19 "Self-Register User",
        /// A role made.
        CreateRole = 20 "Create Role",
        /// A role changed.
        ModifyRole = 21 "Modify Role",
        /// A role deleted.
        DeleteRole = 22 "Delete Role",
        /// Accounts given by an access policy.
        AccessPolicyProvisioning = 23 "Access Policy Based Provisioning",
    }
}

/// A name with its value, in a target's form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FormValue {
    /// The field.
    pub name: String,
    /// What was entered.
    pub value: String,
}

/// One thing that an access request asks for, for each of its beneficiaries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// What kind of thing.
    pub entity_type: EntityType,
    /// Its key among those of its type.
    pub entity_key: EntityKey,
    /// Its name when it was asked for.
    pub entity_name: String,
    /// The account that receives an entitlement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_account: Option<String>,
    /// From when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
    /// The form that was filled in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub form: Vec<FormValue>,
}

/// What an access request asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessRequest {
    /// What it does.
    pub operation: AccessOperation,
    /// For whom.
    pub beneficiaries: Vec<UserId>,
    /// What for; empty for requests about a user's own data.
    #[serde(default)]
    pub targets: Vec<Target>,
}

/// A question of the policy with its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataItem {
    /// The question.
    pub name: String,
    /// The answer, once there is one.
    #[serde(default)]
    pub value: Option<String>,
    /// Who answers.
    pub provider: DataProvider,
}

/// What a certificate request asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CertificateRequest {
    /// What it does.
    pub operation: CertificateOperation,
    /// The template.
    pub template: TemplateId,
    /// Whether it is a smart card request.
    pub smartcard: bool,
    /// Whether an enrollment agent executes it.
    #[serde(default)]
    pub agent_required: bool,
    /// For whom.
    pub target: UserId,
    /// 0 is the most urgent.
    #[serde(default)]
    pub priority: u8,
    /// The requester's remark.
    #[serde(default)]
    pub comment: String,
    /// The policy's questions with their answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_items: Vec<DataItem>,
    /// The profile that it acts on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_profile: Option<ProfileId>,
    /// The profile that it makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_profile: Option<ProfileId>,
    /// The card that it acts on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_smartcard: Option<SmartcardId>,
    /// The card that it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_smartcard: Option<SmartcardId>,
    /// Who may execute as enrollment agent: the policy's list when the request was submitted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<PrincipalId>,
    /// Who may read it as auditor: the policy's list when the request was submitted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub auditors: Vec<PrincipalId>,
    /// An imported SDDL text: printed, never evaluated (decision 21). MIM's trailing NULs are cut.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "without_nuls")]
    pub security_descriptor: Option<String>,
}

fn without_nuls<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(|text| text.trim_end_matches('\0').to_owned()))
}

/// What a request asks for: certificates and cards, or access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RequestDetails {
    /// Certificates and cards: shown in MIM and in OIG.
    Certificate(CertificateRequest),
    /// Access: shown in OIG alone.
    Access(AccessRequest),
}

/// The place of a child request under its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParentLink {
    /// The parent.
    pub request: RequestId,
    /// 1 for the first child.
    pub ordinal: i32,
}

/// A request with everything that belongs to it but its children and its events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The request's GUID.
    pub id: RequestId,
    /// The number by which OIG knows it.
    pub number: RequestNumber,
    /// How far it is.
    pub state: RequestState,
    /// What it asks for.
    pub details: RequestDetails,
    /// Who asked.
    pub originator: UserId,
    /// When it was submitted (a draft: made).
    pub created: Timestamp,
    /// When it last changed after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<Timestamp>,
    /// Through what it came in.
    pub channel: Channel,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    /// Its place under a parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ParentLink>,
    /// Whether it split into child requests.
    #[serde(default)]
    pub has_children: bool,
    /// The request that must end well before this one goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<RequestId>,
    /// Why it failed, or what stands in the way of its being carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Its approval, stage by stage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
    /// How many commits it has seen.
    #[serde(default = "Revision::first")]
    pub revision: Revision,
    /// How often that changed what an approver judges.
    #[serde(default = "first_content")]
    pub content_revision: i64,
}

const fn first_content() -> i64 {
    1
}

impl Request {
    /// The status without its particulars.
    pub const fn status(&self) -> RequestStatus {
        self.state.status()
    }

    /// What the certificate request asks for, if it is one.
    pub const fn certificate(&self) -> Option<&CertificateRequest> {
        match &self.details {
            RequestDetails::Certificate(certificate) => Some(certificate),
            RequestDetails::Access(_) => None,
        }
    }

    /// For whom: the beneficiaries, or the target user of a certificate request.
    pub fn beneficiaries(&self) -> &[UserId] {
        match &self.details {
            RequestDetails::Certificate(certificate) => std::slice::from_ref(&certificate.target),
            RequestDetails::Access(access) => &access.beneficiaries,
        }
    }

    /// Every approval task, stage by stage.
    pub fn tasks(&self) -> impl Iterator<Item = &ApprovalTask> {
        self.stages.iter().flat_map(|stage| &stage.tasks)
    }

    /// The start date of what is asked for: of a single target, for a request of several splits first.
    pub fn start(&self) -> Option<Timestamp> {
        match &self.details {
            RequestDetails::Access(access) => access.targets.first().and_then(|target| target.start),
            RequestDetails::Certificate(_) => None,
        }
    }

    /// The open tasks whose deadline has come.
    pub fn overdue(&self, now: Timestamp) -> Vec<TaskId> {
        let running = self.tasks().filter(|task| task.state == TaskState::Assigned);
        running.filter(|task| task.expires.is_some_and(|expires| expires <= now)).map(|task| task.id).collect()
    }

    /// When the worker has to look at the request again: at the first deadline of its tasks, or at
    /// its start date while it waits for that.
    pub fn wakes(&self) -> Option<Timestamp> {
        match self.status() {
            RequestStatus::Pending => {
                let running = self.tasks().filter(|task| task.state == TaskState::Assigned);
                running.filter_map(|task| task.expires).min()
            }
            RequestStatus::Scheduled => self.start(),
            _ => None,
        }
    }

    /// The rules between members that their types cannot say.
    pub fn faults(&self) -> Vec<Invalid> {
        let mut faults = stage_faults(&self.stages);
        if self.state.ended().is_some_and(|ended| ended < self.created) {
            faults.push(Invalid::new("state.at", "is before created"));
        }
        if self.modified.is_some_and(|modified| modified < self.created) {
            faults.push(Invalid::new("modified", "is before created"));
        }
        if self.parent.is_some_and(|parent| parent.request == self.id || parent.ordinal < 1) {
            faults.push(Invalid::new("parent", "must name another request and an ordinal of at least 1"));
        }
        if self.depends_on == Some(self.id) {
            faults.push(Invalid::new("dependsOn", "must name another request"));
        }
        if self.content_revision < 1 || self.content_revision > self.revision.0 {
            faults.push(Invalid::new("contentRevision", "must be at least 1 and at most revision"));
        }
        let open_task = self.tasks().any(|task| task.state.is_open());
        if open_task && self.status() != RequestStatus::Pending {
            faults.push(Invalid::new("stages", "only a pending request has open tasks"));
        }
        match &self.details {
            RequestDetails::Certificate(certificate) => faults.extend(certificate.faults()),
            RequestDetails::Access(access) => faults.extend(access.faults()),
        }
        faults
    }
}

impl CertificateRequest {
    fn faults(&self) -> Vec<Invalid> {
        let names: Vec<_> = self.data_items.iter().map(|item| item.name.to_lowercase()).collect();
        let mut faults = repeated("details.certificate.dataItems", &names);
        faults.extend(repeated("details.certificate.agents", &self.agents));
        faults.extend(repeated("details.certificate.auditors", &self.auditors));
        if !self.smartcard && (self.old_smartcard.is_some() || self.new_smartcard.is_some()) {
            faults.push(Invalid::new("details.certificate.smartcard", "a request of a card is a smart card request"));
        }
        faults
    }
}

impl AccessRequest {
    fn faults(&self) -> Vec<Invalid> {
        let mut faults = repeated("details.access.beneficiaries", &self.beneficiaries);
        if self.beneficiaries.is_empty() {
            faults.push(Invalid::new("details.access.beneficiaries", "must name at least one user"));
        }
        for (at, target) in self.targets.iter().enumerate() {
            let place = format!("details.access.targets[{at}]");
            if target.entity_name.trim().is_empty() {
                faults.push(Invalid::new(format!("{place}.entityName"), "must not be empty"));
            }
            if target.start.zip(target.end).is_some_and(|(start, end)| end < start) {
                faults.push(Invalid::new(format!("{place}.end"), "is before start"));
            }
        }
        faults
    }
}

/// What a parent shows of one of its children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildSummary {
    /// The child.
    pub id: RequestId,
    /// 1 for the first child.
    pub ordinal: i32,
    /// The child's number.
    pub number: RequestNumber,
    /// How far the child is.
    pub status: RequestStatus,
}

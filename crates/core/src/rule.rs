//! Rules: who must approve what, and who may ask for whom.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::approval::Deadline;
use crate::catalog::{EntityKey, EntityType};
use crate::coded::coded_enum;
use crate::error::{Invalid, repeated, text_faults};
use crate::ids::{PrincipalId, Revision, RuleId};
use crate::request::AccessOperation;
use crate::template::Audience;

coded_enum! {
    /// What a rule is about (`spec/oig-requests.md` C.5).
    pub enum RuleScope {
        /// A request of several beneficiaries or targets, approved as a whole before it splits.
        Whole = 1 "whole",
        /// A request of one beneficiary and one target, a child request among them.
        Single = 2 "single",
    }
}

/// Somebody whom a rule asks: a principal, or whoever stands in a relation to the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Approver {
    /// This user or group.
    Principal(PrincipalId),
    /// The managers of those whom the request is for, as they are when the stage begins.
    BeneficiaryManager,
    /// The manager of whoever asked, as it is when the stage begins.
    RequesterManager,
    /// The system administrators.
    Administrators,
}

/// One step of the approval that a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StageRule {
    /// The name that OIG prints (`composite.task.participant`).
    pub name: String,
    /// What approvers read before ` for Request ID ` and the number.
    pub title: String,
    /// How many different people must approve.
    #[serde(default = "one")]
    pub quorum: u16,
    /// Who is asked.
    pub approvers: Vec<Approver>,
    /// How long a task may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Deadline>,
}

const fn one() -> u16 {
    1
}

/// A catalog item by its type and key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EntityRef {
    /// What kind of thing.
    pub entity_type: EntityType,
    /// Its key among those of its type.
    pub entity_key: EntityKey,
}

/// Which access requests need whose approval. The enabled rule with the lowest ordinal that fits
/// decides; where none fits, the administrators do. Certificate requests go by their template's policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApprovalRule {
    /// The rule's GUID.
    pub id: RuleId,
    /// The name that is shown to people.
    pub name: String,
    /// Its place among the rules: the lowest that fits decides.
    pub ordinal: i32,
    /// Whether it counts.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// Whether it is about whole requests or about single ones.
    pub scope: RuleScope,
    /// Which operations it is about; empty is every one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<AccessOperation>,
    /// Which kinds of target it is about; empty is every one. Single requests only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entity_types: Vec<EntityType>,
    /// Which targets it is about; empty is every one. Single requests only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<EntityRef>,
    /// The steps of the approval; without any the request is approved automatically.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageRule>,
    /// Whether the requester and those whom it is for may approve.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_approval: bool,
    /// How many commits the rule has seen.
    #[serde(default = "Revision::first")]
    pub revision: Revision,
}

const fn enabled() -> bool {
    true
}

impl ApprovalRule {
    /// Whether the rule is about a whole request of `operation`.
    pub fn fits_whole(&self, operation: AccessOperation) -> bool {
        self.enabled && self.scope == RuleScope::Whole && self.fits_operation(operation)
    }

    /// Whether the rule is about a single request of `operation` for `target` (none: a request
    /// about a user's own data).
    pub fn fits_single(&self, operation: AccessOperation, target: Option<(EntityType, &EntityKey)>) -> bool {
        let of_type =
            |entity_type: EntityType| self.entity_types.is_empty() || self.entity_types.contains(&entity_type);
        let of_entity = |entity_type: EntityType, key: &EntityKey| {
            let named = |entity: &EntityRef| entity.entity_type == entity_type && entity.entity_key == *key;
            self.entities.is_empty() || self.entities.iter().any(named)
        };
        let fits_target = match target {
            Some((entity_type, key)) => of_type(entity_type) && of_entity(entity_type, key),
            None => self.entity_types.is_empty() && self.entities.is_empty(),
        };
        self.enabled && self.scope == RuleScope::Single && self.fits_operation(operation) && fits_target
    }

    fn fits_operation(&self, operation: AccessOperation) -> bool {
        self.operations.is_empty() || self.operations.contains(&operation)
    }

    /// The rules between members that their types cannot say.
    pub fn faults(&self) -> Vec<Invalid> {
        let mut faults = text_faults("name", &self.name);
        faults.extend(repeated("operations", &self.operations));
        faults.extend(repeated("entityTypes", &self.entity_types));
        faults.extend(repeated("entities", &self.entities));
        if self.scope == RuleScope::Whole && !(self.entity_types.is_empty() && self.entities.is_empty()) {
            faults.push(Invalid::new("entityTypes", "a rule about whole requests names no targets"));
        }
        for (at, stage) in self.stages.iter().enumerate() {
            faults.extend(
                stage
                    .faults()
                    .into_iter()
                    .map(|fault| Invalid::new(format!("stages[{at}].{}", fault.field), fault.reason)),
            );
        }
        faults
    }
}

impl StageRule {
    fn faults(&self) -> Vec<Invalid> {
        let mut faults = text_faults("name", &self.name);
        faults.extend(text_faults("title", &self.title));
        faults.extend(repeated("approvers", &self.approvers));
        if self.quorum == 0 {
            faults.push(Invalid::new("quorum", "must be at least 1"));
        }
        if self.approvers.is_empty() {
            faults.push(Invalid::new("approvers", "must name somebody"));
        }
        if self.deadline.is_some_and(|deadline| deadline.seconds == 0) {
            faults.push(Invalid::new("deadline.seconds", "must be at least 1"));
        }
        faults
    }
}

/// For whom somebody may ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Beneficiaries {
    /// For everybody.
    Everyone,
    /// For those who report to them, one level.
    Reports,
    /// For these users and the members of these groups.
    Principals(Vec<PrincipalId>),
}

/// Who may ask for whom (decision 4). Everybody may ask for themselves; asking for others takes one
/// enabled rule that fits, or, for certificates, MIM's own rights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestRule {
    /// The rule's GUID.
    pub id: RuleId,
    /// The name that is shown to people.
    pub name: String,
    /// Whether it counts.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// Who may ask.
    pub requesters: Audience,
    /// For whom.
    pub beneficiaries: Beneficiaries,
    /// For which kinds of target; empty is every one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entity_types: Vec<EntityType>,
    /// How many commits the rule has seen.
    #[serde(default = "Revision::first")]
    pub revision: Revision,
}

impl RequestRule {
    /// The rules between members that their types cannot say.
    pub fn faults(&self) -> Vec<Invalid> {
        let mut faults = text_faults("name", &self.name);
        faults.extend(repeated("entityTypes", &self.entity_types));
        if let Audience::Principals(list) = &self.requesters {
            faults.extend(repeated("requesters", list));
        }
        if let Beneficiaries::Principals(list) = &self.beneficiaries {
            faults.extend(repeated("beneficiaries", list));
        }
        faults
    }
}

//! What administrators read and write: in the words and the shape of bundles, so that a record of
//! one can be sent as it is. What the server gives out is read-only and passed over when it is sent.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::wire::Deadline;
use super::words::{
    AccessOperation, DataProvider, EntityType, FulfilmentMethod, PolicyKind, RuleScope, StreamKind, TemplateKind,
    WebhookPurpose,
};

/// A profile template with its policies.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativeProfileTemplate)]
pub(super) struct ProfileTemplate {
    /// The GUID.
    #[schema(read_only, nullable = false)]
    #[serde(default)]
    pub(super) id: Option<Uuid>,
    /// The name that is shown to people.
    #[schema(min_length = 1, max_length = 1024)]
    pub(super) name: String,
    /// What it is for.
    #[serde(default)]
    pub(super) description: String,
    /// Where its certificates live. It stays as it is.
    pub(super) template_kind: TemplateKind,
    /// The version, which grows with every change.
    #[schema(read_only, nullable = false)]
    #[serde(default)]
    pub(super) version: Option<i32>,
    /// Who may read it.
    pub(super) readers: Audience,
    /// Who may enroll for it.
    pub(super) enrollers: Audience,
    /// The policies, at most one of a kind; a kind that is missing is not offered.
    pub(super) policies: Vec<Policy>,
    /// How many changes it has seen; the ETag.
    #[schema(read_only, nullable = false)]
    #[serde(default)]
    pub(super) revision: Option<i64>,
}

/// Everybody, or these users and the members of these groups.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeAudience)]
pub(super) enum Audience {
    /// Everybody who can log in.
    Everyone,
    /// These users and the members of these groups.
    Principals(Vec<Uuid>),
}

/// What a template says of one operation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativePolicy)]
pub(super) struct Policy {
    /// Which operation.
    pub(super) policy: PolicyKind,
    /// Whether it is offered at all.
    #[serde(default)]
    pub(super) enabled: bool,
    /// Whether the owner may ask without being an initiator.
    #[serde(default)]
    pub(super) self_service: bool,
    /// How many different people must approve.
    #[serde(default)]
    pub(super) approvals_needed: u16,
    /// Whether an enrollment agent carries it out instead of the target user.
    #[serde(default)]
    pub(super) agent_required: bool,
    /// Whether the requester may approve.
    #[serde(default)]
    pub(super) own_approval: bool,
    /// Whether clients ask for a comment.
    #[serde(default)]
    pub(super) collect_comments: bool,
    /// Whether clients ask for a priority.
    #[serde(default)]
    pub(super) collect_priority: bool,
    /// The priority of a request that names none; 0 is the most urgent.
    #[serde(default)]
    pub(super) default_priority: u8,
    /// Who may ask for others and, without self-service, for themselves.
    #[serde(default)]
    pub(super) initiators: Vec<Uuid>,
    /// Who may approve.
    #[serde(default)]
    pub(super) approvers: Vec<Uuid>,
    /// Who carries it out when an agent is required.
    #[serde(default)]
    pub(super) agents: Vec<Uuid>,
    /// Who may read every request made under the policy.
    #[serde(default)]
    pub(super) auditors: Vec<Uuid>,
    /// The questions that are asked.
    #[serde(default)]
    pub(super) data_items: Vec<DataItem>,
}

/// A question of a policy.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativeDataItem)]
pub(super) struct DataItem {
    /// The name, unique in the policy without regard to case.
    #[schema(min_length = 1, max_length = 1024)]
    pub(super) name: String,
    /// What it means.
    #[serde(default)]
    pub(super) description: String,
    /// Whether a request cannot do without an answer.
    #[serde(default)]
    pub(super) required: bool,
    /// The answer that is offered first.
    #[schema(nullable = false)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) default_value: Option<String>,
    /// Who answers; without, the person whom the request is for.
    #[schema(nullable = false)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) provider: Option<DataProvider>,
}

/// Something that can be asked for.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativeCatalogItem)]
pub(super) struct CatalogItem {
    /// The GUID.
    #[schema(read_only, nullable = false)]
    #[serde(default)]
    pub(super) id: Option<Uuid>,
    /// The number by which the API knows it.
    #[schema(read_only, nullable = false)]
    #[serde(default)]
    pub(super) number: Option<i64>,
    /// What kind of thing. It stays as it is.
    pub(super) entity_type: EntityType,
    /// Its key among those of its type. It stays as it is.
    #[schema(min_length = 1, max_length = 128)]
    pub(super) entity_key: String,
    /// The name that is shown to people.
    #[schema(min_length = 1, max_length = 1024)]
    pub(super) name: String,
    /// What it is for.
    #[serde(default)]
    pub(super) description: String,
    /// The application to whose accounts an entitlement belongs: its key.
    #[schema(nullable = false)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) application: Option<String>,
    /// How it is given and taken away; without, as the server's settings say.
    #[schema(nullable = false)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fulfilment: Option<FulfilmentMethod>,
    /// Whether it can be asked for at present.
    #[serde(default = "yes")]
    pub(super) requestable: bool,
    /// How many changes it has seen; the ETag.
    #[schema(read_only, nullable = false)]
    #[serde(default)]
    pub(super) revision: Option<i64>,
}

/// Which access requests need whose approval. The enabled rule with the lowest ordinal that fits
/// decides; where none fits, the administrators do.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativeApprovalRule)]
pub(super) struct ApprovalRule {
    /// The GUID.
    #[schema(read_only, nullable = false)]
    #[serde(default)]
    pub(super) id: Option<Uuid>,
    /// The name that is shown to people.
    #[schema(min_length = 1, max_length = 1024)]
    pub(super) name: String,
    /// Its place among the rules.
    pub(super) ordinal: i32,
    /// Whether it counts.
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    /// Whether it is about requests as a whole or about single ones.
    pub(super) scope: RuleScope,
    /// Which operations it is about; empty is every one.
    #[serde(default)]
    pub(super) operations: Vec<AccessOperation>,
    /// Which kinds of target it is about; empty is every one.
    #[serde(default)]
    pub(super) entity_types: Vec<EntityType>,
    /// Which targets it is about; empty is every one.
    #[serde(default)]
    pub(super) entities: Vec<EntityRef>,
    /// The steps of the approval; without any a request is approved automatically.
    #[serde(default)]
    pub(super) stages: Vec<StageRule>,
    /// Whether the requester and those whom it is for may approve.
    #[serde(default)]
    pub(super) own_approval: bool,
    /// How many changes it has seen; the ETag.
    #[schema(read_only, nullable = false)]
    #[serde(default)]
    pub(super) revision: Option<i64>,
}

/// A catalog item by its type and key.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativeEntityRef)]
pub(super) struct EntityRef {
    /// What kind of thing.
    pub(super) entity_type: EntityType,
    /// Its key among those of its type.
    #[schema(min_length = 1, max_length = 128)]
    pub(super) entity_key: String,
}

/// One step of the approval that a rule asks for.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativeStageRule)]
pub(super) struct StageRule {
    /// The name.
    #[schema(min_length = 1, max_length = 1024)]
    pub(super) name: String,
    /// What approvers read before ` for Request ID ` and the number.
    #[schema(min_length = 1, max_length = 1024)]
    pub(super) title: String,
    /// How many different people must approve.
    #[serde(default = "one")]
    #[schema(minimum = 1)]
    pub(super) quorum: u16,
    /// Who is asked.
    #[schema(min_items = 1)]
    pub(super) approvers: Vec<Approver>,
    /// How long a task may take.
    #[schema(nullable = false)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deadline: Option<Deadline>,
}

/// Somebody whom a rule asks.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeApprover)]
pub(super) enum Approver {
    /// This user or group.
    Principal(Uuid),
    /// The managers of those whom the request is for.
    BeneficiaryManager,
    /// The manager of whoever asked.
    RequesterManager,
    /// The system administrators.
    Administrators,
}

/// Who may ask for whom. Everybody may ask for themselves; asking for others takes one enabled rule
/// that fits.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativeRequestRule)]
pub(super) struct RequestRule {
    /// The GUID.
    #[schema(read_only, nullable = false)]
    #[serde(default)]
    pub(super) id: Option<Uuid>,
    /// The name that is shown to people.
    #[schema(min_length = 1, max_length = 1024)]
    pub(super) name: String,
    /// Whether it counts.
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    /// Who may ask.
    pub(super) requesters: Audience,
    /// For whom.
    pub(super) beneficiaries: Beneficiaries,
    /// For which kinds of target; empty is every one.
    #[serde(default)]
    pub(super) entity_types: Vec<EntityType>,
    /// How many changes it has seen; the ETag.
    #[schema(read_only, nullable = false)]
    #[serde(default)]
    pub(super) revision: Option<i64>,
}

/// For whom somebody may ask.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NativeBeneficiaries)]
pub(super) enum Beneficiaries {
    /// For everybody.
    Everyone,
    /// For those who report to them, one level.
    Reports,
    /// For these users and the members of these groups.
    Principals(Vec<Uuid>),
}

/// An address that is told what happened.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativeWebhook)]
pub(super) struct Webhook {
    /// The GUID.
    #[schema(read_only, nullable = false)]
    #[serde(default)]
    pub(super) id: Option<Uuid>,
    /// The name that is shown to people.
    #[schema(min_length = 1, max_length = 1024)]
    pub(super) name: String,
    /// Where deliveries are posted: http or https.
    #[schema(format = "uri", max_length = 2048)]
    pub(super) url: String,
    /// What it is for; without, it hears of what happened.
    #[schema(nullable = false)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) purpose: Option<WebhookPurpose>,
    /// Whether it is told.
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    /// Whose events it hears; empty is everybody's.
    #[serde(default)]
    pub(super) streams: Vec<StreamKind>,
    /// The key with which deliveries are signed. A new webhook needs one; without one a change
    /// leaves it. It is never sent back.
    #[schema(write_only, nullable = false, min_length = 16, max_length = 256)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<String>,
    /// How far it has been told; in reads alone.
    #[schema(read_only, nullable = false)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) delivery: Option<Delivery>,
    /// How many changes it has seen; the ETag.
    #[schema(read_only, nullable = false)]
    #[serde(default)]
    pub(super) revision: Option<i64>,
}

/// How far a webhook has been told.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NativeDelivery)]
pub(super) struct Delivery {
    /// The position in the feed of the last event that it has heard, or that is none of its own.
    pub(super) position: i64,
    /// How often the next one was tried in vain.
    pub(super) attempts: i32,
    /// When the next try is due.
    #[schema(format = DateTime)]
    pub(super) next_attempt: String,
    /// What went wrong the last time.
    #[schema(nullable = false)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

const fn yes() -> bool {
    true
}

const fn one() -> u16 {
    1
}

macro_rules! pages {
    ($($name:ident, $schema:ident, $item:ident, $doc:tt;)+) => {$(
        #[doc = $doc]
        #[derive(Debug, Serialize, ToSchema)]
        #[schema(as = $schema)]
        pub(super) struct $name {
            /// The elements.
            pub(super) items: Vec<$item>,
            /// The cursor of the next page; absent at the end.
            #[schema(nullable = false)]
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(super) next: Option<String>,
        }
    )+};
}

pages! {
    ProfileTemplates, NativeProfileTemplates, ProfileTemplate, "A page of the profile templates.";
    CatalogItems, NativeCatalogItems, CatalogItem, "A page of the catalog.";
    ApprovalRules, NativeApprovalRules, ApprovalRule, "Every approval rule, in the order in which they are asked.";
    RequestRules, NativeRequestRules, RequestRule, "Every request rule.";
    Webhooks, NativeWebhooks, Webhook, "Every webhook.";
}

//! What MIM CM sends of profile templates (`spec/mim-cm.md` B.1, B.9). The members of a template and
//! their order are the documents'. Of a policy they give most members and no body.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A kind of profile or card that can be asked for.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = MimProfileTemplate)]
pub(crate) struct ProfileTemplate {
    /// The name that is shown to people.
    pub(crate) name: String,
    /// What the template is for.
    pub(crate) description: String,
    /// The template's identifier.
    pub(crate) uuid: Uuid,
    /// Whether the certificates live on a smart card, virtual ones included.
    pub(crate) is_smartcard_profile_template: bool,
    /// Whether the certificates live on a virtual smart card.
    pub(crate) is_virtual_smartcard_profile_template: bool,
}

/// What a template says of one operation.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = MimWorkflowPolicy)]
pub(crate) struct WorkflowPolicy {
    /// How many different people must approve.
    pub(crate) approvals_needed: u16,
    /// Who may approve and deny.
    pub(crate) authorized_approver: ApplicationSecurityDescriptor,
    /// Who executes when an enrollment agent is required.
    pub(crate) authorized_enrollment_agent: ApplicationSecurityDescriptor,
    /// Who may ask for others.
    pub(crate) authorized_initiator: ApplicationSecurityDescriptor,
    /// Whether the client asks for a comment.
    pub(crate) collect_comments: bool,
    /// Whether the client asks for a priority.
    pub(crate) collect_request_priority: bool,
    /// The priority of a request that names none, from 0, the most urgent, to 255.
    pub(crate) default_request_priority: u8,
    /// The documents to print. There are none.
    #[schema(max_items = 0)]
    pub(crate) documents: Vec<String>,
    /// Whether the operation is offered at all.
    pub(crate) enabled: bool,
    /// Whether an enrollment agent executes instead of the target user.
    pub(crate) enroll_agent_required: bool,
    /// How one-time passwords are given out. They are not.
    pub(crate) one_time_password_policy: OneTimePasswordPolicy,
    /// How cards are personalised: 0, they are not.
    #[schema(minimum = 0, maximum = 0)]
    pub(crate) personalization: u8,
    /// The questions that are asked.
    pub(crate) policy_data_collection: Vec<PolicyDataItem>,
    /// The same questions by the other name that the documents have for them.
    pub(crate) data_collection: Vec<PolicyDataItem>,
    /// Whether the target user may ask without being an initiator.
    pub(crate) self_service_enabled: bool,
    /// Of the policy of OnlineUpdate: whether a request may name certificate templates. It may not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) allow_specify_certificate_template: Option<bool>,
    /// Of the policy of temporary cards: whether a kiosk may retire them. It may not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) allow_kiosk_retirement: Option<bool>,
    /// Of the policy of temporary cards: whether they enroll by themselves. They do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) autoenroll_enabled: Option<bool>,
    /// Of the policy of temporary cards: whether their administrator's PIN is blocked. It is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) block_admin_pin: Option<bool>,
}

/// Who holds a right under a policy.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = MimApplicationSecurityDescriptor)]
pub(crate) struct ApplicationSecurityDescriptor {
    /// The holders in SDDL: always empty.
    pub(crate) security_descriptor: &'static str,
    /// The directory's identifier of the right: always zeros, for none.
    pub(crate) uuid: Uuid,
}

/// How one-time passwords are made and given out.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = MimOneTimePasswordPolicy)]
pub(crate) struct OneTimePasswordPolicy {
    /// The .NET type that makes them: always empty.
    pub(crate) secret_provider_type: &'static str,
    /// What that type needs: always empty.
    pub(crate) secret_provider_data: &'static str,
    /// To whom they are given: always nobody.
    #[schema(max_items = 0)]
    pub(crate) distribution: Vec<String>,
}

/// A question that a policy asks.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = MimPolicyDataItem)]
pub(crate) struct PolicyDataItem {
    /// The question.
    pub(crate) name: String,
    /// What it means.
    pub(crate) description: String,
    /// What an answer is: always `String`.
    #[serde(rename = "Type")]
    pub(crate) value_type: &'static str,
    /// Whether a request cannot do without an answer.
    pub(crate) required: bool,
    /// The answer that is offered first; null for none.
    #[schema(required = true)]
    pub(crate) default_value: Option<String>,
    /// Who answers: 1 the subscriber, 2 the certificate manager.
    #[schema(minimum = 1, maximum = 2)]
    pub(crate) user_role: u8,
    /// What an answer must be like.
    pub(crate) validation: DataItemValidation,
}

/// What an answer must be like. Any is taken.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = MimDataItemValidation)]
pub(crate) struct DataItemValidation {
    /// The kind of check: 0, none.
    #[schema(minimum = 0, maximum = 0)]
    pub(crate) validation_type: u8,
    /// What the check needs: always null.
    #[schema(required = true)]
    pub(crate) validation_data: Option<String>,
}

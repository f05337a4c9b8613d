//! What MIM CM sends (`spec/mim-cm.md` B.2, B.4). Member names and order are the documents'.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A request for certificates or for a smart card.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = MimRequest)]
pub(crate) struct Request {
    /// The request's identifier.
    pub(crate) uuid: Uuid,
    /// What is asked for: 1 Enroll, 2 Recover, 3 Renew, 4 Disable, 5 Unblock, 6 Duplicate, 7 Retire,
    /// 8 RecoverOnBehalf, 9 SuspendOrReinstate, 10 OnlineUpdate, 11 TemporaryCardEnroll,
    /// 12 TemporaryCardRetire, 13 TemporaryCardDisable, 14 OfflineUnblock.
    #[schema(minimum = 1, maximum = 14)]
    pub(crate) request_type: i16,
    /// How far the request is: 3 Approved, 4 Denied, 8 Completed, 9 Failed, 16 Pending, 17 Canceled,
    /// 18 Executing.
    #[schema(minimum = 3, maximum = 18)]
    pub(crate) status: u8,
    /// Bits: 1 an enrollment agent executes it, 2 it is for a smart card.
    #[schema(minimum = 0, maximum = 3)]
    pub(crate) flags: u8,
    /// The data collection items with their answers.
    pub(crate) data_collection: Vec<DataItem>,
    /// Bits: 16 the subscriber's items are answered, 32 the certificate manager's are.
    #[schema(minimum = 0, maximum = 48)]
    pub(crate) data_collection_flags: u8,
    /// Who made the request.
    pub(crate) originator_user_uuid: Uuid,
    /// Whom it is for.
    pub(crate) target_user_uuid: Uuid,
    /// When it was submitted, in UTC.
    #[schema(pattern = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$")]
    pub(crate) submitted: String,
    /// When it ended, in UTC; `0001-01-01T00:00:00` while it has not.
    #[schema(pattern = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3}Z|Z)?$")]
    pub(crate) completed: String,
    /// The profile that it makes; zeros for none.
    pub(crate) new_profile_uuid: Uuid,
    /// The profile that it acts on; zeros for none.
    pub(crate) old_profile_uuid: Uuid,
    /// The card that it assigns; zeros for none.
    pub(crate) new_smartcard_uuid: Uuid,
    /// The card that it acts on; zeros for none.
    pub(crate) old_smartcard_uuid: Uuid,
    /// From 0, the most urgent, to 255.
    pub(crate) priority: u8,
    /// The requester's remark.
    pub(crate) comment: String,
    /// The profile template.
    pub(crate) profile_template_uuid: Uuid,
    /// An imported security descriptor in SDDL; empty without one.
    pub(crate) security_descriptor: String,
    /// Whether it is for a smart card.
    pub(crate) is_smartcard: bool,
    /// Whether an enrollment agent executes it.
    pub(crate) is_enrollment_agent: bool,
    /// Whether everybody's data collection items are answered.
    pub(crate) is_data_collection_complete: bool,
}

/// A data collection item.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = MimDataItem)]
pub(crate) struct DataItem {
    /// The question.
    pub(crate) name: String,
    /// The answer; null while there is none.
    #[schema(required = true)]
    pub(crate) value: Option<String>,
}

/// A software certificate profile, or the profile of a card.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = MimProfile)]
pub(crate) struct Profile {
    /// The profile's identifier.
    pub(crate) uuid: Uuid,
    /// 1 New, 2 Active, 3 Suspended, 4 Disabled, 5 Retired.
    #[schema(minimum = 1, maximum = 5)]
    pub(crate) status: i16,
    /// Bits; 1 is a primary profile.
    pub(crate) flags: i32,
    /// The profile that this one replaced; zeros for none.
    pub(crate) parent_profile_uuid: Uuid,
    /// The primary profile, of a duplicate; zeros for none.
    pub(crate) primary_profile_uuid: Uuid,
    /// Whose certificates they are.
    pub(crate) assigned_user_uuid: Uuid,
    /// The profile template.
    pub(crate) profile_template_uuid: Uuid,
    /// The template's version when the profile was made.
    pub(crate) profile_template_version: i32,
    /// A remark.
    pub(crate) comment: String,
    /// What the caller may ask for: `renew`, `unblock`, `disable`, `recover`, `retire`,
    /// `recoveronbehalf`, `onlineupdate`.
    pub(crate) profile_operations: Vec<String>,
}

/// What is said instead of an answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = MimError)]
pub(crate) struct Error {
    /// What is wrong, in words that name the field.
    pub(crate) message: String,
    /// The same in one word, for programs.
    pub(crate) error_code: &'static str,
    /// The id under which the server's log knows the call.
    pub(crate) correlation_id: Uuid,
}

//! The words of the native API: the core's own, as closed lists.

use std::borrow::Cow;

use countersign_core::{approval, catalog, event, request, rule, template, webhook};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

macro_rules! words {
    ($($name:ident, $schema:literal, $core:path, $doc:literal;)+) => {$(
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub(super) struct $name(pub(super) $core);

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let words = <$core>::ALL.iter().map(|word| word.name());
                let object = ObjectBuilder::new().schema_type(Type::String).description(Some($doc));
                object.enum_values(Some(words)).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($schema)
            }
        }

        impl From<$core> for $name {
            fn from(word: $core) -> Self {
                Self(word)
            }
        }
    )+};
}

words! {
    AccessOperation, "NativeAccessOperation", request::AccessOperation, "What a request for access does.";
    Channel, "NativeChannel", event::Channel, "Through what a change came in.";
    DataProvider, "NativeDataProvider", template::DataProvider, "Who answers a question.";
    DeadlineAction, "NativeDeadlineAction", approval::DeadlineAction,
        "What happens when a deadline passes without a decision.";
    EntityType, "NativeEntityType", catalog::EntityType, "What kind of thing is asked for.";
    EventKind, "NativeEventKind", event::EventKind, "What kind of change an event records.";
    FulfilmentMethod, "NativeFulfilmentMethod", catalog::FulfilmentMethod, "How what was approved is carried out.";
    PolicyKind, "NativePolicyKind", template::PolicyKind, "Which operation a policy is about.";
    RuleScope, "NativeRuleScope", rule::RuleScope,
        "Whether a rule is about requests as a whole, before they split, or about single ones.";
    Staffing, "NativeStaffing", approval::Staffing, "Whether a stage has enough people who may vote.";
    Status, "NativeRequestStatus", request::RequestStatus, "How far a request is.";
    StreamKind, "NativeStreamKind", event::StreamKind, "What an event belongs to.";
    TaskState, "NativeTaskState", approval::TaskState, "How far an approval task is.";
    TemplateKind, "NativeTemplateKind", template::TemplateKind, "Where a template's certificates live.";
    VoteOutcome, "NativeVoteOutcome", approval::VoteOutcome, "What somebody decided.";
    WebhookPurpose, "NativeWebhookPurpose", webhook::WebhookPurpose, "What a webhook is for.";
}

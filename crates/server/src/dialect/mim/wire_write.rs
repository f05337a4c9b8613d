//! What MIM CM is sent (`spec/mim-cm.md` A.2), and what it answers to that alone (B.7). Member names
//! are the documents', in lower case; they are read in any.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};

/// A request for certificates or for a smart card.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MimNewRequest)]
pub(crate) struct NewRequest {
    /// What is asked for: Enroll, Duplicate, OfflineUnblock, OnlineUpdate, Recover, RecoverOnBehalf, Reinstate
    /// or Suspend, Renew, Retire, Revoke or Disable, TemporaryCards, TemporaryEnroll or TemporaryCardEnroll, or
    /// Unblock, in any case.
    #[schema(value_type = String, example = "Enroll")]
    pub(crate) r#type: Option<String>,
    /// The profile template. Without it, the template of the profile or card.
    #[schema(value_type = Option<uuid::Uuid>, nullable = false)]
    pub(crate) profiletemplateuuid: Option<String>,
    /// The card that the request is about.
    #[schema(value_type = Option<uuid::Uuid>, nullable = false)]
    pub(crate) smartcard: Option<String>,
    /// The same by another name.
    #[schema(value_type = Option<uuid::Uuid>, nullable = false)]
    pub(crate) smartcarduuid: Option<String>,
    /// The software profile that the request is about.
    #[schema(value_type = Option<uuid::Uuid>, nullable = false)]
    pub(crate) profile: Option<String>,
    /// The same by another name.
    #[schema(value_type = Option<uuid::Uuid>, nullable = false)]
    pub(crate) profileuuid: Option<String>,
    /// See [`data_collection`].
    #[schema(schema_with = data_collection)]
    pub(crate) datacollection: Option<Value>,
    /// Whom it is for; without it, who has the profile or card, or else the caller.
    #[schema(value_type = Option<uuid::Uuid>, nullable = false)]
    pub(crate) target: Option<String>,
    /// The requester's remark.
    #[schema(nullable = false)]
    pub(crate) comment: Option<String>,
    /// From 0, the most urgent, to 255; the same in a text is taken too. Without it, as the policy says.
    #[schema(value_type = Option<u8>, nullable = false, maximum = 255)]
    pub(crate) priority: Option<Value>,
}

fn data_collection() -> Schema {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let item = ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::RefOr(text().build().into())));
    OneOfBuilder::new()
        .item(text())
        .item(ArrayBuilder::new().items(item))
        .description(Some(
            "Answers to the policy's questions: an array of objects that each have one member, named after the item, or \
             the same as JSON in a text. Objects with the members Name and Value, and one object with all items, are \
             taken too.",
        ))
        .into()
}

/// How far a request is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MimStatusChange)]
pub(crate) struct StatusChange {
    /// Completed, Canceled or Abandoned, in any case.
    #[schema(value_type = String, example = "Completed")]
    pub(crate) status: Option<String>,
}

/// What an executor sends to have certificates issued.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MimCertificateData)]
pub(crate) struct CertificateData {
    /// Protects keys that the server makes.
    #[schema(value_type = Option<String>, nullable = false)]
    #[allow(dead_code, reason = "must be a text; no key is made that it could protect")]
    pub(crate) pfxpassword: Option<SecretString>,
    /// Certificate requests: each a PKCS #10 in base64, without armour.
    #[schema(value_type = Vec<String>)]
    pub(crate) certificaterequests: Option<Vec<String>>,
    /// A remark.
    #[schema(nullable = false)]
    pub(crate) comments: Option<String>,
}

/// What became of a certificate request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = MimIssuedCertificate)]
#[allow(dead_code, reason = "describes the answer that issuing will give; nothing is issued yet")]
pub(crate) struct IssuedCertificate {
    /// The certificate template.
    template_common_name: String,
    /// The certificate's number.
    certificate_id: i32,
    /// Bits; 65536 is an answer in PKCS #7.
    flags: i32,
    /// Whether the client installs it for the machine.
    use_local_machine_store: bool,
    /// Why there is none; null if there is one.
    #[schema(required = true)]
    error: Option<String>,
    /// The certificate in base64; null for a key that the server made.
    #[schema(required = true)]
    pkcs7: Option<String>,
    /// Key and certificate in base64, under the password; null for a key that the client made.
    #[schema(required = true)]
    pfx: Option<String>,
    /// Whether another authority issued it.
    is_external: bool,
    /// Whether the server made the key.
    #[serde(rename = "isServerGenerated")]
    is_server_generated: bool,
    /// Whether `Pfx` holds it.
    #[serde(rename = "isPfx")]
    is_pfx: bool,
    /// Whether `Pkcs7` holds it.
    #[serde(rename = "isPkcs7")]
    is_pkcs7: bool,
    /// Whether it is an earlier one, for reading what is encrypted under it.
    #[serde(rename = "isKeyHistory")]
    is_key_history: bool,
}

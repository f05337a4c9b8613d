//! From what MIM CM is sent to the domain's commands, and from what the core says of them to the
//! documents' words.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_core::lifecycle::{Command, Refusal};
use countersign_core::service::{CertificateData, CertificateOrder, ServiceError};
use serde_json::Value;
use uuid::Uuid;

use super::data_collection::answers;
use super::operation::operation;
use super::routes::guid;
use super::wire_write as wire;
use crate::dialect::Fault;

/// What PUT calls the ends of a request.
const ENDS: [(&str, Command); 3] = [
    ("Completed", Command::Complete),
    ("Canceled", Command::Cancel { reason: None }),
    ("Abandoned", Command::Abandon { reason: None }),
];

/// What a new request asks for.
pub(super) fn order(new: &wire::NewRequest) -> Result<CertificateOrder, Fault> {
    let smartcard = either(("smartcard", new.smartcard.as_deref()), ("smartcarduuid", new.smartcarduuid.as_deref()))?;
    let profile = either(("profile", new.profile.as_deref()), ("profileuuid", new.profileuuid.as_deref()))?;
    Ok(CertificateOrder {
        operation: operation(new.r#type.as_deref().unwrap_or_default())?,
        template: optional_guid("profiletemplateuuid", new.profiletemplateuuid.as_deref())?.map(Into::into),
        profile: profile.map(Into::into),
        smartcard: smartcard.map(Into::into),
        target: optional_guid("target", new.target.as_deref())?.map(Into::into),
        priority: new.priority.as_ref().map(priority).transpose()?,
        comment: text("comment", new.comment.as_deref())?.unwrap_or_default(),
        answers: new.datacollection.as_ref().map(answers).transpose()?.unwrap_or_default(),
        justification: None,
        draft: false,
    })
}

/// What brings a request into the status that is asked for.
pub(super) fn command(change: &wire::StatusChange) -> Result<Command, Fault> {
    let wanted = change.status.as_deref().unwrap_or_default();
    let known = ENDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(wanted));
    known.map(|(_, command)| command.clone()).ok_or_else(|| {
        let words = ENDS.each_ref().map(|(word, _)| *word).join(", ");
        Fault::invalid("status", format!("must be one of {words}"))
    })
}

/// The certificate requests that an executor sends.
pub(super) fn certificate_data(sent: &wire::CertificateData) -> Result<CertificateData, Fault> {
    const FIELD: &str = "certificaterequests";
    let requests = sent.certificaterequests.as_ref();
    let requests = requests.ok_or_else(|| Fault::invalid(FIELD, "must be an array, if only an empty one"))?;
    let decoded = (0..).zip(requests).map(|(index, text)| {
        let reason = "must be a PKCS #10 in base64, without armour";
        pkcs10(text).ok_or_else(|| Fault::invalid(&format!("{FIELD}[{index}]"), reason))
    });
    Ok(CertificateData {
        requests: decoded.collect::<Result<_, _>>()?,
        comment: text("comments", sent.comments.as_deref())?,
    })
}

/// What stands in the way of a write, in the documents' words for the members of the input. What
/// the caller did not send cannot be wrong with the input: then the template's policy forbids it.
pub(super) fn fault(error: ServiceError) -> Fault {
    match error {
        ServiceError::Invalid(invalid) | ServiceError::Refused(Refusal::Invalid(invalid)) => {
            match invalid.field.as_str() {
                "approvers" => Fault::Forbidden(invalid.reason.into()),
                "answers" => Fault::invalid("datacollection", invalid.reason),
                _ => Fault::Invalid(invalid),
            }
        }
        other => other.into(),
    }
}

/// One identifier that may stand under two names.
fn either(one: (&str, Option<&str>), other: (&str, Option<&str>)) -> Result<Option<Uuid>, Fault> {
    match (optional_guid(one.0, one.1)?, optional_guid(other.0, other.1)?) {
        (Some(first), Some(second)) if first != second => {
            Err(Fault::invalid(other.0, format!("is not the same as {}", one.0)))
        }
        (first, second) => Ok(first.or(second)),
    }
}

/// Zeros stand for none.
fn optional_guid(field: &str, text: Option<&str>) -> Result<Option<Uuid>, Fault> {
    let id = text.map(|text| guid(field, text)).transpose()?;
    Ok(id.filter(|id| !id.is_nil()))
}

fn priority(value: &Value) -> Result<u8, Fault> {
    let number = match value {
        Value::Number(number) => number.as_u64().and_then(|number| u8::try_from(number).ok()),
        Value::String(text) => {
            let digits = text.trim();
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
        }
        _ => None,
    };
    number.ok_or_else(|| Fault::invalid("priority", "must be a whole number from 0 to 255"))
}

fn text(field: &str, text: Option<&str>) -> Result<Option<String>, Fault> {
    match text {
        Some(text) if text.contains('\0') => Err(Fault::invalid(field, "must not hold a NUL character")),
        text => Ok(text.map(str::to_owned)),
    }
}

/// The bytes of base64 that may be broken into lines. Whatever DER is behind it is a sequence.
fn pkcs10(text: &str) -> Option<Vec<u8>> {
    const SEQUENCE: u8 = 0x30;
    let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(compact).ok().filter(|der| der.first() == Some(&SEQUENCE))
}

#[cfg(test)]
#[path = "convert_write_tests.rs"]
mod tests;

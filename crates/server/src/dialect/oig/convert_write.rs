//! From what OIG is sent to the domain's orders, and from what the core says of them to the
//! documents' words.

use countersign_core::catalog::{EntityKey, EntityType};
use countersign_core::clock::Timestamp;
use countersign_core::error::Invalid;
use countersign_core::ids::{RequestNumber, parse_guid};
use countersign_core::lifecycle::{Edit, Refusal, TargetEdit};
use countersign_core::request::FormValue;
use countersign_core::service::{AccessOrder, Intent, Item, ServiceError, UserKey};

use super::wire_write as wire;
use super::wire_write::Text;
use crate::dialect::Fault;

/// Names of entity types beside the ones that are printed.
const OTHER_TYPES: [(&str, EntityType); 1] = [("AppInstance", EntityType::ApplicationInstance)];

/// What asks that something be taken away.
const TAKING: [&str; 2] = ["revoke", "remove"];

/// What is printed of an application whose form is empty; whoever sends it back fills nothing in.
const NO_FORM: &str = "appInstanceName";

/// What an element of POST asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Placing {
    /// A new request.
    Order(AccessOrder),
    /// That a draft be submitted.
    CheckOut(RequestNumber),
}

/// What an element of POST asks for.
pub(super) fn placing(new: &wire::CreateRequest) -> Result<Placing, Fault> {
    let saved = match new.action.as_deref() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("SUBMIT") => false,
        Some(word) if word.eq_ignore_ascii_case("SAVE") => true,
        Some(_) => return Err(Fault::invalid("action", "must be SAVE, which keeps a draft, or SUBMIT")),
    };
    if let Some(id) = &new.id {
        return check_out(new, id, saved);
    }
    let status = new.req_status.as_deref().unwrap_or_default().to_lowercase();
    let targets = new.req_target_entities.as_deref().unwrap_or_default();
    Ok(Placing::Order(AccessOrder {
        intent: intent(targets)?,
        beneficiaries: beneficiaries(new.req_beneficiary_list.as_deref().unwrap_or_default())?,
        items: (0..).zip(targets).map(|(at, target)| item(at, target)).collect::<Result<_, _>>()?,
        justification: new.req_justification.clone().filter(|text| !text.is_empty()),
        draft: saved || status.contains("draft"),
    }))
}

/// A draft is submitted as it is: what is changed with it would change unseen.
fn check_out(new: &wire::CreateRequest, id: &Text, saved: bool) -> Result<Placing, Fault> {
    let changes = [
        ("action", saved),
        ("reqJustification", new.req_justification.is_some()),
        ("reqBeneficiaryList", new.req_beneficiary_list.is_some()),
        ("reqTargetEntities", new.req_target_entities.is_some()),
    ];
    match changes.into_iter().find(|(_, changed)| *changed) {
        Some((member, _)) => Err(Fault::invalid(member, "a draft is submitted as it is; PUT changes it before")),
        None => number("id", Some(id)).map(Placing::CheckOut),
    }
}

/// The number of a request.
pub(super) fn number(field: &str, id: Option<&Text>) -> Result<RequestNumber, Fault> {
    let Some(Text(id)) = id else { return Err(Fault::invalid(field, "must name a request")) };
    id.parse().map_err(|error| Fault::invalid(field, format!("{error}")))
}

/// The numbers that may be meant by an element of DELETE (`spec/oig-requests.md` H-6).
pub(super) fn either_number(element: &wire::WithdrawRequest) -> Result<Vec<RequestNumber>, Fault> {
    let (id, other) = (number("id", element.id.as_ref()), number("requestId", element.request_id.as_ref()));
    match (id, other) {
        (Ok(id), Ok(other)) if id != other => Ok(vec![id, other]),
        (Ok(number), _) | (_, Ok(number)) => Ok(vec![number]),
        (Err(fault), Err(_)) => Err(fault),
    }
}

/// New values for what a request asks for.
pub(super) fn edit(element: &wire::UpdateRequest) -> Result<Edit, Fault> {
    let targets = element.req_target_entities.as_deref().unwrap_or_default();
    Ok(Edit {
        justification: element.req_justification.clone(),
        targets: (0..).zip(targets).map(|(at, target)| target_edit(at, target)).collect::<Result<_, _>>()?,
        answers: Vec::new(),
    })
}

/// A fault in the documents' words for the members of the input. What the caller did not send
/// cannot be wrong with the input: then the rules forbid it.
pub(super) fn fault(error: ServiceError) -> Fault {
    match error {
        ServiceError::Invalid(invalid) | ServiceError::Refused(Refusal::Invalid(invalid)) => {
            match invalid.field.as_str() {
                "approvers" => Fault::Forbidden(invalid.reason.into()),
                field => Fault::Invalid(Invalid::new(member(field), invalid.reason)),
            }
        }
        other => other.into(),
    }
}

/// What the documents call a member of the core's.
fn member(core: &str) -> String {
    let (word, place) = core.split_at(core.find(['[', '.']).unwrap_or(core.len()));
    let (index, part) = place.split_at(place.find('.').unwrap_or(place.len()));
    let word = match word {
        "beneficiaries" => "reqBeneficiaryList",
        "targets" | "answers" | "datacollection" => "reqTargetEntities",
        "justification" => "reqJustification",
        other => other,
    };
    let part = match part {
        ".start" => ".startDate",
        ".end" => ".endDate",
        ".account" => ".parentAccountId",
        other => other,
    };
    format!("{word}{index}{part}")
}

fn intent(targets: &[wire::NewTarget]) -> Result<Intent, Fault> {
    let mut takes = Vec::with_capacity(targets.len());
    for (at, target) in targets.iter().enumerate() {
        let word = target.action.as_deref();
        if word.is_some_and(|word| !TAKING.iter().any(|taking| taking.eq_ignore_ascii_case(word))) {
            let field = format!("reqTargetEntities[{at}].action");
            return Err(Fault::invalid(&field, format!("must be {}, or absent", TAKING.join(" or "))));
        }
        takes.push(word.is_some());
    }
    match (takes.contains(&true), takes.contains(&false)) {
        (true, true) => {
            Err(Fault::invalid("reqTargetEntities", "one request gives things, or takes things away; not both"))
        }
        (true, false) => Ok(Intent::Take),
        _ => Ok(Intent::Give),
    }
}

fn beneficiaries(list: &[wire::BeneficiaryRef]) -> Result<Vec<UserKey>, Fault> {
    let user = |(at, beneficiary): (usize, &wire::BeneficiaryRef)| {
        let number = beneficiary.id.0.parse();
        number
            .map(UserKey::Number)
            .map_err(|error| Fault::invalid(&format!("reqBeneficiaryList[{at}].id"), format!("{error}")))
    };
    list.iter().enumerate().map(user).collect()
}

fn item(at: usize, target: &wire::NewTarget) -> Result<Item, Fault> {
    let (entity_type, entity_key) = entity(at, &target.entity_type, &target.entity_id)?;
    let written = Written::read(
        at,
        entity_type,
        [&target.app_form_data, &target.attributes, &target.fields],
        [target.start_date.as_deref(), target.end_date.as_deref()],
        date,
    )?;
    let account = target.parent_account_id.as_ref().map(|Text(account)| account.clone());
    Ok(Item {
        entity_type,
        entity_key,
        account: account.filter(|account| !account.is_empty()),
        start: written.start,
        end: written.end,
        form: written.form,
    })
}

fn target_edit(at: usize, target: &wire::EditedTarget) -> Result<TargetEdit, Fault> {
    let (entity_type, entity_key) = entity(at, &target.entity_type, &target.entity_id)?;
    let written = Written::read(
        at,
        entity_type,
        [&target.app_form_data, &target.attributes, &target.fields],
        [target.start_date.as_deref(), target.end_date.as_deref()],
        other_date,
    )?;
    Ok(TargetEdit { entity_type, entity_key, start: written.start, end: written.end, form: written.form })
}

/// The type and the key of an entity; the GUID of a template in its one spelling.
fn entity(at: usize, entity_type: &str, Text(key): &Text) -> Result<(EntityType, EntityKey), Fault> {
    let printed = EntityType::ALL.iter().map(|known| (known.name(), *known));
    let found = printed.chain(OTHER_TYPES).find(|(name, _)| name.eq_ignore_ascii_case(entity_type));
    let Some((_, entity_type)) = found else {
        let reason = "must be AppInstance, ApplicationInstance, Entitlement, Role or ProfileTemplate";
        return Err(Fault::invalid(&format!("reqTargetEntities[{at}].entityType"), reason));
    };
    let template = if entity_type == EntityType::ProfileTemplate { parse_guid(key) } else { None };
    let key = template.map_or_else(|| key.clone(), |id| id.to_string());
    let key = EntityKey::try_from(key).map_err(|why| Fault::invalid(&format!("reqTargetEntities[{at}].entityId"), why));
    Ok((entity_type, key?))
}

/// The dates of a target and the rest of its form.
struct Written {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    form: Vec<FormValue>,
}

impl Written {
    /// Dates stand beside the form or in it (`spec/oig-requests.md` B.7, B.9); a template's form has
    /// none, only questions.
    fn read(
        at: usize,
        entity_type: EntityType,
        forms: [&Option<Vec<wire::FormEntry>>; 3],
        [start, end]: [Option<&str>; 2],
        date: fn(&str, Option<&str>) -> Result<Option<Timestamp>, Fault>,
    ) -> Result<Self, Fault> {
        let place = |member: &str| format!("reqTargetEntities[{at}].{member}");
        let mut written =
            Self { start: date(&place("startDate"), start)?, end: date(&place("endDate"), end)?, form: Vec::new() };
        for entry in forms.into_iter().flatten().flatten() {
            let value = entry.value.as_ref().map_or("", |Text(value)| value);
            let slot = match entry.name.as_str() {
                _ if entity_type == EntityType::ProfileTemplate => None,
                name if name.eq_ignore_ascii_case("startDate") => Some(("startDate", &mut written.start)),
                name if name.eq_ignore_ascii_case("endDate") => Some(("endDate", &mut written.end)),
                _ => None,
            };
            match slot {
                Some((member, slot)) => *slot = slot.or(date(&place(member), Some(value))?),
                None if entry.name == NO_FORM && entity_type == EntityType::ApplicationInstance => {}
                None => written.enter(&place("appFormData"), &entry.name, value)?,
            }
        }
        Ok(written)
    }

    fn enter(&mut self, place: &str, name: &str, value: &str) -> Result<(), Fault> {
        if name.trim().is_empty() {
            return Err(Fault::invalid(place, "has a field without a name"));
        }
        if self.form.iter().any(|known| known.name == name) {
            return Err(Fault::invalid(place, format!("has the field {name} twice")));
        }
        self.form.push(FormValue { name: name.to_owned(), value: value.to_owned() });
        Ok(())
    }
}

/// No text is no date.
fn date(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, Fault> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let date = Timestamp::parse(text);
    date.map(Some).ok_or_else(|| Fault::invalid(field, "must be a time like 2019-06-20T01:30:00Z, with Z or an offset"))
}

/// An edit gives another date. An empty one, taken for none, would seem to have taken it away.
fn other_date(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, Fault> {
    if text.is_some_and(|text| text.trim().is_empty()) {
        return Err(Fault::invalid(field, "is empty: an edit gives another date, and takes none away"));
    }
    date(field, text)
}

#[cfg(test)]
#[path = "convert_write_tests.rs"]
mod tests;

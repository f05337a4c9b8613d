//! The answers to what a template's policy asks (`spec/mim-cm.md` D.5).

use super::Workflow;
use crate::catalog::EntityType;
use crate::directory::DirectoryVersion;
use crate::error::RepositoryError;
use crate::ids::{TemplateId, parse_guid};
use crate::lifecycle::{Answer, Decided, Edit, RequestEvent};
use crate::request::{DataItem, Request, Target};
use crate::service::ServiceError;
use crate::template::{CertificateOperation, DataProvider, ProfileTemplate, WorkflowPolicy};

impl Workflow {
    /// The template that a target names.
    pub(super) async fn template_of(&self, target: &Target) -> Result<Option<ProfileTemplate>, RepositoryError> {
        let Some(id) = parse_guid(target.entity_key.as_str()).map(TemplateId::from) else { return Ok(None) };
        Ok(self.repository.templates(&[id], None).await?.into_iter().next())
    }

    /// Whether the templates among several targets have the answers that they need.
    pub(super) async fn check_forms(&self, targets: &[Target]) -> Result<(), ServiceError> {
        for (at, target) in targets.iter().enumerate() {
            if target.entity_type != EntityType::ProfileTemplate {
                continue;
            }
            let template = self.template_of(target).await?;
            let policy = template.as_ref().and_then(|it| it.enabled_policy(CertificateOperation::Enroll.policy()));
            let Some(policy) = policy else { continue };
            let items = data_items(policy, &answers(target));
            if let Some(name) = unanswered(policy, &items, DataProvider::Subscriber) {
                return Err(ServiceError::invalid(format!("targets[{at}].form"), format!("must answer {name}")));
            }
        }
        Ok(())
    }

    /// An edit must not take an answer away that the request cannot do without.
    pub(super) async fn check_edited(&self, request: &Request, edit: &Edit) -> Result<(), ServiceError> {
        let Some(certificate) = request.certificate().filter(|_| !edit.answers.is_empty()) else { return Ok(()) };
        let template = self.repository.templates(&[certificate.template], None).await?.into_iter().next();
        let kind = certificate.operation.policy();
        let Some(policy) = template.as_ref().and_then(|template| template.enabled_policy(kind)) else { return Ok(()) };
        let mut items = certificate.data_items.clone();
        for answer in &edit.answers {
            for item in items.iter_mut().filter(|item| item.name.to_lowercase() == answer.name.to_lowercase()) {
                item.value = Some(answer.value.clone());
            }
        }
        check_answers(policy, &items)
    }

    /// What asks the certificate manager is answered when the approval is complete, at the latest.
    pub(super) async fn check_approved(
        &self,
        decided: &Decided,
        since: Option<DirectoryVersion>,
    ) -> Result<(), ServiceError> {
        let approved = decided.events.iter().any(|event| matches!(event, RequestEvent::Approved { .. }));
        let Some(certificate) = decided.after.certificate().filter(|_| approved) else { return Ok(()) };
        let template = self.repository.templates(&[certificate.template], since).await?.into_iter().next();
        let kind = certificate.operation.policy();
        let Some(policy) = template.as_ref().and_then(|template| template.enabled_policy(kind)) else { return Ok(()) };
        match unanswered(policy, &certificate.data_items, DataProvider::CertificateManager) {
            None => Ok(()),
            Some(name) => Err(ServiceError::invalid("answers", format!("must answer {name}"))),
        }
    }
}

/// The policy's questions with the answers: what was sent counts as the subscriber's (`spec/mim-cm.md` D.5).
pub(super) fn data_items(policy: &WorkflowPolicy, answers: &[Answer]) -> Vec<DataItem> {
    let item = |definition: &crate::template::DataItemDefinition| {
        let wanted = definition.name.to_lowercase();
        let own = definition.provider == DataProvider::Subscriber;
        let answer = answers.iter().rev().find(|answer| own && answer.name.to_lowercase() == wanted);
        let value = answer.map(|answer| answer.value.clone()).or_else(|| definition.default_value.clone());
        DataItem { name: definition.name.clone(), value, provider: definition.provider }
    };
    policy.data_items.iter().map(item).collect()
}

/// What the form of a target answers.
pub(super) fn answers(target: &Target) -> Vec<Answer> {
    let entries = target.form.iter();
    entries.map(|entry| Answer { name: entry.name.clone(), value: entry.value.clone() }).collect()
}

pub(super) fn check_answers(policy: &WorkflowPolicy, items: &[DataItem]) -> Result<(), ServiceError> {
    match unanswered(policy, items, DataProvider::Subscriber) {
        None => Ok(()),
        Some(name) => Err(ServiceError::invalid("datacollection", format!("must answer {name}"))),
    }
}

/// The question to `provider` that must be answered and is not.
fn unanswered<'a>(policy: &WorkflowPolicy, items: &'a [DataItem], provider: DataProvider) -> Option<&'a str> {
    let required = |item: &&DataItem| {
        item.provider == provider
            && item.value.as_deref().is_none_or(|value| value.trim().is_empty())
            && policy.data_items.iter().any(|definition| definition.name == item.name && definition.required)
    };
    items.iter().find(required).map(|item| item.name.as_str())
}

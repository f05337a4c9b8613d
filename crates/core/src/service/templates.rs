//! Reading profile templates and their policies.

use std::sync::Arc;

use super::ServiceError;
use crate::directory::Caller;
use crate::ids::TemplateId;
use crate::repository::Repository;
use crate::template::{PolicyKind, ProfileTemplate, WorkflowPolicy};

/// How many templates are read at a time.
const PAGE: usize = 128;

/// Reads profile templates.
#[derive(Clone)]
pub struct Templates {
    repository: Arc<dyn Repository>,
}

impl Templates {
    /// The service over `repository`.
    pub fn new(repository: Arc<dyn Repository>) -> Self {
        Self { repository }
    }

    /// The templates that the caller may enroll for, by name, then id (`spec/mim-cm.md` E.4).
    pub async fn enrollable(&self, caller: &Caller) -> Result<Vec<ProfileTemplate>, ServiceError> {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = self.repository.template_page(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            found.extend(page.into_iter().filter(|template| may_enroll(template, caller)));
        }
        found.sort_unstable_by(|one, other| one.name.cmp(&other.name).then(one.id.cmp(&other.id)));
        Ok(found)
    }

    /// One template: unknown is `NotFound`, unreadable is `Forbidden`.
    pub async fn template(&self, caller: &Caller, id: TemplateId) -> Result<ProfileTemplate, ServiceError> {
        let found = self.repository.templates(&[id], Some(caller.directory)).await?.pop();
        let template = found.ok_or(ServiceError::NotFound)?;
        if template.readers.includes(caller) {
            Ok(template)
        } else {
            Err(ServiceError::forbidden("you may not read this profile template"))
        }
    }

    /// The policy of `kind` of a template that the caller may read, enabled or not; one that the
    /// template does not have is `NotFound`.
    pub async fn policy(
        &self,
        caller: &Caller,
        id: TemplateId,
        kind: PolicyKind,
    ) -> Result<WorkflowPolicy, ServiceError> {
        let policies = self.template(caller, id).await?.policies;
        policies.into_iter().find(|policy| policy.policy == kind).ok_or(ServiceError::NotFound)
    }
}

/// Whether the caller may read `template`, may enroll for it, and may ask for that: because the
/// owner may, or as an initiator.
fn may_enroll(template: &ProfileTemplate, caller: &Caller) -> bool {
    template.readers.includes(caller)
        && template.enrollers.includes(caller)
        && template
            .enabled_policy(PolicyKind::Enroll)
            .is_some_and(|policy| policy.self_service || caller.is_among(&policy.initiators))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::directory::DirectoryVersion;
    use crate::ids::{PrincipalId, Revision, UserNumber};
    use crate::template::{Audience, TemplateKind};

    const GROUP: u128 = 2;

    fn principal(id: u128) -> PrincipalId {
        Uuid::from_u128(id).into()
    }

    fn caller() -> Caller {
        Caller {
            user: Uuid::from_u128(1).into(),
            number: UserNumber::try_from(1).unwrap(),
            login: "someone".to_owned().try_into().unwrap(),
            principals: vec![principal(1), principal(GROUP)],
            represents: Vec::new(),
            directory: DirectoryVersion::default(),
        }
    }

    /// A template for which everybody may enroll.
    fn template() -> ProfileTemplate {
        let enroll = serde_json::from_str(r#"{"policy":"enroll","enabled":true,"selfService":true}"#).unwrap();
        ProfileTemplate {
            id: Uuid::from_u128(9).into(),
            name: "Template".to_owned(),
            description: String::new(),
            template_kind: TemplateKind::Software,
            version: 1,
            readers: Audience::Everyone,
            enrollers: Audience::Everyone,
            policies: vec![enroll],
            revision: Revision::FIRST,
        }
    }

    fn allowed(change: impl FnOnce(&mut ProfileTemplate)) -> bool {
        let mut template = template();
        change(&mut template);
        may_enroll(&template, &caller())
    }

    #[test]
    fn enrolling_takes_reading_and_the_right_to_enroll() {
        let strangers = || Audience::Principals(vec![principal(3)]);
        let members = || Audience::Principals(vec![principal(3), principal(GROUP)]);
        assert!(allowed(|_| ()));
        assert!(allowed(|template| (template.readers, template.enrollers) = (members(), members())));
        assert!(!allowed(|template| template.readers = strangers()));
        assert!(!allowed(|template| template.enrollers = strangers()));
    }

    #[test]
    fn enrolling_takes_a_policy_that_is_enabled() {
        assert!(!allowed(|template| template.policies[0].enabled = false));
        assert!(!allowed(|template| template.policies[0].policy = PolicyKind::Renew));
        assert!(!allowed(|template| template.policies.clear()));
    }

    #[test]
    fn without_self_service_initiators_alone_may_enroll() {
        let assisted = |initiator| {
            allowed(|template| {
                template.policies[0].self_service = false;
                template.policies[0].initiators = vec![principal(initiator)];
            })
        };
        assert!(assisted(1) && assisted(GROUP));
        assert!(!assisted(3));
    }
}

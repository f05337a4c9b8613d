//! Placing a request for certificates or a card (`spec/mim-cm.md` A.2, D, E.4).

use super::access::check_planned;
use super::answers::{answers, check_answers, data_items};
use super::batch::Batch;
use super::guard::Guard;
use super::order::{CertificateOrder, Via};
use super::plan::Planner;
use super::{TRIES, Workflow};
use crate::catalog::EntityType;
use crate::clock::Timestamp;
use crate::directory::{Caller, User, UserStatus};
use crate::event::Channel;
use crate::ids::{ProfileId, RequestNumber, SmartcardId, TemplateId, UserId};
use crate::lifecycle::Actor;
use crate::operations::{is_for, right_for};
use crate::profile::Profile;
use crate::repository::NumberSpace;
use crate::request::{CertificateRequest, Request, RequestDetails, RequestState, Target};
use crate::service::ServiceError;
use crate::service::tools::request_number;
use crate::template::{CertificateOperation, ProfileTemplate, WorkflowPolicy};

/// What an operation acts on.
struct Subject {
    template: TemplateId,
    profile: Option<Profile>,
    smartcard: Option<SmartcardId>,
}

impl Workflow {
    /// Places a certificate request; answers with the request as it is then.
    pub async fn place_certificate(
        &self,
        caller: &Caller,
        order: &CertificateOrder,
        via: &Via,
    ) -> Result<Request, ServiceError> {
        let guard = Guard::of(caller, via, order)?;
        guard.once(&*self.repository, self.place_certificate_once(caller, order, via, &guard)).await
    }

    pub(super) async fn place_certificate_once(
        &self,
        caller: &Caller,
        order: &CertificateOrder,
        via: &Via,
        guard: &Guard<'_>,
    ) -> Result<Request, ServiceError> {
        for _ in 0..TRIES {
            let mut batch: Batch = self.batch(Some(caller.user), via.channel);
            let request = self.certificate_request(caller, order, via.channel, batch.now).await?;
            let request = self.create(&mut batch, request, Actor::Person(caller)).await?;
            if let Some(done) = self.land(batch, request, guard).await? {
                return Ok(done);
            }
        }
        Err(ServiceError::Contended)
    }

    /// The request that an order asks for, or why it may not be asked for.
    pub(super) async fn certificate_request(
        &self,
        caller: &Caller,
        order: &CertificateOrder,
        channel: Channel,
        now: Timestamp,
    ) -> Result<Request, ServiceError> {
        let subject = self.subject(order).await?;
        let templates = self.repository.templates(&[subject.template], Some(caller.directory)).await?;
        let template = templates.into_iter().next().filter(|template| template.readers.includes(caller));
        let template =
            template.ok_or_else(|| ServiceError::forbidden("profiletemplateuuid: there is no such template"))?;
        let target = self.target_user(caller, order, subject.profile.as_ref()).await?;
        let policy = self.authorised_policy(caller, order, &template, &target).await?;
        check_subject(order.operation, &template, &subject, target.id)?;
        self.check_unopened(order.operation, &subject).await?;
        let data_items = data_items(policy, &order.answers);
        check_answers(policy, &data_items)?;
        let administrators = self.repository.administrators(None).await?;
        let stages = if order.draft { Vec::new() } else { Planner::certificate(policy, administrators) };
        check_planned(&stages)?;
        let certificate = CertificateRequest {
            priority: order.priority.unwrap_or(policy.default_priority),
            comment: order.comment.clone(),
            data_items,
            old_profile: subject.profile.as_ref().map(|profile| profile.id),
            new_profile: subject.profile.as_ref().filter(|_| keeps(order.operation)).map(|profile| profile.id),
            old_smartcard: subject.smartcard,
            new_smartcard: subject.smartcard.filter(|_| keeps(order.operation)),
            ..from_policy(order.operation, &template, Some(policy), target.id)
        };
        let number = self.numbers.take(&*self.repository, NumberSpace::Requests, 1, 0).await?;
        let details = RequestDetails::Certificate(certificate);
        Ok(Request {
            stages,
            justification: order.justification.clone(),
            state: if order.draft { RequestState::Draft } else { RequestState::Submitted },
            ..self.blank(caller.user, request_number(number)?, details, channel, now)
        })
    }

    /// The child for a template among the targets of an access request that was approved as a
    /// whole, and what stands in its way by then.
    pub(super) async fn certificate_child(
        &self,
        parent: &Request,
        (user, target): (UserId, &Target),
        number: RequestNumber,
        now: Timestamp,
    ) -> Result<(Request, Option<String>), ServiceError> {
        let template = self.template_of(target).await?;
        let template = template.ok_or_else(|| ServiceError::invalid("targets", "there is no such template"))?;
        let operation = CertificateOperation::Enroll;
        let policy = template.enabled_policy(operation.policy());
        let administrators = self.repository.administrators(None).await?;
        let stages = policy.map(|policy| Planner::certificate(policy, administrators)).unwrap_or_default();
        let mut certificate = from_policy(operation, &template, policy, user);
        let fault = match policy {
            Some(policy) => {
                certificate.data_items = data_items(policy, &answers(target));
                check_answers(policy, &certificate.data_items).err().map(|refused| refused.to_string())
            }
            // Without its policy nobody would be asked.
            None => Some("the template does not offer Enroll any more".to_owned()),
        };
        let details = RequestDetails::Certificate(certificate);
        Ok((Request { stages, ..self.blank(parent.originator, number, details, parent.channel, now) }, fault))
    }

    /// Whether what a draft asks for may still be asked for.
    pub(super) async fn recheck_certificate(
        &self,
        caller: &Caller,
        certificate: &CertificateRequest,
    ) -> Result<(), ServiceError> {
        let order = CertificateOrder {
            operation: certificate.operation,
            template: Some(certificate.template),
            profile: certificate.old_profile,
            smartcard: certificate.old_smartcard,
            target: Some(certificate.target),
            priority: None,
            comment: String::new(),
            answers: Vec::new(),
            justification: None,
            draft: false,
        };
        let subject = self.subject(&order).await?;
        let templates = self.repository.templates(&[subject.template], Some(caller.directory)).await?;
        let template = templates.into_iter().next().filter(|template| template.readers.includes(caller));
        let template = template.ok_or_else(|| ServiceError::forbidden("there is no such template any more"))?;
        let target = self.target_user(caller, &order, subject.profile.as_ref()).await?;
        let policy = self.authorised_policy(caller, &order, &template, &target).await?;
        check_subject(order.operation, &template, &subject, target.id)?;
        self.check_unopened(order.operation, &subject).await?;
        check_answers(policy, &certificate.data_items)
    }

    async fn subject(&self, order: &CertificateOrder) -> Result<Subject, ServiceError> {
        let mut profile = match order.profile {
            Some(id) => Some(self.existing_profile(id).await?),
            None => None,
        };
        let mut smartcard = profile.as_ref().and_then(|profile| profile.smartcard);
        if let Some(id) = order.smartcard {
            let card = self.repository.smartcard(id).await?;
            let card = card.ok_or_else(|| ServiceError::forbidden("smartcard: there is no such card"))?;
            smartcard = Some(card.id);
            profile = match profile {
                Some(profile) => Some(profile),
                None => self.repository.profile_of_card(id).await?,
            };
            if profile.as_ref().is_some_and(|profile| profile.smartcard != smartcard) {
                return Err(ServiceError::forbidden("profile: does not lie on the card"));
            }
        }
        let known = profile.as_ref().map(|profile| profile.template);
        let template = match (order.template, known) {
            (Some(named), Some(known)) if named != known => {
                return Err(ServiceError::forbidden("profiletemplateuuid: is not the template of the profile or card"));
            }
            (Some(named), _) => named,
            (None, Some(known)) => known,
            (None, None) => return Err(ServiceError::invalid("profiletemplateuuid", "must name a template")),
        };
        Ok(Subject { template, profile, smartcard })
    }

    async fn existing_profile(&self, id: ProfileId) -> Result<Profile, ServiceError> {
        let profile = self.repository.profile(id).await?;
        profile.ok_or_else(|| ServiceError::forbidden("profile: there is no such profile"))
    }

    /// For whom: who is named, else who has the profile, else the caller.
    async fn target_user(
        &self,
        caller: &Caller,
        order: &CertificateOrder,
        profile: Option<&Profile>,
    ) -> Result<User, ServiceError> {
        let owner = profile.map(|profile| profile.assigned_user);
        let id = order.target.or(owner).unwrap_or(caller.user);
        let user = self.repository.user(id).await?.filter(|user| user.status == UserStatus::Active);
        user.ok_or_else(|| ServiceError::forbidden("target: there is no such user, or the user is disabled"))
    }

    /// The policy of the operation, if the caller may ask for it (`spec/mim-cm.md` E.4, decision 4).
    async fn authorised_policy<'a>(
        &self,
        caller: &Caller,
        order: &CertificateOrder,
        template: &'a ProfileTemplate,
        target: &User,
    ) -> Result<&'a WorkflowPolicy, ServiceError> {
        let operation = order.operation;
        let offered = template.enabled_policy(operation.policy());
        let policy = offered.ok_or_else(|| {
            ServiceError::forbidden(format!("type: the template does not offer {}", operation.name()))
        })?;
        let enrolls = matches!(operation, CertificateOperation::Enroll | CertificateOperation::TemporaryCardEnroll);
        let initiator = caller.is_among(&policy.initiators);
        if target.id == caller.user {
            if enrolls && !template.enrollers.includes(caller) {
                return Err(ServiceError::forbidden("you may not enroll for this template"));
            }
            if operation == CertificateOperation::RecoverOnBehalf {
                return Err(ServiceError::forbidden("target: recovery on behalf is for somebody else's profile"));
            }
            return if policy.self_service || initiator {
                Ok(policy)
            } else {
                Err(ServiceError::forbidden("the template's policy offers no self-service"))
            };
        }
        let right = right_for(operation);
        if initiator && self.repository.rights_over(&caller.principals, target.id).await?.contains(&right) {
            return Ok(policy);
        }
        let rules = self.repository.request_rules().await?;
        if self.rule_allows(caller, target, EntityType::ProfileTemplate, &rules).await? {
            return Ok(policy);
        }
        Err(ServiceError::forbidden(format!("target: you may not request {} for this user", operation.name())))
    }

    async fn check_unopened(&self, operation: CertificateOperation, subject: &Subject) -> Result<(), ServiceError> {
        let Some(profile) = &subject.profile else { return Ok(()) };
        let open = self.repository.open_operations(&[profile.id]).await?;
        if open.iter().any(|(_, other)| *other == operation) {
            return Err(ServiceError::forbidden(format!(
                "type: a request of type {} is open already",
                operation.name()
            )));
        }
        Ok(())
    }
}

/// Whether the operation leaves the profile and the card as they are: New is Old (`spec/mim-cm.md` D.4).
pub(super) const fn keeps(operation: CertificateOperation) -> bool {
    use CertificateOperation as Op;
    matches!(
        operation,
        Op::Disable
            | Op::Retire
            | Op::SuspendOrReinstate
            | Op::Unblock
            | Op::OfflineUnblock
            | Op::OnlineUpdate
            | Op::TemporaryCardRetire
            | Op::TemporaryCardDisable
    )
}

/// Whether the operation acts on a profile or card that is there.
const fn needs_subject(operation: CertificateOperation) -> bool {
    !matches!(operation, CertificateOperation::Enroll | CertificateOperation::TemporaryCardEnroll)
}

fn check_subject(
    operation: CertificateOperation,
    template: &ProfileTemplate,
    subject: &Subject,
    target: UserId,
) -> Result<(), ServiceError> {
    let Some(profile) = &subject.profile else {
        return if needs_subject(operation) {
            let member = if template.template_kind.is_smartcard() { "smartcard" } else { "profile" };
            Err(ServiceError::invalid(member, format!("{} is about one that is there", operation.name())))
        } else {
            Ok(())
        };
    };
    if !needs_subject(operation) {
        return Err(ServiceError::invalid("profile", format!("{} makes a new one", operation.name())));
    }
    if operation != CertificateOperation::RecoverOnBehalf && profile.assigned_user != target {
        return Err(ServiceError::forbidden("target: is not who has the profile or card"));
    }
    if !is_for(profile, operation) {
        let status = profile.status.name();
        return Err(ServiceError::forbidden(format!(
            "type: {} is not for a profile that is {status}",
            operation.name()
        )));
    }
    Ok(())
}

fn from_policy(
    operation: CertificateOperation,
    template: &ProfileTemplate,
    policy: Option<&WorkflowPolicy>,
    target: UserId,
) -> CertificateRequest {
    CertificateRequest {
        operation,
        template: template.id,
        smartcard: template.template_kind.is_smartcard(),
        agent_required: policy.is_some_and(|policy| policy.agent_required),
        target,
        priority: policy.map_or(0, |policy| policy.default_priority),
        comment: String::new(),
        data_items: Vec::new(),
        old_profile: None,
        new_profile: None,
        old_smartcard: None,
        new_smartcard: None,
        agents: policy.map(|policy| policy.agents.clone()).unwrap_or_default(),
        auditors: policy.map(|policy| policy.auditors.clone()).unwrap_or_default(),
        security_descriptor: None,
    }
}

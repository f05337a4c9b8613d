//! What a completed request changes besides itself: grants, profiles, cards.

use super::Workflow;
use super::batch::Batch;
use super::certificate::keeps;
use super::holdings::lies_in;
use super::split::single;
use crate::catalog::{EntityType, FulfilmentMethod};
use crate::clock::Timestamp;
use crate::error::RepositoryError;
use crate::grant::{Grant, GrantStatus};
use crate::ids::{GrantNumber, NotANumber, ProfileId, Revision, SmartcardId, TemplateId, UserId};
use crate::lifecycle::{RequestEvent, apply};
use crate::profile::{Profile, ProfileStatus, Smartcard, SmartcardStatus, flags};
use crate::repository::{AggregateChange, NumberSpace};
use crate::request::{AccessOperation, CertificateRequest, Request, RequestDetails, Target};
use crate::service::tools::exhausted;
use crate::template::CertificateOperation;

impl Workflow {
    /// Adds the effects of a request that `events` have completed; gives it back with what they
    /// add to it.
    pub(super) async fn effects(
        &self,
        batch: &mut Batch,
        mut request: Request,
        mut events: Vec<RequestEvent>,
    ) -> Result<(Request, Vec<RequestEvent>), RepositoryError> {
        match &request.details {
            RequestDetails::Access(access) => {
                if let Some((user, target)) = single(&request) {
                    let operation = access.operation;
                    let target = target.clone();
                    self.access_effects(batch, &request, operation, (user, &target)).await?;
                }
            }
            RequestDetails::Certificate(certificate) => {
                let certificate = certificate.clone();
                if let Some(bound) = self.certificate_effects(batch, &request, &certificate).await? {
                    apply(&mut request, &bound, batch.now);
                    let end = events.iter().position(|event| matches!(event, RequestEvent::Ended { .. }));
                    events.insert(end.unwrap_or(events.len()), bound);
                }
            }
        }
        Ok((request, events))
    }

    async fn access_effects(
        &self,
        batch: &mut Batch,
        request: &Request,
        operation: AccessOperation,
        (user, target): (UserId, &Target),
    ) -> Result<(), RepositoryError> {
        use AccessOperation as Op;
        let held = self.repository.grants_of(user, Some(target.entity_type), Some(&target.entity_key)).await?;
        let meant = held.into_iter().filter(|grant| grant.status != GrantStatus::Ended && lies_in(grant, target));
        let meant: Vec<Grant> = meant.collect();
        // One whose removal has begun is not given any longer, and taken away before any that was given after it.
        let given = |meant: Vec<Grant>| meant.into_iter().rfind(|grant| grant.status != GrantStatus::Ending);
        let current = |meant: Vec<Grant>| meant.into_iter().max_by_key(|grant| grant.status == GrantStatus::Ending);
        match operation {
            Op::AssignRoles | Op::ProvisionApplicationInstance | Op::ProvisionEntitlement | Op::ModifyRoleGrant => {
                match given(meant).filter(|_| target.entity_type != EntityType::ApplicationInstance) {
                    Some(grant) if operation == Op::ModifyRoleGrant => redate(batch, grant, target.end),
                    Some(grant) => prolong(batch, grant, target.end),
                    None => self.give(batch, request, user, target).await?,
                }
            }
            Op::RemoveRoles | Op::RevokeEntitlement => {
                current(meant).into_iter().for_each(|grant| end(batch, grant));
            }
            Op::RevokeAccount => {
                if let Some(account) = current(meant) {
                    self.end_inside(batch, &account).await?;
                    end(batch, account);
                }
            }
            Op::DisableAccount => {
                given(meant).into_iter().for_each(|grant| switch(batch, grant, GrantStatus::Disabled));
            }
            Op::EnableAccount => given(meant).into_iter().for_each(|grant| switch(batch, grant, GrantStatus::Active)),
            _ => {}
        }
        Ok(())
    }

    /// Takes the entitlements away that lie in an account, because it is taken away.
    pub(super) async fn end_inside(&self, batch: &mut Batch, account: &Grant) -> Result<(), RepositoryError> {
        if account.entity_type != EntityType::ApplicationInstance {
            return Ok(());
        }
        let entitlements = self.repository.grants_of(account.user, Some(EntityType::Entitlement), None).await?;
        let inside = |grant: &Grant| grant.account == Some(account.number) && grant.status != GrantStatus::Ended;
        entitlements.into_iter().filter(inside).for_each(|grant| end(batch, grant));
        Ok(())
    }

    async fn give(
        &self,
        batch: &mut Batch,
        request: &Request,
        user: UserId,
        target: &Target,
    ) -> Result<(), RepositoryError> {
        let number = self.numbers.take(&*self.repository, NumberSpace::Grants, 1, 0).await?;
        let now = batch.now;
        // A start date that is past means now; an end date that is past takes the grant away at once, or has
        // whoever gave it asked to.
        let over = target.end.is_some_and(|end| end <= now) && self.is_immediate(target).await?;
        let grant = Grant {
            id: self.tools.randomness.id(now).into(),
            number: GrantNumber::try_from(number).map_err(|NotANumber| exhausted())?,
            user,
            entity_type: target.entity_type,
            entity_key: target.entity_key.clone(),
            account: self.account_for(user, target).await?,
            status: if over { GrantStatus::Ended } else { GrantStatus::Active },
            start: now,
            end: target.end.map(|end| end.max(now)),
            request: Some(request.id),
            revision: Revision::FIRST,
        };
        let events = vec![batch.state_event(true, &grant)];
        batch.change.grants.push(AggregateChange::new(grant, events));
        Ok(())
    }

    async fn is_immediate(&self, target: &Target) -> Result<bool, RepositoryError> {
        let item = self.repository.catalog_item(target.entity_type, &target.entity_key).await?;
        Ok(self.fulfilment_of(item.as_ref()) == FulfilmentMethod::Immediate)
    }

    /// The account that receives an entitlement: the one that was named, else the user's oldest one
    /// of its application.
    async fn account_for(&self, user: UserId, target: &Target) -> Result<Option<GrantNumber>, RepositoryError> {
        if target.entity_type != EntityType::Entitlement {
            return Ok(None);
        }
        if let Some(named) = &target.parent_account {
            return Ok(named.parse().ok());
        }
        let item = self.repository.catalog_item(target.entity_type, &target.entity_key).await?;
        let Some(application) = item.and_then(|item| item.application) else { return Ok(None) };
        let accounts =
            self.repository.grants_of(user, Some(EntityType::ApplicationInstance), Some(&application)).await?;
        Ok(accounts.into_iter().find(|grant| grant.status == GrantStatus::Active).map(|grant| grant.number))
    }

    /// Changes profiles and cards as `spec/mim-cm.md` D.4 says; what is made is bound to the request.
    async fn certificate_effects(
        &self,
        batch: &mut Batch,
        request: &Request,
        certificate: &CertificateRequest,
    ) -> Result<Option<RequestEvent>, RepositoryError> {
        if keeps(certificate.operation) {
            self.change_old(batch, certificate).await?;
            return Ok(None);
        }
        let old = match certificate.old_profile {
            Some(id) => self.repository.profile(id).await?,
            None => None,
        };
        let version = self.template_version(certificate.template).await?;
        let mut profile = new_profile(self.tools.randomness.id(batch.now).into(), certificate, version, batch.now);
        match certificate.operation {
            CertificateOperation::Renew | CertificateOperation::Recover => {
                profile.parent = certificate.old_profile;
                if let Some(old) = old {
                    replace(batch, old, certificate.operation);
                }
            }
            CertificateOperation::Duplicate => {
                profile.primary = certificate.old_profile;
                profile.flags = flags::DUPLICATE;
            }
            CertificateOperation::RecoverOnBehalf => {
                profile.parent = certificate.old_profile;
                profile.assigned_user = request.originator;
                profile.flags |= flags::KEY_ESCROW;
            }
            _ => {}
        }
        if let Some(card) = certificate.new_smartcard {
            self.activate_card(batch, card).await?;
        }
        let bound = RequestEvent::Bound { profile: Some(profile.id), smartcard: None };
        let events = vec![batch.state_event(true, &profile)];
        batch.change.profiles.push(AggregateChange::new(profile, events));
        Ok(Some(bound))
    }

    async fn template_version(&self, template: TemplateId) -> Result<i32, RepositoryError> {
        let found = self.repository.templates(&[template], None).await?;
        Ok(found.first().map_or(1, |template| template.version))
    }

    async fn activate_card(&self, batch: &mut Batch, card: SmartcardId) -> Result<(), RepositoryError> {
        if let Some(card) = self.repository.smartcard(card).await? {
            set_card(batch, card, SmartcardStatus::Active);
        }
        Ok(())
    }

    async fn change_old(&self, batch: &mut Batch, certificate: &CertificateRequest) -> Result<(), RepositoryError> {
        let profile = match certificate.old_profile {
            Some(id) => self.repository.profile(id).await?,
            None => None,
        };
        let card = match certificate.old_smartcard {
            Some(id) => self.repository.smartcard(id).await?,
            None => None,
        };
        let suspended = profile.as_ref().is_some_and(|profile| profile.status == ProfileStatus::Suspended);
        let Some((profile_status, card_status)) = status_after(certificate.operation, suspended) else { return Ok(()) };
        if let Some(profile) = profile {
            set_profile(batch, profile, profile_status);
        }
        if let Some(card) = card {
            set_card(batch, card, card_status);
        }
        Ok(())
    }
}

fn put(batch: &mut Batch, before: Revision, mut grant: Grant) {
    grant.revision = before.next();
    let events = vec![batch.state_event(false, &grant)];
    batch.change.grants.push(AggregateChange { expected: Some(before), state: grant, events });
}

/// What somebody has already is given once more: it lasts as long as the longer of the two.
fn prolong(batch: &mut Batch, grant: Grant, end: Option<Timestamp>) {
    let later = grant.end.zip(end).map(|(known, new)| known.max(new));
    redate(batch, grant, later);
}

fn redate(batch: &mut Batch, mut grant: Grant, end: Option<Timestamp>) {
    let before = grant.revision;
    grant.end = end.map(|end| end.max(grant.start));
    put(batch, before, grant);
}

fn end(batch: &mut Batch, mut grant: Grant) {
    let before = grant.revision;
    grant.status = GrantStatus::Ended;
    grant.end = Some(batch.now.max(grant.start));
    put(batch, before, grant);
}

fn switch(batch: &mut Batch, mut grant: Grant, status: GrantStatus) {
    let before = grant.revision;
    grant.status = status;
    put(batch, before, grant);
}

fn new_profile(id: ProfileId, certificate: &CertificateRequest, template_version: i32, now: Timestamp) -> Profile {
    Profile {
        id,
        smartcard: certificate.new_smartcard,
        status: ProfileStatus::Active,
        flags: flags::PRIMARY,
        parent: None,
        primary: None,
        assigned_user: certificate.target,
        template: certificate.template,
        template_version,
        comment: String::new(),
        created: now,
        revision: Revision::FIRST,
    }
}

/// A renewed profile is retired, a recovered one disabled; either is superseded.
fn replace(batch: &mut Batch, mut old: Profile, operation: CertificateOperation) {
    old.flags |= flags::SUPERSEDED;
    let status = match operation {
        CertificateOperation::Recover => ProfileStatus::Disabled,
        _ => ProfileStatus::Retired,
    };
    set_profile(batch, old, status);
}

const fn status_after(operation: CertificateOperation, suspended: bool) -> Option<(ProfileStatus, SmartcardStatus)> {
    use CertificateOperation as Op;
    match operation {
        Op::Disable | Op::TemporaryCardDisable => Some((ProfileStatus::Disabled, SmartcardStatus::Disabled)),
        Op::Retire | Op::TemporaryCardRetire => Some((ProfileStatus::Retired, SmartcardStatus::Retired)),
        Op::SuspendOrReinstate if suspended => Some((ProfileStatus::Active, SmartcardStatus::Active)),
        Op::SuspendOrReinstate => Some((ProfileStatus::Suspended, SmartcardStatus::Suspended)),
        _ => None,
    }
}

fn set_profile(batch: &mut Batch, mut profile: Profile, status: ProfileStatus) {
    let expected = Some(profile.revision);
    profile.status = status;
    profile.revision = profile.revision.next();
    let events = vec![batch.state_event(false, &profile)];
    batch.change.profiles.push(AggregateChange { expected, state: profile, events });
}

fn set_card(batch: &mut Batch, mut card: Smartcard, status: SmartcardStatus) {
    let expected = Some(card.revision);
    card.status = status;
    card.revision = card.revision.next();
    let events = vec![batch.state_event(false, &card)];
    batch.change.smartcards.push(AggregateChange { expected, state: card, events });
}

//! The children of a request that was approved as a whole (`spec/oig-requests.md` C.5).

use std::collections::BTreeMap;

use super::Workflow;
use super::batch::Batch;
use super::plan::Planner;
use crate::catalog::{EntityKey, EntityType};
use crate::clock::Timestamp;
use crate::error::RepositoryError;
use crate::ids::{RequestId, RequestNumber, UserId};
use crate::lifecycle::{Actor, RequestEvent, apply};
use crate::repository::NumberSpace;
use crate::request::{AccessOperation, AccessRequest, Outcome, ParentLink, Request, RequestDetails, Target};
use crate::service::ServiceError;
use crate::service::tools::request_number;

impl Workflow {
    /// The children of a parent that has just been approved as a whole: one a beneficiary and
    /// target, each by its own rules, an entitlement after the account that it needs.
    pub(super) async fn split(&self, batch: &mut Batch, parent: &Request) -> Result<(), ServiceError> {
        let RequestDetails::Access(access) = &parent.details else { return Ok(()) };
        let planner = self.planner().await?;
        let pairs: Vec<(UserId, &Target)> = access
            .beneficiaries
            .iter()
            .flat_map(|user| access.targets.iter().map(move |target| (*user, target)))
            .collect();
        let count = u32::try_from(pairs.len()).unwrap_or(u32::MAX);
        let first = self.numbers.take(&*self.repository, NumberSpace::Requests, count, parent.number.get()).await?;
        let mut children: Vec<Request> = Vec::with_capacity(pairs.len());
        let mut faults: BTreeMap<RequestId, String> = BTreeMap::new();
        for (index, (user, target)) in (0_i32..).zip(pairs) {
            let number = request_number(first + i64::from(index))?;
            let link = ParentLink { request: parent.id, ordinal: index + 1 };
            let (child, fault) =
                self.child(parent, access.operation, link, number, (user, target), &planner, batch.now).await?;
            faults.extend(fault.map(|reason| (child.id, reason)));
            children.push(child);
        }
        self.chain(&mut children).await?;
        // Whoever waits for another is decided after it.
        children.sort_by_key(|child| child.depends_on.is_some());
        for child in children {
            let fault = faults.remove(&child.id);
            self.create_child(batch, child, fault).await?;
        }
        Ok(())
    }

    /// A child that cannot be asked for any more, or whose submission is refused, fails with the reason: its
    /// siblings go on, and it is seen.
    async fn create_child(&self, batch: &mut Batch, child: Request, fault: Option<String>) -> Result<(), ServiceError> {
        let reason = match fault {
            Some(reason) => reason,
            None => match self.create(batch, child.clone(), Actor::Worker).await {
                Ok(_) => return Ok(()),
                Err(ServiceError::Repository(error)) => return Err(error.into()),
                Err(refused) => refused.to_string(),
            },
        };
        let now = batch.now;
        let ended = RequestEvent::Ended { outcome: Outcome::Failed, at: now, reason: Some(reason) };
        let created = RequestEvent::Created(Box::new(Request { stages: Vec::new(), ..child.clone() }));
        let mut after = child;
        apply(&mut after, &created, now);
        apply(&mut after, &ended, now);
        batch.request(None, after, &[created, ended]);
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "a child is made of all of these")]
    async fn child(
        &self,
        parent: &Request,
        operation: AccessOperation,
        link: ParentLink,
        number: RequestNumber,
        (user, target): (UserId, &Target),
        planner: &Planner,
        now: Timestamp,
    ) -> Result<(Request, Option<String>), ServiceError> {
        let (mut child, fault) = if target.entity_type == EntityType::ProfileTemplate {
            self.certificate_child(parent, (user, target), number, now).await?
        } else {
            let operation = single_operation(operation, target.entity_type);
            let key = Some((target.entity_type, &target.entity_key));
            let stages = planner.single(operation, key, parent.originator, &[user]);
            let access = AccessRequest { operation, beneficiaries: vec![user], targets: vec![target.clone()] };
            let details = RequestDetails::Access(access);
            (Request { stages, ..self.blank(parent.originator, number, details, parent.channel, now) }, None)
        };
        child.parent = Some(link);
        child.justification.clone_from(&parent.justification);
        Ok((child, fault))
    }

    /// Lets an entitlement wait for the account of its application that the same request gives.
    async fn chain(&self, children: &mut [Request]) -> Result<(), RepositoryError> {
        let accounts: Vec<(UserId, EntityKey, RequestId)> = children.iter().filter_map(account).collect();
        for child in children.iter_mut() {
            let Some((user, target)) = single(child) else { continue };
            if target.entity_type != EntityType::Entitlement || target.parent_account.is_some() {
                continue;
            }
            let item = self.repository.catalog_item(target.entity_type, &target.entity_key).await?;
            let Some(application) = item.and_then(|item| item.application) else { continue };
            let given = accounts.iter().find(|(owner, key, _)| *owner == user && *key == application);
            child.depends_on = given.map(|(_, _, request)| *request);
        }
        Ok(())
    }
}

/// The account that a child gives.
fn account(child: &Request) -> Option<(UserId, EntityKey, RequestId)> {
    let (user, target) = single(child)?;
    let gives = target.entity_type == EntityType::ApplicationInstance;
    gives.then(|| (user, target.entity_key.clone(), child.id))
}

/// The one beneficiary and target of an access request.
pub(super) fn single(request: &Request) -> Option<(UserId, &Target)> {
    let RequestDetails::Access(access) = &request.details else { return None };
    match (&access.beneficiaries[..], &access.targets[..]) {
        ([user], [target]) => Some((*user, target)),
        _ => None,
    }
}

/// The operation of a child: the parent's, or what it means for one type of target.
const fn single_operation(whole: AccessOperation, entity_type: EntityType) -> AccessOperation {
    match (whole, entity_type) {
        (AccessOperation::Heterogeneous, EntityType::Role) => AccessOperation::AssignRoles,
        (AccessOperation::Heterogeneous, EntityType::Entitlement) => AccessOperation::ProvisionEntitlement,
        (AccessOperation::Heterogeneous, EntityType::ApplicationInstance) => {
            AccessOperation::ProvisionApplicationInstance
        }
        (other, _) => other,
    }
}

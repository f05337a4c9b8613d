//! Reading profiles, with the operations that the caller may ask for on them.

use std::sync::Arc;

use super::{Requests, ServiceError};
use crate::directory::{Caller, MimRight};
use crate::ids::{ProfileId, RequestId, TemplateId};
use crate::operations::{OperationContext, operations};
use crate::profile::{Profile, ProfileStatus};
use crate::repository::Repository;
use crate::request::RequestKey;
use crate::template::CertificateOperation;

/// A profile as one caller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileView {
    /// The profile.
    pub profile: Profile,
    /// What the caller may ask for, in MIM's order.
    pub operations: Vec<CertificateOperation>,
}

/// Reads profiles.
#[derive(Clone)]
pub struct Profiles {
    repository: Arc<dyn Repository>,
    requests: Requests,
}

impl Profiles {
    /// The service over `repository`.
    pub fn new(repository: Arc<dyn Repository>) -> Self {
        Self { requests: Requests::new(Arc::clone(&repository)), repository }
    }

    /// The caller's own software profiles, oldest first (`spec/mim-cm.md` A.1 row 18).
    pub async fn own(&self, caller: &Caller, status: Option<ProfileStatus>) -> Result<Vec<ProfileView>, ServiceError> {
        let profiles = self.repository.profiles_of(caller.user, status).await?;
        self.views(caller, profiles).await
    }

    /// One profile: the caller's own, or of a user over whom the caller has a MIM right (`spec/mim-cm.md` E.4).
    pub async fn profile(&self, caller: &Caller, id: ProfileId) -> Result<ProfileView, ServiceError> {
        let profile = self.repository.profile(id).await?.ok_or(ServiceError::NotFound)?;
        self.may_read(caller, &profile).await?;
        self.views(caller, vec![profile]).await?.pop().ok_or(ServiceError::NotFound)
    }

    async fn may_read(&self, caller: &Caller, profile: &Profile) -> Result<(), ServiceError> {
        if profile.assigned_user == caller.user || !self.rights(caller, profile).await?.is_empty() {
            Ok(())
        } else {
            Err(ServiceError::forbidden("you may not read this profile"))
        }
    }

    /// The profiles that a request acts on and makes, for whoever may read both it and them.
    pub async fn of_request(&self, caller: &Caller, request: RequestId) -> Result<Vec<ProfileView>, ServiceError> {
        let request = self.requests.certificate_request(caller, RequestKey::Id(request)).await?;
        let Some(certificate) = request.certificate() else { return Err(ServiceError::NotFound) };
        let mut ids: Vec<ProfileId> = certificate.old_profile.into_iter().chain(certificate.new_profile).collect();
        ids.dedup();
        let mut profiles = Vec::new();
        for id in ids {
            if let Some(profile) = self.repository.profile(id).await? {
                self.may_read(caller, &profile).await?;
                profiles.push(profile);
            }
        }
        self.views(caller, profiles).await
    }

    async fn views(&self, caller: &Caller, profiles: Vec<Profile>) -> Result<Vec<ProfileView>, ServiceError> {
        if profiles.is_empty() {
            return Ok(Vec::new());
        }
        let mut template_ids: Vec<TemplateId> = profiles.iter().map(|profile| profile.template).collect();
        template_ids.sort_unstable();
        template_ids.dedup();
        let templates = self.repository.templates(&template_ids, Some(caller.directory)).await?;
        let ids: Vec<ProfileId> = profiles.iter().map(|profile| profile.id).collect();
        let open = self.repository.open_operations(&ids).await?;
        let mut views = Vec::with_capacity(profiles.len());
        for profile in profiles {
            let rights = self.rights(caller, &profile).await?;
            let of_this = open.iter().filter(|(id, _)| *id == profile.id);
            let context = OperationContext {
                template: templates.iter().find(|template| template.id == profile.template),
                caller,
                rights: &rights,
                open: &of_this.map(|(_, operation)| *operation).collect::<Vec<CertificateOperation>>(),
            };
            let operations = operations(&profile, &context);
            views.push(ProfileView { profile, operations });
        }
        Ok(views)
    }

    async fn rights(&self, caller: &Caller, profile: &Profile) -> Result<Vec<MimRight>, ServiceError> {
        if profile.assigned_user == caller.user {
            return Ok(Vec::new());
        }
        Ok(self.repository.rights_over(&caller.principals, profile.assigned_user).await?)
    }
}

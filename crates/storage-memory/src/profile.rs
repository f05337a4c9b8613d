//! Profiles in their table.

use std::sync::Arc;

use countersign_core::bundle::Key;
use countersign_core::event::StreamKind;
use countersign_core::ids::{ProfileId, SmartcardId, UserId};
use countersign_core::profile::{Profile, ProfileStatus};
use countersign_core::repository::Result;
use countersign_core::request::RequestStatus;
use countersign_core::template::CertificateOperation;
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::link::Link;
use crate::table::Table;
use crate::tabled::Tabled;
use crate::tables::Tables;

impl Aggregate for Profile {
    const STREAM: StreamKind = StreamKind::Profile;

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn claims(&self) -> Vec<Key> {
        vec![Key::Profile(self.id.as_uuid())]
    }

    fn references(&self) -> Vec<Key> {
        vec![Key::User(self.assigned_user.as_uuid()), Key::Template(self.template.as_uuid())]
    }

    /// Profiles of cards show under their requests, and are not found by whose they are.
    fn links(&self) -> Vec<Link> {
        vec![self.smartcard.map_or(Link::Owner(self.assigned_user), Link::Card)]
    }
}

impl Tabled for Profile {
    fn table(tables: &Tables) -> &Table<Self> {
        &tables.profiles
    }

    fn table_mut(tables: &mut Tables) -> &mut Table<Self> {
        &mut tables.profiles
    }
}

/// The profile that lies on the card: the one in use, or else the newest.
pub(crate) fn of_card(tables: &Tables, card: SmartcardId) -> Result<Option<Arc<Profile>>> {
    let profiles = tables.profiles.all_linked(Link::Card(card)).collect::<Result<Vec<_>>>()?;
    let in_use = |profile: &Profile| profile.status == ProfileStatus::Active;
    Ok(profiles.into_iter().max_by_key(|profile| (in_use(profile), profile.created, profile.id)))
}

/// The software profiles of a user, oldest first.
pub(crate) fn profiles_of(tables: &Tables, user: UserId, status: Option<ProfileStatus>) -> Result<Vec<Profile>> {
    let profiles = tables.profiles.all_linked(Link::Owner(user)).map(|profile| profile.map(Arc::unwrap_or_clone));
    let mut profiles = profiles.collect::<Result<Vec<_>>>()?;
    profiles.retain(|profile| status.is_none_or(|status| profile.status == status));
    profiles.sort_by_key(|profile| (profile.created, profile.id));
    Ok(profiles)
}

/// For each profile the operations of the open requests on it, or on the card that it lies on.
pub(crate) fn open_operations(
    tables: &Tables,
    profiles: &[ProfileId],
) -> Result<Vec<(ProfileId, CertificateOperation)>> {
    let mut open = Vec::new();
    for id in profiles {
        let card = tables.profiles.get(id.as_uuid())?.and_then(|profile| profile.smartcard);
        let on_card = card.into_iter().flat_map(|card| tables.requests.linked(Link::OldSmartcard(card)));
        let mut requests: Vec<Uuid> = tables.requests.linked(Link::OldProfile(*id)).chain(on_card).collect();
        requests.sort_unstable();
        requests.dedup();
        for request in requests {
            let Some(request) = tables.requests.get(request)? else { continue };
            let is_open = (RequestStatus::Submitted..=RequestStatus::Executing).contains(&request.status());
            open.extend(request.certificate().filter(|_| is_open).map(|certificate| (*id, certificate.operation)));
        }
    }
    Ok(open)
}

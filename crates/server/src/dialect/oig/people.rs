//! Users and groups as OIG prints them.

use countersign_core::directory::PrincipalName;
use countersign_core::ids::{PrincipalId, UserId};
use countersign_core::service::Names;

use super::address::Addresses;
use super::{wire, wire_11g};

/// Prints users and groups.
#[derive(Clone, Copy)]
pub(super) struct People<'a> {
    /// Their names.
    pub(super) names: &'a Names,
    /// Where links lead.
    pub(super) addresses: &'a Addresses,
}

/// A user as far as it is printed.
pub(super) struct Person {
    /// The number; the GUID of a user who is not there any more.
    pub(super) number: String,
    pub(super) login: Option<String>,
    pub(super) display_name: Option<String>,
}

impl People<'_> {
    pub(super) fn person(&self, user: UserId) -> Person {
        match self.names.get(&user.into()) {
            Some(PrincipalName::User { number, login, display_name, .. }) => Person {
                number: number.to_string(),
                login: Some(login.to_string()),
                display_name: Some(display_name.clone()),
            },
            _ => Person { number: user.to_string(), login: None, display_name: None },
        }
    }

    /// The login of a user or the name of a group; the GUID of one that is not there any more.
    pub(super) fn principal(&self, id: PrincipalId) -> String {
        self.names.get(&id).map_or_else(|| id.to_string(), |name| name.text().to_owned())
    }

    pub(super) fn requester(&self, user: UserId) -> wire::Requester {
        let value = self.person(user).number;
        wire::Requester { name: "requesterId", link: self.addresses.user(&value), value }
    }

    pub(super) fn beneficiary(&self, user: UserId) -> wire::Beneficiary {
        let Person { number, login, display_name } = self.person(user);
        wire::Beneficiary { links: vec![self.addresses.user(&number)], id: number, user_login: login, display_name }
    }

    pub(super) fn beneficiary_11g(&self, user: UserId) -> wire_11g::Beneficiary {
        let Person { number, login, display_name } = self.person(user);
        wire_11g::Beneficiary { links: vec![self.addresses.user(&number)], user_login: login, display_name }
    }
}

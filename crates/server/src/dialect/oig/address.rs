//! Where things are: the targets of links.

use countersign_core::catalog::EntityType;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::BASE;
use super::wire::Link;

/// What a path segment and a parameter's value hold as it is (RFC 3986, unreserved).
pub(super) const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where MIM's operations are.
const MIM_BASE: &str = "/CertificateManagement/api/v1.0";

/// Makes links that begin with the address under which the caller knows the server.
pub(super) struct Addresses {
    origin: String,
}

impl Addresses {
    /// Addresses that begin with `origin`, which has no slash at its end.
    pub(super) fn new(origin: String) -> Self {
        Self { origin }
    }

    /// Where the lists of requests are.
    pub(super) fn requests(&self) -> String {
        format!("{}{BASE}/requests", self.origin)
    }

    /// A request's own link.
    pub(super) fn request(&self, number: impl ToString) -> Link {
        self.link(BASE, "requests", &number.to_string())
    }

    /// A user's own link.
    pub(super) fn user(&self, number: &str) -> Link {
        self.link(BASE, "users", number)
    }

    /// An account's own link.
    pub(super) fn account(&self, number: impl ToString) -> Link {
        self.link(BASE, "accounts", &number.to_string())
    }

    /// The own link of what a request is for.
    pub(super) fn entity(&self, entity_type: EntityType, key: &str) -> Link {
        match entity_type {
            EntityType::Role => self.link(BASE, "roles", key),
            EntityType::Entitlement => self.link(BASE, "entitlements", key),
            EntityType::ApplicationInstance => self.link(BASE, "appinstances", key),
            // OIG has no place of its own for them.
            EntityType::ProfileTemplate => self.link(MIM_BASE, "profiletemplates", key),
        }
    }

    fn link(&self, base: &str, collection: &str, key: &str) -> Link {
        let mut href = String::with_capacity(self.origin.len() + base.len() + collection.len() + key.len() + 2);
        for part in [&self.origin, base, "/", collection, "/"] {
            href.push_str(part);
        }
        href.extend(utf8_percent_encode(key, UNRESERVED));
        Link::own(href)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stays_one_segment() {
        let addresses = Addresses::new("https://pseudo.com".to_owned());
        let link = addresses.entity(EntityType::Role, "a/b c?\u{e9}");
        assert_eq!(link.href, "https://pseudo.com/iam/governance/selfservice/api/v1/roles/a%2Fb%20c%3F%C3%A9");
        let link = addresses.entity(EntityType::ProfileTemplate, "a039b4d0-5ce8-4eff-8651-181c6576fda3");
        let expected =
            "https://pseudo.com/CertificateManagement/api/v1.0/profiletemplates/a039b4d0-5ce8-4eff-8651-181c6576fda3";
        assert_eq!(link.href, expected);
    }
}

//! Users, groups, what they can ask for and what they have.

use countersign_core::catalog::{CatalogItem, EntityType};
use countersign_core::directory::{Group, GroupPurpose, Login, User, UserStatus};
use countersign_core::ids::{PrincipalId, Revision};
use countersign_core::profile::{Profile, ProfileStatus, Smartcard, SmartcardStatus, flags};

use super::{Kind, id, template_id, time, user_id};

/// A login.
///
/// # Panics
/// If `text` is none.
pub fn login(text: &str) -> Login {
    Login::try_from(text.to_owned()).expect("a login")
}

/// The `n`th user: active, with number 100 + `n`, login `user{n}` and nobody above.
pub fn user(n: u64) -> User {
    User {
        id: user_id(n),
        number: i64::try_from(100 + n).expect("small").try_into().expect("positive"),
        login: login(&format!("user{n}")),
        display_name: format!("User {n}"),
        email: None,
        manager: None,
        status: UserStatus::Active,
        stand_in: None,
        proxies: Vec::new(),
        rights: Vec::new(),
        revision: Revision::FIRST,
    }
}

/// The `n`th group: `GROUP {n}`, with these members.
pub fn group(n: u64, members: &[PrincipalId]) -> Group {
    Group {
        id: id(Kind::Group, n).into(),
        name: format!("GROUP {n}"),
        purpose: None,
        members: members.to_vec(),
        rights: Vec::new(),
        revision: Revision::FIRST,
    }
}

/// The `n`th group as the system administrators.
pub fn administrators(n: u64, members: &[PrincipalId]) -> Group {
    let name = "SYSTEM ADMINISTRATORS".to_owned();
    Group { name, purpose: Some(GroupPurpose::Administrators), ..group(n, members) }
}

/// The `n`th catalog item: a role that can be asked for.
///
/// # Panics
/// Never for small numbers.
pub fn catalog_item(n: u64) -> CatalogItem {
    CatalogItem {
        id: id(Kind::CatalogItem, n).into(),
        number: i64::try_from(n).expect("small").try_into().expect("positive"),
        entity_type: EntityType::Role,
        entity_key: n.to_string().try_into().expect("a key"),
        name: format!("Role {n}"),
        description: String::new(),
        application: None,
        fulfilment: None,
        requestable: true,
        revision: Revision::FIRST,
    }
}

/// The `n`th profile: a software profile of a user under a template, made `n` seconds after the beginning.
///
/// # Panics
/// Never for small numbers.
pub fn profile(n: u64, owner: u64, template: u64) -> Profile {
    Profile {
        id: id(Kind::Profile, n).into(),
        smartcard: None,
        status: ProfileStatus::Active,
        flags: flags::PRIMARY,
        parent: None,
        primary: None,
        assigned_user: user_id(owner),
        template: template_id(template),
        template_version: 1,
        comment: String::new(),
        created: time(i64::try_from(n).expect("small") * 1_000_000),
        revision: Revision::FIRST,
    }
}

/// The `n`th smart card: in use by a user under a template.
///
/// # Panics
/// Never for small numbers.
pub fn smartcard(n: u64, owner: u64, template: u64) -> Smartcard {
    Smartcard {
        id: id(Kind::Smartcard, n).into(),
        status: SmartcardStatus::Active,
        flags: flags::PRIMARY,
        parent: None,
        primary: None,
        permanent: None,
        assigned_user: user_id(owner),
        template: template_id(template),
        template_version: 1,
        comment: String::new(),
        serial_number: format!("{{card-{n}}}"),
        middleware: "MSBaseCSP".to_owned(),
        atr: "3b8d0180".to_owned(),
        created: time(i64::try_from(n).expect("small") * 1_000_000),
        revision: Revision::FIRST,
    }
}

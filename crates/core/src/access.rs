//! Who sees what: readers with their roles, and the indexes that lists walk (decisions 1 and 7).

use std::collections::BTreeMap;

use crate::coded::coded_enum;
use crate::ids::{GroupId, PrincipalId};
use crate::request::{Request, RequestDetails};

/// The roles in which a principal may read a request: a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Roles(u16);

impl Roles {
    /// No role.
    pub const NONE: Self = Self(0);
    /// Asked for it.
    pub const ORIGINATOR: Self = Self(1);
    /// Its certificates or card are for them (MIM).
    pub const TARGET: Self = Self(2);
    /// It is for them (OIG).
    pub const BENEFICIARY: Self = Self(4);
    /// Decides, or decided, one of its tasks.
    pub const APPROVER: Self = Self(8);
    /// May execute it as enrollment agent.
    pub const AGENT: Self = Self(16);
    /// Audits requests of its policy.
    pub const AUDITOR: Self = Self(32);
    /// Is a system administrator.
    pub const ADMINISTRATOR: Self = Self(64);

    /// What a MIM read honours: a beneficiary alone has no place in MIM.
    pub const MIM_READ: Self = Self(1 | 2 | 8 | 16 | 32 | 64);
    /// What MIM's `targetuser=current` honours.
    pub const MIM_TARGET: Self = Self::TARGET;
    /// What OIG's detail honours.
    pub const OIG_DETAIL: Self = Self(1 | 4 | 8 | 64);
    /// What a manager gets through a report: one level, in OIG and native, never in MIM.
    pub const THROUGH_REPORT: Self = Self(1 | 4);

    /// The stored bits.
    pub const fn bits(self) -> i16 {
        self.0 as i16
    }

    /// The roles stored as `bits`.
    pub const fn from_bits(bits: i16) -> Self {
        Self(bits as u16)
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the sets share a role.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A principal with the roles in which it may read one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Who.
    pub principal: PrincipalId,
    /// In which roles.
    pub roles: Roles,
}

/// The readers of one request, one entry a principal, sorted by principal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acl(Vec<Reader>);

impl Acl {
    const ENTRY: usize = 18;

    /// The readers of `request`: a function of the request and the administrators alone.
    pub fn of(request: &Request, administrators: Option<GroupId>) -> Self {
        let mut readers: BTreeMap<PrincipalId, Roles> = BTreeMap::new();
        let mut add = |principal: PrincipalId, roles: Roles| {
            let entry = readers.entry(principal).or_default();
            *entry = entry.with(roles);
        };
        add(request.originator.into(), Roles::ORIGINATOR);
        if request.state.is_cart() {
            // A cart is nobody's business but its owner's, what was thrown out of it too.
            return Self::collect(readers);
        }
        match &request.details {
            RequestDetails::Certificate(certificate) => {
                add(certificate.target.into(), Roles::TARGET.with(Roles::BENEFICIARY));
                certificate.agents.iter().for_each(|agent| add(*agent, Roles::AGENT));
                certificate.auditors.iter().for_each(|auditor| add(*auditor, Roles::AUDITOR));
            }
            RequestDetails::Access(access) => {
                access.beneficiaries.iter().for_each(|user| add((*user).into(), Roles::BENEFICIARY));
            }
        }
        for task in request.tasks() {
            add(task.assignee, Roles::APPROVER);
            task.delegate.iter().for_each(|delegate| add(*delegate, Roles::APPROVER));
            task.acquired_by.iter().for_each(|user| add((*user).into(), Roles::APPROVER));
            task.votes.iter().for_each(|vote| add(vote.voter.into(), Roles::APPROVER));
        }
        administrators.iter().for_each(|group| add((*group).into(), Roles::ADMINISTRATOR));
        Self::collect(readers)
    }

    fn collect(readers: BTreeMap<PrincipalId, Roles>) -> Self {
        Self(readers.into_iter().map(|(principal, roles)| Reader { principal, roles }).collect())
    }

    /// The readers.
    pub fn readers(&self) -> &[Reader] {
        &self.0
    }

    /// All roles that `principals` (sorted) have together.
    pub fn roles_of(&self, principals: &[PrincipalId]) -> Roles {
        let held = self.0.iter().filter(|reader| principals.binary_search(&reader.principal).is_ok());
        held.fold(Roles::NONE, |all, reader| all.with(reader.roles))
    }

    /// The bytes that are stored: 16 of the principal and 2 of the roles an entry.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * Self::ENTRY);
        for reader in &self.0 {
            bytes.extend_from_slice(reader.principal.as_bytes());
            bytes.extend_from_slice(&reader.roles.0.to_be_bytes());
        }
        bytes
    }

    /// Reads [`Acl::to_bytes`]; `None` if the bytes are something else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if !bytes.len().is_multiple_of(Self::ENTRY) {
            return None;
        }
        let read = |entry: &[u8]| {
            let (principal, roles) = entry.split_at(16);
            Some(Reader {
                principal: uuid::Uuid::from_slice(principal).ok()?.into(),
                roles: Roles(u16::from_be_bytes(roles.try_into().ok()?)),
            })
        };
        bytes.chunks_exact(Self::ENTRY).map(read).collect::<Option<_>>().map(Self)
    }
}

coded_enum! {
    /// Which lists an entry of the access index can stand in. One entry a principal and request:
    /// the class says whether the request is a certificate request, and in what the principal's
    /// claim to it consists, so that no list walks over rows that it must leave out.
    pub enum ListClass {
        /// Access, for the principal, who asked for it or administers it too.
        AccessOwn = 1 "accessOwn",
        /// Access, for the principal, asked for by somebody else.
        AccessHeld = 2 "accessHeld",
        /// Access, asked for or administered by the principal.
        AccessRaised = 3 "accessRaised",
        /// Access, in any other role.
        AccessOther = 4 "accessOther",
        /// Certificates, for the principal, who asked for them or administers them too.
        CertificateOwn = 5 "certificateOwn",
        /// Certificates, for the principal, asked for by somebody else.
        CertificateHeld = 6 "certificateHeld",
        /// Certificates, asked for or administered by the principal.
        CertificateRaised = 7 "certificateRaised",
        /// Certificates, in any other role.
        CertificateOther = 8 "certificateOther",
        /// Access, in the cart or thrown out of it: its owner's alone.
        AccessCart = 9 "accessCart",
        /// Certificates, in the cart or thrown out of it: their owner's alone.
        CertificateCart = 10 "certificateCart",
    }
}

impl ListClass {
    /// MIM's list: every certificate request that the caller may read.
    pub const MIM_ALL: &'static [Self] =
        &[Self::CertificateOwn, Self::CertificateHeld, Self::CertificateRaised, Self::CertificateOther];
    /// MIM's `targetuser=current`.
    pub const MIM_TARGET: &'static [Self] = &[Self::CertificateOwn, Self::CertificateHeld];
    /// OIG's trackRequests: originator and beneficiary, administrator.
    pub const OIG_TRACK: &'static [Self] = &[
        Self::AccessOwn,
        Self::AccessHeld,
        Self::AccessRaised,
        Self::CertificateOwn,
        Self::CertificateHeld,
        Self::CertificateRaised,
        Self::AccessCart,
        Self::CertificateCart,
    ];
    /// What is in a cart, or was thrown out of it.
    pub const CARTS: &'static [Self] = &[Self::AccessCart, Self::CertificateCart];

    /// The class of a principal's entry for `request`.
    pub fn of(request: &Request, roles: Roles) -> Self {
        if request.state.is_cart() {
            return if request.certificate().is_some() { Self::CertificateCart } else { Self::AccessCart };
        }
        let held = roles.meets(Roles::TARGET.with(Roles::BENEFICIARY));
        let raised = roles.meets(Roles::ORIGINATOR.with(Roles::ADMINISTRATOR));
        match (request.certificate().is_some(), held, raised) {
            (false, true, true) => Self::AccessOwn,
            (false, true, false) => Self::AccessHeld,
            (false, false, true) => Self::AccessRaised,
            (false, false, false) => Self::AccessOther,
            (true, true, true) => Self::CertificateOwn,
            (true, true, false) => Self::CertificateHeld,
            (true, false, true) => Self::CertificateRaised,
            (true, false, false) => Self::CertificateOther,
        }
    }

    /// Whether entries of this class stand for certificate requests.
    pub const fn is_of_certificates(self) -> bool {
        match self {
            Self::AccessOwn | Self::AccessHeld | Self::AccessRaised | Self::AccessOther | Self::AccessCart => false,
            Self::CertificateOwn
            | Self::CertificateHeld
            | Self::CertificateRaised
            | Self::CertificateOther
            | Self::CertificateCart => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn reader(id: u128, roles: Roles) -> Reader {
        Reader { principal: Uuid::from_u128(id).into(), roles }
    }

    #[test]
    fn stored_readers_read_back() {
        let acl = Acl(vec![reader(1, Roles::TARGET), reader(9, Roles::AUDITOR.with(Roles::ADMINISTRATOR))]);
        assert_eq!(Acl::from_bytes(&acl.to_bytes()), Some(acl));
        assert_eq!(Acl::from_bytes(&[1; 17]), None);
    }

    #[test]
    fn roles_add_up_over_the_callers_principals_alone() {
        let acl = Acl(vec![reader(1, Roles::TARGET), reader(2, Roles::AGENT), reader(3, Roles::AUDITOR)]);
        let mine = [Uuid::from_u128(1).into(), Uuid::from_u128(3).into()];
        assert_eq!(acl.roles_of(&mine), Roles::TARGET.with(Roles::AUDITOR));
        assert_eq!(acl.roles_of(&[]), Roles::NONE);
    }

    #[test]
    fn a_beneficiary_alone_reads_nothing_in_mim() {
        assert!(!Roles::BENEFICIARY.meets(Roles::MIM_READ));
        assert!(!Roles::AUDITOR.meets(Roles::OIG_DETAIL));
    }
}

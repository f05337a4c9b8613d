//! Which operations a caller may ask for on a profile. Computed, never stored (`spec/mim-cm.md` E.5).

use crate::directory::{Caller, MimRight};
use crate::profile::{Profile, ProfileStatus, flags};
use crate::template::{CertificateOperation, ProfileTemplate};

/// What the answer depends on besides the profile.
#[derive(Clone, Copy, Debug)]
pub struct OperationContext<'a> {
    /// The profile's template; without it nothing can be asked for.
    pub template: Option<&'a ProfileTemplate>,
    /// Who asks.
    pub caller: &'a Caller,
    /// The caller's MIM rights over the profile's user.
    pub rights: &'a [MimRight],
    /// The operations for which a request on this profile is open.
    pub open: &'a [CertificateOperation],
}

/// In the order in which MIM prints them.
const OFFERED: [CertificateOperation; 7] = [
    CertificateOperation::Renew,
    CertificateOperation::Unblock,
    CertificateOperation::Disable,
    CertificateOperation::Recover,
    CertificateOperation::Retire,
    CertificateOperation::RecoverOnBehalf,
    CertificateOperation::OnlineUpdate,
];

/// The operations that the caller may ask for on `profile`, in MIM's order.
pub fn operations(profile: &Profile, context: &OperationContext<'_>) -> Vec<CertificateOperation> {
    if profile.flags & (flags::PRIMARY | flags::TEMPORARY) == 0 {
        return Vec::new();
    }
    let offered = OFFERED.iter().copied().filter(|operation| {
        status_allows(profile, *operation)
            && may_initiate(profile, *operation, context)
            && !context.open.contains(operation)
    });
    offered.collect()
}

fn status_allows(profile: &Profile, operation: CertificateOperation) -> bool {
    use CertificateOperation as Op;
    let card = profile.smartcard.is_some();
    match profile.status {
        ProfileStatus::Active => match operation {
            Op::Renew | Op::Recover | Op::OnlineUpdate => true,
            Op::Unblock | Op::Retire => card,
            Op::Disable => !card,
            _ => false,
        },
        ProfileStatus::Suspended => match operation {
            Op::Retire => card,
            Op::Disable => !card,
            _ => false,
        },
        ProfileStatus::Disabled => match operation {
            Op::Recover | Op::RecoverOnBehalf => true,
            Op::Retire => card,
            _ => false,
        },
        ProfileStatus::New | ProfileStatus::Retired => false,
    }
}

/// Whether a request for `operation` may be made on `profile` as it stands: what is offered, and
/// what MIM knows without offering it (`spec/mim-cm.md` D.4, E.5).
pub fn is_for(profile: &Profile, operation: CertificateOperation) -> bool {
    use CertificateOperation as Op;
    let card = profile.smartcard.is_some();
    match operation {
        Op::SuspendOrReinstate => matches!(profile.status, ProfileStatus::Active | ProfileStatus::Suspended),
        Op::Disable => matches!(profile.status, ProfileStatus::Active | ProfileStatus::Suspended),
        Op::Duplicate => profile.status == ProfileStatus::Active,
        Op::OfflineUnblock => card && profile.status == ProfileStatus::Active,
        Op::RecoverOnBehalf => matches!(profile.status, ProfileStatus::Active | ProfileStatus::Disabled),
        Op::TemporaryCardRetire | Op::TemporaryCardDisable => {
            card && profile.flags & flags::TEMPORARY != 0 && profile.status == ProfileStatus::Active
        }
        other => status_allows(profile, other),
    }
}

fn may_initiate(profile: &Profile, operation: CertificateOperation, context: &OperationContext<'_>) -> bool {
    let Some(template) = context.template else { return false };
    let Some(policy) = template.enabled_policy(operation.policy()) else { return false };
    if !template.readers.includes(context.caller) {
        return false;
    }
    let initiator = context.caller.is_among(&policy.initiators);
    if profile.assigned_user == context.caller.user {
        operation != CertificateOperation::RecoverOnBehalf && (policy.self_service || initiator)
    } else {
        initiator && context.rights.contains(&right_for(operation))
    }
}

/// The right over a person that asking for `operation` on their behalf takes.
pub const fn right_for(operation: CertificateOperation) -> MimRight {
    use CertificateOperation as Op;
    match operation {
        Op::Enroll | Op::Duplicate | Op::TemporaryCardEnroll => MimRight::RequestEnroll,
        Op::Recover | Op::RecoverOnBehalf => MimRight::RequestRecover,
        Op::Renew | Op::OnlineUpdate => MimRight::RequestRenew,
        Op::Unblock | Op::OfflineUnblock => MimRight::RequestUnblock,
        Op::Disable | Op::Retire | Op::SuspendOrReinstate | Op::TemporaryCardRetire | Op::TemporaryCardDisable => {
            MimRight::RequestRevoke
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::clock::Timestamp;
    use crate::directory::DirectoryVersion;
    use crate::ids::{PrincipalId, Revision, UserNumber};
    use crate::template::{Audience, PolicyKind, TemplateKind, WorkflowPolicy};

    const OWNER: u128 = 1;
    const INITIATOR: u128 = 2;
    const STRANGER: u128 = 3;

    fn caller(id: u128) -> Caller {
        Caller {
            user: Uuid::from_u128(id).into(),
            number: UserNumber::try_from(1).unwrap(),
            login: "someone".to_owned().try_into().unwrap(),
            principals: vec![PrincipalId::from(Uuid::from_u128(id))],
            represents: Vec::new(),
            directory: DirectoryVersion::default(),
        }
    }

    fn template() -> ProfileTemplate {
        let policy = |kind: &PolicyKind| {
            let text = format!(r#"{{"policy":"{}","enabled":true,"selfService":true}}"#, kind.name());
            let mut policy: WorkflowPolicy = serde_json::from_str(&text).unwrap();
            policy.initiators = vec![Uuid::from_u128(INITIATOR).into()];
            policy
        };
        ProfileTemplate {
            id: Uuid::from_u128(9).into(),
            name: "Template".to_owned(),
            description: String::new(),
            template_kind: TemplateKind::Software,
            version: 1,
            readers: Audience::Everyone,
            enrollers: Audience::Everyone,
            policies: PolicyKind::ALL.iter().map(policy).collect(),
            revision: Revision::FIRST,
        }
    }

    fn profile(status: ProfileStatus, card: bool) -> Profile {
        Profile {
            id: Uuid::from_u128(8).into(),
            smartcard: card.then(|| Uuid::from_u128(7).into()),
            status,
            flags: flags::PRIMARY,
            parent: None,
            primary: None,
            assigned_user: Uuid::from_u128(OWNER).into(),
            template: Uuid::from_u128(9).into(),
            template_version: 1,
            comment: String::new(),
            created: Timestamp::from_micros(0).unwrap(),
            revision: Revision::FIRST,
        }
    }

    fn offered(
        profile: &Profile,
        template: &ProfileTemplate,
        who: u128,
        rights: &[MimRight],
        open: &[CertificateOperation],
    ) -> Vec<&'static str> {
        let context = OperationContext { template: Some(template), caller: &caller(who), rights, open };
        operations(profile, &context).into_iter().map(CertificateOperation::name).collect()
    }

    #[test]
    fn status_and_kind_decide_what_an_owner_is_offered() {
        use ProfileStatus::{Active, Disabled, New, Retired, Suspended};
        let table: [(ProfileStatus, bool, &[&str]); 10] = [
            (New, false, &[]),
            (New, true, &[]),
            (Active, false, &["Renew", "Disable", "Recover", "OnlineUpdate"]),
            (Active, true, &["Renew", "Unblock", "Recover", "Retire", "OnlineUpdate"]),
            (Suspended, false, &["Disable"]),
            (Suspended, true, &["Retire"]),
            (Disabled, false, &["Recover"]),
            (Disabled, true, &["Recover", "Retire"]),
            (Retired, false, &[]),
            (Retired, true, &[]),
        ];
        for (status, card, expected) in table {
            assert_eq!(offered(&profile(status, card), &template(), OWNER, &[], &[]), expected, "{status:?} {card}");
        }
    }

    #[test]
    fn somebody_else_needs_the_policy_and_the_right() {
        let profile = profile(ProfileStatus::Active, false);
        let rights = [MimRight::RequestRenew, MimRight::RequestRevoke];
        assert_eq!(offered(&profile, &template(), INITIATOR, &rights, &[]), ["Renew", "Disable", "OnlineUpdate"]);
        assert!(offered(&profile, &template(), INITIATOR, &[], &[]).is_empty());
        assert!(offered(&profile, &template(), STRANGER, &rights, &[]).is_empty());
    }

    #[test]
    fn recovery_on_behalf_is_for_others_and_for_what_is_disabled() {
        let profile = profile(ProfileStatus::Disabled, false);
        let rights = [MimRight::RequestRecover];
        assert_eq!(offered(&profile, &template(), INITIATOR, &rights, &[]), ["Recover", "RecoverOnBehalf"]);
    }

    #[test]
    fn policies_readers_flags_and_open_requests_each_take_operations_away() {
        let active = profile(ProfileStatus::Active, false);
        let mut without = template();
        without.policies.retain(|policy| policy.policy != PolicyKind::Recover);
        assert!(!offered(&active, &without, OWNER, &[], &[]).contains(&"Recover"));

        let mut assisted = template();
        assisted.policies.iter_mut().for_each(|policy| policy.self_service = false);
        assert!(offered(&active, &assisted, OWNER, &[], &[]).is_empty());

        let mut hidden = template();
        hidden.readers = Audience::Principals(vec![Uuid::from_u128(STRANGER).into()]);
        assert!(offered(&active, &hidden, OWNER, &[], &[]).is_empty());

        let duplicate = Profile { flags: 2, ..active.clone() };
        assert!(offered(&duplicate, &template(), OWNER, &[], &[]).is_empty());

        let open = [CertificateOperation::Renew];
        assert_eq!(offered(&active, &template(), OWNER, &[], &open), ["Disable", "Recover", "OnlineUpdate"]);
    }
}

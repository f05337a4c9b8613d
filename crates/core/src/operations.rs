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

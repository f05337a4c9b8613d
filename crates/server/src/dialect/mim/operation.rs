//! The words by which MIM names operations and their policies (`spec/mim-cm.md` C.2b, G13).

use countersign_core::template::CertificateOperation;

use crate::dialect::Fault;

/// Its pages name some operations in two ways; all are taken.
const OPERATIONS: [(&str, CertificateOperation); 16] = [
    ("Disable", CertificateOperation::Disable),
    ("Duplicate", CertificateOperation::Duplicate),
    ("Enroll", CertificateOperation::Enroll),
    ("OfflineUnblock", CertificateOperation::OfflineUnblock),
    ("OnlineUpdate", CertificateOperation::OnlineUpdate),
    ("Recover", CertificateOperation::Recover),
    ("RecoverOnBehalf", CertificateOperation::RecoverOnBehalf),
    ("Reinstate", CertificateOperation::SuspendOrReinstate),
    ("Renew", CertificateOperation::Renew),
    ("Retire", CertificateOperation::Retire),
    ("Revoke", CertificateOperation::Disable),
    ("Suspend", CertificateOperation::SuspendOrReinstate),
    ("TemporaryCardEnroll", CertificateOperation::TemporaryCardEnroll),
    ("TemporaryCards", CertificateOperation::TemporaryCardEnroll),
    ("TemporaryEnroll", CertificateOperation::TemporaryCardEnroll),
    ("Unblock", CertificateOperation::Unblock),
];

/// The operation that `type` names, in any case.
pub(super) fn operation(word: &str) -> Result<CertificateOperation, Fault> {
    let known = OPERATIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    known.map(|(_, operation)| *operation).ok_or_else(|| {
        let words = OPERATIONS.map(|(word, _)| word).join(", ");
        Fault::invalid("type", format!("must be one of {words}"))
    })
}

#[cfg(test)]
mod tests {
    use countersign_core::template::PolicyKind;

    use super::*;

    #[test]
    fn every_word_of_the_documents_names_the_policy_of_its_operation() {
        for (word, policy) in [
            ("Enroll", PolicyKind::Enroll),
            ("Duplicate", PolicyKind::Duplicate),
            ("OfflineUnblock", PolicyKind::OfflineUnblock),
            ("OnlineUpdate", PolicyKind::OnlineUpdate),
            ("Renew", PolicyKind::Renew),
            ("Recover", PolicyKind::Recover),
            ("RecoverOnBehalf", PolicyKind::RecoverOnBehalf),
            ("Reinstate", PolicyKind::Reinstate),
            ("Suspend", PolicyKind::Reinstate),
            ("Retire", PolicyKind::Retire),
            ("Revoke", PolicyKind::Revoke),
            ("Disable", PolicyKind::Revoke),
            ("TemporaryCards", PolicyKind::TemporaryCards),
            ("TemporaryEnroll", PolicyKind::TemporaryCards),
            ("TemporaryCardEnroll", PolicyKind::TemporaryCards),
            ("Unblock", PolicyKind::Unblock),
        ] {
            for written in [word.to_owned(), word.to_lowercase(), word.to_uppercase()] {
                assert_eq!(operation(&written).unwrap().policy(), policy, "{written}");
            }
        }
    }

    #[test]
    fn a_word_that_names_no_operation_is_refused_by_name() {
        for word in ["", "junk", "1", "Enroll ", "SuspendOrReinstate"] {
            assert!(matches!(operation(word), Err(Fault::Invalid(invalid)) if invalid.field == "type"), "{word}");
        }
    }
}

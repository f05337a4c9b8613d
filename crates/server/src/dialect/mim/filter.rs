//! The words by which MIM filters (`spec/mim-cm.md` C.1, C.5, G10), and its status numbers.

use countersign_core::profile::ProfileStatus;
use countersign_core::request::RequestStatus;

use crate::dialect::{Fault, Parameters};

/// MIM's request statuses with their numbers.
const REQUEST_STATUSES: [(&str, u8); 8] = [
    ("Approved", 3),
    ("Canceled", 17),
    ("Completed", 8),
    ("Denied", 4),
    ("Executing", 18),
    ("Failed", 9),
    ("None", NONE),
    ("Pending", 16),
];

const NONE: u8 = 0;

/// MIM's number of a status. A draft has none of its own: MIM does not show it.
pub(super) const fn request_status_number(status: RequestStatus) -> u8 {
    match status {
        RequestStatus::Draft => NONE,
        RequestStatus::Submitted | RequestStatus::Pending => 16,
        RequestStatus::Approved
        | RequestStatus::AwaitingChildren
        | RequestStatus::AwaitingDependency
        | RequestStatus::Scheduled => 3,
        RequestStatus::Executing => 18,
        RequestStatus::Completed => 8,
        RequestStatus::PartiallyFailed | RequestStatus::Failed => 9,
        RequestStatus::Denied => 4,
        RequestStatus::Canceled | RequestStatus::Closed => 17,
    }
}

/// The statuses that the query asks for; without `status`, every one that MIM shows.
pub(super) fn request_statuses(parameters: &Parameters) -> Result<Vec<RequestStatus>, Fault> {
    let shown = RequestStatus::ALL.iter().copied().filter(|status| request_status_number(*status) != NONE);
    let Some(word) = parameters.get("status")? else { return Ok(shown.collect()) };
    let number = request_status_word(word).ok_or_else(|| {
        let words = REQUEST_STATUSES.map(|(word, _)| word).join(", ");
        Fault::invalid("status", format!("must be one of {words}"))
    })?;
    Ok(shown.filter(|status| request_status_number(*status) == number).collect())
}

fn request_status_word(word: &str) -> Option<u8> {
    let known = REQUEST_STATUSES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    known.map(|(_, number)| *number)
}

/// Which profiles a query asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProfileFilter {
    /// Every one.
    All,
    /// Those in one status.
    In(ProfileStatus),
    /// None: the word is the status of a request.
    Never,
}

impl ProfileFilter {
    /// Reads `status`.
    pub(super) fn read(parameters: &Parameters) -> Result<Self, Fault> {
        let Some(word) = parameters.get("status")? else { return Ok(Self::All) };
        let status = ProfileStatus::ALL.iter().find(|status| status.name().eq_ignore_ascii_case(word));
        match status {
            Some(status) => Ok(Self::In(*status)),
            None if request_status_word(word).is_some() => Ok(Self::Never),
            None => {
                let words: Vec<_> = ProfileStatus::ALL.iter().map(|status| status.name()).collect();
                Err(Fault::invalid("status", format!("must be one of {}, or a request status", words.join(", "))))
            }
        }
    }

    /// Whether a profile in `status` is asked for.
    pub(super) fn takes(self, status: ProfileStatus) -> bool {
        match self {
            Self::All => true,
            Self::In(wanted) => wanted == status,
            Self::Never => false,
        }
    }
}

/// Whether only requests for the caller are asked for: `targetuser` is absent or `current`.
pub(super) fn target_is_caller(parameters: &Parameters) -> Result<bool, Fault> {
    match parameters.get("targetuser")? {
        None => Ok(false),
        Some(word) if word.eq_ignore_ascii_case("current") => Ok(true),
        Some(_) => Err(Fault::invalid("targetuser", "must be current: no other user is supported")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statuses(query: &str) -> Result<Vec<RequestStatus>, Fault> {
        request_statuses(&Parameters::read(query)?)
    }

    fn profiles(query: &str) -> Result<ProfileFilter, Fault> {
        ProfileFilter::read(&Parameters::read(query)?)
    }

    #[test]
    fn each_word_asks_for_the_statuses_that_print_its_number() {
        use RequestStatus as S;
        for (word, expected) in [
            ("approved", vec![S::Approved, S::AwaitingChildren, S::AwaitingDependency, S::Scheduled]),
            ("PENDING", vec![S::Submitted, S::Pending]),
            ("Executing", vec![S::Executing]),
            ("Completed", vec![S::Completed]),
            ("Failed", vec![S::PartiallyFailed, S::Failed]),
            ("Denied", vec![S::Denied]),
            ("Canceled", vec![S::Canceled, S::Closed]),
            ("None", vec![]),
        ] {
            assert_eq!(statuses(&format!("status={word}")).unwrap(), expected, "{word}");
        }
        let all = statuses("").unwrap();
        assert_eq!(all.len(), S::ALL.len() - 1);
        assert!(!all.contains(&S::Draft));
    }

    #[test]
    fn a_word_that_is_no_status_is_refused_by_name() {
        for query in ["status=junk", "status=", "status=3", "status=Active", "status=Draft"] {
            assert!(matches!(statuses(query), Err(Fault::Invalid(invalid)) if invalid.field == "status"), "{query}");
        }
    }

    #[test]
    fn profiles_know_their_own_words_and_those_of_requests() {
        assert_eq!(profiles("status=active").unwrap(), ProfileFilter::In(ProfileStatus::Active));
        assert_eq!(profiles("status=Approved").unwrap(), ProfileFilter::Never);
        assert_eq!(profiles("status=None").unwrap(), ProfileFilter::Never);
        assert_eq!(profiles("").unwrap(), ProfileFilter::All);
        assert!(matches!(profiles("status=junk"), Err(Fault::Invalid(invalid)) if invalid.field == "status"));
    }

    #[test]
    fn the_target_is_the_caller_or_anybody() {
        let read = |query| target_is_caller(&Parameters::read(query).unwrap());
        assert!(read("targetuser=Current").unwrap());
        assert!(!read("other=current").unwrap());
        for query in ["targetuser=", "targetuser=8f1590dc-d932-4b66-8e68-2e91c5880780"] {
            assert!(matches!(read(query), Err(Fault::Invalid(invalid)) if invalid.field == "targetuser"), "{query}");
        }
    }
}

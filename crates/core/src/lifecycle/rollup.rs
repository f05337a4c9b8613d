//! How a parent ends when its children have (`spec/oig-requests.md` C.5).

use crate::request::Outcome;

/// The outcome of a parent whose children ended so often in each way (in the order of
/// [`Outcome::ALL`]): all in one way, that way; some well and some not, partially; none well, failed.
pub fn roll_up(ended: &[i64; Outcome::ALL.len()]) -> Outcome {
    let counts = Outcome::ALL.iter().copied().zip(ended.iter().copied()).filter(|(_, count)| *count > 0);
    let mut kinds = counts.map(|(outcome, _)| outcome);
    let Some(first) = kinds.next() else { return Outcome::Failed };
    let rest: Vec<Outcome> = kinds.collect();
    if rest.is_empty() {
        return first;
    }
    let well = |outcome: &Outcome| matches!(outcome, Outcome::Completed | Outcome::PartiallyFailed);
    if well(&first) || rest.iter().any(well) { Outcome::PartiallyFailed } else { Outcome::Failed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(outcomes: &[Outcome]) -> Outcome {
        let mut ended = [0; Outcome::ALL.len()];
        for outcome in outcomes {
            ended[Outcome::ALL.iter().position(|other| other == outcome).unwrap()] += 1;
        }
        roll_up(&ended)
    }

    #[test]
    fn children_that_agree_decide_and_others_mix() {
        use Outcome::{Canceled, Closed, Completed, Denied, Failed, PartiallyFailed};
        for (children, expected) in [
            (vec![Completed, Completed], Completed),
            (vec![Denied, Denied], Denied),
            (vec![Canceled], Canceled),
            (vec![Closed, Closed], Closed),
            (vec![Failed], Failed),
            (vec![PartiallyFailed], PartiallyFailed),
            (vec![Completed, Denied], PartiallyFailed),
            (vec![Completed, Failed, Canceled], PartiallyFailed),
            (vec![PartiallyFailed, Failed], PartiallyFailed),
            (vec![Denied, Canceled], Failed),
            (vec![Failed, Denied], Failed),
        ] {
            assert_eq!(of(&children), expected, "{children:?}");
        }
    }
}

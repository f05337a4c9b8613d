//! Two sides measured in turn, so that what happens to the machine meanwhile happens to both.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::load::{self, Calls, Measured, Pressure};

/// Who is called, and with what.
#[derive(Clone)]
pub(crate) struct Side {
    pub(crate) address: SocketAddr,
    pub(crate) calls: Arc<dyn Calls>,
}

impl Side {
    /// What the calls show under that pressure.
    pub(crate) fn measure(&self, pressure: Pressure) -> anyhow::Result<Measured> {
        load::run(self.address, &self.calls, pressure)
    }
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// Answers a second.
    Rate,
    /// How long the median answer takes.
    Latency,
}

/// How often and how long both sides are measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounds {
    pub(crate) count: usize,
    pub(crate) time: Duration,
}

impl Rounds {
    /// So many connections that call again as soon as they have an answer.
    pub(crate) const fn of(self, connections: u32) -> Pressure {
        Pressure { connections, rate: None, time: self.time, calls: None }
    }
}

/// What the rounds say together.
#[derive(Clone, Debug)]
pub(crate) struct Compared {
    /// Answers a second, or milliseconds.
    pub(crate) ours: f64,
    pub(crate) against: f64,
    /// Higher is better.
    pub(crate) ratio: f64,
    pub(crate) spread: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) errors: u64,
}

/// Measures `ours` and `against` in turn.
pub(crate) fn compare(
    ours: impl Fn() -> anyhow::Result<Measured>,
    against: impl Fn() -> anyhow::Result<Measured>,
    by: By,
    rounds: usize,
) -> anyhow::Result<Compared> {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        // Who goes first changes, so that neither profits from the other.
        if round % 2 == 0 {
            first.push(ours()?);
            second.push(against()?);
        } else {
            second.push(against()?);
            first.push(ours()?);
        }
    }
    Ok(together(&first, &second, by))
}

fn together(ours: &[Measured], against: &[Measured], by: By) -> Compared {
    let of = |measured: &Measured| match by {
        By::Rate => measured.per_second,
        By::Latency => measured.p50_ms,
    };
    let ratio = |(ours, against): (&Measured, &Measured)| match by {
        By::Rate => of(ours) / of(against),
        By::Latency => of(against) / of(ours),
    };
    let ratios: Vec<f64> = ours.iter().zip(against).map(ratio).collect();
    let middle = median(ratios.iter().copied());
    let widest = ratios.iter().copied().fold(f64::MIN, f64::max) - ratios.iter().copied().fold(f64::MAX, f64::min);
    Compared {
        ours: median(ours.iter().map(of)),
        against: median(against.iter().map(of)),
        ratio: middle,
        spread: widest / middle,
        p50_ms: median(ours.iter().map(|measured| measured.p50_ms)),
        p99_ms: median(ours.iter().map(|measured| measured.p99_ms)),
        errors: ours.iter().chain(against).map(Measured::failed).sum(),
    }
}

/// The middle one of `values`, of an even number the upper.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(per_second: f64, p50_ms: f64) -> Measured {
        Measured { per_second, p50_ms, p99_ms: 10.0 * p50_ms, errors: Vec::new() }
    }

    #[test]
    fn ratios_are_those_of_the_rounds_and_higher_is_better() {
        let ours = [measured(50.0, 2.0), measured(20.0, 5.0), measured(60.0, 1.0)];
        let against = [measured(100.0, 1.0), measured(100.0, 1.0), measured(100.0, 1.0)];
        let by_rate = together(&ours, &against, By::Rate);
        assert!((by_rate.ratio - 0.5).abs() < 1e-9, "{by_rate:?}");
        assert!((by_rate.spread - 0.8).abs() < 1e-9, "{by_rate:?}");
        let by_latency = together(&ours, &against, By::Latency);
        assert!((by_latency.ratio - 0.5).abs() < 1e-9, "{by_latency:?}");
        assert!((by_latency.ours - 2.0).abs() < 1e-9, "{by_latency:?}");
    }

    #[test]
    fn one_wrong_answer_on_either_side_counts() {
        let wrong = Measured { errors: vec![("status 500".to_owned(), 2)], ..measured(1.0, 1.0) };
        assert_eq!(together(&[measured(1.0, 1.0)], &[wrong], By::Rate).errors, 2);
    }
}

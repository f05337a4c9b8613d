//! The records, made as they are asked for: memory does not grow with their number.

use std::io;

use countersign_core::bundle::{Fault, Placed, Record, RecordSource};
use countersign_core::ids::{RequestId, UserId};
use countersign_core::request::{Request, RequestDetails, RequestStatus};
use countersign_storage_conformance::sample::{self, Random};
use uuid::Uuid;

use super::Plan;
use super::people::{self, APPROVERS, AUDITORS, EMPLOYEES, READER_ID};

/// One access request for so many certificate requests.
const CERTIFICATES_PER_ACCESS: u64 = 20;

/// Every status but a draft's, which MIM does not show.
pub(super) const SHOWN: &[RequestStatus] = RequestStatus::ALL.split_at(1).1;

/// What a plan makes.
pub(super) struct Source {
    people: Vec<Record>,
    plan: Plan,
}

impl Source {
    pub(super) fn new(plan: Plan) -> anyhow::Result<Self> {
        Ok(Self { people: people::records()?, plan })
    }
}

impl RecordSource for Source {
    fn open(&mut self) -> io::Result<Box<dyn Iterator<Item = io::Result<Result<Placed, Fault>>> + '_>> {
        let plan = self.plan;
        let access = (1..=plan.requests / CERTIFICATES_PER_ACCESS).map(move |n| access_request(plan.requests + n));
        let requests = (1..=plan.requests).map(move |n| certificate_request(n, plan)).chain(access);
        let records = self.people.iter().cloned().chain(requests.map(|request| Record::Request(Box::new(request))));
        Ok(Box::new((1..).zip(records).map(|(place, record)| Ok(Ok(Placed { place, record })))))
    }
}

/// Whether the `n`th request is one of the reader's: so many, evenly from the oldest to the newest.
const fn is_own(n: u64, plan: Plan) -> bool {
    plan.own > 0 && n * plan.own / plan.requests != (n - 1) * plan.own / plan.requests
}

fn certificate_request(n: u64, plan: Plan) -> Request {
    let mut random = Random::new(n);
    let (originator, target) = (employee(&mut random), employee(&mut random));
    let target = if is_own(n, plan) { READER_ID } else { target };
    let mut request = sample::certificate_request(n, originator, target);
    if let RequestDetails::Certificate(certificate) = &mut request.details {
        certificate.auditors = vec![sample::group_principal(AUDITORS)];
        certificate.comment = format!("Request {n}, made to measure on");
    }
    let mut tasks = vec![sample::task(2 * n, sample::group_principal(APPROVERS))];
    if random.once_in(2) {
        let approver = sample::user_id(3 + random.below(10));
        let mut claimed = sample::task(2 * n + 1, sample::group_principal(APPROVERS));
        claimed.acquired_by = Some(UserId::from(approver.as_uuid()));
        tasks.push(claimed);
    }
    request.stages = vec![sample::stage(tasks)];
    in_order(sample::in_status(request, *random.pick(SHOWN)), n)
}

fn access_request(n: u64) -> Request {
    let mut random = Random::new(n);
    let (originator, beneficiary) = (employee(&mut random), employee(&mut random));
    let mut request = sample::access_request(n, originator, &[beneficiary]);
    request.stages = vec![sample::stage(vec![sample::task(2 * n, sample::group_principal(APPROVERS))])];
    in_order(sample::in_status(request, *random.pick(SHOWN)), n)
}

/// The `n`th request's id: in the order of creation, as ids are that a server makes (version 7).
pub(crate) fn request_id(n: u64) -> RequestId {
    ordered(n, 0).into()
}

pub(super) fn ordered(n: u64, part: u64) -> Uuid {
    let milliseconds = u128::from(1_400_000_000_000 + n) << 80;
    Uuid::from_u128(milliseconds | 7 << 76 | 2 << 62 | u128::from(part))
}

/// Gives the `n`th request, and its tasks, ids in the order of creation.
fn in_order(mut request: Request, n: u64) -> Request {
    request.id = request_id(n);
    for (part, task) in (1..).zip(request.stages.iter_mut().flat_map(|stage| &mut stage.tasks)) {
        task.id = ordered(n, part).into();
    }
    request
}

const fn employee(random: &mut Random) -> u64 {
    EMPLOYEES.start + random.below(EMPLOYEES.end - EMPLOYEES.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_has_exactly_their_own_from_the_oldest_to_the_newest() {
        for (requests, own) in [(3, 3), (10, 3), (1000, 3), (1001, 7), (5, 0)] {
            let plan = Plan { requests, own };
            let found: Vec<u64> = (1..=requests).filter(|n| is_own(*n, plan)).collect();
            assert_eq!(found.len() as u64, own);
            assert!(own == 0 || found[0] * own <= requests + own);
        }
    }

    #[test]
    fn nothing_is_a_draft() {
        assert_eq!(SHOWN.len(), RequestStatus::ALL.len() - 1);
        assert!(!SHOWN.contains(&RequestStatus::Draft));
    }

    #[test]
    fn every_record_is_sound_and_both_readings_are_the_same() {
        let mut source = Source::new(Plan { requests: 200, own: 3 }).unwrap();
        let mut read =
            || -> Vec<Record> { source.open().unwrap().map(|record| record.unwrap().unwrap().record).collect() };
        let (first, second) = (read(), read());
        assert_eq!(first, second);
        assert!(first.iter().all(|record| record.faults().is_empty()));
    }
}

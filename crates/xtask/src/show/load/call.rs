//! The calls: which one a client makes next, and how it looks on the wire.

use serde_json::{Value, json};

use super::journal::{Action, Answered, Call, Surface};
use super::slots::Hot;
use crate::answer::Answer;

const OIG: &str = "/iam/governance/selfservice/api/v1";
const MIM: &str = "/CertificateManagement/api/v1.0";
const NATIVE: &str = "/api/v1";
/// Two of three must approve.
pub(super) const DUAL_CONTROL: &str = "d0a10000-0000-4000-8000-000000000002";
const QUORUM: usize = 2;
const VOTERS: [&str; 3] = ["approver", "manager", "sysadmin"];
const REQUESTER: &str = "requester";
const TARGETS: [&str; 3] = ["user24", "user82", "user1001"];

/// Numbers that look random: `SplitMix64`.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        #[allow(clippy::cast_possible_truncation, reason = "a remainder below a usize")]
        let below = ((z ^ (z >> 31)) % limit as u64) as usize;
        below
    }

    const fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// What goes over the wire.
pub(super) struct Wire {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) headers: &'static [(&'static str, &'static str)],
    pub(super) body: Value,
}

/// A new request for somebody, and for whom.
pub(super) fn create(mark: String, random: &mut Random) -> (Call, Wire, &'static str) {
    let target = random.one_of(&TARGETS);
    let body = json!({"beneficiaries": [{ "login": target }], "justification": mark,
        "targets": [{"entityType": "ProfileTemplate", "entityKey": DUAL_CONTROL}]});
    let who = REQUESTER.to_owned();
    let call = Call { mark, action: Action::Create, surface: Surface::Native, who, request: None };
    (call, Wire { method: "POST", path: format!("{NATIVE}/requests"), headers: &[], body }, target)
}

/// Something that can be done to the request, as far as this client knows.
pub(super) fn act(mark: String, hot: &Hot, random: &mut Random) -> (Call, Wire) {
    let action = if hot.approved_by.len() >= QUORUM {
        [Action::Cancel, Action::Complete, Action::Complete][random.below(3)]
    } else {
        match random.below(100) {
            0..80 => Action::Approve,
            80..88 => Action::Deny,
            _ => Action::Cancel,
        }
    };
    let (surface, who) = match action {
        Action::Complete => (Surface::Mim, hot.target),
        Action::Cancel => (Surface::Mim, random.one_of(&[REQUESTER, hot.target])),
        _ => {
            let free: Vec<&str> =
                VOTERS.into_iter().filter(|voter| !hot.approved_by.iter().any(|by| by == voter)).collect();
            ([Surface::Oig, Surface::Native][random.below(2)], random.one_of(&free))
        }
    };
    let call = Call { mark, action, surface, who: who.to_owned(), request: Some(hot.number) };
    let wire = on_wire(&call, hot);
    (call, wire)
}

fn on_wire(call: &Call, hot: &Hot) -> Wire {
    let approves = call.action == Action::Approve;
    match call.surface {
        Surface::Oig => Wire {
            method: "PUT",
            path: format!("{OIG}/requests/{}", hot.number),
            headers: &[("x-requested-by", "load")],
            body: json!({"action": if approves { "approve" } else { "reject" }, "actionComment": call.mark}),
        },
        Surface::Native => Wire {
            method: "POST",
            path: format!("{NATIVE}/requests/{}/decisions", hot.number),
            headers: &[],
            body: json!({"outcome": if approves { "approve" } else { "deny" }, "comment": call.mark}),
        },
        Surface::Mim => Wire {
            method: "PUT",
            path: format!("{MIM}/requests/{}", hot.id),
            headers: &[],
            body: json!({"status": if call.action == Action::Cancel { "Canceled" } else { "Completed" }}),
        },
    }
}

/// What the client keeps of an answer.
pub(super) fn answered(at: u64, call: &Call, answer: &Answer) -> Answered {
    let body = answer.json().unwrap_or_default();
    let code = ["code", "errorCode", "ErrorCode"].iter().find_map(|name| body[*name].as_str());
    let made = (call.action == Action::Create).then(|| body["number"].as_u64()).flatten();
    Answered {
        at,
        status: answer.status,
        code: code.map(str::to_owned),
        retry_after: answer.header("retry-after").is_some(),
        made,
    }
}

/// The request that a successful [`create`] made.
pub(super) fn made(answer: &Answer, target: &'static str) -> Option<Hot> {
    let body = answer.json().ok()?;
    Some(Hot::new(body["number"].as_u64()?, body["id"].as_str()?.to_owned(), target))
}

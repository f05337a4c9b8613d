//! What comes after approval: splitting, waiting, carrying out.

use super::command::Command;
use super::context::Actor;
use super::decide::{Course, Outcomes};
use super::event::RequestEvent;
use super::refusal::Refusal;
use crate::catalog::FulfilmentMethod;
use crate::ids::{ProfileId, SmartcardId};
use crate::request::{Fulfilment, Outcome, RequestDetails, RequestStatus};

impl Course<'_> {
    /// What comes next for a request that has just been approved. A certificate request waits for
    /// its executor.
    pub(super) fn split_or_go_on(&mut self) {
        let RequestDetails::Access(access) = &self.request.details else { return };
        let pairs = access.beneficiaries.len() * access.targets.len().max(1);
        if self.request.parent.is_none() && pairs > 1 {
            self.happen(RequestEvent::Split { children: pairs });
        } else {
            self.go_on();
        }
    }

    /// What comes next for a single request once nothing of its approval is left.
    pub(super) fn go_on(&mut self) {
        match (self.request.depends_on, self.context.next.dependency) {
            (None, _) | (_, Some(Outcome::Completed)) => self.start_or_wait(),
            (Some(_), Some(outcome)) => {
                let reason = format!("the request that it depends on ended: {}", outcome.name());
                self.end(Outcome::Failed, Some(reason));
            }
            (Some(on), None) => {
                if self.request.status() != RequestStatus::AwaitingDependency {
                    self.happen(RequestEvent::Waiting { on });
                }
            }
        }
    }

    pub(super) fn start_or_wait(&mut self) {
        match self.request.start().filter(|start| *start > self.context.now) {
            Some(_) if self.request.status() == RequestStatus::Scheduled => {}
            Some(until) => self.happen(RequestEvent::Scheduled { until }),
            None => self.start(),
        }
    }

    fn start(&mut self) {
        let fulfilment = match self.context.next.fulfilment {
            FulfilmentMethod::Manual => Fulfilment::Manual,
            FulfilmentMethod::Immediate | FulfilmentMethod::Webhook => Fulfilment::Automatic,
        };
        self.happen(RequestEvent::Begun { fulfilment });
        if self.context.next.fulfilment == FulfilmentMethod::Immediate {
            self.end(Outcome::Completed, None);
        }
    }

    pub(super) fn execute(&mut self, command: &Command) -> Outcomes {
        match command {
            Command::Abandon { reason } => self.abandon(reason.clone()),
            Command::Begin => self.begin(),
            Command::Bind { profile, smartcard } => self.bind(*profile, *smartcard),
            Command::Complete => self.complete(),
            Command::Fail { reason } => {
                self.only_fulfiller()?;
                self.end(Outcome::Failed, Some(reason.clone()));
                Ok(())
            }
            Command::Stumble { reason } => {
                self.only_fulfiller()?;
                self.happen(RequestEvent::Stumbled { reason: reason.clone() });
                Ok(())
            }
            Command::Retry => self.retry(),
            _ => Ok(()),
        }
    }

    fn abandon(&mut self, reason: Option<String>) -> Outcomes {
        self.only_certificate("only a certificate request is abandoned")?;
        if !self.is_originator() {
            self.only_executor()?;
        }
        self.end(Outcome::Failed, Some(reason.unwrap_or_else(|| "abandoned".to_owned())));
        Ok(())
    }

    fn begin(&mut self) -> Outcomes {
        self.only_certificate("an access request begins by itself")?;
        self.only_executor()?;
        if self.lacks_card() {
            return Err(self.refuse("no card is bound to it"));
        }
        if self.request.status() == RequestStatus::Approved {
            self.happen(RequestEvent::Begun { fulfilment: Fulfilment::Automatic });
        }
        Ok(())
    }

    /// What is bound stays bound: the same once more changes nothing, another is refused
    /// (`spec/mim-cm.md` G25).
    fn bind(&mut self, profile: Option<ProfileId>, smartcard: Option<SmartcardId>) -> Outcomes {
        let certificate = self.only_certificate("only a certificate request is bound to a profile or a card")?;
        self.only_executor()?;
        if smartcard.is_some() && !certificate.smartcard {
            return Err(Refusal::invalid("smartcard", "the request is not for a card"));
        }
        let new_profile = unbound(certificate.new_profile, profile).map_err(|reason| self.refuse(reason))?;
        let new_smartcard = unbound(certificate.new_smartcard, smartcard).map_err(|reason| self.refuse(reason))?;
        if new_profile.is_some() || new_smartcard.is_some() {
            self.happen(RequestEvent::Bound { profile: new_profile, smartcard: new_smartcard });
        }
        Ok(())
    }

    fn complete(&mut self) -> Outcomes {
        self.only_executor()?;
        if self.request.status() == RequestStatus::Completed {
            // Said twice: so it is already.
            return Ok(());
        }
        if self.lacks_card() {
            return Err(self.refuse("no card is bound to it"));
        }
        self.end(Outcome::Completed, None);
        Ok(())
    }

    fn retry(&mut self) -> Outcomes {
        self.only_administrator("only administrators try again")?;
        if self.request.failure.is_none() {
            return Err(self.refuse("nothing has failed"));
        }
        self.happen(RequestEvent::Retried {});
        if self.request.certificate().is_none() && self.context.next.fulfilment == FulfilmentMethod::Immediate {
            self.end(Outcome::Completed, None);
        }
        Ok(())
    }

    fn lacks_card(&self) -> bool {
        self.request.certificate().is_some_and(|certificate| {
            certificate.smartcard && certificate.new_smartcard.is_none() && certificate.old_smartcard.is_none()
        })
    }

    /// Enrollment agents of the policy, or the target where agents are not used (`spec/mim-cm.md`
    /// E.4). Access requests are carried out by a fulfiller.
    fn only_executor(&self) -> Outcomes {
        let Some(certificate) = self.request.certificate() else { return self.only_fulfiller() };
        let may = match self.context.actor {
            Actor::Person(caller) if certificate.agent_required => caller.is_among(&certificate.agents),
            Actor::Person(caller) => caller.user == certificate.target,
            Actor::Worker | Actor::Fulfiller => true,
        };
        if may { Ok(()) } else { Err(Refusal::NotAllowed("you may not execute this request")) }
    }

    fn only_fulfiller(&self) -> Outcomes {
        match self.context.actor {
            Actor::Worker | Actor::Fulfiller => Ok(()),
            Actor::Person(_) => self.only_administrator("only fulfillers and administrators say how it went"),
        }
    }
}

/// What is to be bound where nothing is yet.
fn unbound<T: PartialEq>(bound: Option<T>, wanted: Option<T>) -> Result<Option<T>, &'static str> {
    match (bound, wanted) {
        (Some(bound), Some(wanted)) if bound != wanted => Err("another profile or card is bound to it"),
        (None, wanted) => Ok(wanted),
        (Some(_), _) => Ok(None),
    }
}

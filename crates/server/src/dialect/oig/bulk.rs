//! Bulk calls: the elements one by one, each with a verdict of its own.

use actix_web::HttpRequest;
use countersign_core::service::{CallKey, Via};
use serde_json::Value;

use super::read;
use super::wire_write::{RequestResult, Verdict};
use crate::dialect::{CurrentCaller, Fault, correlation_id};
use crate::state::AppState;

/// A bulk call.
pub(super) struct Bulk<'a> {
    /// What it works with.
    pub(super) state: &'a AppState,
    /// Who calls.
    pub(super) caller: &'a CurrentCaller,
    /// The call.
    pub(super) request: &'a HttpRequest,
    /// The key of the call as a whole.
    pub(super) via: Via,
}

impl Bulk<'_> {
    /// Does `one` for each element, in their order; what fails, fails alone. Under one key there is
    /// one body: another is refused before anything happens.
    ///
    /// Nobody knows what became of an element whose database was lost. It is the call that is not available
    /// then, and is sent again, unless it has done something else and has no key under which that is done once.
    /// The elements behind it are not tried: each would wait as long.
    pub(super) async fn run(
        &self,
        elements: &[Value],
        one: impl AsyncFn(&Value, Via) -> Result<RequestResult, Fault>,
    ) -> Result<Vec<RequestResult>, Fault> {
        read::check_count(elements, self.state.settings.workflow.max_bulk)?;
        self.state.workflow.begin_bulk(self.caller, &self.via, &elements).await?;
        let (mut results, mut lost) = (Vec::with_capacity(elements.len()), None);
        for (number, element) in (1..).zip(elements) {
            let done = match lost.take() {
                None => one(element, self.of(number)).await,
                Some(fault) => Err(fault),
            };
            let result = match done {
                Err(fault @ Fault::Unavailable(_)) if self.may_be_sent_again(&results) => return Err(fault),
                Err(fault) => {
                    let failure = self.failure(&fault);
                    lost = Some(fault).filter(|fault| matches!(fault, Fault::Unavailable(_)));
                    failure
                }
                Ok(result) => result,
            };
            let id = result.id.or_else(|| sent(element, "id"));
            results.push(RequestResult { id, request_id: sent(element, "requestId"), ..result });
        }
        Ok(results)
    }

    fn may_be_sent_again(&self, done: &[RequestResult]) -> bool {
        self.via.key.is_some() || done.iter().all(|result| result.status == Verdict::Failed)
    }

    fn of(&self, element: i32) -> Via {
        let key = self.via.key.as_ref().map(|key| CallKey { element, ..key.clone() });
        Via { channel: self.via.channel, key }
    }

    fn failure(&self, fault: &Fault) -> RequestResult {
        let correlation = correlation_id(self.request);
        fault.log(correlation);
        RequestResult {
            status: Verdict::Failed,
            error_code: Some(fault.code()),
            description: Some(fault.message(correlation)),
            ..RequestResult::default()
        }
    }
}

/// An id as the client sent it, whatever else is wrong with the element.
fn sent(element: &Value, member: &str) -> Option<String> {
    match element.get(member)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

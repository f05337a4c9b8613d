//! From the domain to what is printed of events.

use countersign_core::ids::RequestId;
use countersign_core::request::{self, RequestDetails};
use countersign_core::service::{EventView, Message, Names};
use uuid::Uuid;

use super::BASE;
use super::convert::{Printer, target};
use super::wire::NamedValue;
use super::wire_event::{Event, Notification, NotifiedRequest, Work};
use super::words::Status;

/// An event, in the feed with its position.
pub(super) fn event(event: EventView, position: Option<i64>, names: &Names) -> Event {
    let printer = Printer { names };
    Event {
        position,
        stream: event.stream.stream.into(),
        id: event.stream.id,
        sequence: event.sequence,
        at: event.at.to_string(),
        kind: event.kind.into(),
        actor: event.actor.map(|user| printer.principal(user.into())),
        channel: event.channel.into(),
        data: event.data,
    }
}

/// What is posted to `webhook`; `origin` is the address under which the server is called back, as
/// far as it is known.
pub(crate) fn notification(webhook: Uuid, message: Message, origin: &str) -> Notification {
    let Message { position, event, request, work } = message;
    Notification {
        id: format!("{webhook}:{position}"),
        webhook,
        position,
        stream: event.stream.stream.into(),
        subject: event.stream.id,
        sequence: event.sequence,
        at: event.at.to_string(),
        kind: event.kind.into(),
        actor: event.actor.map(countersign_core::ids::UserId::as_uuid),
        channel: event.channel.into(),
        data: event.data,
        request: request.map(|request| notified(&request, work.as_ref(), origin)),
    }
}

fn notified(request: &request::Request, names: Option<&Names>, origin: &str) -> NotifiedRequest {
    let operation = match &request.details {
        RequestDetails::Access(access) => access.operation.name(),
        RequestDetails::Certificate(certificate) => certificate.operation.name(),
    };
    NotifiedRequest {
        id: request.id.as_uuid(),
        number: request.number.get(),
        status: Status(request.status()),
        operation,
        work: names.map(|names| work(request, names, origin)),
    }
}

fn work(request: &request::Request, names: &Names, origin: &str) -> Work {
    let printer = Printer { names };
    let (targets, template, answers) = match &request.details {
        RequestDetails::Access(access) => (access.targets.iter().map(target).collect(), None, Vec::new()),
        RequestDetails::Certificate(certificate) => {
            let answered = certificate
                .data_items
                .iter()
                .filter_map(|item| item.value.clone().map(|value| NamedValue { name: item.name.clone(), value }));
            (Vec::new(), Some(certificate.template.as_uuid()), answered.collect())
        }
    };
    Work {
        beneficiaries: request.beneficiaries().iter().map(|user| printer.principal((*user).into())).collect(),
        targets,
        template,
        answers,
        callback: callback(origin, request.id),
    }
}

fn callback(origin: &str, request: RequestId) -> String {
    format!("{}{BASE}/fulfilments/{request}", origin.trim_end_matches('/'))
}

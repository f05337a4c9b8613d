//! The list of requests: a page at a time, so that memory does not grow with its length.

use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use countersign_core::directory::Caller;
use countersign_core::repository::{Page, RequestCursor};
use countersign_core::request::{Request, RequestStatus};
use countersign_core::service::Requests;
use futures_util::stream::{Stream, try_unfold};
use tokio::time::sleep;
use uuid::Uuid;

use super::{JSON, convert, nothing};
use crate::dialect::Fault;

/// How many requests are in memory at a time.
const PAGE: usize = 256;
/// How long a list that has begun waits for a database that is out of reach.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long after a page could not be read it is asked for again.
const PAUSE: Duration = Duration::from_millis(100);

/// Which requests are listed, and for whom.
pub(super) struct Listing {
    pub(super) requests: Requests,
    pub(super) caller: Rc<Caller>,
    pub(super) own: bool,
    pub(super) statuses: Vec<RequestStatus>,
    /// The id under which the log knows the call.
    pub(super) correlation: Uuid,
}

impl Listing {
    /// The list: nothing, one page, or page after page as the client reads.
    pub(super) async fn respond(self) -> Result<HttpResponse, Fault> {
        let first = self.page(None).await?;
        if first.items.is_empty() && first.next.is_none() {
            return Ok(nothing());
        }
        let mut response = HttpResponse::Ok();
        response.insert_header((CONTENT_TYPE, JSON));
        let mut array = Array::default();
        let chunk = array.chunk(&first)?;
        match first.next {
            None => Ok(response.body(chunk)),
            Some(next) => Ok(response.streaming(self.rest(array, chunk, next))),
        }
    }

    async fn page(&self, after: Option<RequestCursor>) -> Result<Page<Request>, Fault> {
        let statuses = Some(self.statuses.clone());
        Ok(self.requests.certificate_requests(&self.caller, self.own, statuses, after, PAGE).await?)
    }

    /// A page in the middle. Whoever has read a part of the list can no longer be told to come back.
    async fn later_page(&self, after: RequestCursor) -> Result<Page<Request>, Fault> {
        let begun = Instant::now();
        loop {
            match self.page(Some(after)).await {
                Err(Fault::Unavailable(_)) if begun.elapsed() < PATIENCE => sleep(PAUSE).await,
                page => return page,
            }
        }
    }

    /// `first`, then every page after `next`. An error ends the connection: a list that is cut
    /// short must not look whole.
    fn rest(self, array: Array, first: Bytes, next: RequestCursor) -> impl Stream<Item = Result<Bytes, Fault>> {
        let start = Progress { listing: self, array, ready: Some(first), next: Some(next) };
        try_unfold(start, |mut progress| async move {
            let chunk = match progress.chunk().await {
                Ok(chunk) => chunk,
                Err(fault) => {
                    fault.log(progress.listing.correlation);
                    return Err(fault);
                }
            };
            Ok(chunk.map(|chunk| (chunk, progress)))
        })
    }
}

/// How far a streamed list is.
struct Progress {
    listing: Listing,
    array: Array,
    ready: Option<Bytes>,
    next: Option<RequestCursor>,
}

impl Progress {
    async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        if let Some(chunk) = self.ready.take() {
            return Ok(Some(chunk));
        }
        let Some(after) = self.next.take() else { return Ok(None) };
        let page = self.listing.later_page(after).await?;
        self.next = page.next;
        self.array.chunk(&page).map(Some)
    }
}

/// A JSON array that is written a page at a time.
#[derive(Default)]
struct Array {
    open: bool,
    elements: bool,
}

impl Array {
    fn chunk(&mut self, page: &Page<Request>) -> Result<Bytes, Fault> {
        let mut out = Vec::with_capacity(page.items.len() * 1024);
        if !std::mem::replace(&mut self.open, true) {
            out.push(b'[');
        }
        for item in page.items.iter().filter_map(convert::request) {
            if std::mem::replace(&mut self.elements, true) {
                out.push(b',');
            }
            serde_json::to_writer(&mut out, &item)?;
        }
        if page.next.is_none() {
            out.push(b']');
        }
        Ok(out.into())
    }
}

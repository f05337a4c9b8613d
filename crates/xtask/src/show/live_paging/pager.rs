//! A client that knows `spec/oig-requests.md` and nothing of the server: the parameters of A.1, the envelope of
//! B.2, the links of F. What a `next` link holds is nothing to it.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::OIG;
use crate::http::Client;
use crate::oracle::array;

/// The rows of a page.
const LIMIT: usize = 10;

/// How a client comes to the next page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// By the link that the page has.
    Next,
    /// By the offset that follows.
    Offset,
}

/// One page.
pub(super) struct Page {
    /// The tasks on it.
    pub(super) tasks: Vec<String>,
    /// The path of the next one.
    next: Option<String>,
}

/// What was seen from the first page to the last.
#[derive(Default)]
pub(super) struct Walk {
    /// The tasks.
    pub(super) tasks: BTreeSet<String>,
    /// How many of them came more than once.
    pub(super) repeated: usize,
    /// How many pages there were.
    pub(super) pages: usize,
}

/// Somebody who pages.
pub(super) struct Pager {
    client: Client,
    server: String,
}

impl Pager {
    /// Whoever `client` logs in as, at the server with this address.
    pub(super) fn new(client: Client, server: String) -> Self {
        Self { client, server }
    }

    /// Goes from the first page to the last. `around` is called with each fetch.
    pub(super) fn walk(
        &self,
        by: By,
        mut around: impl FnMut(&dyn Fn() -> anyhow::Result<Page>) -> anyhow::Result<Page>,
    ) -> anyhow::Result<Walk> {
        let mut walk = Walk::default();
        let mut path = Some(at(1, LIMIT));
        while let Some(this) = path.take() {
            let page = around(&|| self.page(&this))?;
            walk.pages += 1;
            let offset = walk.pages * LIMIT + 1;
            path = page.next.map(|next| if by == By::Next { next } else { at(offset, LIMIT) });
            for task in page.tasks {
                if !walk.tasks.insert(task) {
                    walk.repeated += 1;
                }
            }
        }
        ensure!(by == By::Offset || walk.repeated == 0, "following next led to {} tasks twice", walk.repeated);
        Ok(walk)
    }

    /// How many tasks there are.
    pub(super) fn total(&self) -> anyhow::Result<usize> {
        let none = self.client.get(&at(1, 0))?.json_of(200)?;
        Ok(none["totalResult"].as_u64().context("a total")?.try_into()?)
    }

    /// While nothing changes, a page by its offset holds the rows of these places; says how many pages
    /// were compared. The last of them lies beyond the end.
    pub(super) fn offsets_are_places(&self) -> anyhow::Result<usize> {
        let total = self.total()?;
        let mut all: Vec<String> = Vec::new();
        while all.len() < total {
            let more = self.page(&at(all.len() + 1, 1000))?.tasks;
            ensure!(!more.is_empty(), "the list ends after {} of {total}", all.len());
            all.extend(more);
        }
        ensure!(all.iter().collect::<BTreeSet<_>>().len() == total, "a task stands in two places");
        let middle = total / 2 + 3;
        let offsets = [1, 2, 11, middle, total - LIMIT, total - LIMIT + 1, total, total + 1];
        for offset in offsets {
            let page = self.page(&at(offset, LIMIT))?;
            let places = &all[(offset - 1).min(total)..(offset - 1 + LIMIT).min(total)];
            ensure!(page.tasks == places, "the page at {offset} does not hold what stands there");
            ensure!(page.next.is_some() == (offset + LIMIT <= total), "the page at {offset} leads on wrongly");
        }
        Ok(offsets.len())
    }

    fn page(&self, path: &str) -> anyhow::Result<Page> {
        let list = self.client.get(path)?.json_of(200)?;
        let rows = array(&list["requests"]);
        ensure!(list["count"] == rows.len(), "{path} counts wrongly: {list}");
        let task = |row: &Value| {
            ensure!(row["state"] == "ASSIGNED", "{row} is not pending");
            Ok(row["taskId"].as_str().context("a task's id")?.to_owned())
        };
        let tasks = rows.iter().map(task).collect::<anyhow::Result<_>>()?;
        let next = self.next(&list)?;
        ensure!(list["hasMore"] == next.is_some(), "hasMore and next disagree: {list}");
        Ok(Page { tasks, next })
    }

    /// The link to the next page, without the server's address.
    fn next(&self, list: &Value) -> anyhow::Result<Option<String>> {
        let Some(link) = array(&list["links"]).iter().find(|link| link["rel"] == "next") else { return Ok(None) };
        let address = link["href"].as_str().context("a link without an address")?;
        let path = address.strip_prefix(&self.server).with_context(|| format!("{address} leads elsewhere"))?;
        Ok(Some(path.to_owned()))
    }
}

fn at(offset: usize, limit: usize) -> String {
    format!("{OIG}/requests?view=pendingApprovals&offset={offset}&limit={limit}")
}

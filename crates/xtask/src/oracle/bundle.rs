//! The records of a bundle, found by id.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// A bundle's records as they stand in its text.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    pub(crate) records: Vec<Value>,
}

impl Bundle {
    /// Reads a hand-written bundle: one JSON array.
    pub(crate) fn read(text: &str) -> anyhow::Result<Self> {
        let records: Vec<Value> = serde_json::from_str(text).context("the bundle is no JSON array")?;
        ensure!(records.len() > 1, "the bundle is empty");
        Ok(Self { records })
    }

    /// The bundle's text.
    pub(crate) fn text(&self) -> String {
        Value::Array(self.records.clone()).to_string()
    }

    /// Every record of a kind.
    pub(crate) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> + 'a {
        self.records.iter().filter(move |record| record["kind"] == kind)
    }

    /// The record of a kind whose member is that text.
    pub(crate) fn find(&self, kind: &str, member: &str, text: &str) -> anyhow::Result<&Value> {
        let found = self.records.iter().find(|record| record["kind"] == kind && record[member].as_str() == Some(text));
        found.with_context(|| format!("the bundle has no {kind} whose {member} is {text}"))
    }

    /// The record by its id.
    pub(crate) fn by_id(&self, kind: &str, id: &Value) -> anyhow::Result<&Value> {
        self.find(kind, "id", id.as_str().context("an id")?)
    }

    /// The id of the user with that login.
    pub(crate) fn user_id(&self, login: &str) -> anyhow::Result<&str> {
        self.find("user", "login", login)?["id"].as_str().context("an id")
    }

    /// The user and every group that holds the user, or a group that does.
    pub(crate) fn principals<'a>(&'a self, user: &'a str) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::from([user]);
        loop {
            let more: Vec<&str> = self
                .of_kind("group")
                .filter(|group| strings(&group["members"]).any(|member| found.contains(member)))
                .filter_map(|group| group["id"].as_str())
                .filter(|id| !found.contains(id))
                .collect();
            if more.is_empty() {
                return found;
            }
            found.extend(more);
        }
    }

    /// The login of a user or the name of a group.
    pub(crate) fn name(&self, id: &Value) -> anyhow::Result<&str> {
        let user = self.by_id("user", id).map(|user| &user["login"]);
        let name = user.or_else(|_| self.by_id("group", id).map(|group| &group["name"]))?;
        name.as_str().context("a name")
    }
}

/// The texts of an array; of anything else, none.
pub(crate) fn strings(value: &Value) -> impl Iterator<Item = &str> {
    array(value).iter().filter_map(Value::as_str)
}

/// The elements of an array; of anything else, none.
pub(crate) fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A time as a hand-written bundle has it.
pub(crate) fn time(value: &Value) -> anyhow::Result<DateTime<Utc>> {
    let text = value.as_str().with_context(|| format!("{value} is no time"))?;
    Ok(DateTime::parse_from_rfc3339(text)?.with_timezone(&Utc))
}

/// The name of a request's state: `approved`, or how it ended.
pub(crate) fn status(request: &Value) -> &str {
    let state = &request["state"];
    let status = state["status"].as_str().unwrap_or_default();
    if status == "ended" { state["outcome"].as_str().unwrap_or_default() } else { status }
}

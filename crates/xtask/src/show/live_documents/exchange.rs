//! Documented exchanges: a call with the answer that the documents print.
//!
//! In both, `{name}` is a text that the document does not bind, an id for example: the first answer that has
//! it says what it is, and from then on it is that. `*` is any text.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::answer::Answer;
use crate::http::Client;

/// The headers of a call that writes.
const WRITING: [&str; 2] = ["X-Requested-By: rust", "Content-Type: application/json"];

/// Exchanges with one server.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    /// How the server is set.
    variables: BTreeMap<String, String>,
    /// In their order.
    pub(super) exchanges: Vec<Exchange>,
}

impl Run {
    /// The variables of the server's environment.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// A call with its answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    /// Where it is documented.
    pub(super) from: String,
    /// Who calls.
    #[serde(rename = "as")]
    pub(super) login: String,
    /// Method and target.
    pub(super) call: String,
    /// What is sent.
    body: Option<Value>,
    /// A header that is left out.
    without: Option<String>,
    status: u16,
    /// What is answered, to the last member.
    answer: Option<Value>,
    /// Names of members that an answer may have beyond the documented ones.
    #[serde(default)]
    beyond: Vec<String>,
    /// What is answered among other things: more members, more elements.
    holds: Option<Value>,
}

impl Exchange {
    /// Makes the call; fails unless the answer is the documented one.
    pub(super) fn play(&self, client: &Client, names: &mut Names) -> anyhow::Result<()> {
        let call = names.fill(&self.call);
        let (method, target) = call.split_once(' ').context("no method")?;
        let answer = self.send(client, method, target)?;
        ensure!(answer.status == self.status, "{} instead of {}: {}", answer.status, self.status, answer.text());
        ensure!(answer.status != 204 || answer.body.is_empty(), "204 with a body: {}", answer.text());
        for (expected, beyond) in [(&self.answer, Some(&self.beyond[..])), (&self.holds, None)] {
            let Some(expected) = expected else { continue };
            let found = answer.json()?;
            let compared = names.compare(expected, &found, beyond, "");
            compared.map_err(|fault| anyhow!("{fault}\nin {found:#}\ninstead of {expected:#}"))?;
        }
        Ok(())
    }

    fn send(&self, client: &Client, method: &str, target: &str) -> anyhow::Result<Answer> {
        if method == "GET" {
            return client.get(target);
        }
        let left_out = |header: &str| self.without.as_ref().is_some_and(|name| header.starts_with(name.as_str()));
        let headers: Vec<_> = WRITING.into_iter().filter(|header| !left_out(header)).map(str::as_bytes).collect();
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        client.raw(method, target.as_bytes(), &headers, body.as_bytes())
    }
}

/// What names stand for.
#[derive(Clone, Debug)]
pub(super) struct Names(BTreeMap<String, String>);

impl<const N: usize> From<[(&str, &str); N]> for Names {
    fn from(known: [(&str, &str); N]) -> Self {
        Self(known.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect())
    }
}

impl Names {
    fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, known)| text.replace(&format!("{{{name}}}"), known))
    }

    fn text(&mut self, expected: &str, found: &str) -> bool {
        let expected = self.fill(expected);
        let open = expected.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
        let Some((before, (name, after))) = open else {
            return expected == found || expected == "*" && !found.is_empty();
        };
        let meant = found.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        let Some(meant) = meant.filter(|meant| !meant.is_empty() && !meant.contains('/')) else { return false };
        self.0.insert(name.to_owned(), meant.to_owned());
        true
    }

    /// What differs first. `beyond` names the members that may be there unexpectedly; `None`: any, and any elements.
    fn compare(
        &mut self,
        expected: &Value,
        found: &Value,
        beyond: Option<&[String]>,
        place: &str,
    ) -> Result<(), String> {
        match (expected, found) {
            (Value::Object(expected), Value::Object(found)) => {
                let more = |name: &&String| !expected.contains_key(*name);
                let allowed = |name: &&String| beyond.is_none_or(|beyond| beyond.contains(*name));
                if let Some(name) = found.keys().filter(more).find(|name| !allowed(name)) {
                    return Err(format!("{place}/{name} is not documented"));
                }
                for (name, expected) in expected {
                    let place = format!("{place}/{name}");
                    let found = found.get(name).ok_or_else(|| format!("{place} is missing"))?;
                    self.compare(expected, found, beyond, &place)?;
                }
                Ok(())
            }
            (Value::Array(expected), Value::Array(found)) => self.elements(expected, found, beyond, place),
            (Value::String(expected), Value::String(found)) if self.text(expected, found) => Ok(()),
            _ if expected == found => Ok(()),
            _ => Err(format!("{place} is {found} instead of {}", self.fill(&expected.to_string()))),
        }
    }

    fn elements(
        &mut self,
        expected: &[Value],
        found: &[Value],
        beyond: Option<&[String]>,
        place: &str,
    ) -> Result<(), String> {
        if beyond.is_some() || expected.is_empty() {
            if expected.len() != found.len() {
                return Err(format!("{place} has {} elements instead of {}", found.len(), expected.len()));
            }
            let mut pairs = expected.iter().zip(found).enumerate();
            return pairs.try_for_each(|(at, (expected, found))| {
                self.compare(expected, found, beyond, &format!("{place}/{at}"))
            });
        }
        for (at, expected) in expected.iter().enumerate() {
            // An element that does not fit must leave no names behind.
            let tried = found.iter().map(|found| {
                let mut names = self.clone();
                names.compare(expected, found, beyond, &format!("{place}/{at}")).map(|()| names)
            });
            let fitting = tried.reduce(|first, next| if first.is_ok() { first } else { next.or(first) });
            *self = fitting.unwrap_or_else(|| Err(format!("{place} is empty")))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn compared(expected: &Value, found: &Value, beyond: Option<&[String]>) -> Result<String, String> {
        let mut names = Names::from([("base", "http://here")]);
        names.compare(expected, found, beyond, "").map(|()| names.fill("{id}"))
    }

    #[test]
    fn a_name_is_the_same_text_everywhere() {
        let expected = json!({"id": "{id}", "href": "{base}/requests/{id}"});
        assert_eq!(compared(&expected, &json!({"id": "7", "href": "http://here/requests/7"}), Some(&[])).unwrap(), "7");
        for other in ["http://here/requests/8", "http://there/requests/7", "http://here/requests/7/8"] {
            assert!(compared(&expected, &json!({"id": "7", "href": other}), Some(&[])).is_err(), "{other}");
        }
    }

    #[test]
    fn only_what_is_named_may_be_there_beyond_the_document() {
        let found = json!({"a": [{"b": 1, "c": 2}], "d": "x"});
        let expected = json!({"a": [{"b": 1}]});
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(compared(&expected, &found, None).is_ok());
        assert!(compared(&expected, &found, Some(&names(&["c", "d"]))).is_ok());
        assert!(compared(&expected, &found, Some(&names(&["d"]))).unwrap_err().contains("/a/0/c"));
        assert!(compared(&json!({"e": 1}), &found, None).unwrap_err().contains("/e"));
    }

    #[test]
    fn an_element_is_found_among_others_and_a_miss_leaves_no_name() {
        let found = json!([{"id": "1", "kind": "a"}, {"id": "2", "kind": "b"}]);
        assert_eq!(compared(&json!([{"id": "{id}", "kind": "b"}]), &found, None).unwrap(), "2");
        assert!(compared(&json!([{"id": "{id}", "kind": "c"}]), &found, None).is_err());
        assert!(compared(&json!([]), &found, None).is_err(), "an empty list is documented as empty");
    }
}

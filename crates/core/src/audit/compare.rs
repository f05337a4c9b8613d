//! Where two states differ, in words.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::event::ERASABLE;

/// How much of a text is shown.
const SHOWN: usize = 80;

/// How `tables` differs from what the events say; what was erased from them fits everything.
pub(super) fn differences(tables: &Value, events: &Value, erased: &BTreeSet<String>) -> Vec<String> {
    let mut comparison = Comparison { erased, found: Vec::new() };
    comparison.value(&mut Vec::new(), tables, events);
    comparison.found
}

struct Comparison<'a> {
    erased: &'a BTreeSet<String>,
    found: Vec<String>,
}

impl Comparison<'_> {
    fn value(&mut self, path: &mut Vec<String>, tables: &Value, events: &Value) {
        if tables == events || events.as_str().is_some_and(|text| self.erased.contains(text)) {
            return;
        }
        match (tables, events) {
            (Value::Object(one), Value::Object(other)) => {
                let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
                for name in names {
                    path.push(if path.is_empty() { name.clone() } else { format!(".{name}") });
                    let absent = &Value::Null;
                    self.value(path, one.get(name).unwrap_or(absent), other.get(name).unwrap_or(absent));
                    path.pop();
                }
            }
            (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
                for (at, (one, other)) in one.iter().zip(other).enumerate() {
                    path.push(format!("[{at}]"));
                    self.value(path, one, other);
                    path.pop();
                }
            }
            _ => self.note(path, tables, events),
        }
    }

    fn note(&mut self, path: &[String], tables: &Value, events: &Value) {
        let name = path.last().map(|name| name.trim_start_matches('.')).unwrap_or_default();
        let path = path.concat();
        self.found.push(if ERASABLE.contains(&name) {
            // What is personal is not printed.
            format!("{path} is another than by its events")
        } else {
            format!("{path} is {}, by its events {}", shown(tables), shown(events))
        });
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "absent".to_owned(),
        Value::Array(elements) => format!("a list of {}", elements.len()),
        Value::Object(_) => "an object".to_owned(),
        scalar => {
            let text = scalar.to_string();
            match text.char_indices().nth(SHOWN) {
                Some((end, _)) => format!("{}…", &text[..end]),
                None => text,
            }
        }
    }
}

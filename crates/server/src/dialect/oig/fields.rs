//! `fields`: which members of an answer are wanted (`spec/oig-requests.md` F).

use serde_json::Value;

use crate::dialect::{Fault, Parameters};

/// Members that are always sent.
const ALWAYS: [&str; 2] = ["id", "links"];

/// The member that 11g spells in its own way, with the name by which it is asked for.
const MISSPELT: (&str, &str) = ("reqBenefiiciaryList", "reqBeneficiaryList");

/// The members that are wanted. Names that no member has are ignored.
pub(super) struct Fields(Vec<String>);

impl Fields {
    /// Reads `fields`; `None` when every member is wanted.
    pub(super) fn read(parameters: &Parameters) -> Result<Option<Self>, Fault> {
        let Some(list) = parameters.get("fields")? else { return Ok(None) };
        let names: Vec<_> = list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Ok(if names.is_empty() { None } else { Some(Self(names)) })
    }

    /// Takes every other member out of `answer`.
    pub(super) fn keep(&self, answer: &mut Value) {
        if let Value::Object(members) = answer {
            members.retain(|name, _| self.wants(name));
        }
    }

    fn wants(&self, member: &str) -> bool {
        let named = |name: &str| self.0.iter().any(|wanted| wanted.eq_ignore_ascii_case(name));
        ALWAYS.contains(&member) || named(member) || (member == MISSPELT.0 && named(MISSPELT.1))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept(query: &str) -> Vec<String> {
        let mut answer = json!({"links": [], "id": "1", "reqStatus": "x", "reqType": "y", "reqBenefiiciaryList": []});
        if let Some(fields) = Fields::read(&Parameters::read(query).unwrap()).unwrap() {
            fields.keep(&mut answer);
        }
        answer.as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn id_and_links_are_always_there() {
        assert_eq!(kept("fields=reqType,%20reqStatus"), ["links", "id", "reqStatus", "reqType"]);
        assert_eq!(kept("fields=reqtype"), ["links", "id", "reqType"]);
        assert_eq!(kept("fields=nothing"), ["links", "id"]);
        assert_eq!(kept("fields=reqBeneficiaryList"), ["links", "id", "reqBenefiiciaryList"]);
    }

    #[test]
    fn without_names_everything_is_there() {
        for query in ["", "fields=", "fields=,%20,"] {
            assert_eq!(kept(query).len(), 5, "{query}");
        }
    }
}

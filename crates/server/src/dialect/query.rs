//! Reading a query string.

use actix_web::web::Query;

use super::Fault;

/// The parameters of a query string. Names are matched without regard to case; names that
/// nobody asks for are ignored.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads `query`; `+` and `%20` are blanks.
    pub(crate) fn read(query: &str) -> Result<Self, Fault> {
        if query.is_empty() {
            return Ok(Self(Vec::new()));
        }
        match Query::<Vec<(String, String)>>::from_query(query) {
            Ok(pairs) => Ok(Self(pairs.into_inner())),
            Err(error) => Err(Fault::invalid("query", error.to_string())),
        }
    }

    /// The value of the parameter `name`, which may stand there once.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>, Fault> {
        let mut values =
            self.0.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (Some(_), Some(_)) => Err(Fault::invalid(name, "stands in the query more than once")),
            (value, _) => Ok(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folded_and_values_are_not() {
        let parameters = Parameters::read("STATUS=Approved&other=1&fields=reqType,+reqStatus%2C%20id").unwrap();
        assert_eq!(parameters.get("status").unwrap(), Some("Approved"));
        assert_eq!(parameters.get("fields").unwrap(), Some("reqType, reqStatus, id"));
        assert_eq!(parameters.get("targetuser").unwrap(), None);
    }

    #[test]
    fn a_parameter_without_value_is_empty_and_one_given_twice_is_refused() {
        assert_eq!(Parameters::read("status").unwrap().get("status").unwrap(), Some(""));
        let twice = Parameters::read("status=Approved&Status=Denied").unwrap();
        assert!(matches!(twice.get("status"), Err(Fault::Invalid(invalid)) if invalid.field == "status"));
    }
}

//! The functions by which texts are compared in statements: SQLite folds the letters of ASCII alone.

use countersign_storage_sql::folded;
use diesel::QueryResult;
use diesel::sql_types::{Nullable, Text};
use diesel::sqlite::SqliteConnection;

diesel::define_sql_function! {
    fn text_equals(value: Nullable<Text>, folded: Text) -> Bool;
}
diesel::define_sql_function! {
    fn text_contains(value: Nullable<Text>, folded: Text) -> Bool;
}
diesel::define_sql_function! {
    fn text_begins(value: Nullable<Text>, folded: Text) -> Bool;
}
diesel::define_sql_function! {
    fn text_ends(value: Nullable<Text>, folded: Text) -> Bool;
}

/// Makes the functions known to a connection. What is compared with must be folded already.
pub(crate) fn register(connection: &mut SqliteConnection) -> QueryResult<()> {
    fn meets(value: Option<String>, compare: impl Fn(&str) -> bool) -> bool {
        value.is_some_and(|value| compare(&folded(&value)))
    }
    text_equals_utils::register_impl(connection, |value: Option<String>, wanted: String| {
        meets(value, |value| value == wanted)
    })?;
    text_contains_utils::register_impl(connection, |value: Option<String>, wanted: String| {
        meets(value, |value| value.contains(&wanted))
    })?;
    text_begins_utils::register_impl(connection, |value: Option<String>, wanted: String| {
        meets(value, |value| value.starts_with(&wanted))
    })?;
    text_ends_utils::register_impl(connection, |value: Option<String>, wanted: String| {
        meets(value, |value| value.ends_with(&wanted))
    })
}

//! How texts are compared in statements: by `text_equals`, `text_contains`, `text_begins` and `text_ends`,
//! which each adapter makes known to its database. A database's own letters fold in its own way, and LIKE gives
//! `%` and `_` a meaning.

/// The form in which texts are compared.
pub fn folded(text: &str) -> String {
    text.to_lowercase()
}

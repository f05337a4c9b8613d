//! `q`: the grammar of filters (`spec/oig-requests.md` E).
//!
//! ```text
//! q      = clause *( ( "and" / "or" ) clause )
//! clause = attribute operator value  /  attribute "pr"  /  attribute "=" value
//! ```
//!
//! Words stand apart by one blank or several, and keywords are known in any case. `and` binds tighter
//! than `or`. There are neither parentheses nor `not`, so that a filter is a list of lists of clauses:
//! however long it is, it is not deep. `::` is a blank in attributes and values. A value may stand in
//! quotation marks, between which blanks are blanks; whatever else it holds is plain text.

use std::fmt::Display;

use crate::dialect::Fault;

/// The longest filter, in characters.
const LONGEST: usize = 8_192;
/// The most clauses.
const MOST_CLAUSES: usize = 200;
/// How much of a clause is repeated to whoever is told what is wrong with it, in characters.
const SHOWN: usize = 80;

/// Why a clause does not begin with a parenthesis or with `not`.
const NO_GROUPS: &str = "parentheses and `not` cannot be taken: `and` binds tighter than `or`, and `ne` negates";

/// How an attribute is compared with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// `eq`.
    Equals,
    /// `ne`.
    NotEquals,
    /// `co`.
    Contains,
    /// `sw`.
    Begins,
    /// `ew`.
    Ends,
    /// `gt`.
    Greater,
    /// `ge`.
    GreaterOrEqual,
    /// `lt`.
    Less,
    /// `le`.
    LessOrEqual,
    /// `=`, as 11g writes it, without blanks: `requestStatus=draft`.
    Legacy,
}

impl Operator {
    /// The operators that are written as a word before a value.
    const WORDS: [(&str, Self); 9] = [
        ("eq", Self::Equals),
        ("ne", Self::NotEquals),
        ("co", Self::Contains),
        ("sw", Self::Begins),
        ("ew", Self::Ends),
        ("gt", Self::Greater),
        ("ge", Self::GreaterOrEqual),
        ("lt", Self::Less),
        ("le", Self::LessOrEqual),
    ];

    fn read(word: &str) -> Option<Self> {
        let known = Self::WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
        known.map(|(_, operator)| *operator)
    }
}

/// What a clause asks of its attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// `pr`: there is a value.
    Present,
    /// A comparison with a value, which is not empty.
    Compare(Operator, String),
}

/// One clause.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    /// The attribute, as written but for `::`.
    pub(super) attribute: String,
    /// What is asked of it.
    pub(super) test: Test,
    /// Where it stands.
    pub(super) place: Place,
}

/// Where a clause stands, for whoever is told what is wrong with it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    number: usize,
    character: usize,
    written: String,
}

impl Place {
    /// The refusal of the clause, for `reason`.
    pub(super) fn refuse(&self, reason: impl Display) -> Fault {
        let Self { number, character, written } = self;
        Fault::invalid("q", format!("clause {number}, `{written}` at character {character}: {reason}"))
    }
}

/// A filter as it was written: all clauses of at least one of the lists hold. No list is empty.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    /// The lists of clauses between which `or` stands; `and` stands in them.
    pub(super) alternatives: Vec<Vec<Clause>>,
}

impl Expression {
    /// Reads a filter; `None` when there is no clause.
    pub(super) fn read(text: &str) -> Result<Option<Self>, Fault> {
        if text.chars().count() > LONGEST {
            return Err(Fault::invalid("q", format!("a filter has at most {LONGEST} characters")));
        }
        let mut reader = Reader { text, at: 0, clauses: 0 };
        reader.skip_blanks();
        if reader.rest().is_empty() {
            return Ok(None);
        }
        let mut alternatives = Vec::new();
        let mut together = vec![reader.clause()?];
        while let Some(joint) = reader.joint()? {
            let clause = reader.clause()?;
            match joint {
                Joint::And => together.push(clause),
                Joint::Or => alternatives.push(std::mem::replace(&mut together, vec![clause])),
            }
        }
        alternatives.push(together);
        Ok(Some(Self { alternatives }))
    }
}

/// What stands between two clauses.
enum Joint {
    And,
    Or,
}

/// Reads word by word. Nothing here calls itself, so that no text is too deep.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    clauses: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(is_blank).len();
    }

    /// The next run of characters that are no blanks.
    fn word(&mut self) -> Option<&'a str> {
        self.skip_blanks();
        let rest = self.rest();
        let word = &rest[..rest.find(is_blank).unwrap_or(rest.len())];
        self.at += word.len();
        (!word.is_empty()).then_some(word)
    }

    fn joint(&mut self) -> Result<Option<Joint>, Fault> {
        self.skip_blanks();
        let place = self.place(self.at);
        let Some(word) = self.word() else { return Ok(None) };
        if word.eq_ignore_ascii_case("and") {
            Ok(Some(Joint::And))
        } else if word.eq_ignore_ascii_case("or") {
            Ok(Some(Joint::Or))
        } else {
            let reason = format!(
                "after clause {}, `and`, `or` or the end was expected at character {}, not `{}`; \
                 a blank in a value is written `::`",
                self.clauses,
                place.character,
                shown(word)
            );
            Err(Fault::invalid("q", reason))
        }
    }

    fn clause(&mut self) -> Result<Clause, Fault> {
        if self.clauses == MOST_CLAUSES {
            return Err(Fault::invalid("q", format!("a filter has at most {MOST_CLAUSES} clauses")));
        }
        self.clauses += 1;
        self.skip_blanks();
        let start = self.at;
        let Some(word) = self.word() else {
            let reason = format!("a clause was expected after `{}`, where the filter ends", self.last_word());
            return Err(Fault::invalid("q", reason));
        };
        let (attribute, legacy) = word.split_once('=').map_or((word, false), |(attribute, _)| (attribute, true));
        if attribute.contains(['(', ')']) || attribute.eq_ignore_ascii_case("not") {
            return Err(self.place(start).refuse(NO_GROUPS));
        }
        let test = if legacy {
            self.at = start + attribute.len() + 1;
            self.legacy_value(start, attribute)?
        } else {
            self.test(start)?
        };
        Ok(Clause { attribute: unescaped(attribute), test, place: self.place(start) })
    }

    /// What follows an attribute.
    fn test(&mut self, start: usize) -> Result<Test, Fault> {
        let Some(word) = self.word() else {
            return Err(self.place(start).refuse(format!("an operator was expected ({})", operators())));
        };
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Test::Present);
        }
        let Some(operator) = Operator::read(word) else {
            let reason = format!("`{}` is no operator; there are {}", shown(word), operators());
            return Err(self.place(start).refuse(reason));
        };
        self.skip_blanks();
        Ok(Test::Compare(operator, self.value(start)?))
    }

    fn legacy_value(&mut self, start: usize, attribute: &str) -> Result<Test, Fault> {
        if attribute.is_empty() {
            return Err(self.place(start).refuse("an attribute was expected before `=`"));
        }
        Ok(Test::Compare(Operator::Legacy, self.value(start)?))
    }

    /// The value that stands here.
    fn value(&mut self, start: usize) -> Result<String, Fault> {
        let rest = self.rest();
        let written = match rest.strip_prefix('"') {
            Some(quoted) => {
                let Some(end) = closing_mark(quoted) else {
                    self.at = self.text.len();
                    return Err(self.place(start).refuse("the quotation mark before the value has no second one"));
                };
                self.at += end + 2;
                &quoted[..end]
            }
            None if rest.starts_with(is_blank) => "",
            None => self.word().unwrap_or_default(),
        };
        if written.is_empty() {
            return Err(self.place(start).refuse("a value was expected"));
        }
        Ok(unescaped(written))
    }

    /// The place of what was read since `start`.
    fn place(&self, start: usize) -> Place {
        let character = self.text[..start].chars().count() + 1;
        Place { number: self.clauses, character, written: shown(&self.text[start..self.at]) }
    }

    fn last_word(&self) -> String {
        shown(self.text.split(is_blank).rfind(|word| !word.is_empty()).unwrap_or_default())
    }
}

/// Where the mark stands that ends a quoted value: the first with a blank or nothing after it.
fn closing_mark(quoted: &str) -> Option<usize> {
    let mut marks = quoted.match_indices('"').map(|(at, _)| at);
    marks.find(|at| quoted[at + 1..].chars().next().is_none_or(is_blank))
}

const fn is_blank(c: char) -> bool {
    c.is_ascii_whitespace()
}

fn unescaped(text: &str) -> String {
    text.replace("::", " ")
}

fn operators() -> String {
    let words: Vec<_> = Operator::WORDS.iter().map(|(word, _)| *word).chain(["pr"]).collect();
    words.join(", ")
}

/// As much of `text` as is repeated to the caller.
fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[path = "q_tests.rs"]
mod tests;

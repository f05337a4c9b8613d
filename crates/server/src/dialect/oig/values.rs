//! What the value of a clause means, by the kind of its attribute: text, id, person, date.
//!
//! A value that cannot be of its attribute's kind is refused, and so is an operator that does not
//! fit the kind. Letters are compared without regard to case, dates at the seconds that are printed.

use countersign_core::clock::Timestamp;
use countersign_core::filter::{Filter, RequestClause, TaskClause, TextMatch, TimeMatch, UserMatch};
use countersign_core::ids::{TaskId, UserNumber, parse_guid};

use super::q::Operator;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Nothing meets it.
pub(super) const fn never<C>() -> Filter<C> {
    Filter::Or(Vec::new())
}

/// Everything meets it.
pub(super) const fn always<C>() -> Filter<C> {
    Filter::And(Vec::new())
}

/// A comparison of texts.
pub(super) fn text(operator: Operator, value: &str) -> Result<TextMatch, String> {
    let value = value.to_owned();
    match operator {
        Operator::Equals | Operator::Legacy => Ok(TextMatch::Equals(value)),
        Operator::Contains => Ok(TextMatch::Contains(value)),
        Operator::Begins => Ok(TextMatch::Begins(value)),
        Operator::Ends => Ok(TextMatch::Ends(value)),
        _ => Err("the attribute is compared by eq, ne, co, sw, ew or pr".to_owned()),
    }
}

/// A comparison of a request's number, which `co`, `sw` and `ew` take by its digits.
pub(super) fn number(operator: Operator, value: &str) -> Result<Filter<RequestClause>, String> {
    if matches!(operator, Operator::Contains | Operator::Begins | Operator::Ends) {
        return Ok(Filter::Clause(RequestClause::NumberText(text(operator, value)?)));
    }
    if !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("the id of a request is a decimal number".to_owned());
    }
    // Zero, or beyond every number: an id like others, which no request has.
    let number = value.parse::<i64>().unwrap_or(i64::MAX);
    Ok(match operator {
        Operator::Less => below(number),
        Operator::LessOrEqual => below(number.saturating_add(1)),
        Operator::Greater => Filter::Not(Box::new(below(number.saturating_add(1)))),
        Operator::GreaterOrEqual => Filter::Not(Box::new(below(number))),
        _ => value.parse().map_or(never(), |number| Filter::Clause(RequestClause::Number(number))),
    })
}

fn below(bound: i64) -> Filter<RequestClause> {
    match bound.try_into() {
        Ok(bound) => Filter::Clause(RequestClause::NumberBelow(bound)),
        Err(_) if bound < 1 => never(),
        Err(_) => always(),
    }
}

/// A comparison of a person: by number or login. What is no number can only be a login.
pub(super) fn person(operator: Operator, value: &str) -> Result<Vec<UserMatch>, String> {
    let comparison = text(operator, value)?;
    let whole = matches!(comparison, TextMatch::Equals(_));
    let number = if whole { value.parse::<UserNumber>().ok().map(UserMatch::Number) } else { None };
    Ok(number.into_iter().chain([UserMatch::Login(comparison)]).collect())
}

/// A comparison of a task's id.
pub(super) fn task(operator: Operator, value: &str) -> Result<Filter<TaskClause>, String> {
    if !matches!(operator, Operator::Equals | Operator::Legacy) {
        return Err("the id of a task is compared by eq, ne or pr".to_owned());
    }
    let id = parse_guid(value).ok_or("the id of a task is a GUID")?;
    Ok(Filter::Clause(TaskClause::Task(TaskId::from_uuid(id))))
}

/// A comparison of a date: of a second, or of a whole day in UTC.
pub(super) fn date<C>(operator: Operator, value: &str, clause: fn(TimeMatch) -> C) -> Result<Filter<C>, String> {
    if matches!(operator, Operator::Contains | Operator::Begins | Operator::Ends) {
        return Err("a date is compared by eq, ne, gt, ge, lt, le or pr; `eq 2019-06-20` is the whole day".to_owned());
    }
    let (begin, end) =
        period(value).ok_or("a date is written 2019-06-20T20:34:08Z, with Z or an offset, or 2019-06-20")?;
    // Without an end, the period is the last one that can be told.
    let comparison = match (operator, end) {
        (Operator::Greater, None) => return Ok(never()),
        (Operator::Greater, Some(end)) => TimeMatch::From(end),
        (Operator::GreaterOrEqual, _) => TimeMatch::From(begin),
        (Operator::Less, _) => TimeMatch::Before(begin),
        (Operator::LessOrEqual, Some(end)) => TimeMatch::Before(end),
        (Operator::LessOrEqual, None) => TimeMatch::Present,
        (_, Some(end)) => TimeMatch::Within(begin, end),
        (_, None) => TimeMatch::From(begin),
    };
    Ok(Filter::Clause(clause(comparison)))
}

/// When the second or the day that is written begins, and when the next one does.
fn period(value: &str) -> Option<(Timestamp, Option<Timestamp>)> {
    let (begin, length) = match Timestamp::parse(&format!("{value}T00:00:00Z")) {
        Some(midnight) => (midnight.as_micros(), DAY),
        None => {
            let at = Timestamp::parse(value)?.as_micros();
            (at - at.rem_euclid(SECOND), SECOND)
        }
    };
    Some((Timestamp::from_micros(begin)?, Timestamp::from_micros(begin + length)))
}

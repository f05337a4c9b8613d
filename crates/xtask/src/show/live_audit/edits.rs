//! The edits, each as SQL, with the words of the line that must name it.

use super::Bench;
use super::history::Marked;

/// How an edit is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// By the database and the key alone.
    Plainly,
    /// Only beside the checkpoints that were exported before.
    BesideTheExport,
}

/// One edit.
pub(super) struct Edit {
    pub(super) name: String,
    pub(super) sql: String,
    /// One line of the verification must have all of these.
    pub(super) named: Vec<String>,
    pub(super) found: Found,
}

fn edit(name: impl Into<String>, sql: impl Into<String>, named: &[&str]) -> Edit {
    let named = named.iter().map(|word| (*word).to_owned()).collect();
    Edit { name: name.into(), sql: sql.into(), named, found: Found::Plainly }
}

/// Every edit, about the approved request and the user.
pub(super) fn all(bench: &Bench<'_>, marked: &Marked) -> anyhow::Result<Vec<Edit>> {
    let (id, guid) = (format!("x'{}'", marked.approved), hyphenated(&marked.approved));
    // The event that holds the vote with its remark.
    let voted = format!(
        "SELECT CAST(sequence AS TEXT) AS value FROM event WHERE stream_id = {id} AND bytes LIKE '%\"voted\"%'"
    );
    let voted = bench.ask("countersign.db", &voted)?;
    let mut edits = columns(&id, &guid, &voted);
    edits.extend(rows(&id, &guid, &voted));
    edits.extend(states(&id, &guid));
    edits.extend(to_fit(&id, &guid, marked));
    Ok(edits)
}

/// `0a0b…` as `0a0b…-…`.
fn hyphenated(hex: &str) -> String {
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// Makes the first byte of a blob another.
fn first_byte(column: &str) -> String {
    format!(
        "{column} = CAST(CASE substr({column}, 1, 1) WHEN x'02' THEN x'03' ELSE x'02' END || substr({column}, 2) AS BLOB)"
    )
}

/// A byte in each column of one event.
fn columns(id: &str, guid: &str, voted: &str) -> Vec<Edit> {
    let request = format!("request {guid}");
    let event = format!("request {guid}, event {voted}: ");
    let set = |set: &str| format!("UPDATE event SET {set} WHERE stream_id = {id} AND sequence = {voted}");
    let one =
        |column: &str, change: &str, named: &[&str]| edit(format!("a byte in event.{column}"), set(change), named);
    // The byte in the middle becomes another.
    let middle = "bytes = substr(bytes, 1, length(bytes) / 2) \
        || CASE substr(bytes, length(bytes) / 2 + 1, 1) WHEN '0' THEN '1' ELSE '0' END \
        || substr(bytes, length(bytes) / 2 + 2)";
    vec![
        one("position", "position = position | (1 << 40)", &["order of all events: ", "no event stands at position"]),
        one("stream_kind", "stream_kind = stream_kind | 4", &[&event, "is missing"]),
        one("stream_id", &first_byte("stream_id"), &[&event, "is missing"]),
        one("sequence", "sequence = sequence | 64", &[&event, "is missing"]),
        one("happened_at", "happened_at = happened_at + 1", &[&event, "another time"]),
        one("format", "format = 3", &[&event, "has format 3"]),
        one("bytes", middle, &[&event, "is not what was hashed"]),
        one("hash", &first_byte("hash"), &[&event, "is not what was hashed"]),
        one("sealed", "sealed = replace(sealed, 'badge', 'budge')", &[&event, "sealed value"]),
        edit(
            "the length of the chain",
            format!("UPDATE request SET chain_length = chain_length + 1 WHERE id = {id}"),
            &[&request, "is missing"],
        ),
        edit(
            "a byte in the head of the chain",
            format!("UPDATE request SET {} WHERE id = {id}", first_byte("chain_head")),
            &[&request, "the head of its chain"],
        ),
    ]
}

/// Rows of events that go, come and change places.
fn rows(id: &str, guid: &str, voted: &str) -> Vec<Edit> {
    let event = format!("request {guid}, event {voted}: ");
    let request = format!("request {guid}, event ");
    vec![
        edit(
            "a deleted row",
            format!("DELETE FROM event WHERE stream_id = {id} AND sequence = {voted}"),
            &[&event, "is missing"],
        ),
        edit(
            "two swapped rows",
            format!(
                "UPDATE event SET sequence = -1 WHERE stream_id = {id} AND sequence = {voted}; \
                 UPDATE event SET sequence = {voted} WHERE stream_id = {id} AND sequence = {voted} + 1; \
                 UPDATE event SET sequence = {voted} + 1 WHERE stream_id = {id} AND sequence = -1"
            ),
            &[&event, "is not what was hashed"],
        ),
        edit(
            "two rows of different streams in each other's place",
            format!(
                "CREATE TEMP TABLE two AS SELECT position FROM event WHERE stream_id = {id} AND sequence = 1 \
                 UNION ALL SELECT max(position) FROM event WHERE stream_id <> {id} AND position < ( \
                 SELECT position FROM event WHERE stream_id = {id} AND sequence = 1) AND sequence = ( \
                 SELECT count(*) FROM event e WHERE e.stream_id = event.stream_id); \
                 UPDATE event SET position = -position WHERE position IN (SELECT position FROM two); \
                 UPDATE event SET position = (SELECT position FROM two WHERE position <> -event.position) \
                 WHERE position < 0; DROP TABLE two"
            ),
            &["checkpoint ", "stand in another order"],
        ),
        edit(
            "an appended row",
            format!(
                "INSERT INTO event (stream_kind, stream_id, sequence, happened_at, format, bytes, hash, sealed) \
                 SELECT stream_kind, stream_id, sequence + 1, happened_at, format, bytes, hash, sealed FROM event \
                 WHERE stream_id = {id} ORDER BY sequence DESC LIMIT 1"
            ),
            &[&request, "was added beside the chain"],
        ),
        edit("a cut tail with its head rewritten", cut("request", id), &[&request, "checkpoint "]),
    ]
}

/// Removes the last event of a request, and rewrites length and head of its chain.
fn cut(table: &str, id: &str) -> String {
    format!(
        "DELETE FROM event WHERE stream_id = {id} AND sequence = (SELECT chain_length FROM {table} WHERE id = {id}); \
         UPDATE {table} SET chain_length = chain_length - 1 WHERE id = {id}; \
         UPDATE {table} SET chain_head = (SELECT e.hash FROM event e WHERE e.stream_id = {id} \
         AND e.sequence = {table}.chain_length) WHERE id = {id}"
    )
}

/// What the tables say, without the events.
fn states(id: &str, guid: &str) -> Vec<Edit> {
    let request = format!("request {guid}: ");
    let of_request = format!("of request {guid}: ");
    vec![
        edit(
            "a status in the request row",
            format!("UPDATE request SET status = 12 WHERE id = {id}"),
            &[&request, "state"],
        ),
        edit(
            "a status in the request row that does not exist",
            format!("UPDATE request SET status = 77 WHERE id = {id}"),
            &[&request, "cannot be read"],
        ),
        edit(
            "a vote",
            format!("UPDATE vote SET outcome = 2 WHERE request_id = {id}"),
            &[&request, "votes[0].outcome is \"deny\", by its events \"approve\""],
        ),
        edit(
            "a vote's remark",
            format!("UPDATE vote SET comment = 'seen nothing' WHERE request_id = {id}"),
            &[&request, "votes[0].comment is another"],
        ),
        edit("a vote removed", format!("DELETE FROM vote WHERE request_id = {id}"), &[&request, "votes"]),
        edit(
            "the document alone",
            format!(
                "UPDATE request_document SET body = CAST(replace(CAST(body AS TEXT), 'completed', 'denied') AS BLOB) \
                 WHERE request_id = {id}"
            ),
            &["document ", &of_request],
        ),
        edit(
            "an access row",
            format!("UPDATE request_access SET status = 3 WHERE request_id = {id}"),
            &["access index ", &of_request],
        ),
        edit("a task row", format!("DELETE FROM task_access WHERE request_id = {id}"), &["task index ", &of_request]),
        edit(
            "a user's name",
            "UPDATE app_user SET display_name = 'Somebody' WHERE login = 'manager'",
            &["user ", "displayName is another"],
        ),
        edit(
            "a login under which another user is found",
            "UPDATE app_user SET login_folded = 'nobody' WHERE login = 'manager'",
            &["folded login of user "],
        ),
        edit(
            "an approval that a template no longer needs",
            "UPDATE template_policy SET approvals_needed = 0 WHERE approvals_needed = 2",
            &["profileTemplate ", "approvalsNeeded is 0, by its events 2"],
        ),
        edit(
            "a grant that was taken away",
            "DELETE FROM grant_held WHERE id = (SELECT min(id) FROM grant_held)",
            &["grant ", "is not there, its history is"],
        ),
    ]
}

/// What was made to fit: only the signed checkpoints show it.
fn to_fit(id: &str, guid: &str, marked: &Marked) -> Vec<Edit> {
    let user = format!("x'{}'", marked.user);
    let named_user = format!("user {}, event ", hyphenated(&marked.user));
    let cut_to_fit = format!(
        "DELETE FROM event WHERE stream_id = {user} AND sequence = ( \
             SELECT chain_length FROM event_stream WHERE stream_id = {user}); \
         UPDATE event_stream SET chain_length = chain_length - 1 WHERE stream_id = {user}; \
         UPDATE event_stream SET chain_head = (SELECT hash FROM event WHERE event.stream_id = {user} \
             AND sequence = chain_length) WHERE stream_id = {user}; \
         UPDATE app_user SET revision = revision - 1 WHERE id = {user}; {MOVE_UP}"
    );
    let forget = "DELETE FROM checkpoint_leaf WHERE checkpoint = (SELECT max(sequence) FROM checkpoint); \
        DELETE FROM checkpoint WHERE sequence = (SELECT max(sequence) FROM checkpoint)";
    vec![
        edit("a cut tail with everything made to fit", &cut_to_fit, &[&named_user, "checkpoint "]),
        edit("a whole request removed", remove_request(id), &[&format!("request {guid}, event "), "checkpoint "]),
        edit(
            "a leaf of a checkpoint",
            "UPDATE checkpoint_leaf SET length = length + 1 WHERE checkpoint = 1",
            &["checkpoint 1: ", "leaves"],
        ),
        edit(
            "a signature",
            format!("UPDATE checkpoint SET {} WHERE sequence = 1", first_byte("signature")),
            &["checkpoint 1: ", "signature does not fit"],
        ),
        Edit {
            found: Found::BesideTheExport,
            ..edit(
                "a cut tail with everything made to fit, and the checkpoint that saw it removed",
                format!("{cut_to_fit}; {forget}"),
                &[&named_user, "checkpoint "],
            )
        },
        Edit {
            found: Found::BesideTheExport,
            ..edit("the last checkpoint removed", forget, &["checkpoint ", "was exported, and is not in the database"])
        },
    ]
}

/// Closes the gaps in the order of all events.
const MOVE_UP: &str = "CREATE TEMP TABLE place AS \
    SELECT position AS old, row_number() OVER (ORDER BY position) AS new FROM event; \
    UPDATE event SET position = -(SELECT new FROM place WHERE old = position); \
    UPDATE event SET position = -position; DROP TABLE place; \
    UPDATE sqlite_sequence SET seq = (SELECT max(position) FROM event) WHERE name = 'event'";

/// Everything that belongs to a request; nothing is left that would miss it.
fn remove_request(id: &str) -> String {
    const TABLES: [&str; 14] = [
        "request_document",
        "request_access",
        "task_access",
        "task_barred",
        "vote",
        "approval_task",
        "stage_planned",
        "stage",
        "request_data_item",
        "request_principal",
        "request_certificate",
        "request_beneficiary",
        "request_target",
        "target_form_value",
    ];
    let rows: String = TABLES.iter().map(|table| format!("DELETE FROM {table} WHERE request_id = {id}; ")).collect();
    format!("{rows} DELETE FROM event WHERE stream_id = {id}; DELETE FROM request WHERE id = {id}; {MOVE_UP}")
}

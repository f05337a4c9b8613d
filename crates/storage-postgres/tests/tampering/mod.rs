//! Edits as somebody makes them who can write to the database.

use countersign_core::ids::RequestId;
use countersign_storage_conformance::Tampering;

/// The statements of one edit.
pub(crate) fn statements(tampering: Tampering, request: RequestId) -> String {
    let id = format!("'{}'::UUID", request.as_uuid());
    let event =
        |set: &str| format!("UPDATE event SET {set} WHERE stream_kind = 1 AND stream_id = {id} AND sequence = 2");
    match tampering {
        Tampering::EventPosition => event("position = position + 1000000"),
        Tampering::EventKind => event("stream_kind = 2"),
        Tampering::EventStream => event("stream_id = '00000000-0000-0000-0000-000000000000'"),
        Tampering::EventSequence => event("sequence = 77"),
        Tampering::EventTime => event("happened_at = happened_at + 1"),
        Tampering::EventFormat => event("format = 2"),
        Tampering::EventBytes => event("bytes = substr(bytes, 1, 20) || '~' || substr(bytes, 22)"),
        Tampering::EventHash => event("hash = decode(repeat('00', 32), 'hex')"),
        Tampering::EventSealed => format!(
            "UPDATE event SET sealed = replace(sealed, 'lost', 'last') \
             WHERE stream_kind = 1 AND stream_id = {id} AND sequence = 1"
        ),
        Tampering::DeleteEvent => format!("DELETE FROM event WHERE stream_id = {id} AND sequence = 2"),
        Tampering::SwapEvents => format!(
            "UPDATE event SET sequence = -2 WHERE stream_id = {id} AND sequence = 2; \
             UPDATE event SET sequence = 2 WHERE stream_id = {id} AND sequence = 3; \
             UPDATE event SET sequence = 3 WHERE stream_id = {id} AND sequence = -2"
        ),
        Tampering::AppendEvent => format!(
            "INSERT INTO event (position, stream_kind, stream_id, sequence, happened_at, format, bytes, hash, sealed) \
             SELECT (SELECT max(position) + 1 FROM event), stream_kind, stream_id, sequence + 1, happened_at, format, bytes, hash, sealed FROM event \
             WHERE stream_id = {id} ORDER BY sequence DESC LIMIT 1"
        ),
        Tampering::CutTail => format!(
            "DELETE FROM event WHERE stream_id = {id} AND sequence = (SELECT chain_length FROM request WHERE id = {id}); \
             UPDATE request SET chain_length = chain_length - 1 WHERE id = {id}; \
             UPDATE request SET chain_head = ( \
                 SELECT hash FROM event WHERE stream_id = {id} AND sequence = request.chain_length) WHERE id = {id}"
        ),
        Tampering::Status => {
            format!("UPDATE request SET status = 12, status_detail = NULL, ended_at = created_at WHERE id = {id}")
        }
        Tampering::Unreadable => format!("UPDATE request SET status = 99 WHERE id = {id}"),
        Tampering::Vote => format!("UPDATE vote SET outcome = 3 - outcome WHERE request_id = {id}"),
        Tampering::Stray => format!(
            "INSERT INTO vote (request_id, stage, task, ordinal, voter_id, outcome, voted_at, content_revision) \
             SELECT request_id, 7, 0, 0, voter_id, outcome, voted_at, content_revision FROM vote WHERE request_id = {id}"
        ),
        Tampering::Document => format!(
            "UPDATE request_document SET body = convert_to(replace(convert_from(body, 'UTF8'), 'approve', 'deny'), 'UTF8') \
             WHERE request_id = {id}"
        ),
        Tampering::AccessRow => format!("DELETE FROM request_access WHERE request_id = {id}"),
        Tampering::TaskRow => format!("DELETE FROM task_access WHERE request_id = {id}"),
        Tampering::RemoveRequest => remove_request(&id),
        Tampering::CheckpointTime => "UPDATE checkpoint SET made_at = made_at + 1 WHERE sequence = 1".to_owned(),
        Tampering::CheckpointLeaf => "UPDATE checkpoint_leaf SET length = length + 1 WHERE checkpoint = 1".to_owned(),
        Tampering::RemoveCheckpoint(sequence) => format!(
            "DELETE FROM checkpoint_leaf WHERE checkpoint = {sequence}; \
             DELETE FROM checkpoint WHERE sequence = {sequence}"
        ),
    }
}

/// Everything that belongs to the request; then the events after it move up.
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
    format!(
        "{rows} DELETE FROM event WHERE stream_id = {id}; DELETE FROM request WHERE id = {id}; \
         CREATE TEMP TABLE place AS SELECT position AS old, row_number() OVER (ORDER BY position) AS new FROM event; \
         UPDATE event SET position = -(SELECT new FROM place WHERE old = event.position); \
         UPDATE event SET position = -position; \
         UPDATE number_space SET next = (SELECT max(position) + 1 FROM event) WHERE space = 5; DROP TABLE place"
    )
}

-- Ids are 16-byte blobs, times microseconds since 1970, enumerations the codes of the
-- core crate. Tables come in two kinds: the truth, and what is derived from it in the
-- same commit (marked "derived"). docs/data-model.md says why each is as it is.

-- Directory: users and groups are principals; one GUID, one principal.

CREATE TABLE principal (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind INTEGER NOT NULL CHECK (kind IN (1, 2))
) STRICT, WITHOUT ROWID;

CREATE TABLE app_user (
    id BLOB NOT NULL PRIMARY KEY REFERENCES principal (id),
    number INTEGER NOT NULL UNIQUE CHECK (number > 0),
    login TEXT NOT NULL,
    login_folded TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    email TEXT,
    manager_id BLOB REFERENCES app_user (id),
    status INTEGER NOT NULL,
    stand_in_id BLOB REFERENCES principal (id),
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX app_user_manager ON app_user (manager_id) WHERE manager_id IS NOT NULL;
CREATE INDEX app_user_stand_in ON app_user (stand_in_id, status) WHERE stand_in_id IS NOT NULL;

CREATE TABLE credential (
    user_id BLOB NOT NULL PRIMARY KEY REFERENCES app_user (id),
    hash TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE app_group (
    id BLOB NOT NULL PRIMARY KEY REFERENCES principal (id),
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL UNIQUE,
    purpose INTEGER UNIQUE,
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE group_member (
    group_id BLOB NOT NULL REFERENCES app_group (id),
    ordinal INTEGER NOT NULL,
    member_id BLOB NOT NULL REFERENCES principal (id),
    PRIMARY KEY (group_id, ordinal)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX group_member_member ON group_member (member_id, group_id);

CREATE TABLE mim_right (
    holder_id BLOB NOT NULL REFERENCES principal (id),
    ordinal INTEGER NOT NULL,
    right_code INTEGER NOT NULL,
    subject_id BLOB NOT NULL REFERENCES principal (id),
    PRIMARY KEY (holder_id, ordinal)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX mim_right_subject ON mim_right (subject_id, holder_id, right_code);

-- Profile templates and their policies.

CREATE TABLE profile_template (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    template_kind INTEGER NOT NULL,
    version INTEGER NOT NULL,
    readers_everyone INTEGER NOT NULL CHECK (readers_everyone IN (0, 1)),
    enrollers_everyone INTEGER NOT NULL CHECK (enrollers_everyone IN (0, 1)),
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- role: 1 reader, 2 enroller
CREATE TABLE template_principal (
    template_id BLOB NOT NULL REFERENCES profile_template (id),
    role INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    principal_id BLOB NOT NULL REFERENCES principal (id),
    PRIMARY KEY (template_id, role, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE template_policy (
    template_id BLOB NOT NULL REFERENCES profile_template (id),
    ordinal INTEGER NOT NULL,
    policy INTEGER NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    self_service INTEGER NOT NULL CHECK (self_service IN (0, 1)),
    approvals_needed INTEGER NOT NULL,
    agent_required INTEGER NOT NULL CHECK (agent_required IN (0, 1)),
    own_approval INTEGER NOT NULL CHECK (own_approval IN (0, 1)),
    collect_comments INTEGER NOT NULL CHECK (collect_comments IN (0, 1)),
    collect_priority INTEGER NOT NULL CHECK (collect_priority IN (0, 1)),
    default_priority INTEGER NOT NULL CHECK (default_priority BETWEEN 0 AND 255),
    PRIMARY KEY (template_id, ordinal),
    UNIQUE (template_id, policy)
) STRICT, WITHOUT ROWID;

-- role: 1 initiator, 2 approver, 3 agent, 4 auditor
CREATE TABLE policy_principal (
    template_id BLOB NOT NULL REFERENCES profile_template (id),
    policy INTEGER NOT NULL,
    role INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    principal_id BLOB NOT NULL REFERENCES principal (id),
    PRIMARY KEY (template_id, policy, role, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE policy_data_item (
    template_id BLOB NOT NULL REFERENCES profile_template (id),
    policy INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    required INTEGER NOT NULL CHECK (required IN (0, 1)),
    default_value TEXT,
    provider INTEGER NOT NULL,
    PRIMARY KEY (template_id, policy, ordinal)
) STRICT, WITHOUT ROWID;

-- The catalog.

CREATE TABLE catalog_item (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    number INTEGER NOT NULL UNIQUE CHECK (number > 0),
    entity_type INTEGER NOT NULL,
    entity_key TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    requestable INTEGER NOT NULL CHECK (requestable IN (0, 1)),
    revision INTEGER NOT NULL,
    UNIQUE (entity_type, entity_key)
) STRICT, WITHOUT ROWID;

-- Profiles and smart cards. References between them are not foreign keys: imports may be partial.

CREATE TABLE profile (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    smartcard_id BLOB,
    status INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    parent_id BLOB,
    primary_id BLOB,
    assigned_user_id BLOB NOT NULL REFERENCES app_user (id),
    template_id BLOB NOT NULL REFERENCES profile_template (id),
    template_version INTEGER NOT NULL,
    comment TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX profile_assigned_user ON profile (assigned_user_id, created_at, id) WHERE smartcard_id IS NULL;

CREATE TABLE smartcard (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    status INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    parent_id BLOB,
    primary_id BLOB,
    permanent_id BLOB,
    assigned_user_id BLOB NOT NULL REFERENCES app_user (id),
    template_id BLOB NOT NULL REFERENCES profile_template (id),
    template_version INTEGER NOT NULL,
    comment TEXT NOT NULL,
    serial_number TEXT NOT NULL,
    middleware TEXT NOT NULL,
    atr TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX smartcard_assigned_user ON smartcard (assigned_user_id, created_at, id);
CREATE INDEX smartcard_serial_number ON smartcard (serial_number);

-- Requests. family: 1 access, 2 certificate; operation: the codes of that family.

CREATE TABLE request (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    number INTEGER NOT NULL UNIQUE CHECK (number > 0),
    revision INTEGER NOT NULL,
    content_revision INTEGER NOT NULL,
    family INTEGER NOT NULL CHECK (family IN (1, 2)),
    operation INTEGER NOT NULL,
    status INTEGER NOT NULL,
    status_detail INTEGER,
    ended_at INTEGER,
    originator_id BLOB NOT NULL REFERENCES app_user (id),
    created_at INTEGER NOT NULL,
    modified_at INTEGER,
    channel INTEGER NOT NULL,
    justification TEXT,
    parent_id BLOB REFERENCES request (id),
    ordinal INTEGER,
    has_children INTEGER NOT NULL CHECK (has_children IN (0, 1)),
    chain_length INTEGER NOT NULL,
    chain_head BLOB NOT NULL CHECK (length(chain_head) = 32),
    CHECK ((parent_id IS NULL) = (ordinal IS NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX request_parent ON request (parent_id, ordinal) WHERE parent_id IS NOT NULL;

CREATE TABLE request_certificate (
    request_id BLOB NOT NULL PRIMARY KEY REFERENCES request (id),
    template_id BLOB NOT NULL REFERENCES profile_template (id),
    smartcard INTEGER NOT NULL CHECK (smartcard IN (0, 1)),
    agent_required INTEGER NOT NULL CHECK (agent_required IN (0, 1)),
    target_id BLOB NOT NULL REFERENCES app_user (id),
    priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 255),
    comment TEXT NOT NULL,
    old_profile_id BLOB,
    new_profile_id BLOB,
    old_smartcard_id BLOB,
    new_smartcard_id BLOB,
    security_descriptor TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX request_certificate_old_profile ON request_certificate (old_profile_id) WHERE old_profile_id IS NOT NULL;
CREATE INDEX request_certificate_old_smartcard
    ON request_certificate (old_smartcard_id) WHERE old_smartcard_id IS NOT NULL;

-- role: 1 agent, 2 auditor; the policy's lists when the request was submitted
CREATE TABLE request_principal (
    request_id BLOB NOT NULL REFERENCES request (id),
    role INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    principal_id BLOB NOT NULL REFERENCES principal (id),
    PRIMARY KEY (request_id, role, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE request_data_item (
    request_id BLOB NOT NULL REFERENCES request (id),
    ordinal INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT,
    provider INTEGER NOT NULL,
    PRIMARY KEY (request_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE request_beneficiary (
    request_id BLOB NOT NULL REFERENCES request (id),
    ordinal INTEGER NOT NULL,
    user_id BLOB NOT NULL REFERENCES app_user (id),
    PRIMARY KEY (request_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE request_target (
    request_id BLOB NOT NULL REFERENCES request (id),
    ordinal INTEGER NOT NULL,
    entity_type INTEGER NOT NULL,
    entity_key TEXT NOT NULL,
    entity_name TEXT NOT NULL,
    parent_account TEXT,
    start_at INTEGER,
    end_at INTEGER,
    PRIMARY KEY (request_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE target_form_value (
    request_id BLOB NOT NULL REFERENCES request (id),
    target INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (request_id, target, ordinal)
) STRICT, WITHOUT ROWID;

-- Approvals.

CREATE TABLE stage (
    request_id BLOB NOT NULL REFERENCES request (id),
    ordinal INTEGER NOT NULL,
    name TEXT NOT NULL,
    stage_index INTEGER,
    quorum INTEGER NOT NULL CHECK (quorum > 0),
    PRIMARY KEY (request_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE stage_planned (
    request_id BLOB NOT NULL REFERENCES request (id),
    stage INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    principal_id BLOB NOT NULL REFERENCES principal (id),
    PRIMARY KEY (request_id, stage, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE approval_task (
    request_id BLOB NOT NULL REFERENCES request (id),
    stage INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    title TEXT NOT NULL,
    assignee_id BLOB NOT NULL REFERENCES principal (id),
    state INTEGER NOT NULL,
    acquired_by_id BLOB REFERENCES app_user (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (request_id, stage, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE vote (
    request_id BLOB NOT NULL REFERENCES request (id),
    stage INTEGER NOT NULL,
    task INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    voter_id BLOB NOT NULL REFERENCES app_user (id),
    represented_id BLOB REFERENCES app_user (id),
    outcome INTEGER NOT NULL,
    voted_at INTEGER NOT NULL,
    content_revision INTEGER NOT NULL,
    comment TEXT,
    PRIMARY KEY (request_id, stage, task, ordinal),
    UNIQUE (request_id, stage, task, voter_id)
) STRICT, WITHOUT ROWID;

-- Derived: the aggregate as one row, and the indexes that lists walk.

CREATE TABLE request_document (
    request_id BLOB NOT NULL PRIMARY KEY REFERENCES request (id),
    format INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    body BLOB NOT NULL,
    acl BLOB NOT NULL
) STRICT;

-- One row a principal and request; class and status are in the key (docs/adr/0002).
CREATE TABLE request_access (
    principal_id BLOB NOT NULL,
    class INTEGER NOT NULL,
    status INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    request_id BLOB NOT NULL,
    roles INTEGER NOT NULL,
    PRIMARY KEY (principal_id, class, status, created_at DESC, request_id DESC)
) STRICT, WITHOUT ROWID;

CREATE TABLE task_access (
    principal_id BLOB NOT NULL,
    state INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    task_id BLOB NOT NULL,
    request_id BLOB NOT NULL,
    PRIMARY KEY (principal_id, state, created_at DESC, task_id DESC)
) STRICT, WITHOUT ROWID;

CREATE TABLE child_count (
    parent_id BLOB NOT NULL PRIMARY KEY REFERENCES request (id),
    open INTEGER NOT NULL,
    completed INTEGER NOT NULL,
    partially_failed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    denied INTEGER NOT NULL,
    canceled INTEGER NOT NULL,
    closed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Events: one hash chain an aggregate. A request keeps its chain's end in its own row.

CREATE TABLE event (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    stream_kind INTEGER NOT NULL,
    stream_id BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    happened_at INTEGER NOT NULL,
    format INTEGER NOT NULL,
    bytes TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    sealed TEXT NOT NULL,
    UNIQUE (stream_kind, stream_id, sequence)
) STRICT;

CREATE TABLE event_stream (
    stream_kind INTEGER NOT NULL,
    stream_id BLOB NOT NULL,
    chain_length INTEGER NOT NULL,
    chain_head BLOB NOT NULL CHECK (length(chain_head) = 32),
    PRIMARY KEY (stream_kind, stream_id)
) STRICT, WITHOUT ROWID;

-- Numbers that were not given out yet: space 1 requests, 2 users, 3 catalog items.

CREATE TABLE number_space (
    space INTEGER NOT NULL PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO number_space (space, next) VALUES (1, 1), (2, 1), (3, 1);

-- Writes that may be sent again.

CREATE TABLE idempotency (
    caller_id BLOB NOT NULL,
    operation TEXT NOT NULL,
    key TEXT NOT NULL,
    element INTEGER NOT NULL,
    command BLOB NOT NULL,
    result BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (caller_id, operation, key, element)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_created ON idempotency (created_at);

-- Readiness writes and reads this row.

CREATE TABLE readiness (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    checks INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO readiness (id, checks) VALUES (1, 0);

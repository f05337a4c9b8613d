-- Times are microseconds since 1970, enumerations the codes of the core crate, flags 0 or 1, texts in
-- the order of their bytes. Everything is named as in migrations/sqlite. Tables come in two kinds: the truth, and what is derived from it in the
-- same commit (marked "derived"). docs/data-model.md says why each is as it is.

-- How texts are compared: without regard to case, in the letters of all scripts, and with nothing that
-- has a meaning of its own. What is compared with is folded already.

CREATE FUNCTION text_equals(value TEXT, folded TEXT) RETURNS BOOLEAN
    LANGUAGE SQL IMMUTABLE PARALLEL SAFE
    RETURN coalesce(lower(value COLLATE "und-x-icu") COLLATE "C" = folded COLLATE "C", FALSE);
CREATE FUNCTION text_contains(value TEXT, folded TEXT) RETURNS BOOLEAN
    LANGUAGE SQL IMMUTABLE PARALLEL SAFE
    RETURN coalesce(strpos(lower(value COLLATE "und-x-icu") COLLATE "C", folded) > 0, FALSE);
CREATE FUNCTION text_begins(value TEXT, folded TEXT) RETURNS BOOLEAN
    LANGUAGE SQL IMMUTABLE PARALLEL SAFE
    RETURN coalesce(starts_with(lower(value COLLATE "und-x-icu"), folded), FALSE);
CREATE FUNCTION text_ends(value TEXT, folded TEXT) RETURNS BOOLEAN
    LANGUAGE SQL IMMUTABLE PARALLEL SAFE
    RETURN coalesce(right(lower(value COLLATE "und-x-icu"), char_length(folded)) COLLATE "C" = folded COLLATE "C", FALSE);

-- Directory: users and groups are principals; one GUID, one principal.

CREATE TABLE principal (
    id UUID NOT NULL PRIMARY KEY,
    kind SMALLINT NOT NULL CHECK (kind IN (1, 2))
);

CREATE TABLE app_user (
    id UUID NOT NULL PRIMARY KEY REFERENCES principal (id) DEFERRABLE,
    number BIGINT NOT NULL UNIQUE CHECK (number > 0),
    login TEXT COLLATE "C" NOT NULL,
    login_folded TEXT COLLATE "C" NOT NULL UNIQUE,
    display_name TEXT COLLATE "C" NOT NULL,
    email TEXT COLLATE "C",
    manager_id UUID REFERENCES app_user (id) DEFERRABLE,
    status SMALLINT NOT NULL,
    stand_in_id UUID REFERENCES principal (id) DEFERRABLE,
    revision BIGINT NOT NULL
);
CREATE INDEX app_user_manager ON app_user (manager_id) WHERE manager_id IS NOT NULL;
CREATE INDEX app_user_stand_in ON app_user (stand_in_id, status) WHERE stand_in_id IS NOT NULL;

CREATE TABLE credential (
    user_id UUID NOT NULL PRIMARY KEY REFERENCES app_user (id) DEFERRABLE,
    hash TEXT COLLATE "C" NOT NULL
);

CREATE TABLE app_group (
    id UUID NOT NULL PRIMARY KEY REFERENCES principal (id) DEFERRABLE,
    name TEXT COLLATE "C" NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL UNIQUE,
    purpose SMALLINT UNIQUE,
    revision BIGINT NOT NULL
);

CREATE TABLE group_member (
    group_id UUID NOT NULL REFERENCES app_group (id) DEFERRABLE,
    ordinal INTEGER NOT NULL,
    member_id UUID NOT NULL REFERENCES principal (id) DEFERRABLE,
    PRIMARY KEY (group_id, ordinal)
);
CREATE UNIQUE INDEX group_member_member ON group_member (member_id, group_id);

CREATE TABLE mim_right (
    holder_id UUID NOT NULL REFERENCES principal (id) DEFERRABLE,
    ordinal INTEGER NOT NULL,
    right_code SMALLINT NOT NULL,
    subject_id UUID NOT NULL REFERENCES principal (id) DEFERRABLE,
    PRIMARY KEY (holder_id, ordinal)
);
CREATE UNIQUE INDEX mim_right_subject ON mim_right (subject_id, holder_id, right_code);

-- Profile templates and their policies.

CREATE TABLE profile_template (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    template_kind SMALLINT NOT NULL,
    version INTEGER NOT NULL,
    readers_everyone SMALLINT NOT NULL CHECK (readers_everyone IN (0, 1)),
    enrollers_everyone SMALLINT NOT NULL CHECK (enrollers_everyone IN (0, 1)),
    revision BIGINT NOT NULL
);

-- role: 1 reader, 2 enroller
CREATE TABLE template_principal (
    template_id UUID NOT NULL REFERENCES profile_template (id) DEFERRABLE,
    role SMALLINT NOT NULL,
    ordinal INTEGER NOT NULL,
    principal_id UUID NOT NULL REFERENCES principal (id) DEFERRABLE,
    PRIMARY KEY (template_id, role, ordinal)
);

CREATE TABLE template_policy (
    template_id UUID NOT NULL REFERENCES profile_template (id) DEFERRABLE,
    ordinal INTEGER NOT NULL,
    policy SMALLINT NOT NULL,
    enabled SMALLINT NOT NULL CHECK (enabled IN (0, 1)),
    self_service SMALLINT NOT NULL CHECK (self_service IN (0, 1)),
    approvals_needed INTEGER NOT NULL,
    agent_required SMALLINT NOT NULL CHECK (agent_required IN (0, 1)),
    own_approval SMALLINT NOT NULL CHECK (own_approval IN (0, 1)),
    collect_comments SMALLINT NOT NULL CHECK (collect_comments IN (0, 1)),
    collect_priority SMALLINT NOT NULL CHECK (collect_priority IN (0, 1)),
    default_priority SMALLINT NOT NULL CHECK (default_priority BETWEEN 0 AND 255),
    PRIMARY KEY (template_id, ordinal),
    UNIQUE (template_id, policy)
);

-- role: 1 initiator, 2 approver, 3 agent, 4 auditor
CREATE TABLE policy_principal (
    template_id UUID NOT NULL REFERENCES profile_template (id) DEFERRABLE,
    policy SMALLINT NOT NULL,
    role SMALLINT NOT NULL,
    ordinal INTEGER NOT NULL,
    principal_id UUID NOT NULL REFERENCES principal (id) DEFERRABLE,
    PRIMARY KEY (template_id, policy, role, ordinal)
);

CREATE TABLE policy_data_item (
    template_id UUID NOT NULL REFERENCES profile_template (id) DEFERRABLE,
    policy SMALLINT NOT NULL,
    ordinal INTEGER NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    required SMALLINT NOT NULL CHECK (required IN (0, 1)),
    default_value TEXT COLLATE "C",
    provider SMALLINT NOT NULL,
    PRIMARY KEY (template_id, policy, ordinal)
);

-- The catalog.

CREATE TABLE catalog_item (
    id UUID NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE CHECK (number > 0),
    entity_type SMALLINT NOT NULL,
    entity_key TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    requestable SMALLINT NOT NULL CHECK (requestable IN (0, 1)),
    revision BIGINT NOT NULL,
    UNIQUE (entity_type, entity_key)
);

-- Profiles and smart cards. References between them are not foreign keys: imports may be partial.

CREATE TABLE profile (
    id UUID NOT NULL PRIMARY KEY,
    smartcard_id UUID,
    status SMALLINT NOT NULL,
    flags INTEGER NOT NULL,
    parent_id UUID,
    primary_id UUID,
    assigned_user_id UUID NOT NULL REFERENCES app_user (id) DEFERRABLE,
    template_id UUID NOT NULL REFERENCES profile_template (id) DEFERRABLE,
    template_version INTEGER NOT NULL,
    comment TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
CREATE INDEX profile_assigned_user ON profile (assigned_user_id, created_at, id) WHERE smartcard_id IS NULL;

CREATE TABLE smartcard (
    id UUID NOT NULL PRIMARY KEY,
    status SMALLINT NOT NULL,
    flags INTEGER NOT NULL,
    parent_id UUID,
    primary_id UUID,
    permanent_id UUID,
    assigned_user_id UUID NOT NULL REFERENCES app_user (id) DEFERRABLE,
    template_id UUID NOT NULL REFERENCES profile_template (id) DEFERRABLE,
    template_version INTEGER NOT NULL,
    comment TEXT COLLATE "C" NOT NULL,
    serial_number TEXT COLLATE "C" NOT NULL,
    middleware TEXT COLLATE "C" NOT NULL,
    atr TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
CREATE INDEX smartcard_assigned_user ON smartcard (assigned_user_id, created_at, id);
CREATE INDEX smartcard_serial_number ON smartcard (serial_number);

-- Requests. family: 1 access, 2 certificate; operation: the codes of that family.

CREATE TABLE request (
    id UUID NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE CHECK (number > 0),
    revision BIGINT NOT NULL,
    content_revision BIGINT NOT NULL,
    family SMALLINT NOT NULL CHECK (family IN (1, 2)),
    operation SMALLINT NOT NULL,
    status SMALLINT NOT NULL,
    status_detail SMALLINT,
    ended_at BIGINT,
    originator_id UUID NOT NULL REFERENCES app_user (id) DEFERRABLE,
    created_at BIGINT NOT NULL,
    modified_at BIGINT,
    channel SMALLINT NOT NULL,
    justification TEXT COLLATE "C",
    parent_id UUID REFERENCES request (id) DEFERRABLE,
    ordinal INTEGER,
    has_children SMALLINT NOT NULL CHECK (has_children IN (0, 1)),
    chain_length BIGINT NOT NULL,
    chain_head BYTEA NOT NULL CHECK (length(chain_head) = 32),
    CHECK ((parent_id IS NULL) = (ordinal IS NULL))
);
CREATE UNIQUE INDEX request_parent ON request (parent_id, ordinal) WHERE parent_id IS NOT NULL;

CREATE TABLE request_certificate (
    request_id UUID NOT NULL PRIMARY KEY REFERENCES request (id) DEFERRABLE,
    template_id UUID NOT NULL REFERENCES profile_template (id) DEFERRABLE,
    smartcard SMALLINT NOT NULL CHECK (smartcard IN (0, 1)),
    agent_required SMALLINT NOT NULL CHECK (agent_required IN (0, 1)),
    target_id UUID NOT NULL REFERENCES app_user (id) DEFERRABLE,
    priority SMALLINT NOT NULL CHECK (priority BETWEEN 0 AND 255),
    comment TEXT COLLATE "C" NOT NULL,
    old_profile_id UUID,
    new_profile_id UUID,
    old_smartcard_id UUID,
    new_smartcard_id UUID,
    security_descriptor TEXT COLLATE "C"
);
CREATE INDEX request_certificate_old_profile ON request_certificate (old_profile_id) WHERE old_profile_id IS NOT NULL;
CREATE INDEX request_certificate_old_smartcard
    ON request_certificate (old_smartcard_id) WHERE old_smartcard_id IS NOT NULL;

-- role: 1 agent, 2 auditor; the policy's lists when the request was submitted
CREATE TABLE request_principal (
    request_id UUID NOT NULL REFERENCES request (id) DEFERRABLE,
    role SMALLINT NOT NULL,
    ordinal INTEGER NOT NULL,
    principal_id UUID NOT NULL REFERENCES principal (id) DEFERRABLE,
    PRIMARY KEY (request_id, role, ordinal)
);

CREATE TABLE request_data_item (
    request_id UUID NOT NULL REFERENCES request (id) DEFERRABLE,
    ordinal INTEGER NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C",
    provider SMALLINT NOT NULL,
    PRIMARY KEY (request_id, ordinal)
);

CREATE TABLE request_beneficiary (
    request_id UUID NOT NULL REFERENCES request (id) DEFERRABLE,
    ordinal INTEGER NOT NULL,
    user_id UUID NOT NULL REFERENCES app_user (id) DEFERRABLE,
    PRIMARY KEY (request_id, ordinal)
);

CREATE TABLE request_target (
    request_id UUID NOT NULL REFERENCES request (id) DEFERRABLE,
    ordinal INTEGER NOT NULL,
    entity_type SMALLINT NOT NULL,
    entity_key TEXT COLLATE "C" NOT NULL,
    entity_name TEXT COLLATE "C" NOT NULL,
    parent_account TEXT COLLATE "C",
    start_at BIGINT,
    end_at BIGINT,
    PRIMARY KEY (request_id, ordinal)
);

CREATE TABLE target_form_value (
    request_id UUID NOT NULL REFERENCES request (id) DEFERRABLE,
    target INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (request_id, target, ordinal)
);

-- Approvals.

CREATE TABLE stage (
    request_id UUID NOT NULL REFERENCES request (id) DEFERRABLE,
    ordinal INTEGER NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    stage_index INTEGER,
    quorum INTEGER NOT NULL CHECK (quorum > 0),
    PRIMARY KEY (request_id, ordinal)
);

CREATE TABLE stage_planned (
    request_id UUID NOT NULL REFERENCES request (id) DEFERRABLE,
    stage INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    principal_id UUID NOT NULL REFERENCES principal (id) DEFERRABLE,
    PRIMARY KEY (request_id, stage, ordinal)
);

CREATE TABLE approval_task (
    request_id UUID NOT NULL REFERENCES request (id) DEFERRABLE,
    stage INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    id UUID NOT NULL UNIQUE,
    title TEXT COLLATE "C" NOT NULL,
    assignee_id UUID NOT NULL REFERENCES principal (id) DEFERRABLE,
    state SMALLINT NOT NULL,
    acquired_by_id UUID REFERENCES app_user (id) DEFERRABLE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (request_id, stage, ordinal)
);

CREATE TABLE vote (
    request_id UUID NOT NULL REFERENCES request (id) DEFERRABLE,
    stage INTEGER NOT NULL,
    task INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    voter_id UUID NOT NULL REFERENCES app_user (id) DEFERRABLE,
    represented_id UUID REFERENCES app_user (id) DEFERRABLE,
    outcome SMALLINT NOT NULL,
    voted_at BIGINT NOT NULL,
    content_revision BIGINT NOT NULL,
    comment TEXT COLLATE "C",
    PRIMARY KEY (request_id, stage, task, ordinal),
    UNIQUE (request_id, stage, task, voter_id)
);

-- Derived: the aggregate as one row, and the indexes that lists walk.

CREATE TABLE request_document (
    request_id UUID NOT NULL PRIMARY KEY REFERENCES request (id) DEFERRABLE,
    format SMALLINT NOT NULL,
    revision BIGINT NOT NULL,
    body BYTEA NOT NULL,
    acl BYTEA NOT NULL
);

-- A document is read far more often than it is written: it stays whole and beside its row.
ALTER TABLE request_document ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE request_document SET (toast_tuple_target = 8160);

-- One row a principal and request; class and status are in the key (docs/adr/0002).
CREATE TABLE request_access (
    principal_id UUID NOT NULL,
    class SMALLINT NOT NULL,
    status SMALLINT NOT NULL,
    created_at BIGINT NOT NULL,
    request_id UUID NOT NULL,
    roles SMALLINT NOT NULL,
    PRIMARY KEY (principal_id, class, status, created_at, request_id)
);

CREATE TABLE task_access (
    principal_id UUID NOT NULL,
    state SMALLINT NOT NULL,
    created_at BIGINT NOT NULL,
    task_id UUID NOT NULL,
    request_id UUID NOT NULL,
    PRIMARY KEY (principal_id, state, created_at, task_id)
);

CREATE TABLE child_count (
    parent_id UUID NOT NULL PRIMARY KEY REFERENCES request (id) DEFERRABLE,
    open INTEGER NOT NULL,
    completed INTEGER NOT NULL,
    partially_failed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    denied INTEGER NOT NULL,
    canceled INTEGER NOT NULL,
    closed INTEGER NOT NULL
);

-- Events: one hash chain an aggregate. A request keeps its chain's end in its own row.

CREATE TABLE event (
    position BIGINT NOT NULL PRIMARY KEY,
    stream_kind SMALLINT NOT NULL,
    stream_id UUID NOT NULL,
    sequence BIGINT NOT NULL,
    happened_at BIGINT NOT NULL,
    format SMALLINT NOT NULL,
    bytes TEXT COLLATE "C" NOT NULL,
    hash BYTEA NOT NULL CHECK (length(hash) = 32),
    sealed TEXT COLLATE "C" NOT NULL,
    UNIQUE (stream_kind, stream_id, sequence)
);

CREATE TABLE event_stream (
    stream_kind SMALLINT NOT NULL,
    stream_id UUID NOT NULL,
    chain_length BIGINT NOT NULL,
    chain_head BYTEA NOT NULL CHECK (length(chain_head) = 32),
    PRIMARY KEY (stream_kind, stream_id)
);

-- Numbers that were not given out yet: space 1 requests, 2 users, 3 catalog items, 5 places in the feed of
-- events. Those are given out at the end of a transaction, under a lock that lasts to its commit: whoever
-- reads the feed never sees a later event before an earlier one.

CREATE TABLE number_space (
    space SMALLINT NOT NULL PRIMARY KEY,
    next BIGINT NOT NULL
);
INSERT INTO number_space (space, next) VALUES (1, 1), (2, 1), (3, 1), (5, 1);

-- Writes that may be sent again.

CREATE TABLE idempotency (
    caller_id UUID NOT NULL,
    operation TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    element INTEGER NOT NULL,
    command BYTEA NOT NULL,
    result BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (caller_id, operation, key, element)
);
CREATE INDEX idempotency_created ON idempotency (created_at);

-- Readiness writes and reads this row.

CREATE TABLE readiness (
    id SMALLINT NOT NULL PRIMARY KEY CHECK (id = 1),
    checks BIGINT NOT NULL
);
INSERT INTO readiness (id, checks) VALUES (1, 0);

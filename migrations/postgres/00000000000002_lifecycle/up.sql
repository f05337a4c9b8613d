-- The life of requests: who decides in whose place, the rules, what was given, what the worker
-- looks for, and whom it tells. The conventions are those of the first migration.

-- Directory.

-- Derived: the user is disabled and still holds open tasks.
ALTER TABLE app_user ADD COLUMN handover SMALLINT NOT NULL DEFAULT 0 CHECK (handover IN (0, 1));
-- By whoever acts for them; NULL is the administrators.
CREATE INDEX app_user_handover ON app_user (coalesce(stand_in_id, manager_id)) WHERE handover = 1;

CREATE TABLE user_proxy (
    user_id UUID NOT NULL REFERENCES app_user (id) DEFERRABLE,
    ordinal INTEGER NOT NULL,
    proxy_id UUID NOT NULL REFERENCES app_user (id) DEFERRABLE,
    start_at BIGINT NOT NULL,
    end_at BIGINT,
    PRIMARY KEY (user_id, ordinal)
);
CREATE INDEX user_proxy_proxy ON user_proxy (proxy_id, start_at, end_at);

-- The catalog, profiles.

ALTER TABLE catalog_item ADD COLUMN application TEXT COLLATE "C";
ALTER TABLE catalog_item ADD COLUMN fulfilment SMALLINT;

CREATE INDEX profile_smartcard ON profile (smartcard_id) WHERE smartcard_id IS NOT NULL;

-- Rules about approval. A rule without rows in one of its lists is about every operation, type or entity.

CREATE TABLE approval_rule (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    ordinal INTEGER NOT NULL,
    enabled SMALLINT NOT NULL CHECK (enabled IN (0, 1)),
    scope SMALLINT NOT NULL,
    own_approval SMALLINT NOT NULL CHECK (own_approval IN (0, 1)),
    revision BIGINT NOT NULL
);

CREATE TABLE approval_rule_operation (
    rule_id UUID NOT NULL REFERENCES approval_rule (id) DEFERRABLE,
    ordinal INTEGER NOT NULL,
    operation SMALLINT NOT NULL,
    PRIMARY KEY (rule_id, ordinal)
);

CREATE TABLE approval_rule_entity_type (
    rule_id UUID NOT NULL REFERENCES approval_rule (id) DEFERRABLE,
    ordinal INTEGER NOT NULL,
    entity_type SMALLINT NOT NULL,
    PRIMARY KEY (rule_id, ordinal)
);

CREATE TABLE approval_rule_entity (
    rule_id UUID NOT NULL REFERENCES approval_rule (id) DEFERRABLE,
    ordinal INTEGER NOT NULL,
    entity_type SMALLINT NOT NULL,
    entity_key TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (rule_id, ordinal)
);

CREATE TABLE approval_rule_stage (
    rule_id UUID NOT NULL REFERENCES approval_rule (id) DEFERRABLE,
    ordinal INTEGER NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    quorum INTEGER NOT NULL CHECK (quorum > 0),
    deadline_seconds BIGINT,
    deadline_action SMALLINT,
    deadline_renewals INTEGER,
    PRIMARY KEY (rule_id, ordinal),
    CHECK ((deadline_seconds IS NULL) = (deadline_action IS NULL)
        AND (deadline_seconds IS NULL) = (deadline_renewals IS NULL))
);

-- approver: 1 the principal, 2 the beneficiaries' managers, 3 the requester's manager, 4 the administrators
CREATE TABLE approval_rule_approver (
    rule_id UUID NOT NULL REFERENCES approval_rule (id) DEFERRABLE,
    stage INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    approver SMALLINT NOT NULL CHECK (approver IN (1, 2, 3, 4)),
    principal_id UUID REFERENCES principal (id) DEFERRABLE,
    PRIMARY KEY (rule_id, stage, ordinal),
    CHECK ((approver = 1) = (principal_id IS NOT NULL))
);

-- Rules about who may ask for whom. beneficiaries: 1 everybody, 2 one's reports, 3 the listed principals

CREATE TABLE request_rule (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    enabled SMALLINT NOT NULL CHECK (enabled IN (0, 1)),
    requesters_everyone SMALLINT NOT NULL CHECK (requesters_everyone IN (0, 1)),
    beneficiaries SMALLINT NOT NULL CHECK (beneficiaries IN (1, 2, 3)),
    revision BIGINT NOT NULL
);

-- role: 1 requester, 2 beneficiary
CREATE TABLE request_rule_principal (
    rule_id UUID NOT NULL REFERENCES request_rule (id) DEFERRABLE,
    role SMALLINT NOT NULL,
    ordinal INTEGER NOT NULL,
    principal_id UUID NOT NULL REFERENCES principal (id) DEFERRABLE,
    PRIMARY KEY (rule_id, role, ordinal)
);

CREATE TABLE request_rule_entity_type (
    rule_id UUID NOT NULL REFERENCES request_rule (id) DEFERRABLE,
    ordinal INTEGER NOT NULL,
    entity_type SMALLINT NOT NULL,
    PRIMARY KEY (rule_id, ordinal)
);

-- Requests: what they wait for. wakes_at is derived: when the worker looks at the request again.

ALTER TABLE request ADD COLUMN depends_on_id UUID REFERENCES request (id) DEFERRABLE;
ALTER TABLE request ADD COLUMN failure TEXT COLLATE "C";
ALTER TABLE request ADD COLUMN wakes_at BIGINT;
CREATE INDEX request_depends_on ON request (depends_on_id) WHERE depends_on_id IS NOT NULL;
-- Those that wait at present, status 6: the worker looks for them again and again.
CREATE INDEX request_waits ON request (depends_on_id) WHERE status = 6;
CREATE INDEX request_wakes ON request (wakes_at) WHERE wakes_at IS NOT NULL;

ALTER TABLE stage ADD COLUMN title TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE stage ADD COLUMN own_approval SMALLINT NOT NULL DEFAULT 0 CHECK (own_approval IN (0, 1));
ALTER TABLE stage ADD COLUMN deadline_seconds BIGINT;
ALTER TABLE stage ADD COLUMN deadline_action SMALLINT;
ALTER TABLE stage ADD COLUMN deadline_renewals INTEGER;
ALTER TABLE stage ADD COLUMN staffing SMALLINT NOT NULL DEFAULT 1;
-- Whether it is not the principal who will be asked but, once the stage begins, that user's manager.
ALTER TABLE stage_planned ADD COLUMN manager SMALLINT NOT NULL DEFAULT 0 CHECK (manager IN (0, 1));

ALTER TABLE approval_task ADD COLUMN delegate_id UUID REFERENCES principal (id) DEFERRABLE;
ALTER TABLE approval_task ADD COLUMN parent_task_id UUID;
ALTER TABLE approval_task ADD COLUMN suspended_at BIGINT;
ALTER TABLE approval_task ADD COLUMN renewals INTEGER NOT NULL DEFAULT 0;

-- Derived: who may not vote on an open task.
CREATE TABLE task_barred (
    task_id UUID NOT NULL,
    user_id UUID NOT NULL,
    request_id UUID NOT NULL,
    PRIMARY KEY (task_id, user_id)
);

-- Derived: the parent waits for its children.
ALTER TABLE child_count ADD COLUMN awaited SMALLINT NOT NULL DEFAULT 0 CHECK (awaited IN (0, 1));
CREATE INDEX child_count_over ON child_count (parent_id) WHERE open = 0 AND awaited = 1;

-- What users have been given. A grant outlives the request that gave it, which is no foreign key.

CREATE TABLE grant_held (
    id UUID NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE CHECK (number > 0),
    user_id UUID NOT NULL REFERENCES app_user (id) DEFERRABLE,
    entity_type SMALLINT NOT NULL,
    entity_key TEXT COLLATE "C" NOT NULL,
    account BIGINT REFERENCES grant_held (number) DEFERRABLE,
    status SMALLINT NOT NULL,
    start_at BIGINT NOT NULL,
    end_at BIGINT,
    request_id UUID,
    revision BIGINT NOT NULL
);
CREATE INDEX grant_held_user ON grant_held (user_id, entity_type, entity_key);
-- Nobody has a role twice, nor an entitlement twice in one account.
CREATE UNIQUE INDEX grant_held_role ON grant_held (user_id, entity_key) WHERE status = 1 AND entity_type = 1;
CREATE UNIQUE INDEX grant_held_entitlement
    ON grant_held (user_id, entity_key, coalesce(account, 0)) WHERE status = 1 AND entity_type = 2;
CREATE INDEX grant_held_end ON grant_held (end_at) WHERE end_at IS NOT NULL AND status < 3;

INSERT INTO number_space (space, next) VALUES (4, 1);

-- Webhooks, and how far each has been told.

CREATE TABLE webhook (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    url TEXT COLLATE "C" NOT NULL,
    purpose SMALLINT NOT NULL,
    enabled SMALLINT NOT NULL CHECK (enabled IN (0, 1)),
    revision BIGINT NOT NULL
);

CREATE TABLE webhook_stream (
    webhook_id UUID NOT NULL REFERENCES webhook (id) DEFERRABLE,
    ordinal INTEGER NOT NULL,
    stream_kind SMALLINT NOT NULL,
    PRIMARY KEY (webhook_id, ordinal)
);

CREATE TABLE webhook_secret (
    webhook_id UUID NOT NULL PRIMARY KEY REFERENCES webhook (id) DEFERRABLE,
    secret TEXT COLLATE "C" NOT NULL
);

CREATE TABLE webhook_delivery (
    webhook_id UUID NOT NULL PRIMARY KEY REFERENCES webhook (id) DEFERRABLE,
    position BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    error TEXT COLLATE "C"
);

-- Which process does the work of that name, and until when it may.

CREATE TABLE lease (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    holder UUID NOT NULL,
    until BIGINT NOT NULL
);

-- How far every stream had come at a moment, under a signature; the leaves are the streams that got
-- events since the checkpoint before.

CREATE TABLE checkpoint (
    sequence BIGINT NOT NULL PRIMARY KEY,
    format SMALLINT NOT NULL,
    made_at BIGINT NOT NULL,
    position BIGINT NOT NULL,
    streams BIGINT NOT NULL,
    root BYTEA NOT NULL CHECK (length(root) = 32),
    feed BYTEA NOT NULL CHECK (length(feed) = 32),
    previous BYTEA NOT NULL CHECK (length(previous) = 32),
    key_id BYTEA NOT NULL CHECK (length(key_id) = 32),
    signature BYTEA NOT NULL CHECK (length(signature) = 64)
);

CREATE TABLE checkpoint_leaf (
    checkpoint BIGINT NOT NULL REFERENCES checkpoint (sequence) DEFERRABLE,
    stream_kind SMALLINT NOT NULL,
    stream_id UUID NOT NULL,
    length BIGINT NOT NULL,
    head BYTEA NOT NULL CHECK (length(head) = 32),
    PRIMARY KEY (checkpoint, stream_kind, stream_id)
);

-- What is derived of what was there before. States 1, 3, 7 and 8 of a task are open.

UPDATE request SET wakes_at = (
    SELECT min(t.expires_at) FROM approval_task t WHERE t.request_id = request.id AND t.state = 1
) WHERE status = 3;
UPDATE request SET wakes_at = (
    SELECT t.start_at FROM request_target t WHERE t.request_id = request.id AND t.ordinal = 0
) WHERE status = 7;

UPDATE child_count SET awaited = 1 WHERE parent_id IN (SELECT id FROM request WHERE status = 5);

INSERT INTO task_barred (task_id, user_id, request_id)
SELECT t.id, r.originator_id, t.request_id
    FROM approval_task t JOIN request r ON r.id = t.request_id WHERE t.state IN (1, 3, 7, 8)
UNION SELECT t.id, b.user_id, t.request_id
    FROM approval_task t JOIN request_beneficiary b ON b.request_id = t.request_id WHERE t.state IN (1, 3, 7, 8)
UNION SELECT t.id, c.target_id, t.request_id
    FROM approval_task t JOIN request_certificate c ON c.request_id = t.request_id WHERE t.state IN (1, 3, 7, 8)
UNION SELECT t.id, v.voter_id, t.request_id
    FROM approval_task t JOIN vote v ON v.request_id = t.request_id AND v.stage = t.stage WHERE t.state IN (1, 3, 7, 8)
UNION SELECT t.id, v.represented_id, t.request_id
    FROM approval_task t JOIN vote v ON v.request_id = t.request_id AND v.stage = t.stage
    WHERE t.state IN (1, 3, 7, 8) AND v.represented_id IS NOT NULL;

UPDATE app_user SET handover = 1 WHERE status = 2 AND EXISTS (
    SELECT 1 FROM task_access t WHERE t.principal_id = app_user.id AND t.state IN (1, 3, 7, 8)
);

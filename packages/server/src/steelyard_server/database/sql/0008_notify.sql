-- What people and programs are told: events, webhooks and mail. An event is written in the transaction of what it tells.

-- An administrator's list of where webhooks may be sent. Taking one out ends its row.
CREATE TABLE steelyard.webhook_place (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scheme text NOT NULL CHECK (scheme IN ('http', 'https')),
    host text NOT NULL CHECK (length(host) BETWEEN 1 AND 253),
    port integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
    made_by bigint NOT NULL REFERENCES steelyard.person,
    made_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz
);
CREATE UNIQUE INDEX webhook_place_live ON steelyard.webhook_place (scheme, host, port) WHERE retired_at IS NULL;
CREATE INDEX webhook_place_person ON steelyard.webhook_place (made_by);
CREATE TRIGGER end_once BEFORE UPDATE ON steelyard.webhook_place
    FOR EACH ROW EXECUTE FUNCTION steelyard.end_once('retired_at');

-- The address never changes, since a secret was given for it.
CREATE TABLE steelyard.webhook (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES steelyard.project,
    scheme text NOT NULL CHECK (scheme IN ('http', 'https')),
    host text NOT NULL CHECK (length(host) BETWEEN 1 AND 253),
    port integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
    path text NOT NULL CHECK (length(path) BETWEEN 1 AND 1000),  -- with its query
    kinds text[] NOT NULL CHECK (cardinality(kinds) BETWEEN 1 AND 50),
    made_by bigint NOT NULL REFERENCES steelyard.person,
    made_at timestamptz NOT NULL DEFAULT now(),
    failing_since timestamptz,  -- NULL: the last attempt was taken
    disabled_at timestamptz,
    disabled_because text NOT NULL DEFAULT '' CHECK (length(disabled_because) <= 300),
    retired_at timestamptz
);
CREATE INDEX webhook_project ON steelyard.webhook (project_id) WHERE retired_at IS NULL;
CREATE INDEX webhook_person ON steelyard.webhook (made_by);

CREATE FUNCTION steelyard.keep_webhook() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF (NEW.id, NEW.project_id, NEW.scheme, NEW.host, NEW.port, NEW.path, NEW.made_by, NEW.made_at) IS DISTINCT FROM
            (OLD.id, OLD.project_id, OLD.scheme, OLD.host, OLD.port, OLD.path, OLD.made_by, OLD.made_at)
        OR (OLD.retired_at IS NOT NULL AND NEW IS DISTINCT FROM OLD) THEN
        RAISE EXCEPTION 'steelyard.webhook: an address stays as it is' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep BEFORE UPDATE ON steelyard.webhook
    FOR EACH ROW EXECUTE FUNCTION steelyard.keep_webhook();

-- Encrypted by a key that is not in the database; NULL: forgotten. Two are good while one replaces the other.
CREATE TABLE steelyard.webhook_key (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id bigint NOT NULL REFERENCES steelyard.webhook,
    sealed bytea CHECK (octet_length(sealed) BETWEEN 30 AND 8192),
    made_at timestamptz NOT NULL DEFAULT now(),
    ends_at timestamptz
);
CREATE INDEX webhook_key_webhook ON steelyard.webhook_key (webhook_id, id DESC);

-- The server by which mail is sent, at most one; the password is encrypted as those secrets are.
CREATE TABLE steelyard.mail_server (
    id integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    host text NOT NULL CHECK (length(host) BETWEEN 1 AND 253),
    port integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
    security text NOT NULL CHECK (security IN ('tls', 'starttls', 'none')),
    sender text NOT NULL CHECK (length(sender) BETWEEN 3 AND 254),
    username text NOT NULL DEFAULT '' CHECK (length(username) <= 254),
    sealed bytea CHECK (octet_length(sealed) BETWEEN 30 AND 8192),
    is_on boolean NOT NULL DEFAULT true,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by bigint NOT NULL REFERENCES steelyard.person
);
CREATE INDEX mail_server_person ON steelyard.mail_server (set_by);

-- Where a person gets mail, once they have typed the code that was sent there.
CREATE TABLE steelyard.mail_address (
    person_id bigint PRIMARY KEY REFERENCES steelyard.person,
    address text NOT NULL CHECK (length(address) <= 254),  -- '': none any more
    sha256 steelyard.digest,  -- of the code; NULL: none is asked for
    asked integer NOT NULL DEFAULT 1 CHECK (asked >= 0),  -- how many codes were sent on this day
    asked_on date NOT NULL DEFAULT current_date,
    confirmed_at timestamptz CHECK (confirmed_at IS NULL OR address <> '')
);

-- What a person wants to hear of a project, or of the server (NULL).
CREATE TABLE steelyard.mail_choice (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES steelyard.person,
    project_id bigint REFERENCES steelyard.project,
    kinds text[] NOT NULL CHECK (cardinality(kinds) <= 50),
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX mail_choice_one ON steelyard.mail_choice (person_id, coalesce(project_id, 0));
CREATE INDEX mail_choice_project ON steelyard.mail_choice (project_id);

-- What happened. The message id is the same at every attempt and for every receiver, so that a repeat can be dropped.
CREATE TABLE steelyard.event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message text NOT NULL UNIQUE DEFAULT 'msg_' || replace(gen_random_uuid()::text, '-', '')
        CHECK (message ~ '^msg_[0-9a-f]{32}$'),
    project_id bigint REFERENCES steelyard.project,  -- NULL: of the server
    person_id bigint REFERENCES steelyard.person,  -- whom alone mail tells of it; NULL: all who want it
    kind text NOT NULL CHECK (kind ~ '^[a-z]+[.][a-z]+$' AND length(kind) <= 40),
    at timestamptz NOT NULL DEFAULT now(),
    data text NOT NULL CHECK (octet_length(data) <= 8192),  -- a JSON object: names, counts, words, a path
    -- What it is about, where it must be told once only.
    once text UNIQUE CHECK (length(once) <= 200)
);
CREATE INDEX event_at ON steelyard.event (at);
CREATE INDEX event_person ON steelyard.event (person_id);
CREATE TRIGGER keep BEFORE UPDATE ON steelyard.event
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();

-- An event on its way to one receiver. The attempt only grows: what an earlier one would write is refused.
CREATE TABLE steelyard.delivery (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id bigint NOT NULL REFERENCES steelyard.event ON DELETE CASCADE,
    webhook_id bigint REFERENCES steelyard.webhook,
    person_id bigint REFERENCES steelyard.person,
    made_at timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed', 'dropped')),
    attempt integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    next_at timestamptz NOT NULL DEFAULT now(),
    leased_until timestamptz,
    ended_at timestamptz,
    CHECK ((webhook_id IS NULL) <> (person_id IS NULL)),
    CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CHECK (state = 'waiting' OR leased_until IS NULL),
    UNIQUE (event_id, webhook_id),
    UNIQUE (event_id, person_id)
);
CREATE INDEX delivery_due ON steelyard.delivery (webhook_id, coalesce(leased_until, next_at)) WHERE state = 'waiting';
CREATE INDEX delivery_webhook ON steelyard.delivery (webhook_id, id DESC);
CREATE INDEX delivery_person ON steelyard.delivery (person_id, id DESC);

CREATE FUNCTION steelyard.keep_delivery() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF (NEW.id, NEW.event_id, NEW.webhook_id, NEW.person_id, NEW.made_at) IS DISTINCT FROM
            (OLD.id, OLD.event_id, OLD.webhook_id, OLD.person_id, OLD.made_at)
        OR OLD.state <> 'waiting' OR NEW.attempt < OLD.attempt THEN
        RAISE EXCEPTION 'steelyard.delivery: what has ended stays so, and attempts only grow'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep BEFORE UPDATE ON steelyard.delivery
    FOR EACH ROW EXECUTE FUNCTION steelyard.keep_delivery();

-- What came of each attempt. Nothing here is of one whose process was killed.
CREATE TABLE steelyard.delivery_attempt (
    delivery_id bigint NOT NULL REFERENCES steelyard.delivery ON DELETE CASCADE,
    attempt integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    status integer,  -- of HTTP; NULL: no answer
    problem text NOT NULL DEFAULT '' CHECK (length(problem) <= 300),
    reply text NOT NULL DEFAULT '' CHECK (length(reply) <= 200),  -- the beginning of what was answered
    PRIMARY KEY (delivery_id, attempt)
);
CREATE TRIGGER keep BEFORE UPDATE ON steelyard.delivery_attempt
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();

-- Each event goes to the project's webhooks and to the people who asked for its kind, in the transaction that made it.
-- One that a restore loads is of another moment than its transaction, and goes to nobody.
CREATE FUNCTION steelyard.address_event() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO steelyard.delivery (event_id, webhook_id)
        SELECT NEW.id, w.id FROM steelyard.webhook w
        WHERE w.project_id = NEW.project_id AND w.retired_at IS NULL AND w.disabled_at IS NULL AND NEW.kind = ANY (w.kinds);
    INSERT INTO steelyard.delivery (event_id, person_id)
        SELECT NEW.id, c.person_id FROM steelyard.mail_choice c
        JOIN steelyard.mail_address a ON a.person_id = c.person_id AND a.confirmed_at IS NOT NULL
        JOIN steelyard.person p ON p.id = c.person_id AND p.disabled_at IS NULL
        WHERE coalesce(c.project_id, 0) = coalesce(NEW.project_id, 0) AND NEW.kind = ANY (c.kinds)
            AND (NEW.person_id IS NULL OR NEW.person_id = c.person_id)
            AND EXISTS (SELECT FROM steelyard.mail_server WHERE is_on);
    RETURN NULL;
END
$$;
CREATE TRIGGER address AFTER INSERT ON steelyard.event
    FOR EACH ROW WHEN (NEW.at = now()) EXECUTE FUNCTION steelyard.address_event();

-- A job that fails for good, whoever says so, and a look of a schedule that was late.
CREATE FUNCTION steelyard.tell_of_job() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    project text := (SELECT name FROM steelyard.project WHERE id = NEW.project_id);
    about json := json_build_object('job', NEW.id, 'kind', NEW.kind, 'project', project,
        'schedule', (SELECT name FROM steelyard.schedule WHERE id = NEW.schedule_id), 'path', '/p/' || project || '/runs');
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO steelyard.event (project_id, kind, data, once)
            VALUES (NEW.project_id, 'schedule.missed', about::text, 'schedule.missed ' || NEW.id) ON CONFLICT DO NOTHING;
    ELSE
        INSERT INTO steelyard.event (project_id, kind, data, once)
            VALUES (NEW.project_id, 'job.failed', about::text, 'job.failed ' || NEW.id) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER tell_failed AFTER UPDATE ON steelyard.job
    FOR EACH ROW WHEN (NEW.state = 'failed' AND OLD.state <> 'failed') EXECUTE FUNCTION steelyard.tell_of_job();
CREATE TRIGGER tell_missed AFTER INSERT ON steelyard.job
    FOR EACH ROW WHEN (NEW.schedule_id IS NOT NULL AND NEW.note <> '' AND NEW.created_at = now())
    EXECUTE FUNCTION steelyard.tell_of_job();

-- What the owner does and the application may not. Each writes no audit line itself: who calls it does.

-- Deletes events of before a moment, with their deliveries; returns how many. One that is still on its way stays.
CREATE FUNCTION steelyard.retain_events_since(cut timestamptz) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM steelyard.event e WHERE e.at < cut
        AND NOT EXISTS (SELECT FROM steelyard.delivery d WHERE d.event_id = e.id AND d.state = 'waiting');
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;

-- What erase_person does with names and doors, for mail: the address goes, and nothing more is sent.
CREATE FUNCTION steelyard.erase_mail(number bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE steelyard.mail_address SET address = '', sha256 = NULL, confirmed_at = NULL WHERE person_id = number;
    UPDATE steelyard.mail_choice SET kinds = '{}' WHERE person_id = number;
    UPDATE steelyard.delivery SET state = 'dropped', leased_until = NULL, ended_at = now()
        WHERE person_id = number AND state = 'waiting'
$$;

REVOKE ALL ON FUNCTION steelyard.retain_events_since(timestamptz), steelyard.erase_mail(bigint) FROM PUBLIC;

-- The first schema: projects, people and how they come in, runs that were pushed, and the audit log.
-- Migrations are never changed once released: their digests are recorded, and checked at every start.

CREATE SCHEMA IF NOT EXISTS steelyard;

CREATE DOMAIN steelyard.digest AS text CHECK (VALUE ~ '^[0-9a-f]{64}$');  -- SHA-256

CREATE TABLE steelyard.schema_migration (
    number integer PRIMARY KEY,
    name text NOT NULL,
    digest steelyard.digest NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- What is append-only is so by the application's rights, and by these triggers where one role does everything.
CREATE FUNCTION steelyard.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'steelyard.%: rows are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TABLE steelyard.project (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),
    created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO steelyard.project (name) VALUES ('default');

-- A person is disabled, and never deleted: the audit log names people by their number alone.
CREATE TABLE steelyard.person (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    password_hash text CHECK (length(password_hash) <= 500),
    is_admin boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz,
    erased_at timestamptz
);
CREATE UNIQUE INDEX person_name ON steelyard.person (lower(name));

CREATE FUNCTION steelyard.keep_person() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION 'steelyard.person: people are disabled, never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.created_at) IS DISTINCT FROM (OLD.id, OLD.created_at)
        OR (OLD.erased_at IS NOT NULL AND NEW IS DISTINCT FROM OLD)
        OR ((NEW.name, NEW.erased_at) IS DISTINCT FROM (OLD.name, OLD.erased_at)
            AND coalesce(current_setting('steelyard.act', true), '') <> 'erase') THEN
        RAISE EXCEPTION 'steelyard.person: a person''s name stays, until it is erased' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.person
    FOR EACH ROW EXECUTE FUNCTION steelyard.keep_person();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.person
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

-- Secrets of sessions, links and tokens are kept as their SHA-256: they are random, and long.
CREATE TABLE steelyard.session (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES steelyard.person,
    sha256 steelyard.digest NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    ended_at timestamptz,
    address text NOT NULL DEFAULT '' CHECK (length(address) <= 100),
    agent text NOT NULL DEFAULT '' CHECK (length(agent) <= 300)
);
CREATE INDEX session_person ON steelyard.session (person_id, id DESC);

-- A link by which the first administrator is made.
CREATE TABLE steelyard.admin_link (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256 steelyard.digest NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at AND expires_at <= created_at + interval '15 minutes'),
    used_at timestamptz
);

CREATE TABLE steelyard.token (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES steelyard.person,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    scopes text[] NOT NULL,
    sha256 steelyard.digest NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    revoked_at timestamptz,
    last_used_at timestamptz
);
CREATE INDEX token_person ON steelyard.token (person_id, id DESC);

-- A sealed run that was pushed and verified. Its bytes are in the data folder, under its seal's digest.
CREATE TABLE steelyard.run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES steelyard.project,
    seal_sha256 steelyard.digest NOT NULL,
    root text NOT NULL CHECK (length(root) <= 100),
    kind text NOT NULL CHECK (length(kind) <= 50),
    name text NOT NULL CHECK (length(name) <= 300),
    subject text NOT NULL CHECK (length(subject) <= 300),
    verdict text NOT NULL CHECK (length(verdict) <= 50),
    headline text NOT NULL DEFAULT '' CHECK (length(headline) <= 1000),
    exit integer NOT NULL,
    records bigint NOT NULL DEFAULT 0 CHECK (records >= 0),
    answers bigint NOT NULL DEFAULT 0 CHECK (answers >= 0),
    files integer NOT NULL CHECK (files >= 0),
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    begun_at timestamptz,
    ended_at timestamptz,
    signed_by text NOT NULL DEFAULT '' CHECK (length(signed_by) <= 300),
    -- JSON, as text: what models wrote in it may hold what jsonb refuses.
    summary text NOT NULL DEFAULT '{}' CHECK (octet_length(summary) <= 1048576),
    pushed_by bigint NOT NULL REFERENCES steelyard.person,
    pushed_with bigint REFERENCES steelyard.token,
    pushed_at timestamptz NOT NULL DEFAULT now(),
    verified_at timestamptz NOT NULL,
    verified_exit integer NOT NULL,
    verified_with text NOT NULL CHECK (length(verified_with) <= 100),
    UNIQUE (project_id, seal_sha256)
);
-- Pages go on from the last row that was shown: (pushed_at, id) < (…, …), never by an OFFSET.
CREATE INDEX run_pushed ON steelyard.run (project_id, pushed_at DESC, id DESC);
CREATE INDEX run_verdict ON steelyard.run (project_id, verdict, pushed_at DESC, id DESC);
CREATE INDEX run_subject ON steelyard.run (project_id, subject, pushed_at DESC, id DESC);
CREATE INDEX run_person ON steelyard.run (pushed_by);
CREATE INDEX run_token ON steelyard.run (pushed_with);
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.run
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.run
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

CREATE TABLE steelyard.run_file (
    run_id bigint NOT NULL REFERENCES steelyard.run,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 500),
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    sha256 steelyard.digest NOT NULL,
    PRIMARY KEY (run_id, name)
);
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.run_file
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.run_file
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

-- Each line is canonical JSON, with its number and the digest of the line before it. The other columns are read from it,
-- so that they cannot say anything else.
CREATE TABLE steelyard.audit (
    sequence bigint PRIMARY KEY,
    line text NOT NULL CHECK (octet_length(line) <= 20000),
    sha256 steelyard.digest NOT NULL,
    at timestamptz NOT NULL,
    act text NOT NULL
);
CREATE INDEX audit_act ON steelyard.audit (act, sequence DESC);

CREATE FUNCTION steelyard.chain_audit() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    last_sequence bigint;
    last_sha256 text;
    content json := NEW.line::json;
BEGIN
    PERFORM pg_advisory_xact_lock(8101738236420);
    SELECT sequence, sha256 INTO last_sequence, last_sha256 FROM steelyard.audit ORDER BY sequence DESC LIMIT 1;
    NEW.sequence := coalesce(last_sequence + 1, 0);
    NEW.sha256 := encode(sha256(convert_to(NEW.line, 'UTF8')), 'hex');
    NEW.at := (content ->> 'at')::timestamptz;
    NEW.act := content ->> 'act';
    IF (content ->> 'sequence')::bigint IS DISTINCT FROM NEW.sequence
        OR content ->> 'prev' IS DISTINCT FROM coalesce(last_sha256, repeat('0', 64)) THEN
        RAISE EXCEPTION 'steelyard.audit: the line does not follow the last one' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER chain BEFORE INSERT ON steelyard.audit
    FOR EACH ROW EXECUTE FUNCTION steelyard.chain_audit();
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.audit
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.audit
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

-- What the owner does and the application may not. Each writes no audit line itself: who calls it does, in one transaction.

-- Erases a person: the name and the password go, sessions and tokens end. The number stays, and what it stands in.
CREATE FUNCTION steelyard.erase_person(number bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    erased boolean;
BEGIN
    PERFORM set_config('steelyard.act', 'erase', true);
    UPDATE steelyard.person
        SET name = 'erased-' || id, password_hash = NULL, is_admin = false,
            disabled_at = coalesce(disabled_at, now()), erased_at = now()
        WHERE id = number AND erased_at IS NULL;
    erased := FOUND;
    PERFORM set_config('steelyard.act', '', true);
    UPDATE steelyard.session SET ended_at = coalesce(ended_at, now()), address = '', agent = '' WHERE person_id = number;
    UPDATE steelyard.token SET revoked_at = coalesce(revoked_at, now()), name = 'erased' WHERE person_id = number;
    RETURN erased;
END
$$;

-- Deletes sessions and administrator links that were over before a moment; returns how many of each.
CREATE FUNCTION steelyard.retain_since(cut timestamptz, OUT sessions bigint, OUT links bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM steelyard.session WHERE coalesce(ended_at, expires_at) < cut;
    GET DIAGNOSTICS sessions = ROW_COUNT;
    DELETE FROM steelyard.admin_link WHERE coalesce(used_at, expires_at) < cut;
    GET DIAGNOSTICS links = ROW_COUNT;
END
$$;

REVOKE ALL ON FUNCTION steelyard.erase_person(bigint), steelyard.retain_since(timestamptz) FROM PUBLIC;

-- Private suites: their versions with all files, what people decided about items, who holds which reader's key, and which
-- runs showed items to whom.

-- A version as it was brought. Its files are rows, so that it is there whole or not at all, in each backup, too.
CREATE TABLE steelyard.suite_version (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES steelyard.project,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    number integer NOT NULL CHECK (number >= 1),
    digest steelyard.digest NOT NULL,  -- of what is asked and how it is scored
    content steelyard.digest NOT NULL,  -- of all files, by name and digest
    items integer NOT NULL CHECK (items >= 1),
    files integer NOT NULL CHECK (files >= 2),
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    facts text NOT NULL CHECK (octet_length(facts) <= 1048576),
    brought_by bigint NOT NULL REFERENCES steelyard.person,
    brought_with bigint REFERENCES steelyard.token,
    brought_at timestamptz NOT NULL DEFAULT now(),
    made_of bigint REFERENCES steelyard.suite_version,  -- by a review on this platform; NULL: it was pushed
    reviewed_to bigint NOT NULL DEFAULT 0 CHECK (reviewed_to >= 0)  -- the last decision that is in its files
);
CREATE INDEX suite_version_name ON steelyard.suite_version (project_id, name, id DESC);
CREATE INDEX suite_version_digest ON steelyard.suite_version (digest);
CREATE INDEX suite_version_person ON steelyard.suite_version (brought_by);

CREATE TABLE steelyard.suite_file (
    version_id bigint NOT NULL REFERENCES steelyard.suite_version,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    sha256 steelyard.digest NOT NULL,
    content bytea NOT NULL CHECK (octet_length(content) <= 67108864),
    PRIMARY KEY (version_id, name)
);

-- The items again, each by itself, so that a page reads one. Text is JSON: what people wrote may hold what jsonb refuses.
CREATE TABLE steelyard.suite_item (
    version_id bigint NOT NULL REFERENCES steelyard.suite_version,
    place integer NOT NULL CHECK (place >= 1),
    id text NOT NULL CHECK (length(id) BETWEEN 1 AND 80),
    line integer NOT NULL CHECK (line >= 1),
    sha256 steelyard.digest NOT NULL,  -- of what a reviewer sees
    item text NOT NULL,
    decision text NOT NULL,  -- what the version's own review.jsonl says of it, and how; '' where nothing
    change text NOT NULL,
    PRIMARY KEY (version_id, place),
    UNIQUE (version_id, id)
);

CREATE TABLE steelyard.suite_decision (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version_id bigint NOT NULL REFERENCES steelyard.suite_version,
    item text NOT NULL CHECK (length(item) BETWEEN 1 AND 80),
    before steelyard.digest NOT NULL,
    after text NOT NULL CHECK (after = '' OR after ~ '^[0-9a-f]{64}$'),  -- '': dropped
    decision text NOT NULL CHECK (decision IN ('', 'keep', 'edit', 'drop')),
    change text NOT NULL CHECK (octet_length(change) <= 4194304),
    person_id bigint NOT NULL REFERENCES steelyard.person,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX suite_decision_version ON steelyard.suite_decision (version_id, item, id DESC);
CREATE INDEX suite_decision_person ON steelyard.suite_decision (person_id);

-- Which items somebody has looked at here, and when first.
CREATE TABLE steelyard.suite_view (
    version_id bigint NOT NULL REFERENCES steelyard.suite_version,
    person_id bigint NOT NULL REFERENCES steelyard.person,
    place integer NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (version_id, person_id, place)
);
CREATE INDEX suite_view_person ON steelyard.suite_view (person_id);

-- Which items of which suite a run sent to whom, as the run itself says: by the lines of the file with the items. ''
-- is a model in the process of whoever ran it.
CREATE TABLE steelyard.run_suite (
    run_id bigint NOT NULL REFERENCES steelyard.run,
    suite steelyard.digest NOT NULL,
    recipient text NOT NULL CHECK (length(recipient) <= 400),
    plan text NOT NULL CHECK (length(plan) <= 64),
    lines integer[] NOT NULL,
    PRIMARY KEY (run_id, suite, recipient)
);
CREATE INDEX run_suite_suite ON steelyard.run_suite (suite);

CREATE FUNCTION steelyard.keep_suites() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['suite_version', 'suite_file', 'suite_item', 'suite_decision', 'suite_view', 'run_suite'] LOOP
        EXECUTE format('CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.%I '
            'FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change()', name);
        EXECUTE format('CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.%I '
            'FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change()', name);
    END LOOP;
END
$$;
SELECT steelyard.keep_suites();
DROP FUNCTION steelyard.keep_suites();

-- A reader's key (age) that a person says is theirs; confirmed when they opened what was encrypted to it. Its secret is
-- kept as a SHA-256.
CREATE TABLE steelyard.reader_key (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES steelyard.person,
    public_key text NOT NULL CHECK (length(public_key) BETWEEN 1 AND 200),
    sha256 steelyard.digest NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz,
    ended_at timestamptz
);
CREATE INDEX reader_key_person ON steelyard.reader_key (person_id, id DESC);

CREATE FUNCTION steelyard.keep_reader_key() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF (NEW.id, NEW.person_id, NEW.sha256, NEW.asked_at) IS DISTINCT FROM (OLD.id, OLD.person_id, OLD.sha256, OLD.asked_at)
        OR (OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at)
        OR (OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at)
        OR (NEW.public_key <> OLD.public_key AND NEW.public_key <> 'erased') THEN
        RAISE EXCEPTION 'steelyard.reader_key: a key stays its person''s' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep BEFORE UPDATE ON steelyard.reader_key
    FOR EACH ROW EXECUTE FUNCTION steelyard.keep_reader_key();
CREATE TRIGGER keep_rows BEFORE DELETE ON steelyard.reader_key
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.reader_key
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

-- What erase_person does with names and doors, for readers' keys.
CREATE FUNCTION steelyard.erase_reader_keys(number bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE steelyard.reader_key SET ended_at = coalesce(ended_at, now()), public_key = 'erased' WHERE person_id = number
$$;
REVOKE ALL ON FUNCTION steelyard.erase_reader_keys(bigint) FROM PUBLIC;

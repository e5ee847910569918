-- Runs that are carried out here: the lines of their journals, their texts and their files, each written under a lease.

CREATE TABLE steelyard.stored_run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES steelyard.project,
    plan_sha256 steelyard.digest NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (project_id, plan_sha256)
);
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.stored_run
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.stored_run
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

-- Who may write to a run: the lease with the last number, until its time is over. Numbers go up by one, and a lease that
-- is over never begins again. The database's clock alone counts.
CREATE TABLE steelyard.lease (
    run_id bigint NOT NULL REFERENCES steelyard.stored_run,
    number integer NOT NULL,
    holder text NOT NULL CHECK (length(holder) BETWEEN 1 AND 200),
    begun_at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (run_id, number)
);

-- Whoever writes, takes or renews a lease holds the run's row until the transaction ends, so a new holder sees all that
-- was committed before, and nothing comes after it. A snapshot that is older than the lock would not see the last lease.
CREATE FUNCTION steelyard.lock_run(run bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'steelyard.lease: only a transaction that is read committed may write to a run'
            USING ERRCODE = 'invalid_transaction_state';
    END IF;
    PERFORM FROM steelyard.stored_run WHERE id = run FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'steelyard.lease: there is no run %', run USING ERRCODE = 'foreign_key_violation';
    END IF;
END
$$;

-- LE001: the lease is over, or was never held. LE002: another one is held. LE003: the run is sealed.
CREATE FUNCTION steelyard.check_lease(run bigint, held integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last_number integer;
    last_until timestamptz;
BEGIN
    PERFORM steelyard.lock_run(run);
    SELECT number, until INTO last_number, last_until FROM steelyard.lease
        WHERE run_id = run ORDER BY number DESC LIMIT 1;
    IF last_number IS DISTINCT FROM held OR last_until <= clock_timestamp() THEN
        RAISE EXCEPTION 'steelyard.lease: lease % of run % is over', held, run USING ERRCODE = 'LE001';
    END IF;
END
$$;

CREATE FUNCTION steelyard.begin_lease() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last_number integer;
    last_until timestamptz;
BEGIN
    PERFORM steelyard.lock_run(NEW.run_id);
    SELECT number, until INTO last_number, last_until FROM steelyard.lease
        WHERE run_id = NEW.run_id ORDER BY number DESC LIMIT 1;
    NEW.begun_at := clock_timestamp();
    IF EXISTS (SELECT FROM steelyard.stored_file WHERE run_id = NEW.run_id AND name = 'bundle.dsse.json') THEN
        RAISE EXCEPTION 'steelyard.lease: run % is sealed', NEW.run_id USING ERRCODE = 'LE003';
    END IF;
    IF last_until > NEW.begun_at THEN
        RAISE EXCEPTION 'steelyard.lease: lease % of run % is held', last_number, NEW.run_id USING ERRCODE = 'LE002';
    END IF;
    IF NEW.number IS DISTINCT FROM coalesce(last_number, 0) + 1
        OR NEW.until NOT BETWEEN NEW.begun_at AND NEW.begun_at + interval '10 minutes' THEN
        RAISE EXCEPTION 'steelyard.lease: a lease has the next number, and ten minutes at most'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER begin BEFORE INSERT ON steelyard.lease
    FOR EACH ROW EXECUTE FUNCTION steelyard.begin_lease();

CREATE FUNCTION steelyard.keep_lease() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION 'steelyard.lease: rows are never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM steelyard.check_lease(OLD.run_id, OLD.number);
    IF (NEW.run_id, NEW.number, NEW.holder, NEW.begun_at) IS DISTINCT FROM
        (OLD.run_id, OLD.number, OLD.holder, OLD.begun_at)
        OR NEW.until > clock_timestamp() + interval '10 minutes' THEN
        RAISE EXCEPTION 'steelyard.lease: a lease is renewed or given back, and nothing else'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.lease
    FOR EACH ROW EXECUTE FUNCTION steelyard.keep_lease();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.lease
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

-- The lines of a journal's segments and of the texts, as a run's folder has them, without their newlines. (bytea, since a
-- line must come back byte for byte.) That the lease exists is checked once a statement and not once a row.
CREATE TABLE steelyard.stored_line (
    run_id bigint NOT NULL,
    segment text NOT NULL CHECK (segment ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    sequence bigint NOT NULL CHECK (sequence >= 0),
    lease integer NOT NULL,
    line bytea NOT NULL CHECK (octet_length(line) BETWEEN 1 AND 16777216),
    PRIMARY KEY (run_id, segment, sequence)
);

CREATE TABLE steelyard.stored_text (
    run_id bigint NOT NULL,
    sequence bigint NOT NULL CHECK (sequence >= 0),
    lease integer NOT NULL,
    line bytea NOT NULL CHECK (octet_length(line) BETWEEN 1 AND 16777216),
    PRIMARY KEY (run_id, sequence)
);

-- The other files, in parts. A file that a later lease wrote again counts instead.
CREATE TABLE steelyard.stored_file (
    run_id bigint NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 500),
    lease integer NOT NULL,
    part integer NOT NULL CHECK (part >= 0),
    data bytea NOT NULL CHECK (octet_length(data) <= 16777216),
    PRIMARY KEY (run_id, name, lease, part)
);

-- After the rows and at the end of the statement: where the statement is the transaction, nothing comes between this and
-- the commit, so a worker that is stopped holds no lock. Lines of a segment follow without a gap.
CREATE FUNCTION steelyard.fence_rows() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    written record;
BEGIN
    FOR written IN SELECT DISTINCT run_id, lease FROM added ORDER BY run_id, lease LOOP
        PERFORM steelyard.check_lease(written.run_id, written.lease);
    END LOOP;
    RETURN NULL;
END
$$;

CREATE FUNCTION steelyard.follow_lines() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    written record;
BEGIN
    FOR written IN
        SELECT run_id, segment, min(sequence) AS first, max(sequence) - min(sequence) + 1 = count(*) AS whole
        FROM added GROUP BY run_id, segment
    LOOP
        IF NOT written.whole OR (written.first > 0 AND NOT EXISTS (
            SELECT FROM steelyard.stored_line
            WHERE run_id = written.run_id AND segment = written.segment AND sequence = written.first - 1)) THEN
            RAISE EXCEPTION 'steelyard.stored_line: a line of % is left out', written.segment
                USING ERRCODE = 'restrict_violation';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
CREATE TRIGGER follow AFTER INSERT ON steelyard.stored_line
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION steelyard.follow_lines();

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['stored_line', 'stored_text', 'stored_file'] LOOP
        EXECUTE format('CREATE TRIGGER fence AFTER INSERT ON steelyard.%I REFERENCING NEW TABLE AS added '
            'FOR EACH STATEMENT EXECUTE FUNCTION steelyard.fence_rows()', name);
        EXECUTE format('CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.%I '
            'FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change()', name);
        EXECUTE format('CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.%I '
            'FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change()', name);
    END LOOP;
END
$$;

REVOKE ALL ON FUNCTION steelyard.lock_run(bigint), steelyard.check_lease(bigint, integer) FROM PUBLIC;

-- Workers say that they are alive; what an ended job left in the database may be deleted, by the owner alone.

-- One row for each start of a worker, which says now and then that it is alive.
CREATE TABLE steelyard.worker (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    host text NOT NULL CHECK (length(host) <= 100),
    process bigint NOT NULL,
    concurrency integer NOT NULL CHECK (concurrency BETWEEN 1 AND 1000),
    software text NOT NULL CHECK (length(software) <= 100),
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,  -- where it said goodbye
    problem text NOT NULL DEFAULT '' CHECK (length(problem) <= 300)  -- why it takes no job
);
CREATE INDEX worker_seen ON steelyard.worker (seen_at);
CREATE INDEX worker_name ON steelyard.worker (name, host, id);

CREATE FUNCTION steelyard.retain_workers_since(cut timestamptz) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM steelyard.worker WHERE seen_at < cut;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;

-- Runs of jobs whose lines, texts and files are deleted, or are about to be: nobody goes on with them.
CREATE TABLE steelyard.stored_run_cleared (
    run_id bigint PRIMARY KEY REFERENCES steelyard.stored_run,
    cleared_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.stored_run_cleared
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.stored_run_cleared
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

CREATE FUNCTION steelyard.keep_stored() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (SELECT FROM steelyard.stored_run_cleared WHERE run_id = OLD.run_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'steelyard.%: rows are never changed, and deleted only of a run that was cleared', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['stored_line', 'stored_text', 'stored_file'] LOOP
        EXECUTE format('DROP TRIGGER keep ON steelyard.%I', name);
        EXECUTE format('CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.%I '
            'FOR EACH ROW EXECUTE FUNCTION steelyard.keep_stored()', name);
    END LOOP;
END
$$;

-- As before, and no lease of a run that was cleared.
CREATE OR REPLACE FUNCTION steelyard.begin_lease() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last_number integer;
    last_until timestamptz;
BEGIN
    PERFORM steelyard.lock_run(NEW.run_id);
    SELECT number, until INTO last_number, last_until FROM steelyard.lease
        WHERE run_id = NEW.run_id ORDER BY number DESC LIMIT 1;
    NEW.begun_at := clock_timestamp();
    IF EXISTS (SELECT FROM steelyard.stored_file WHERE run_id = NEW.run_id AND name = 'bundle.dsse.json')
        OR EXISTS (SELECT FROM steelyard.stored_run_cleared WHERE run_id = NEW.run_id) THEN
        RAISE EXCEPTION 'steelyard.lease: run % is sealed, or was cleared', NEW.run_id USING ERRCODE = 'LE003';
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

-- What the owner does and the application may not. Each writes no audit line itself: who calls it does.

-- Notes that a run is cleared; who calls it deletes what is left of it then.
CREATE FUNCTION steelyard.mark_cleared(number bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO steelyard.stored_run_cleared (run_id) VALUES (number) ON CONFLICT DO NOTHING
$$;

-- Deletes what is stored of a run that was marked; returns how many rows. Leases stay: they say what its calls took.
CREATE FUNCTION steelyard.clear_stored_run(number bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone bigint;
    altogether bigint := 0;
BEGIN
    DELETE FROM steelyard.stored_text WHERE run_id = number;
    GET DIAGNOSTICS gone = ROW_COUNT;
    altogether := altogether + gone;
    DELETE FROM steelyard.stored_line WHERE run_id = number;
    GET DIAGNOSTICS gone = ROW_COUNT;
    altogether := altogether + gone;
    DELETE FROM steelyard.stored_file WHERE run_id = number;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN altogether + gone;
END
$$;

-- What erase_person does with names and doors, for jobs: what waits is cancelled, what runs is to stop, schedules are off.
CREATE FUNCTION steelyard.stop_jobs_of(number bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE steelyard.schedule SET is_on = false WHERE made_by = number AND is_on;
    UPDATE steelyard.job SET state = CASE state WHEN 'running' THEN state ELSE 'cancelled' END,
            wanted = CASE state WHEN 'running' THEN 'cancel' ELSE '' END, reason = 'who asked for it was erased',
            changed_by = 'owner', ended_at = CASE WHEN state <> 'running' THEN now() END
        WHERE requested_by = number AND state IN ('waiting', 'running', 'paused') AND wanted <> 'cancel'
$$;

REVOKE ALL ON FUNCTION steelyard.retain_workers_since(timestamptz), steelyard.mark_cleared(bigint),
    steelyard.clear_stored_run(bigint), steelyard.stop_jobs_of(bigint) FROM PUBLIC;

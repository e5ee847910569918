-- Runs that the server starts itself: jobs, the leases of their workers, and what changed when.

-- How many jobs of one endpoint run at a time over all workers, and until when none is started because it did not answer.
CREATE TABLE steelyard.job_endpoint (
    endpoint text PRIMARY KEY CHECK (length(endpoint) BETWEEN 1 AND 300),
    concurrency integer NOT NULL DEFAULT 1 CHECK (concurrency BETWEEN 1 AND 1000),
    rest_until timestamptz NOT NULL DEFAULT 'epoch'
);

-- A schedule makes a job each time it is due, and nothing else.
CREATE TABLE steelyard.schedule (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES steelyard.project,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    cron text NOT NULL CHECK (length(cron) <= 250),  -- five fields
    zone text NOT NULL CHECK (length(zone) <= 100),
    specification text NOT NULL CHECK (octet_length(specification) <= 1048576),
    priority integer NOT NULL DEFAULT 0 CHECK (priority BETWEEN -100 AND 100),
    made_by bigint NOT NULL REFERENCES steelyard.person,
    created_at timestamptz NOT NULL DEFAULT now(),
    is_on boolean NOT NULL DEFAULT true,
    next_at timestamptz NOT NULL,
    UNIQUE (project_id, name)
);
CREATE INDEX schedule_due ON steelyard.schedule (next_at) WHERE is_on;
CREATE INDEX schedule_person ON steelyard.schedule (made_by);

CREATE FUNCTION steelyard.keep_schedule() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF (NEW.id, NEW.project_id, NEW.name, NEW.cron, NEW.zone, NEW.specification, NEW.priority, NEW.made_by, NEW.created_at)
        IS DISTINCT FROM (OLD.id, OLD.project_id, OLD.name, OLD.cron, OLD.zone, OLD.specification, OLD.priority,
            OLD.made_by, OLD.created_at) OR NEW.next_at < OLD.next_at THEN
        RAISE EXCEPTION 'steelyard.schedule: what is asked is never changed, and no look comes again'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep BEFORE UPDATE ON steelyard.schedule
    FOR EACH ROW EXECUTE FUNCTION steelyard.keep_schedule();
CREATE TRIGGER keep_rows BEFORE DELETE ON steelyard.schedule
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.schedule
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

CREATE TABLE steelyard.job (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES steelyard.project,
    kind text NOT NULL CHECK (kind IN ('audit', 'run', 'resume')),
    -- Canonical JSON, as text: what is asked, and never a path or a line for a shell.
    specification text NOT NULL CHECK (octet_length(specification) <= 1048576),
    priority integer NOT NULL DEFAULT 0 CHECK (priority BETWEEN -100 AND 100),
    endpoint text NOT NULL REFERENCES steelyard.job_endpoint,
    -- The job whose folder it goes on with; its own where that is null.
    resumes bigint REFERENCES steelyard.job,
    requested_by bigint NOT NULL REFERENCES steelyard.person,
    schedule_id bigint REFERENCES steelyard.schedule,
    scheduled_at timestamptz,  -- the look of the schedule that it is
    note text NOT NULL DEFAULT '' CHECK (length(note) <= 1000),  -- of its beginning, such as which looks were missed
    max_failures integer NOT NULL DEFAULT 5 CHECK (max_failures BETWEEN 1 AND 100),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- From here on things change.
    state text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'running', 'paused', 'finished', 'failed', 'cancelled')),
    wanted text NOT NULL DEFAULT '' CHECK (wanted IN ('', 'pause', 'cancel')),  -- of a running job
    attempt integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),  -- the fence: it only grows
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    not_before timestamptz NOT NULL DEFAULT now(),
    worker text NOT NULL DEFAULT '' CHECK (length(worker) <= 100),
    leased_until timestamptz,
    progress text NOT NULL DEFAULT '' CHECK (length(progress) <= 1000),
    reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 1000),  -- of the last change, in words
    changed_by text NOT NULL DEFAULT '' CHECK (length(changed_by) <= 120),  -- person:3, worker:NAME
    run_id bigint REFERENCES steelyard.run,
    ended_at timestamptz,
    CHECK ((state = 'running') = (leased_until IS NOT NULL)),
    CHECK ((state = 'finished') = (run_id IS NOT NULL)),
    CHECK ((state IN ('finished', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK (wanted = '' OR state = 'running'),
    CHECK ((schedule_id IS NULL) = (scheduled_at IS NULL)),
    UNIQUE (schedule_id, scheduled_at)
);
CREATE INDEX job_waiting ON steelyard.job (priority DESC, id) WHERE state = 'waiting';
CREATE INDEX job_running ON steelyard.job (endpoint) WHERE state = 'running';
CREATE INDEX job_listed ON steelyard.job (project_id, id DESC);
CREATE INDEX job_person ON steelyard.job (requested_by);
CREATE INDEX job_run ON steelyard.job (run_id);
-- A folder has one job at a time.
CREATE UNIQUE INDEX job_resumes ON steelyard.job (resumes) WHERE state IN ('waiting', 'running', 'paused');

-- Every change of a state, of a wish or of the attempt; written by a trigger alone.
CREATE TABLE steelyard.job_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id bigint NOT NULL REFERENCES steelyard.job,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempt integer NOT NULL,
    state text NOT NULL,
    wanted text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL
);
CREATE INDEX job_event_job ON steelyard.job_event (job_id, id);
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.job_event
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.job_event
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

CREATE FUNCTION steelyard.keep_job() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    is_taken boolean := OLD.state = 'waiting' AND NEW.state = 'running';
BEGIN
    IF (NEW.id, NEW.project_id, NEW.kind, NEW.specification, NEW.priority, NEW.endpoint, NEW.resumes, NEW.requested_by,
            NEW.schedule_id, NEW.scheduled_at, NEW.note, NEW.max_failures, NEW.created_at)
        IS DISTINCT FROM (OLD.id, OLD.project_id, OLD.kind, OLD.specification, OLD.priority, OLD.endpoint, OLD.resumes,
            OLD.requested_by, OLD.schedule_id, OLD.scheduled_at, OLD.note, OLD.max_failures, OLD.created_at) THEN
        RAISE EXCEPTION 'steelyard.job: what was asked for is never changed' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state IN ('finished', 'failed', 'cancelled') THEN
        RAISE EXCEPTION 'steelyard.job: a job that has ended is never changed' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.attempt <> OLD.attempt + is_taken::integer OR NEW.failures < OLD.failures THEN
        RAISE EXCEPTION 'steelyard.job: each start is the next attempt' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.state = 'waiting' AND NEW.state NOT IN ('waiting', 'running', 'paused', 'cancelled'))
        OR (OLD.state = 'paused' AND NEW.state NOT IN ('paused', 'waiting', 'cancelled')) THEN
        RAISE EXCEPTION 'steelyard.job: a % job does not become %', OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep BEFORE UPDATE ON steelyard.job
    FOR EACH ROW EXECUTE FUNCTION steelyard.keep_job();
CREATE TRIGGER keep_rows BEFORE DELETE ON steelyard.job
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.job
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

-- The application may not write events: this function may, with the rights of who owns it.
CREATE FUNCTION steelyard.note_job() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO steelyard.job_event (job_id, attempt, state, wanted, actor, reason)
        VALUES (NEW.id, NEW.attempt, NEW.state, NEW.wanted, NEW.changed_by, NEW.reason);
    RETURN NULL;
END
$$;
CREATE TRIGGER note AFTER UPDATE ON steelyard.job
    FOR EACH ROW WHEN ((OLD.state, OLD.wanted, OLD.attempt) IS DISTINCT FROM (NEW.state, NEW.wanted, NEW.attempt))
    EXECUTE FUNCTION steelyard.note_job();

-- Workers wait for this; they also look now and then.
CREATE FUNCTION steelyard.tell_workers() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_notify('steelyard_job', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER tell_added AFTER INSERT ON steelyard.job
    FOR EACH ROW EXECUTE FUNCTION steelyard.tell_workers();
CREATE TRIGGER tell_changed AFTER UPDATE ON steelyard.job
    FOR EACH ROW WHEN (NEW.state <> 'running' AND NEW.state <> OLD.state OR NEW.wanted <> OLD.wanted)
    EXECUTE FUNCTION steelyard.tell_workers();

-- Gives a worker the next job, or none. One call is one transaction, so that a worker which is stopped in the middle of
-- its own work never holds the lock by which two of them do not count the same endpoint at once.
CREATE FUNCTION steelyard.take_job(taker text, lease interval) RETURNS SETOF steelyard.job
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    found_id bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(8101738236430);
    SELECT j.id INTO found_id FROM steelyard.job j JOIN steelyard.job_endpoint e ON e.endpoint = j.endpoint
        WHERE j.state = 'waiting' AND j.not_before <= clock_timestamp() AND e.rest_until <= clock_timestamp()
            AND (SELECT count(*) FROM steelyard.job r WHERE r.endpoint = j.endpoint AND r.state = 'running') < e.concurrency
        ORDER BY j.priority DESC, j.id LIMIT 1 FOR UPDATE OF j SKIP LOCKED;
    RETURN QUERY UPDATE steelyard.job SET state = 'running', attempt = attempt + 1, worker = taker,
            leased_until = clock_timestamp() + lease, progress = '', reason = '', changed_by = 'worker:' || taker
        WHERE id = found_id RETURNING *;
END
$$;

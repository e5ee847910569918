-- Jobs ask endpoints of the administrator's list and no others; where the platform listens; which stored run a job has.

-- What asked an address that somebody wrote into a job ends here: only an administrator says what may be called.
UPDATE steelyard.job SET state = 'cancelled', wanted = '', leased_until = NULL, ended_at = now(), changed_by = 'owner',
        reason = 'it named an address: since schema 7 a job names an endpoint of the administrator''s list, so add it again'
    WHERE state IN ('waiting', 'running', 'paused') AND endpoint <> 'embedded:smollm2';
UPDATE steelyard.schedule SET is_on = false WHERE is_on AND specification::json ->> 'model' <> 'embedded:smollm2';

DROP FUNCTION steelyard.take_job(text, interval);
ALTER TABLE steelyard.job
    ADD COLUMN endpoint_id bigint REFERENCES steelyard.endpoint,  -- NULL: the model that is built in
    -- How many calls it has in flight at most; NULL: as many as the endpoint may have, so that it is alone there.
    ADD COLUMN calls integer CHECK (calls BETWEEN 1 AND 1000),
    ADD COLUMN stored_run_id bigint REFERENCES steelyard.stored_run;  -- where its answers are, from its plan on
DROP TRIGGER keep ON steelyard.job;
UPDATE steelyard.job SET endpoint_id = (
    SELECT min(e.id) FROM steelyard.endpoint e
    WHERE job.endpoint IN (e.scheme || '://' || e.host || e.path, e.scheme || '://' || e.host || ':' || e.port || e.path)
        AND (job.endpoint LIKE '%:' || e.port || e.path OR (e.scheme, e.port) IN (('http', 80), ('https', 443))));
ALTER TABLE steelyard.job DROP COLUMN endpoint;
DROP TABLE steelyard.job_endpoint;
CREATE INDEX job_running ON steelyard.job (endpoint_id) WHERE state = 'running';
CREATE INDEX job_endpoint ON steelyard.job (endpoint_id);
CREATE INDEX job_stored_run ON steelyard.job (stored_run_id);

CREATE OR REPLACE FUNCTION steelyard.keep_job() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    is_taken boolean := OLD.state = 'waiting' AND NEW.state = 'running';
BEGIN
    IF (NEW.id, NEW.project_id, NEW.kind, NEW.specification, NEW.priority, NEW.endpoint_id, NEW.calls, NEW.resumes,
            NEW.requested_by, NEW.schedule_id, NEW.scheduled_at, NEW.note, NEW.max_failures, NEW.created_at)
        IS DISTINCT FROM (OLD.id, OLD.project_id, OLD.kind, OLD.specification, OLD.priority, OLD.endpoint_id, OLD.calls,
            OLD.resumes, OLD.requested_by, OLD.schedule_id, OLD.scheduled_at, OLD.note, OLD.max_failures, OLD.created_at)
        OR (OLD.stored_run_id IS NOT NULL AND NEW.stored_run_id IS DISTINCT FROM OLD.stored_run_id) THEN
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

-- Until when no job of an endpoint is started, because it did not answer.
ALTER TABLE steelyard.endpoint ADD COLUMN rest_until timestamptz NOT NULL DEFAULT 'epoch';

-- As before, by the endpoint of the list: its calls at once are shared by all jobs of all workers.
CREATE FUNCTION steelyard.take_job(taker text, lease interval) RETURNS SETOF steelyard.job
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    found_id bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(8101738236430);
    SELECT j.id INTO found_id FROM steelyard.job j LEFT JOIN steelyard.endpoint e ON e.id = j.endpoint_id
        WHERE j.state = 'waiting' AND j.not_before <= clock_timestamp()
            AND CASE WHEN e.id IS NULL THEN
                NOT EXISTS (SELECT FROM steelyard.job r WHERE r.endpoint_id IS NULL AND r.state = 'running')
            ELSE
                e.retired_at IS NULL AND e.rest_until <= clock_timestamp()
                AND (SELECT coalesce(sum(least(coalesce(r.calls, e.concurrency), e.concurrency)), 0)
                    FROM steelyard.job r WHERE r.endpoint_id = e.id AND r.state = 'running')
                    + least(coalesce(j.calls, e.concurrency), e.concurrency) <= e.concurrency
            END
        ORDER BY j.priority DESC, j.id LIMIT 1 FOR UPDATE OF j SKIP LOCKED;
    RETURN QUERY UPDATE steelyard.job SET state = 'running', attempt = attempt + 1, worker = taker,
            leased_until = clock_timestamp() + lease, progress = '', reason = '', changed_by = 'worker:' || taker
        WHERE id = found_id RETURNING *;
END
$$;

-- A retired endpoint is asked by no job.
CREATE FUNCTION steelyard.end_jobs_of_endpoint() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    UPDATE steelyard.job SET state = 'cancelled', ended_at = now(), reason = 'its endpoint was retired',
            changed_by = 'endpoint:' || NEW.id
        WHERE endpoint_id = NEW.id AND state IN ('waiting', 'paused');
    UPDATE steelyard.job SET wanted = 'cancel', reason = 'its endpoint was retired', changed_by = 'endpoint:' || NEW.id
        WHERE endpoint_id = NEW.id AND state = 'running';
    RETURN NULL;
END
$$;
CREATE TRIGGER end_jobs AFTER UPDATE ON steelyard.endpoint
    FOR EACH ROW WHEN (OLD.retired_at IS NULL AND NEW.retired_at IS NOT NULL)
    EXECUTE FUNCTION steelyard.end_jobs_of_endpoint();

-- Where the platform itself listens, in JSON: its workers, which may be elsewhere, call nothing there.
CREATE TABLE steelyard.serving (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),  -- so that there is one row
    places text NOT NULL CHECK (octet_length(places) <= 20000),
    noted_at timestamptz NOT NULL DEFAULT now()
);

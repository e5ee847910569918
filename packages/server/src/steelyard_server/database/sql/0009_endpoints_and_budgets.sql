-- Jobs ask endpoints of the administrator's list and no others, within budgets, and write into stored runs.

-- What asked an address that somebody wrote into a job ends here: only an administrator says what may be called.
UPDATE steelyard.job SET state = 'cancelled', wanted = '', leased_until = NULL, ended_at = now(), changed_by = 'owner',
        reason = 'it named an address: a job now names an endpoint of the administrator''s list, so add it again'
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
            leased_until = clock_timestamp() + lease, progress = '', reason = '', waits_for = '',
            changed_by = 'worker:' || taker
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

-- What a project may spend in each month (of UTC) at one endpoint, or at all of them together (no endpoint): money at the
-- prices of the list of endpoints, tokens, or both. NULL: no limit.
CREATE TABLE steelyard.budget (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES steelyard.project,
    endpoint_id bigint REFERENCES steelyard.endpoint,
    cost numeric CHECK (cost >= 0),
    tokens bigint CHECK (tokens >= 0),
    set_by bigint NOT NULL REFERENCES steelyard.person,
    set_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX budget_place ON steelyard.budget (project_id, coalesce(endpoint_id, 0));
CREATE INDEX budget_person ON steelyard.budget (set_by);

-- What was spent; written by functions alone. Where the list has no prices, cost stays 0.
CREATE TABLE steelyard.spending (
    project_id bigint NOT NULL REFERENCES steelyard.project,
    endpoint_id bigint NOT NULL REFERENCES steelyard.endpoint,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    cost numeric NOT NULL DEFAULT 0 CHECK (cost >= 0),
    tokens numeric NOT NULL DEFAULT 0 CHECK (tokens >= 0),
    PRIMARY KEY (project_id, endpoint_id, month)
);

-- What an attempt has reserved and not spent yet, and what it spent, at the prices when it began. It counts while the
-- attempt runs: with its lease what it reserved comes back.
CREATE TABLE steelyard.reservation (
    job_id bigint NOT NULL REFERENCES steelyard.job,
    attempt integer NOT NULL,
    month date NOT NULL,
    price_in numeric,
    price_out numeric,
    held_in numeric NOT NULL CHECK (held_in >= 0),  -- in tokens
    held_out numeric NOT NULL CHECK (held_out >= 0),
    spent_in numeric NOT NULL DEFAULT 0,
    spent_out numeric NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, attempt, month)
);

ALTER TABLE steelyard.job ADD COLUMN waits_for text NOT NULL DEFAULT '' CHECK (waits_for IN ('', 'budget'));
CREATE INDEX job_waits_for_budget ON steelyard.job (project_id) WHERE state = 'waiting' AND waits_for = 'budget';

CREATE FUNCTION steelyard.cost_of(read numeric, written numeric, price_in numeric, price_out numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT coalesce((read * price_in + written * price_out) / 1000000, 0)
$$;

-- Books what an attempt spent, in the month in which it was reserved.
CREATE FUNCTION steelyard.book(entry steelyard.reservation, read numeric, written numeric) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE steelyard.reservation SET spent_in = spent_in + read, spent_out = spent_out + written
        WHERE (job_id, attempt, month) = (entry.job_id, entry.attempt, entry.month);
    INSERT INTO steelyard.spending AS s (project_id, endpoint_id, month, cost, tokens)
        SELECT j.project_id, j.endpoint_id, entry.month, steelyard.cost_of(read, written, entry.price_in, entry.price_out),
            read + written FROM steelyard.job j WHERE j.id = entry.job_id
        ON CONFLICT (project_id, endpoint_id, month)
            DO UPDATE SET cost = s.cost + excluded.cost, tokens = s.tokens + excluded.tokens;
END
$$;

-- Why so much more does not fit into one of a project's budgets, in words; '' where it fits.
CREATE FUNCTION steelyard.over_budget(project bigint, endpoint bigint, in_month date, cost numeric, tokens numeric,
        is_priced boolean, asking bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    b record;
    spent record;
    held record;
    place text;
BEGIN
    FOR b IN SELECT * FROM steelyard.budget
        WHERE project_id = project AND coalesce(endpoint_id, endpoint) = endpoint ORDER BY endpoint_id
    LOOP
        SELECT coalesce(sum(s.cost), 0) AS cost, coalesce(sum(s.tokens), 0) AS tokens INTO spent
            FROM steelyard.spending s WHERE s.project_id = project AND s.month = in_month
                AND s.endpoint_id = coalesce(b.endpoint_id, s.endpoint_id);
        SELECT coalesce(sum(steelyard.cost_of(r.held_in, r.held_out, r.price_in, r.price_out)), 0) AS cost,
                coalesce(sum(r.held_in + r.held_out), 0) AS tokens INTO held
            FROM steelyard.reservation r JOIN steelyard.job j ON j.id = r.job_id AND j.attempt = r.attempt
            WHERE j.state = 'running' AND j.project_id = project AND r.month = in_month
                AND j.endpoint_id = coalesce(b.endpoint_id, j.endpoint_id) AND j.id <> asking;
        place := 'the budget of this project ' || CASE WHEN b.endpoint_id IS NULL THEN 'for all endpoints'
            ELSE 'for this endpoint' END || ' in ' || to_char(in_month, 'YYYY-MM');
        IF b.cost IS NOT NULL AND NOT is_priced AND b.tokens IS NULL THEN
            RETURN place || ' is in money, and the endpoint has no prices: give it prices, or a budget in tokens';
        END IF;
        IF b.cost IS NOT NULL AND is_priced AND spent.cost + held.cost + cost > b.cost THEN
            RETURN format('%s is %s: %s are spent, others have reserved %s, and the next calls may take %s', place, b.cost,
                round(spent.cost, 4), round(held.cost, 4), round(cost, 4));
        END IF;
        IF b.tokens IS NOT NULL AND spent.tokens + held.tokens + tokens > b.tokens THEN
            RETURN format('%s is %s tokens: %s are spent, others have reserved %s, and the next calls may take %s', place,
                b.tokens, spent.tokens, held.tokens, tokens);
        END IF;
    END LOOP;
    RETURN '';
END
$$;

-- An attempt says how many tokens it has spent altogether (so that saying it twice changes nothing) and what its calls in
-- flight may take, and asks for so many more. '' where it has them: then both are reserved. Else why not, in words; '-'
-- where the job is another attempt's by now.
CREATE FUNCTION steelyard.reserve(wanted_job bigint, wanted_attempt integer, spent_in numeric, spent_out numeric,
        kept_in numeric, kept_out numeric, more_in numeric, more_out numeric) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    j steelyard.job;
    e steelyard.endpoint;
    r steelyard.reservation;
    before record;
    why text;
    this_month date := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC')::date;
BEGIN
    SELECT * INTO j FROM steelyard.job WHERE id = wanted_job AND attempt = wanted_attempt AND state = 'running'
        AND leased_until > clock_timestamp() AND endpoint_id IS NOT NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN '-';
    END IF;
    IF least(spent_in, spent_out, kept_in, kept_out, more_in, more_out) < 0 THEN
        RAISE EXCEPTION 'steelyard.reserve: nothing less than none' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(8101738236440);
    SELECT * INTO e FROM steelyard.endpoint WHERE id = j.endpoint_id;
    SELECT * INTO r FROM steelyard.reservation WHERE job_id = j.id AND attempt = j.attempt ORDER BY month DESC LIMIT 1;
    IF FOUND THEN
        SELECT sum(a.spent_in) AS read, sum(a.spent_out) AS written INTO before
            FROM steelyard.reservation a WHERE a.job_id = j.id AND a.attempt = j.attempt;
        PERFORM steelyard.book(r, greatest(0, spent_in - before.read), greatest(0, spent_out - before.written));
        -- What is in flight stays reserved where it was.
        UPDATE steelyard.reservation SET held_in = kept_in, held_out = kept_out
            WHERE job_id = j.id AND attempt = j.attempt AND month = r.month;
    ELSE
        r.price_in := e.price_in;
        r.price_out := e.price_out;
    END IF;
    IF more_in + more_out = 0 THEN
        RETURN '';
    END IF;
    why := steelyard.over_budget(j.project_id, e.id, this_month,
        steelyard.cost_of(kept_in + more_in, kept_out + more_out, r.price_in, r.price_out),
        kept_in + kept_out + more_in + more_out, r.price_in IS NOT NULL AND r.price_out IS NOT NULL, j.id);
    IF why <> '' THEN
        RETURN why;
    END IF;
    UPDATE steelyard.reservation SET held_in = 0, held_out = 0
        WHERE job_id = j.id AND attempt = j.attempt AND month < this_month;
    INSERT INTO steelyard.reservation (job_id, attempt, month, price_in, price_out, held_in, held_out)
        VALUES (j.id, j.attempt, this_month, r.price_in, r.price_out, kept_in + more_in, kept_out + more_out)
        ON CONFLICT (job_id, attempt, month) DO UPDATE SET held_in = excluded.held_in, held_out = excluded.held_out;
    RETURN '';
END
$$;

-- When an attempt ends, in whatever way, what it reserved comes back; of a lost one, what its committed answers took is
-- booked, as far as it had not said it. Jobs that wait for the project's budget look again when another has ended.
CREATE FUNCTION steelyard.settle_attempt() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r steelyard.reservation;
    before record;
    answered_in numeric;
    answered_out numeric;
BEGIN
    SELECT * INTO r FROM steelyard.reservation
        WHERE job_id = OLD.id AND attempt = OLD.attempt ORDER BY month DESC LIMIT 1;
    IF FOUND AND r.held_in + r.held_out > 0 AND OLD.stored_run_id IS NOT NULL THEN
        SELECT coalesce(sum(least((said.content ->> 'prompt_tokens')::numeric, 1e15)), 0),
                coalesce(sum(least((said.content ->> 'completion_tokens')::numeric, 1e15)), 0)
            INTO answered_in, answered_out
            FROM (SELECT convert_from(l.line, 'UTF8')::json AS content FROM steelyard.stored_line l
                JOIN steelyard.lease h ON h.run_id = l.run_id AND h.number = l.lease
                WHERE l.run_id = OLD.stored_run_id
                    AND h.holder = format('job %s, attempt %s', OLD.id, OLD.attempt)) said
            WHERE said.content ->> 'type' = 'attempt';
    END IF;
    PERFORM pg_advisory_xact_lock(8101738236440);
    IF answered_in IS NOT NULL THEN
        SELECT sum(a.spent_in) AS read, sum(a.spent_out) AS written INTO before
            FROM steelyard.reservation a WHERE a.job_id = OLD.id AND a.attempt = OLD.attempt;
        PERFORM steelyard.book(r, greatest(0, answered_in - before.read), greatest(0, answered_out - before.written));
    END IF;
    UPDATE steelyard.reservation SET held_in = 0, held_out = 0 WHERE job_id = OLD.id AND attempt = OLD.attempt;
    IF NEW.state <> 'waiting' THEN
        UPDATE steelyard.job SET not_before = clock_timestamp()
            WHERE project_id = OLD.project_id AND state = 'waiting' AND waits_for = 'budget';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER settle AFTER UPDATE ON steelyard.job
    FOR EACH ROW WHEN (OLD.state = 'running' AND NEW.state <> 'running')
    EXECUTE FUNCTION steelyard.settle_attempt();

REVOKE ALL ON FUNCTION steelyard.book(steelyard.reservation, numeric, numeric),
    steelyard.over_budget(bigint, bigint, date, numeric, numeric, boolean, bigint),
    steelyard.reserve(bigint, integer, numeric, numeric, numeric, numeric, numeric, numeric) FROM PUBLIC;

-- Workers hear at once of what may be tried again.
CREATE TRIGGER tell_freed AFTER UPDATE ON steelyard.job
    FOR EACH ROW WHEN (NEW.state = 'waiting' AND NEW.not_before < OLD.not_before)
    EXECUTE FUNCTION steelyard.tell_workers();

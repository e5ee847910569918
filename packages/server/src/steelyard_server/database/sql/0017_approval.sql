-- Spending above a project's threshold needs a second person: who approves, and what keeps a job from going around it.

-- What one person may have a job spend alone: money at the prices of the list of endpoints, tokens, or both. NULL: no
-- threshold of that kind.
ALTER TABLE steelyard.project
    ADD COLUMN approval_cost numeric CHECK (approval_cost >= 0),
    ADD COLUMN approval_tokens bigint CHECK (approval_tokens >= 0);

-- What the calls of its plan may take at most, in tokens, as the attempt that planned it foresaw; written by a function.
ALTER TABLE steelyard.job
    ADD COLUMN upper_in numeric CHECK (upper_in >= 0),
    ADD COLUMN upper_out numeric CHECK (upper_out >= 0);
ALTER TABLE steelyard.job DROP CONSTRAINT job_waits_for_check;
ALTER TABLE steelyard.job ADD CONSTRAINT job_waits_for_check CHECK (waits_for IN ('', 'budget', 'approval'));

-- The one decision about a job that waits for approval.
CREATE TABLE steelyard.approval (
    job_id bigint PRIMARY KEY REFERENCES steelyard.job,
    person_id bigint NOT NULL REFERENCES steelyard.person,
    is_approved boolean NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX approval_person ON steelyard.approval (person_id);
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.approval
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.approval
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

-- Nobody decides about what they started, or tried again, and nothing is approved beforehand.
CREATE FUNCTION steelyard.check_approval() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    j steelyard.job;
BEGIN
    SELECT * INTO j FROM steelyard.job WHERE id = NEW.job_id FOR UPDATE;
    IF j.waits_for <> 'approval' OR j.state NOT IN ('waiting', 'paused') THEN
        RAISE EXCEPTION 'steelyard.approval: this job does not wait for approval' USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (SELECT FROM steelyard.job o WHERE o.requested_by = NEW.person_id
            AND (o.id = coalesce(j.resumes, j.id) OR o.resumes = coalesce(j.resumes, j.id))) THEN
        RAISE EXCEPTION 'steelyard.approval: whoever started a job does not decide about it'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER check_approval BEFORE INSERT ON steelyard.approval
    FOR EACH ROW EXECUTE FUNCTION steelyard.check_approval();

-- That it was approved, or the threshold raised, is part of what happened to a job.
DROP TRIGGER note ON steelyard.job;
CREATE TRIGGER note AFTER UPDATE ON steelyard.job
    FOR EACH ROW WHEN ((OLD.state, OLD.wanted, OLD.attempt, OLD.waits_for = 'approval')
        IS DISTINCT FROM (NEW.state, NEW.wanted, NEW.attempt, NEW.waits_for = 'approval'))
    EXECUTE FUNCTION steelyard.note_job();

-- Whoever could decide hears of it, where they asked for that.
CREATE FUNCTION steelyard.tell_of_approval() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    project text := (SELECT name FROM steelyard.project WHERE id = NEW.project_id);
BEGIN
    INSERT INTO steelyard.event (project_id, kind, data, once)
        VALUES (NEW.project_id, 'job.approval', json_build_object('job', NEW.id, 'kind', NEW.kind,
            'project', project, 'path', '/p/' || project || '/jobs/' || NEW.id)::text,
            'job.approval ' || NEW.id || ' ' || NEW.attempt) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER tell_approval AFTER UPDATE ON steelyard.job
    FOR EACH ROW WHEN (NEW.waits_for = 'approval' AND OLD.waits_for <> 'approval' AND NEW.state IN ('waiting', 'paused'))
    EXECUTE FUNCTION steelyard.tell_of_approval();

-- As before; what waits for approval waits, whatever else has changed.
CREATE OR REPLACE FUNCTION steelyard.take_job(taker text, lease interval) RETURNS SETOF steelyard.job
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    found_id bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(8101738236430);
    SELECT j.id INTO found_id FROM steelyard.job j LEFT JOIN steelyard.endpoint e ON e.id = j.endpoint_id
        WHERE j.state = 'waiting' AND j.waits_for <> 'approval' AND j.not_before <= clock_timestamp()
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

-- Why so much needs a second person, in words; '' where it does not, or somebody has approved the job.
CREATE FUNCTION steelyard.over_threshold(j steelyard.job, cost numeric, tokens numeric, is_priced boolean, said text)
    RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p steelyard.project;
BEGIN
    SELECT * INTO p FROM steelyard.project WHERE id = j.project_id;
    IF p.approval_cost IS NULL AND p.approval_tokens IS NULL
        OR EXISTS (SELECT FROM steelyard.approval a WHERE a.job_id = j.id AND a.is_approved) THEN
        RETURN '';
    END IF;
    IF p.approval_cost IS NOT NULL AND NOT is_priced AND p.approval_tokens IS NULL THEN
        RETURN format('what it costs is unknown, since the list has no prices for its endpoint: in this project that needs '
            'a second person, as all above %s does', p.approval_cost);
    END IF;
    IF p.approval_cost IS NOT NULL AND is_priced AND cost > p.approval_cost THEN
        RETURN format('%s %s, and in this project more than %s needs a second person', said, round(cost, 4),
            p.approval_cost);
    END IF;
    IF p.approval_tokens IS NOT NULL AND tokens > p.approval_tokens THEN
        RETURN format('%s %s tokens, and in this project more than %s needs a second person', said, ceil(tokens),
            p.approval_tokens);
    END IF;
    RETURN '';
END
$$;

-- An attempt says, before its first call, what its plan's calls may take at most (NULL where it goes on with the plan of an
-- earlier one), and which limits it has of its own. '' where it may go on; else why it needs a second person, in words;
-- '-' where the job is another attempt's by now.
CREATE FUNCTION steelyard.foresee_job(wanted_job bigint, wanted_attempt integer, read numeric, written numeric,
        most_cost numeric, most_tokens numeric) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    j steelyard.job;
    e steelyard.endpoint;
    planned record;
BEGIN
    SELECT * INTO j FROM steelyard.job WHERE id = wanted_job AND attempt = wanted_attempt AND state = 'running'
        AND leased_until > clock_timestamp() AND endpoint_id IS NOT NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN '-';
    END IF;
    IF read IS NOT NULL THEN
        UPDATE steelyard.job SET upper_in = read, upper_out = written WHERE id = j.id;
    END IF;
    SELECT max(o.upper_in) AS read, max(o.upper_out) AS written INTO planned FROM steelyard.job o
        WHERE o.id = coalesce(j.resumes, j.id) OR o.resumes = coalesce(j.resumes, j.id);
    SELECT * INTO e FROM steelyard.endpoint WHERE id = j.endpoint_id;
    RETURN steelyard.over_threshold(j,
        least(steelyard.cost_of(planned.read, planned.written, e.price_in, e.price_out), most_cost,
            most_tokens * greatest(e.price_in, e.price_out) / 1000000),
        coalesce(least(planned.read + planned.written, most_tokens), 0),
        e.price_in IS NOT NULL AND e.price_out IS NOT NULL, 'its calls may take up to');
END
$$;

-- As before, and where nobody has approved the job, it never takes more than one person may spend alone: whatever was
-- foreseen, however often it was tried, and whatever the threshold was when it began.
CREATE OR REPLACE FUNCTION steelyard.reserve(wanted_job bigint, wanted_attempt integer, spent_in numeric, spent_out numeric,
        kept_in numeric, kept_out numeric, more_in numeric, more_out numeric) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    j steelyard.job;
    e steelyard.endpoint;
    r steelyard.reservation;
    before record;
    line record;
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
    SELECT coalesce(sum(steelyard.cost_of(a.spent_in, a.spent_out, a.price_in, a.price_out)), 0) AS cost,
            coalesce(sum(a.spent_in + a.spent_out), 0) AS tokens INTO line
        FROM steelyard.job o JOIN steelyard.reservation a ON a.job_id = o.id
        WHERE o.id = coalesce(j.resumes, j.id) OR o.resumes = coalesce(j.resumes, j.id);
    why := steelyard.over_threshold(j,
        line.cost + steelyard.cost_of(kept_in + more_in, kept_out + more_out, r.price_in, r.price_out),
        line.tokens + kept_in + kept_out + more_in + more_out,
        r.price_in IS NOT NULL AND r.price_out IS NOT NULL, 'with its next calls it may have taken');
    IF why <> '' THEN
        RETURN 'approval: ' || why;
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

REVOKE ALL ON FUNCTION steelyard.over_threshold(steelyard.job, numeric, numeric, boolean, text),
    steelyard.foresee_job(bigint, integer, numeric, numeric, numeric, numeric) FROM PUBLIC;

-- What answers took is summed when they are written, so that a lost attempt is ended by one short statement.

-- As the attempts written under a lease say it; written by functions alone.
ALTER TABLE steelyard.lease
    ADD COLUMN tokens_in numeric NOT NULL DEFAULT 0 CHECK (tokens_in >= 0),
    ADD COLUMN tokens_out numeric NOT NULL DEFAULT 0 CHECK (tokens_out >= 0);

-- A number of a line of the journal; 0 where it has none. Not read as JSON: whatever a line holds, this is no error, and
-- within a string of canonical JSON no name stands between plain quotes.
CREATE FUNCTION steelyard.tokens_said(line bytea, name text) RETURNS numeric
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT CASE WHEN position('"type":"attempt"'::bytea IN line) = 0 THEN 0 ELSE
        least(coalesce(substring(encode(line, 'escape') FROM '"' || name || '":([0-9]{1,18})')::numeric, 0), 1e15) END
$$;

-- Called after the fence, in the order of names.
CREATE FUNCTION steelyard.sum_tokens() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE steelyard.lease h SET tokens_in = h.tokens_in + a.read, tokens_out = h.tokens_out + a.written
        FROM (SELECT run_id, lease, sum(steelyard.tokens_said(line, 'prompt_tokens')) AS read,
            sum(steelyard.tokens_said(line, 'completion_tokens')) AS written FROM added GROUP BY run_id, lease) a
        WHERE h.run_id = a.run_id AND h.number = a.lease AND a.read + a.written > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER sum_tokens AFTER INSERT ON steelyard.stored_line
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION steelyard.sum_tokens();

-- What the attempts have written that run now.
ALTER TABLE steelyard.lease DISABLE TRIGGER keep;
UPDATE steelyard.lease h SET tokens_in = a.read, tokens_out = a.written
    FROM (SELECT l.run_id, l.lease, sum(steelyard.tokens_said(l.line, 'prompt_tokens')) AS read,
            sum(steelyard.tokens_said(l.line, 'completion_tokens')) AS written
        FROM steelyard.stored_line l JOIN steelyard.job j ON j.stored_run_id = l.run_id
        WHERE j.state = 'running' GROUP BY l.run_id, l.lease) a
    WHERE h.run_id = a.run_id AND h.number = a.lease;
ALTER TABLE steelyard.lease ENABLE TRIGGER keep;

-- As before, by what was summed.
CREATE OR REPLACE FUNCTION steelyard.settle_attempt() RETURNS trigger
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
        SELECT sum(h.tokens_in), sum(h.tokens_out) INTO answered_in, answered_out FROM steelyard.lease h
            WHERE h.run_id = OLD.stored_run_id AND h.holder = format('job %s, attempt %s', OLD.id, OLD.attempt);
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

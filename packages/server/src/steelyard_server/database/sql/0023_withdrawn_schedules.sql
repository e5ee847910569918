-- Questions of a withdrawn run go out of the schedules that ask them, too, and nothing else of what was asked changes.

ALTER TABLE steelyard.schedule ADD COLUMN withdrawn_at timestamptz;

-- Whether a specification is another one of which only texts of questions were taken out.
CREATE FUNCTION steelyard.is_emptied(before text, after text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog AS $$
DECLARE
    o jsonb;
    n jsonb;
BEGIN
    o := replace(before, '\u0000', '\ufffd')::jsonb;
    n := replace(after, '\u0000', '\ufffd')::jsonb;
    RETURN o - 'questions' = n - 'questions' AND NOT EXISTS (
        SELECT FROM jsonb_each_text(o -> 'questions') a FULL JOIN jsonb_each_text(n -> 'questions') b USING (key)
            WHERE a.value IS NULL OR b.value IS NULL OR b.value NOT IN ('', a.value));
EXCEPTION WHEN data_exception THEN
    RETURN false;
END
$$;

-- As before, but what was withdrawn may be taken out, by the owner alone: the application has no right to these columns. A
-- schedule without its questions is off for good.
CREATE OR REPLACE FUNCTION steelyard.keep_schedule() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF (NEW.id, NEW.project_id, NEW.name, NEW.cron, NEW.zone, NEW.priority, NEW.made_by, NEW.created_at)
        IS DISTINCT FROM (OLD.id, OLD.project_id, OLD.name, OLD.cron, OLD.zone, OLD.priority, OLD.made_by, OLD.created_at)
        OR NEW.next_at < OLD.next_at
        OR ((NEW.specification, NEW.withdrawn_at) IS DISTINCT FROM (OLD.specification, OLD.withdrawn_at)
            AND (NEW.withdrawn_at IS NULL OR NOT steelyard.is_emptied(OLD.specification, NEW.specification)
                OR NOT EXISTS (SELECT FROM steelyard.run_withdrawn w JOIN steelyard.run r ON r.id = w.run_id
                    WHERE r.project_id = NEW.project_id))) THEN
        RAISE EXCEPTION 'steelyard.schedule: what is asked is never changed, and no look comes again'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.is_on AND NEW.withdrawn_at IS NOT NULL THEN
        RAISE EXCEPTION 'steelyard.schedule: its questions were withdrawn' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

-- As before, and nothing but texts of questions is taken out.
CREATE OR REPLACE FUNCTION steelyard.keep_withdrawn_job() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    same steelyard.job := NEW;
BEGIN
    same.specification := OLD.specification;
    IF same IS DISTINCT FROM OLD OR NOT steelyard.is_emptied(OLD.specification, NEW.specification)
        OR NOT EXISTS (SELECT FROM steelyard.run_withdrawn w JOIN steelyard.job j
            ON j.run_id = w.run_id WHERE coalesce(j.resumes, j.id) = coalesce(OLD.resumes, OLD.id)) THEN
        RAISE EXCEPTION 'steelyard.job: what was asked for is never changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

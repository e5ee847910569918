-- Runs are found by their samples, and audit lines by who and what; a run can be withdrawn.

-- The digests of a run's samples; none where they cannot be read. No text here can hold a NUL.
CREATE FUNCTION steelyard.digests_of(samples text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
    RETURN ARRAY(SELECT DISTINCT each ->> 'digest' FROM json_array_elements(replace(samples, '\u0000', '\ufffd')::json) each
        WHERE each ->> 'digest' <> '');
EXCEPTION WHEN data_exception THEN
    RETURN '{}';
END
$$;
CREATE INDEX run_samples ON steelyard.run USING gin (steelyard.digests_of(samples));

-- Lines of the audit log are found by who did it, and by what it was done to: NULL for a line that is none.
CREATE FUNCTION steelyard.said_of(line text, name text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
BEGIN
    RETURN replace(line, '\u0000', '\ufffd')::json ->> name;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END
$$;
CREATE INDEX audit_actor ON steelyard.audit (steelyard.said_of(line, 'actor'), sequence DESC);
CREATE INDEX audit_subject ON steelyard.audit (steelyard.said_of(line, 'subject'), sequence DESC);

-- Runs that were taken out at the machine: their files and texts are deleted, and their rows still count.
CREATE TABLE steelyard.run_withdrawn (
    run_id bigint PRIMARY KEY REFERENCES steelyard.run,
    withdrawn_at timestamptz NOT NULL DEFAULT now(),
    reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 300)
);
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.run_withdrawn
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.run_withdrawn
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

-- As before, but what the job of a withdrawn run asked may be taken out, by the owner alone: the application has no right
-- to that column.
CREATE FUNCTION steelyard.keep_withdrawn_job() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    same steelyard.job := NEW;
BEGIN
    same.specification := OLD.specification;
    IF same IS DISTINCT FROM OLD OR NOT EXISTS (SELECT FROM steelyard.run_withdrawn w JOIN steelyard.job j
            ON j.run_id = w.run_id WHERE coalesce(j.resumes, j.id) = coalesce(OLD.resumes, OLD.id)) THEN
        RAISE EXCEPTION 'steelyard.job: what was asked for is never changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
DROP TRIGGER keep ON steelyard.job;
CREATE TRIGGER keep BEFORE UPDATE ON steelyard.job
    FOR EACH ROW WHEN (NEW.specification IS NOT DISTINCT FROM OLD.specification) EXECUTE FUNCTION steelyard.keep_job();
CREATE TRIGGER keep_asked_for BEFORE UPDATE ON steelyard.job
    FOR EACH ROW WHEN (NEW.specification IS DISTINCT FROM OLD.specification)
    EXECUTE FUNCTION steelyard.keep_withdrawn_job();

-- As before; whoever resumed a job last counts as who started it: it is theirs from then on.
CREATE OR REPLACE FUNCTION steelyard.check_approval() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    j steelyard.job;
BEGIN
    SELECT * INTO j FROM steelyard.job WHERE id = NEW.job_id FOR UPDATE;
    IF j.waits_for <> 'approval' OR j.state NOT IN ('waiting', 'paused') THEN
        RAISE EXCEPTION 'steelyard.approval: this job does not wait for approval' USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (SELECT FROM steelyard.job o WHERE NEW.person_id IN (o.requested_by, o.resumed_by)
            AND (o.id = coalesce(j.resumes, j.id) OR o.resumes = coalesce(j.resumes, j.id))) THEN
        RAISE EXCEPTION 'steelyard.approval: whoever started a job does not decide about it'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

-- Who has looked at a run whose verdict is inconsistent, what *Overview* looks for, and a job's progress by claims.

-- An inconsistent verdict waits on a person's *Overview* until they have opened the run. When they did is not kept.
CREATE TABLE steelyard.run_seen (
    person_id bigint NOT NULL REFERENCES steelyard.person,
    run_id bigint NOT NULL REFERENCES steelyard.run,
    PRIMARY KEY (person_id, run_id)
);
CREATE INDEX run_seen_run ON steelyard.run_seen (run_id);
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.run_seen
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.run_seen
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

CREATE INDEX job_needs ON steelyard.job (project_id, id DESC) WHERE state IN ('failed', 'waiting', 'paused');
CREATE INDEX job_resumed ON steelyard.job (resumes) WHERE resumes IS NOT NULL;

ALTER TABLE steelyard.job DROP CONSTRAINT job_progress_check;
ALTER TABLE steelyard.job ADD CONSTRAINT job_progress_check CHECK (length(progress) <= 12000);

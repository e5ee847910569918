-- Looks of schedules: how a page finds them, and what came out otherwise than at the look before.

CREATE INDEX job_looks ON steelyard.job (project_id, id DESC) WHERE schedule_id IS NOT NULL;
CREATE INDEX job_line ON steelyard.job (resumes, id DESC) WHERE resumes IS NOT NULL;

-- In words, of what ends a look; '' where nothing is to be said.
ALTER TABLE steelyard.job ADD COLUMN alert text NOT NULL DEFAULT '' CHECK (length(alert) <= 1000);

-- As before, and the link leads to the job, or to the looks. A job that goes on with a look is of its schedule, too.
CREATE OR REPLACE FUNCTION steelyard.tell_of_job() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    project text := (SELECT name FROM steelyard.project WHERE id = NEW.project_id);
    schedule text := (SELECT name FROM steelyard.schedule WHERE id = coalesce(NEW.schedule_id,
        (SELECT schedule_id FROM steelyard.job WHERE id = NEW.resumes)));
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO steelyard.event (project_id, kind, data, once)
            VALUES (NEW.project_id, 'schedule.missed', json_build_object('job', NEW.id, 'kind', NEW.kind,
                'project', project, 'schedule', schedule, 'path', '/p/' || project || '/watch')::text,
                'schedule.missed ' || NEW.id) ON CONFLICT DO NOTHING;
    ELSE
        INSERT INTO steelyard.event (project_id, kind, data, once)
            VALUES (NEW.project_id, 'job.failed', json_build_object('job', NEW.id, 'kind', NEW.kind,
                'project', project, 'schedule', schedule, 'path', '/p/' || project || '/jobs/' || NEW.id)::text,
                'job.failed ' || NEW.id) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;

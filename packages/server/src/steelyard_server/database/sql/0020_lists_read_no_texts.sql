-- Lists of jobs and schedules read no text of what is asked, the choice of runs to compare reads a key for each of their
-- samples, and a suite's page adds up no runs: all of it is written once.

-- A part of a JSON text, as JSON; NULL where it has none, or cannot be read. No part of ours needs a NUL, which no text
-- can hold.
CREATE FUNCTION steelyard.part_of(content text, name text) RETURNS json
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog AS $$
BEGIN
    RETURN replace(content, '\u0000', '\ufffd')::json -> name;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END
$$;

-- Of a job: the SHA-256 of all that it asks, and that of its claim sheet ('' where it has none). Of a schedule, in whose
-- specification the same stands: what a job has in columns.
ALTER TABLE steelyard.job
    ADD COLUMN asked_sha256 text NOT NULL DEFAULT '',
    ADD COLUMN sheet_sha256 text NOT NULL DEFAULT '';
ALTER TABLE steelyard.schedule
    ADD COLUMN kind text NOT NULL DEFAULT 'audit',
    ADD COLUMN model text NOT NULL DEFAULT '' CHECK (length(model) <= 200),
    ADD COLUMN endpoint text NOT NULL DEFAULT '' CHECK (length(endpoint) <= 80),
    ADD COLUMN tasks text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tasks) <= 1000);
-- As named_tasks in jobs/tries.py finds them.
CREATE FUNCTION steelyard.tasks_of(specification text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog AS $$
DECLARE
    sheet text := steelyard.part_of(specification, 'sheet') #>> '{}';
    task text := steelyard.part_of(specification, 'task') #>> '{}';
    questions json := steelyard.part_of(specification, 'questions');
BEGIN
    IF sheet <> '' THEN
        RETURN ARRAY(SELECT DISTINCT btrim(part[1], E' \t\r') FROM regexp_matches(left(sheet, 50000),
            $re$["']?task["']?\s*:\s*["']?([^"',}\n#]{1,200})$re$, 'g') part LIMIT 1000);
    ELSIF task <> '' THEN
        RETURN ARRAY[task];
    END IF;
    RETURN ARRAY(SELECT json_object_keys(questions));
END
$$;
ALTER TABLE steelyard.job DISABLE TRIGGER USER;
UPDATE steelyard.job SET asked_sha256 = encode(sha256(convert_to(specification, 'UTF8')), 'hex'),
    sheet_sha256 = coalesce(encode(sha256(convert_to(
        nullif(steelyard.part_of(specification, 'sheet') #>> '{}', ''), 'UTF8')), 'hex'), '');
ALTER TABLE steelyard.job ENABLE TRIGGER USER;
ALTER TABLE steelyard.schedule DISABLE TRIGGER USER;
UPDATE steelyard.schedule SET model = coalesce(steelyard.part_of(specification, 'model') #>> '{}', ''),
    kind = coalesce(steelyard.part_of(specification, 'kind') #>> '{}', 'audit'),
    endpoint = coalesce(steelyard.part_of(specification, 'endpoint') #>> '{}', ''),
    tasks = steelyard.tasks_of(specification);
ALTER TABLE steelyard.schedule ENABLE TRIGGER USER;
DROP TRIGGER keep_asked ON steelyard.job;
CREATE TRIGGER keep_asked BEFORE UPDATE OF model, tasks, asked_sha256, sheet_sha256 ON steelyard.job
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_asked BEFORE UPDATE OF kind, model, endpoint, tasks ON steelyard.schedule
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
DROP FUNCTION steelyard.tasks_of(text);
DROP FUNCTION steelyard.part_of(text, text);

-- Of a run: for each of its samples the first 16 digits of a digest of task and samples, one after the other. Which runs
-- asked the same is found by it, of 200 runs in some kilobytes.
CREATE FUNCTION steelyard.fill_sample_keys() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.sample_keys := coalesce((SELECT string_agg(left(encode(sha256(convert_to(
            (each.value ->> 'task') || E'\n' || (each.value ->> 'digest'), 'UTF8')), 'hex'), 16), '' ORDER BY each.ordinality)
        FROM json_array_elements(replace(NEW.samples, '\u0000', '\ufffd')::json) WITH ORDINALITY each), '');
    RETURN NEW;
EXCEPTION WHEN data_exception THEN
    NEW.sample_keys := '';
    RETURN NEW;
END
$$;
ALTER TABLE steelyard.run ADD COLUMN sample_keys text NOT NULL DEFAULT '' CHECK (octet_length(sample_keys) <= 65536);
CREATE TRIGGER fill_sample_keys BEFORE INSERT OR UPDATE OF samples ON steelyard.run
    FOR EACH ROW EXECUTE FUNCTION steelyard.fill_sample_keys();
ALTER TABLE steelyard.run DISABLE TRIGGER keep;
UPDATE steelyard.run SET samples = samples;
ALTER TABLE steelyard.run ENABLE TRIGGER keep;

-- What each recipient got of a version of a suite by all runs of a project together: the set of lines, and how many runs.
CREATE TABLE steelyard.suite_seen (
    project_id bigint NOT NULL REFERENCES steelyard.project,
    suite steelyard.digest NOT NULL,
    recipient text NOT NULL CHECK (length(recipient) <= 400),
    line_set bit varying NOT NULL CHECK (length(line_set) = 65536),
    runs bigint NOT NULL CHECK (runs >= 1),
    PRIMARY KEY (project_id, suite, recipient)
);
INSERT INTO steelyard.suite_seen SELECT r.project_id, u.suite, u.recipient, bit_or(u.line_set), count(*)
    FROM steelyard.run_suite u JOIN steelyard.run r ON r.id = u.run_id GROUP BY r.project_id, u.suite, u.recipient;
CREATE FUNCTION steelyard.add_seen() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO steelyard.suite_seen AS s (project_id, suite, recipient, line_set, runs)
        SELECT project_id, NEW.suite, NEW.recipient, NEW.line_set, 1 FROM steelyard.run WHERE id = NEW.run_id
        ON CONFLICT (project_id, suite, recipient)
            DO UPDATE SET line_set = s.line_set | excluded.line_set, runs = s.runs + 1;
    RETURN NULL;
END
$$;
-- Runs that asked a suite are listed by pages, the newest first.
DROP INDEX steelyard.run_suite_suite;
CREATE INDEX run_suite_suite ON steelyard.run_suite (suite, run_id DESC);
CREATE TRIGGER add_seen AFTER INSERT ON steelyard.run_suite FOR EACH ROW EXECUTE FUNCTION steelyard.add_seen();

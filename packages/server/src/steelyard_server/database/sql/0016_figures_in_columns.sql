-- What a page reads of many rows stands in columns of their own: no list reads the whole JSON of each row.

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

-- Of a run: the samples that it asked, by task, and what its calls took; JSON, as in its summary before.
ALTER TABLE steelyard.run
    ADD COLUMN samples text NOT NULL DEFAULT '[]' CHECK (octet_length(samples) <= 65536),
    ADD COLUMN taken text NOT NULL DEFAULT '{}' CHECK (octet_length(taken) <= 65536);
ALTER TABLE steelyard.run DISABLE TRIGGER keep;
UPDATE steelyard.run SET samples = coalesce(steelyard.part_of(summary, 'samples')::text, '[]'),
    taken = coalesce(steelyard.part_of(summary, 'taken')::text, '{}');
ALTER TABLE steelyard.run ENABLE TRIGGER keep;

-- Of a job: the model that it asks, and the names of its tasks as somebody wrote them; none of one that goes on with
-- another. Tasks of a claim sheet are found as jobs/tries.py finds them.
ALTER TABLE steelyard.job
    ADD COLUMN model text NOT NULL DEFAULT '' CHECK (length(model) <= 200),
    ADD COLUMN tasks text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tasks) <= 1000);
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
UPDATE steelyard.job SET model = coalesce(steelyard.part_of(specification, 'model') #>> '{}', ''),
    tasks = steelyard.tasks_of(specification) WHERE kind <> 'resume';
ALTER TABLE steelyard.job ENABLE TRIGGER USER;
CREATE TRIGGER keep_asked BEFORE UPDATE OF model, tasks ON steelyard.job
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE INDEX job_asked ON steelyard.job (project_id, model, id DESC) WHERE resumes IS NULL;
DROP FUNCTION steelyard.tasks_of(text);
DROP FUNCTION steelyard.part_of(text, text);

-- Of what a run sent of a suite: its lines as a set, in which many runs' are put together at once. A suite here has
-- 20,000 items at most; a line behind the 65,536th is none of it.
CREATE FUNCTION steelyard.line_set(lines integer[]) RETURNS bit varying
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT rpad(coalesce(string_agg((l.line IS NOT NULL)::integer::text, '' ORDER BY n.line), ''), 65536, '0')
        ::bit varying
    FROM generate_series(1, (SELECT least(max(line), 65536) FROM unnest(lines) line)) n (line)
    LEFT JOIN (SELECT DISTINCT unnest(lines) AS line) l ON l.line = n.line
$$;
ALTER TABLE steelyard.run_suite ADD COLUMN line_set bit varying CHECK (length(line_set) = 65536);
ALTER TABLE steelyard.run_suite DISABLE TRIGGER keep;
UPDATE steelyard.run_suite SET line_set = steelyard.line_set(lines);
ALTER TABLE steelyard.run_suite ENABLE TRIGGER keep;
ALTER TABLE steelyard.run_suite ALTER COLUMN line_set SET NOT NULL;
CREATE OR REPLACE FUNCTION steelyard.count_lines() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.items := cardinality(NEW.lines);
    NEW.lines_sha256 := encode(sha256(convert_to(NEW.lines::text, 'UTF8')), 'hex');
    NEW.line_set := steelyard.line_set(NEW.lines);
    RETURN NEW;
END
$$;

-- How far the review of a version is: which places have a decision that counts, and of which it is in no file yet. Made
-- with the version, and changed with each decision, so that no page counts 20,000 items.
CREATE TABLE steelyard.suite_review (
    version_id bigint PRIMARY KEY REFERENCES steelyard.suite_version,
    decided bit varying NOT NULL,
    pending bit varying NOT NULL
);

-- Reads all decisions of a suite, those about its older versions among them.
CREATE FUNCTION steelyard.begin_review(version bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO steelyard.suite_review
    WITH mine AS (SELECT v.id, v.reviewed_to FROM steelyard.suite_version v JOIN steelyard.suite_version n
        ON n.project_id = v.project_id AND n.name = v.name WHERE n.id = version),
    last AS (SELECT DISTINCT ON (d.item) d.item, d.before, d.after, d.decision,
            d.id <= (SELECT max(reviewed_to) FROM mine) AS is_applied
        FROM steelyard.suite_decision d WHERE d.version_id IN (SELECT id FROM mine) ORDER BY d.item, d.id DESC),
    now AS (SELECT i.place, coalesce(l.decision, i.decision) <> '' AS is_decided,
            NOT coalesce(l.is_applied, true) AS is_pending
        FROM steelyard.suite_item i LEFT JOIN last l ON l.item = i.id
            AND (l.after = i.sha256 OR (l.before = i.sha256 AND NOT l.is_applied))
        WHERE i.version_id = version)
    SELECT version, string_agg(is_decided::integer::text, '' ORDER BY place)::bit varying,
        string_agg(is_pending::integer::text, '' ORDER BY place)::bit varying FROM now HAVING count(*) > 0
    ON CONFLICT DO NOTHING
$$;
REVOKE ALL ON FUNCTION steelyard.begin_review(bigint) FROM PUBLIC;
SELECT steelyard.begin_review(max(id)) FROM steelyard.suite_version GROUP BY project_id, name;

-- A decision is about an item as somebody saw it; the newest version may have another one by now. A version that is
-- being brought waits for it, or it for that.
CREATE FUNCTION steelyard.note_decision() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(8101738236450);
    UPDATE steelyard.suite_review r SET
            decided = set_bit(r.decided, n.place - 1, (n.decision <> '')::integer),
            pending = set_bit(r.pending, n.place - 1, n.counts::integer)
        FROM (SELECT i.version_id, i.place, c.counts,
                CASE WHEN c.counts THEN NEW.decision ELSE i.decision END AS decision
            FROM steelyard.suite_item i, LATERAL (SELECT i.sha256::text IN (NEW.before::text, NEW.after)) c (counts)
            WHERE i.id = NEW.item AND i.version_id = (SELECT max(v.id)
                FROM steelyard.suite_version v JOIN steelyard.suite_version o ON o.project_id = v.project_id
                    AND o.name = v.name WHERE o.id = NEW.version_id)) n
        WHERE r.version_id = n.version_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER note AFTER INSERT ON steelyard.suite_decision
    FOR EACH ROW EXECUTE FUNCTION steelyard.note_decision();

-- Of what somebody has looked at in a version: the how manieth of their items it was, so that the last row has the count.
ALTER TABLE steelyard.suite_view ADD COLUMN number integer NOT NULL DEFAULT 1 CHECK (number >= 1);
ALTER TABLE steelyard.suite_view DISABLE TRIGGER keep;
UPDATE steelyard.suite_view w SET number = n.number FROM (SELECT version_id, person_id, place,
        row_number() OVER (PARTITION BY version_id, person_id ORDER BY at, place) AS number FROM steelyard.suite_view) n
    WHERE (w.version_id, w.person_id, w.place) = (n.version_id, n.person_id, n.place);
ALTER TABLE steelyard.suite_view ENABLE TRIGGER keep;
CREATE INDEX suite_view_number ON steelyard.suite_view (version_id, person_id, number DESC);

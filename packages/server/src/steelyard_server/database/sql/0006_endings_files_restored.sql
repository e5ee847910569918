-- What has ended stays so, a run's files are those that it came with, and lines of the audit log are canonical JSON.

-- An ending is set once: a session, a token or a link that has ended never lives again. The column is the argument.
CREATE FUNCTION steelyard.end_once() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    before text := to_jsonb(OLD) ->> TG_ARGV[0];
BEGIN
    IF before IS NOT NULL AND to_jsonb(NEW) ->> TG_ARGV[0] IS DISTINCT FROM before THEN
        RAISE EXCEPTION 'steelyard.%: what has ended stays so', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER end_once BEFORE UPDATE ON steelyard.session
    FOR EACH ROW EXECUTE FUNCTION steelyard.end_once('ended_at');
CREATE TRIGGER end_once BEFORE UPDATE ON steelyard.token
    FOR EACH ROW EXECUTE FUNCTION steelyard.end_once('revoked_at');
CREATE TRIGGER end_once BEFORE UPDATE ON steelyard.share
    FOR EACH ROW EXECUTE FUNCTION steelyard.end_once('revoked_at');
CREATE TRIGGER end_once BEFORE UPDATE ON steelyard.membership
    FOR EACH ROW EXECUTE FUNCTION steelyard.end_once('ended_at');
CREATE TRIGGER end_once BEFORE UPDATE ON steelyard.group_mapping
    FOR EACH ROW EXECUTE FUNCTION steelyard.end_once('ended_at');
CREATE TRIGGER end_once BEFORE UPDATE ON steelyard.admin_link
    FOR EACH ROW EXECUTE FUNCTION steelyard.end_once('used_at');
CREATE TRIGGER end_once BEFORE UPDATE ON steelyard.person_link
    FOR EACH ROW EXECUTE FUNCTION steelyard.end_once('used_at');

-- A run's row says how many files it has, and they come with it: none can be added later.
CREATE FUNCTION steelyard.keep_number_of_files() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF EXISTS (
        SELECT FROM steelyard.run r
        WHERE r.id IN (SELECT run_id FROM added)
            AND (SELECT count(*) FROM steelyard.run_file f WHERE f.run_id = r.id) > r.files
    ) THEN
        RAISE EXCEPTION 'steelyard.run_file: a run has as many files as its row says' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER keep_number AFTER INSERT ON steelyard.run_file REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.keep_number_of_files();

-- Runs that came from a backup which nobody vouched for: what their rows say was not computed here.
CREATE TABLE steelyard.run_restored (
    run_id bigint PRIMARY KEY REFERENCES steelyard.run,
    restored_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.run_restored
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.run_restored
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

-- A value as RFC 8785 writes it; something else, or NULL, where it is in no canonical form: keys twice, other numbers.
CREATE FUNCTION steelyard.canonical_json(content json) RETURNS text
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog AS $$
BEGIN
    CASE json_typeof(content)
        WHEN 'object' THEN
            IF (SELECT count(*) <> count(DISTINCT key) FROM json_each(content)) THEN
                RETURN NULL;
            END IF;
            RETURN '{' || coalesce((SELECT string_agg(to_json(key)::text || ':' || steelyard.canonical_json(value), ','
                ORDER BY key COLLATE "C") FROM json_each(content)), '') || '}';
        WHEN 'array' THEN
            RETURN '[' || coalesce((SELECT string_agg(steelyard.canonical_json(value), ',' ORDER BY place)
                FROM json_array_elements(content) WITH ORDINALITY AS listed (value, place)), '') || ']';
        WHEN 'string' THEN
            RETURN to_json(content #>> '{}')::text;
        WHEN 'number' THEN
            RETURN substring(content::text from '^(?:0|-?[1-9][0-9]{0,14}|-?(?:0|[1-9][0-9]{0,14})[.][0-9]{0,20}[1-9])$');
        ELSE
            RETURN content::text;
    END CASE;
END
$$;

-- As before, and a line has the keys of a line, each once, and is written in the one form that it can be read in again.
CREATE OR REPLACE FUNCTION steelyard.chain_audit() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    last_sequence bigint;
    last_sha256 text;
    content json := NEW.line::json;
    keys text[] := ARRAY(SELECT json_object_keys(content));
BEGIN
    PERFORM pg_advisory_xact_lock(8101738236420);
    SELECT sequence, sha256 INTO last_sequence, last_sha256 FROM steelyard.audit ORDER BY sequence DESC LIMIT 1;
    IF NOT FOUND THEN
        SELECT lines - 1, sha256 INTO last_sequence, last_sha256 FROM steelyard.audit_cut ORDER BY lines DESC LIMIT 1;
    END IF;
    IF keys <> '{act,actor,at,details,prev,request,sequence,subject}'
        OR json_typeof(content -> 'details') <> 'object'
        OR json_typeof(content -> 'act') <> 'string'
        OR content ->> 'sequence' !~ '^(0|[1-9][0-9]*)$' OR json_typeof(content -> 'sequence') <> 'number'
        OR content ->> 'at' !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z$'
        OR NEW.line IS DISTINCT FROM steelyard.canonical_json(content) THEN
        RAISE EXCEPTION 'steelyard.audit: no line of this log, in canonical JSON' USING ERRCODE = 'restrict_violation';
    END IF;
    NEW.sequence := coalesce(last_sequence + 1, 0);
    NEW.sha256 := encode(sha256(convert_to(NEW.line, 'UTF8')), 'hex');
    NEW.at := (content ->> 'at')::timestamptz;
    NEW.act := content ->> 'act';
    IF (content ->> 'sequence')::bigint IS DISTINCT FROM NEW.sequence
        OR content ->> 'prev' IS DISTINCT FROM coalesce(last_sha256, repeat('0', 64)) THEN
        RAISE EXCEPTION 'steelyard.audit: the line does not follow the last one' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

-- Which questions the plan of each run of a job asks: a project's tries are counted on when its key was lost.

-- Keys and their ledgers are in no backup. What a key that was made later counts on is here: of each sealed plan, who signed
-- it, whether it is an audit or a run, and its questions, as pairs of benchmark and subject in JSON.
CREATE TABLE steelyard.stored_run_questions (
    run_id bigint PRIMARY KEY REFERENCES steelyard.stored_run,
    key_id text NOT NULL CHECK (key_id = '' OR key_id ~ '^[0-9a-f]{64}$'),
    kind text NOT NULL CHECK (kind IN ('audit', 'run')),
    questions text NOT NULL CHECK (octet_length(questions) <= 1048576),
    noted_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.stored_run_questions
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.stored_run_questions
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

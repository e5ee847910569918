-- Answers that people label by hand, so that a judge can be held against them: sets as they were brought, and the labels.

CREATE TABLE steelyard.label_set (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES steelyard.project,
    suite text NOT NULL CHECK (length(suite) BETWEEN 1 AND 80),  -- whose readers see it
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 100),
    sha256 steelyard.digest NOT NULL,  -- of what people see
    answers integer NOT NULL CHECK (answers >= 1),
    brought_by bigint NOT NULL REFERENCES steelyard.person,
    brought_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX label_set_suite ON steelyard.label_set (project_id, suite, id DESC);
CREATE INDEX label_set_person ON steelyard.label_set (brought_by);

CREATE TABLE steelyard.label_answer (
    set_id bigint NOT NULL REFERENCES steelyard.label_set,
    place integer NOT NULL CHECK (place >= 1),
    id text NOT NULL CHECK (length(id) BETWEEN 1 AND 200),
    answer text NOT NULL,  -- JSON, without labels
    PRIMARY KEY (set_id, place),
    UNIQUE (set_id, id)
);

CREATE TABLE steelyard.label (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    set_id bigint NOT NULL,
    place integer NOT NULL,
    label text NOT NULL CHECK (label IN ('yes', 'no', 'unsure')),
    person_id bigint NOT NULL REFERENCES steelyard.person,
    at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (set_id, place) REFERENCES steelyard.label_answer
);
CREATE INDEX label_place ON steelyard.label (set_id, person_id, place, id DESC);
CREATE INDEX label_person ON steelyard.label (person_id);

CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.label_set
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.label_set
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.label_answer
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.label_answer
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.label
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.label
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

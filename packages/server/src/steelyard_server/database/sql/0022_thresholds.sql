-- Raising the threshold of a project, or switching it off, needs a second person, too: one admin asks, another decides.

-- Each change of a threshold that somebody asked for. What lets go of nothing holds at once; what is looser waits for a
-- decision, until somebody asks for another change of this project. The triggers below fill what was, and is_looser.
CREATE TABLE steelyard.threshold_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES steelyard.project,
    cost numeric CHECK (cost >= 0),
    tokens bigint CHECK (tokens >= 0),
    was_cost numeric,
    was_tokens bigint,
    is_looser boolean NOT NULL DEFAULT true,
    asked_by bigint NOT NULL REFERENCES steelyard.person,
    asked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX threshold_change_project ON steelyard.threshold_change (project_id, id DESC);
CREATE INDEX threshold_change_person ON steelyard.threshold_change (asked_by);
CREATE TABLE steelyard.threshold_decision (
    change_id bigint PRIMARY KEY REFERENCES steelyard.threshold_change,
    person_id bigint NOT NULL REFERENCES steelyard.person,
    is_approved boolean NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX threshold_decision_person ON steelyard.threshold_decision (person_id);
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['threshold_change', 'threshold_decision'] LOOP
        EXECUTE format('CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.%I '
            'FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change()', name);
        EXECUTE format('CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.%I '
            'FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change()', name);
    END LOOP;
END
$$;

-- Whether one person alone could start some job that needs two now. With a threshold in money alone every job at an
-- endpoint without prices needs two, so that one in tokens beside it lets go of some.
CREATE FUNCTION steelyard.is_looser(was_cost numeric, was_tokens bigint, cost numeric, tokens bigint) RETURNS boolean
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT (was_cost IS NOT NULL AND (cost IS NULL OR cost > was_cost))
        OR (was_tokens IS NOT NULL AND (tokens IS NULL OR tokens > was_tokens))
        OR (was_cost IS NOT NULL AND was_tokens IS NULL AND tokens IS NOT NULL)
$$;

-- The one way to a project's threshold: the last change of it, where that is not looser, or was approved by somebody else.
CREATE FUNCTION steelyard.keep_threshold() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM steelyard.threshold_change c
            WHERE c.id = (SELECT max(l.id) FROM steelyard.threshold_change l WHERE l.project_id = NEW.id)
            AND (c.cost, c.tokens) IS NOT DISTINCT FROM (NEW.approval_cost, NEW.approval_tokens)
            AND (NOT steelyard.is_looser(OLD.approval_cost, OLD.approval_tokens, c.cost, c.tokens)
                OR EXISTS (SELECT FROM steelyard.threshold_decision d WHERE d.change_id = c.id AND d.is_approved))) THEN
        RAISE EXCEPTION 'steelyard.project: a threshold is raised or switched off by two people alone'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep_threshold BEFORE UPDATE ON steelyard.project
    FOR EACH ROW WHEN ((OLD.approval_cost, OLD.approval_tokens) IS DISTINCT FROM (NEW.approval_cost, NEW.approval_tokens))
    EXECUTE FUNCTION steelyard.keep_threshold();

-- Changes and decisions of a project come one after the other: whoever is second waits for its row.
CREATE FUNCTION steelyard.begin_threshold_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT approval_cost, approval_tokens INTO NEW.was_cost, NEW.was_tokens FROM steelyard.project
        WHERE id = NEW.project_id FOR NO KEY UPDATE;
    NEW.is_looser := steelyard.is_looser(NEW.was_cost, NEW.was_tokens, NEW.cost, NEW.tokens);
    NEW.asked_at := now();
    RETURN NEW;
END
$$;
CREATE TRIGGER begin_change BEFORE INSERT ON steelyard.threshold_change
    FOR EACH ROW EXECUTE FUNCTION steelyard.begin_threshold_change();

CREATE FUNCTION steelyard.check_threshold_decision() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c steelyard.threshold_change;
BEGIN
    SELECT * INTO c FROM steelyard.threshold_change WHERE id = NEW.change_id;
    PERFORM FROM steelyard.project WHERE id = c.project_id FOR NO KEY UPDATE;
    IF NOT c.is_looser
        OR EXISTS (SELECT FROM steelyard.threshold_change l WHERE l.project_id = c.project_id AND l.id > c.id) THEN
        RAISE EXCEPTION 'steelyard.threshold_decision: this change does not wait for a decision'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.is_approved AND NEW.person_id = c.asked_by THEN
        RAISE EXCEPTION 'steelyard.threshold_decision: whoever asked for a change does not approve it'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER check_decision BEFORE INSERT ON steelyard.threshold_decision
    FOR EACH ROW EXECUTE FUNCTION steelyard.check_threshold_decision();

-- The application has no right to the columns of the project.
CREATE FUNCTION steelyard.apply_threshold_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE steelyard.project p SET approval_cost = c.cost, approval_tokens = c.tokens
        FROM steelyard.threshold_change c WHERE p.id = c.project_id
            AND c.id = CASE TG_TABLE_NAME WHEN 'threshold_change' THEN (to_jsonb(NEW) ->> 'id')::bigint
                ELSE (to_jsonb(NEW) ->> 'change_id')::bigint END;
    RETURN NULL;
END
$$;
CREATE TRIGGER apply_change AFTER INSERT ON steelyard.threshold_change
    FOR EACH ROW WHEN (NOT NEW.is_looser) EXECUTE FUNCTION steelyard.apply_threshold_change();
CREATE TRIGGER apply_decision AFTER INSERT ON steelyard.threshold_decision
    FOR EACH ROW WHEN (NEW.is_approved) EXECUTE FUNCTION steelyard.apply_threshold_change();

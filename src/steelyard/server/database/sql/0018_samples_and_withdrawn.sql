-- Runs are found by the samples that they asked, and lines of the audit log by who did it and to what.

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

-- Runs are found by the samples that they asked.

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

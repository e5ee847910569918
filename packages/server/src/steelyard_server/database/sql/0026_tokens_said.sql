-- As before, at less cost: the name is looked for in the bytes, and only the digits behind it become text.
CREATE OR REPLACE FUNCTION steelyard.tokens_said(line bytea, name text) RETURNS numeric
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT CASE WHEN position('"type":"attempt"'::bytea IN line) = 0
            OR position(('"' || name || '":')::bytea IN line) = 0 THEN 0
        ELSE least(coalesce(substring(encode(substring(line
            FROM position(('"' || name || '":')::bytea IN line) + length(name) + 3 FOR 18), 'escape')
            FROM '^[0-9]+')::numeric, 0), 1e15) END
$$;

-- Which data folder serves: two would serve one database beside each other, each with its own runs, limits and ports.

-- The random id in it; '' until a server of a team's database has started, and where the database is in the folder.
ALTER TABLE steelyard.serving ADD COLUMN folder text NOT NULL DEFAULT '' CHECK (folder ~ '^[0-9a-f]{0,64}$');

-- How many items a run sent, and a digest of which: most runs ask a suite whole, and the same lines are counted once.
ALTER TABLE steelyard.run_suite ADD COLUMN items integer, ADD COLUMN lines_sha256 steelyard.digest;
CREATE FUNCTION steelyard.count_lines() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.items := cardinality(NEW.lines);
    NEW.lines_sha256 := encode(sha256(convert_to(NEW.lines::text, 'UTF8')), 'hex');
    RETURN NEW;
END
$$;
ALTER TABLE steelyard.run_suite DISABLE TRIGGER keep;
UPDATE steelyard.run_suite SET items = cardinality(lines),
    lines_sha256 = encode(sha256(convert_to(lines::text, 'UTF8')), 'hex');
ALTER TABLE steelyard.run_suite ENABLE TRIGGER keep;
ALTER TABLE steelyard.run_suite ALTER COLUMN items SET NOT NULL, ALTER COLUMN lines_sha256 SET NOT NULL;
CREATE TRIGGER count_lines BEFORE INSERT ON steelyard.run_suite
    FOR EACH ROW EXECUTE FUNCTION steelyard.count_lines();

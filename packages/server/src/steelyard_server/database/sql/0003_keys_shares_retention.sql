-- Endpoints and their keys, share links, texts that were withheld for their age, and the audit log by months.

-- An administrator's list. An address never changes, since a key was given for it: another address is another endpoint.
CREATE TABLE steelyard.endpoint (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    kind text NOT NULL CHECK (length(kind) BETWEEN 1 AND 40),
    scheme text NOT NULL CHECK (scheme IN ('http', 'https')),
    host text NOT NULL CHECK (length(host) BETWEEN 1 AND 253),
    port integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
    path text NOT NULL DEFAULT '' CHECK (length(path) <= 300),
    models text[] NOT NULL CHECK (cardinality(models) BETWEEN 1 AND 100),
    concurrency integer NOT NULL CHECK (concurrency BETWEEN 1 AND 1000),
    price_in numeric CHECK (price_in >= 0),  -- of a million tokens, in the team's currency
    price_out numeric CHECK (price_out >= 0),
    made_by bigint NOT NULL REFERENCES steelyard.person,
    made_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz
);
CREATE UNIQUE INDEX endpoint_name ON steelyard.endpoint (lower(name));
CREATE INDEX endpoint_person ON steelyard.endpoint (made_by);

CREATE FUNCTION steelyard.keep_endpoint() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION 'steelyard.endpoint: endpoints are retired, never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.name, NEW.kind, NEW.scheme, NEW.host, NEW.port, NEW.path, NEW.made_by, NEW.made_at)
            IS DISTINCT FROM
            (OLD.id, OLD.name, OLD.kind, OLD.scheme, OLD.host, OLD.port, OLD.path, OLD.made_by, OLD.made_at)
        OR (OLD.retired_at IS NOT NULL AND NEW IS DISTINCT FROM OLD) THEN
        RAISE EXCEPTION 'steelyard.endpoint: an address stays as it is' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.endpoint
    FOR EACH ROW EXECUTE FUNCTION steelyard.keep_endpoint();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.endpoint
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

-- An endpoint's key, encrypted by a key that is not in the database; NULL: forgotten.
CREATE TABLE steelyard.endpoint_key (
    endpoint_id bigint PRIMARY KEY REFERENCES steelyard.endpoint,
    sealed bytea CHECK (octet_length(sealed) BETWEEN 30 AND 8192),
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by bigint NOT NULL REFERENCES steelyard.person
);
CREATE INDEX endpoint_key_person ON steelyard.endpoint_key (set_by);

-- A link by which anybody reads the sealed report of one run. Its secret is kept as a SHA-256.
CREATE TABLE steelyard.share (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES steelyard.run,
    made_by bigint NOT NULL REFERENCES steelyard.person,
    label text NOT NULL DEFAULT '' CHECK (length(label) <= 100),
    sha256 steelyard.digest NOT NULL UNIQUE,
    made_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL CHECK (expires_at > made_at AND expires_at <= made_at + interval '90 days'),
    revoked_at timestamptz,
    opened bigint NOT NULL DEFAULT 0 CHECK (opened >= 0),
    opened_at timestamptz
);
CREATE INDEX share_run ON steelyard.share (run_id, id DESC);
CREATE INDEX share_person ON steelyard.share (made_by);

-- How long a project keeps the texts of its runs, in whole months; NULL: as long as the runs themselves.
ALTER TABLE steelyard.project ADD COLUMN text_months integer CHECK (text_months BETWEEN 1 AND 1200);

-- How many of a run's scores were not computed here, but are as whoever sealed the run says.
ALTER TABLE steelyard.run ADD COLUMN scores_taken bigint NOT NULL DEFAULT 0 CHECK (scores_taken >= 0);

-- Runs whose texts and images were deleted for their age. Their rows, journals and digests stay.
CREATE TABLE steelyard.run_withheld (
    run_id bigint PRIMARY KEY REFERENCES steelyard.run,
    withheld_at timestamptz NOT NULL DEFAULT now(),
    files integer NOT NULL CHECK (files >= 0),
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0)
);
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.run_withheld
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.run_withheld
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

-- Where the audit log begins: how many lines are gone, and number, digest and moment of the last one of them.
CREATE TABLE steelyard.audit_cut (
    lines bigint PRIMARY KEY CHECK (lines > 0),
    sha256 steelyard.digest NOT NULL,
    at timestamptz NOT NULL,
    cut_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.audit_cut
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.audit_cut
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

-- The audit log again, with a partition for each month (of UTC).
ALTER TABLE steelyard.audit RENAME TO audit_before;
ALTER TABLE steelyard.audit_before RENAME CONSTRAINT audit_pkey TO audit_before_pkey;
ALTER INDEX steelyard.audit_act RENAME TO audit_before_act;
CREATE TABLE steelyard.audit (
    sequence bigint NOT NULL,
    line text NOT NULL CHECK (octet_length(line) <= 20000),
    sha256 steelyard.digest NOT NULL,
    at timestamptz NOT NULL,
    act text NOT NULL,
    PRIMARY KEY (sequence, at)
) PARTITION BY RANGE (at);
CREATE INDEX audit_act ON steelyard.audit (act, sequence DESC);

-- Makes the partition of a moment's month where it is missing. It is attached, and not made in place, so that no reader
-- of the log has to end first.
CREATE FUNCTION steelyard.make_audit_month(moment timestamptz) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    month timestamptz := date_trunc('month', moment);
    partition text := 'audit_' || to_char(month, 'YYYY_MM');
BEGIN
    IF to_regclass('steelyard.' || quote_ident(partition)) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE steelyard.%I (LIKE steelyard.audit INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition);
    EXECUTE format('CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.%I '
        'FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change()', partition);
    EXECUTE format('ALTER TABLE steelyard.audit ATTACH PARTITION steelyard.%I FOR VALUES FROM (%L) TO (%L)',
        partition, month, month + interval '1 month');
END
$$;

-- The same for the application, which appends now and not at any moment it likes.
CREATE FUNCTION steelyard.open_audit_month(moment timestamptz) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    IF to_regclass('steelyard.audit_' || to_char(moment, 'YYYY_MM')) IS NOT NULL THEN
        RETURN;
    END IF;
    IF abs(extract(epoch FROM moment - now())) > 40 * 86400 THEN
        RAISE EXCEPTION 'steelyard.audit: this machine''s clock and the database''s are more than forty days apart'
            USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM steelyard.make_audit_month(moment);
END
$$;

SELECT steelyard.make_audit_month(month)
    FROM (SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS month
        FROM steelyard.audit_before) months;
INSERT INTO steelyard.audit (sequence, line, sha256, at, act)
    SELECT sequence, line, sha256, at, act FROM steelyard.audit_before ORDER BY sequence;
DROP TABLE steelyard.audit_before;

-- A line that follows none that is there follows the last cut.
CREATE OR REPLACE FUNCTION steelyard.chain_audit() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    last_sequence bigint;
    last_sha256 text;
    content json := NEW.line::json;
BEGIN
    PERFORM pg_advisory_xact_lock(8101738236420);
    SELECT sequence, sha256 INTO last_sequence, last_sha256 FROM steelyard.audit ORDER BY sequence DESC LIMIT 1;
    IF NOT FOUND THEN
        SELECT lines - 1, sha256 INTO last_sequence, last_sha256 FROM steelyard.audit_cut ORDER BY lines DESC LIMIT 1;
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
CREATE TRIGGER chain BEFORE INSERT ON steelyard.audit
    FOR EACH ROW EXECUTE FUNCTION steelyard.chain_audit();
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON steelyard.audit
    FOR EACH ROW EXECUTE FUNCTION steelyard.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON steelyard.audit
    FOR EACH STATEMENT EXECUTE FUNCTION steelyard.refuse_change();

-- What the owner does and the application may not. Each writes no audit line itself: who calls it does, in one transaction.

-- Drops the months of the audit log that were over at a moment, and notes where it begins now. NULL where none has lines.
CREATE FUNCTION steelyard.cut_audit(cut timestamptz, OUT months integer, OUT gone bigint, OUT lines bigint,
        OUT sha256 text, OUT at timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    partition text;
BEGIN
    PERFORM pg_advisory_xact_lock(8101738236420);
    IF cut <> date_trunc('month', cut) THEN
        RAISE EXCEPTION 'steelyard.audit: whole months are dropped' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF (SELECT max(a.sequence) FROM steelyard.audit a WHERE a.at < cut)
            > (SELECT min(a.sequence) FROM steelyard.audit a WHERE a.at >= cut) THEN
        RAISE EXCEPTION 'steelyard.audit: the clock went back over this month''s end: keep one month more'
            USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT count(*) INTO gone FROM steelyard.audit a WHERE a.at < cut;
    SELECT a.sequence + 1, a.sha256, a.at INTO lines, sha256, at
        FROM steelyard.audit a WHERE a.at < cut ORDER BY a.sequence DESC LIMIT 1;
    IF lines IS NOT NULL THEN
        INSERT INTO steelyard.audit_cut (lines, sha256, at) VALUES (cut_audit.lines, cut_audit.sha256, cut_audit.at);
    END IF;
    months := 0;
    FOR partition IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'steelyard.audit'::regclass
            AND to_date(substr(c.relname, 7), 'YYYY_MM') + interval '1 month' <= cut AT TIME ZONE 'UTC'
    LOOP
        EXECUTE format('DROP TABLE steelyard.%I', partition);
        months := months + 1;
    END LOOP;
END
$$;

-- Deletes share links that were over before a moment; returns how many.
CREATE FUNCTION steelyard.retain_shares_since(cut timestamptz) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM steelyard.share WHERE least(revoked_at, expires_at) < cut;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;

-- Notes that a run's texts and images are withheld from now on; who calls it deletes the files.
CREATE FUNCTION steelyard.withhold_texts(number bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO steelyard.run_withheld (run_id, files, size_bytes)
        SELECT number, count(*), coalesce(sum(size_bytes), 0) FROM steelyard.run_file
        WHERE run_id = number AND (name LIKE 'texts/%' OR name LIKE 'media/%')
        ON CONFLICT DO NOTHING
$$;

-- What erase_person does with names and doors, for share links: they end, and what was written on them goes.
CREATE FUNCTION steelyard.erase_shares(number bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE steelyard.share SET revoked_at = coalesce(revoked_at, now()), label = '' WHERE made_by = number
$$;

REVOKE ALL ON FUNCTION steelyard.make_audit_month(timestamptz), steelyard.open_audit_month(timestamptz),
    steelyard.cut_audit(timestamptz), steelyard.retain_shares_since(timestamptz), steelyard.withhold_texts(bigint),
    steelyard.erase_shares(bigint) FROM PUBLIC;

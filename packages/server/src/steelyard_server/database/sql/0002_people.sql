-- People in projects: roles by hand and by group, one-time links, single sign-on, tokens of a project.

ALTER TABLE steelyard.project
    ADD CONSTRAINT project_slug CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,59}$');

CREATE DOMAIN steelyard.role AS text CHECK (VALUE IN ('viewer', 'runner', 'editor', 'admin'));

-- What a group of the identity provider gives: a role in a project, or without a project that of the server's
-- administrator. An issuer's groups are its own: another provider may call others by the same name.
CREATE TABLE steelyard.group_mapping (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    issuer text NOT NULL CHECK (length(issuer) BETWEEN 1 AND 500),
    group_name text NOT NULL CHECK (length(group_name) BETWEEN 1 AND 300),
    project_id bigint REFERENCES steelyard.project,
    role steelyard.role NOT NULL CHECK (project_id IS NOT NULL OR role = 'admin'),
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
);
CREATE UNIQUE INDEX group_mapping_live ON steelyard.group_mapping (issuer, group_name, coalesce(project_id, 0))
    WHERE ended_at IS NULL;

-- A role that a person has: by hand in a project, or by a mapping, in the mapping's place. Taking it away ends the row.
-- confirmed_at is the last sign-in at which the provider named the group.
CREATE TABLE steelyard.membership (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES steelyard.person,
    project_id bigint REFERENCES steelyard.project,
    role steelyard.role NOT NULL CHECK (project_id IS NOT NULL OR role = 'admin'),
    mapping_id bigint REFERENCES steelyard.group_mapping CHECK (mapping_id IS NOT NULL OR project_id IS NOT NULL),
    created_at timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
);
CREATE UNIQUE INDEX membership_live ON steelyard.membership (person_id, coalesce(project_id, 0), coalesce(mapping_id, 0))
    WHERE ended_at IS NULL;
CREATE INDEX membership_project ON steelyard.membership (project_id) WHERE ended_at IS NULL;

-- A link by which a person whom an administrator made chooses a password.
CREATE TABLE steelyard.person_link (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id bigint NOT NULL REFERENCES steelyard.person,
    sha256 steelyard.digest NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at AND expires_at <= created_at + interval '3 days'),
    used_at timestamptz
);
CREATE INDEX person_link_person ON steelyard.person_link (person_id, id DESC);

-- Who somebody is at an identity provider: issuer and subject, and never an address of theirs.
CREATE TABLE steelyard.identity (
    person_id bigint PRIMARY KEY REFERENCES steelyard.person,
    issuer text NOT NULL CHECK (length(issuer) BETWEEN 1 AND 500),
    subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (issuer, subject)
);

-- A token works in one project. Those from before pushed into the first one.
ALTER TABLE steelyard.token ADD COLUMN project_id bigint REFERENCES steelyard.project;
UPDATE steelyard.token SET project_id = (SELECT min(id) FROM steelyard.project) WHERE 'push' = ANY (scopes);

-- Where a run's files lie in the data folder, where that is not under its seal: the same run in two projects is two
-- folders, since the texts of one may not be in the other.
ALTER TABLE steelyard.run ADD COLUMN folder steelyard.digest;
CREATE INDEX run_seal ON steelyard.run (seal_sha256);

-- An erasure takes the identity and the links, too, and ends every role.
CREATE OR REPLACE FUNCTION steelyard.erase_person(number bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    erased boolean;
BEGIN
    PERFORM set_config('steelyard.act', 'erase', true);
    UPDATE steelyard.person
        SET name = 'erased-' || id, password_hash = NULL, is_admin = false,
            disabled_at = coalesce(disabled_at, now()), erased_at = now()
        WHERE id = number AND erased_at IS NULL;
    erased := FOUND;
    PERFORM set_config('steelyard.act', '', true);
    UPDATE steelyard.session SET ended_at = coalesce(ended_at, now()), address = '', agent = '' WHERE person_id = number;
    UPDATE steelyard.token SET revoked_at = coalesce(revoked_at, now()), name = 'erased' WHERE person_id = number;
    UPDATE steelyard.person_link SET used_at = coalesce(used_at, now()) WHERE person_id = number;
    UPDATE steelyard.membership SET ended_at = coalesce(ended_at, now()) WHERE person_id = number;
    DELETE FROM steelyard.identity WHERE person_id = number;
    RETURN erased;
END
$$;

-- Links of people are deleted as those of the first administrator are, and so are roles that ended.
CREATE OR REPLACE FUNCTION steelyard.retain_since(cut timestamptz, OUT sessions bigint, OUT links bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    more bigint;
BEGIN
    DELETE FROM steelyard.session WHERE coalesce(ended_at, expires_at) < cut;
    GET DIAGNOSTICS sessions = ROW_COUNT;
    DELETE FROM steelyard.admin_link WHERE coalesce(used_at, expires_at) < cut;
    GET DIAGNOSTICS links = ROW_COUNT;
    DELETE FROM steelyard.person_link WHERE coalesce(used_at, expires_at) < cut;
    GET DIAGNOSTICS more = ROW_COUNT;
    links := links + more;
    DELETE FROM steelyard.membership WHERE ended_at < cut;
END
$$;

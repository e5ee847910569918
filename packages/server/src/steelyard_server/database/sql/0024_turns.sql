-- Jobs are taken in turns by project, and a job is of whoever resumed it last, or else of whoever asked for it.

ALTER TABLE steelyard.job
    ADD COLUMN taken_at timestamptz,  -- when a worker took it last
    ADD COLUMN resumed_by bigint REFERENCES steelyard.person;
CREATE INDEX job_turn ON steelyard.job (project_id, taken_at DESC) WHERE taken_at IS NOT NULL;
CREATE INDEX job_resumed_by ON steelyard.job (resumed_by) WHERE resumed_by IS NOT NULL;

-- As before; of those of one priority the job whose project has the fewest that run, then the one that was given none for
-- the longest time, then the oldest. What each endpoint has left is counted once, and not for each job that waits.
CREATE OR REPLACE FUNCTION steelyard.take_job(taker text, lease interval) RETURNS SETOF steelyard.job
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    found_id bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(8101738236430);
    WITH running AS MATERIALIZED (
        SELECT project_id, endpoint_id, calls FROM steelyard.job WHERE state = 'running'
    ), room AS MATERIALIZED (
        SELECT e.id, e.concurrency AS most, e.concurrency - coalesce((
            SELECT sum(least(coalesce(r.calls, e.concurrency), e.concurrency)) FROM running r WHERE r.endpoint_id = e.id
        ), 0) AS free
        FROM steelyard.endpoint e WHERE e.retired_at IS NULL AND e.rest_until <= clock_timestamp()
    ), turn AS MATERIALIZED (
        SELECT p.id, (SELECT count(*) FROM running r WHERE r.project_id = p.id) AS running,
            (SELECT max(t.taken_at) FROM steelyard.job t WHERE t.project_id = p.id) AS last
        FROM steelyard.project p
    )
    SELECT j.id INTO found_id FROM steelyard.job j JOIN turn ON turn.id = j.project_id
        LEFT JOIN room ON room.id = j.endpoint_id
        WHERE j.state = 'waiting' AND j.waits_for <> 'approval' AND j.not_before <= clock_timestamp()
            AND CASE WHEN j.endpoint_id IS NULL THEN NOT EXISTS (SELECT FROM running r WHERE r.endpoint_id IS NULL)
                ELSE least(coalesce(j.calls, room.most), room.most) <= room.free END
        ORDER BY j.priority DESC, turn.running, turn.last NULLS FIRST, j.id LIMIT 1 FOR UPDATE OF j SKIP LOCKED;
    RETURN QUERY UPDATE steelyard.job SET state = 'running', attempt = attempt + 1, worker = taker,
            leased_until = clock_timestamp() + lease, progress = '', reason = '', waits_for = '',
            taken_at = clock_timestamp(), changed_by = 'worker:' || taker
        WHERE id = found_id RETURNING *;
END
$$;

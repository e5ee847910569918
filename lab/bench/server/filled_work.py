"""People, jobs, schedules, budgets, webhooks and audit lines of a filled platform, as rows."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from packages.server.tests.jobs.yard import questions
from steelyard_server.database.audit import append_audit
from steelyard_server.jobs.specification import AuditSpecification, RunSpecification, encode
from steelyard_server.jobs.tries import named_tasks

ENDPOINTS, SCHEDULES, TOKENS, WEBHOOKS, DELIVERIES = 10, 20, 30, 10, 40
SHEET = "model: sums\nvendor: us\nclaims:\n" + "".join(
    f"- {{task: {task}, value: 50, samples: 1000, note: 'as printed in the table of the card'}}\n"
    for task in ("gsm8k", "mmlu", "humaneval", "gpqa_diamond", "math500")
)


def add_people(connection: Any, projects: dict[str, int], people: int, lines: int) -> None:
    """People with roles, sessions and tokens, and an audit log of some length."""
    for number in range(2, people + 1):
        connection.execute("INSERT INTO steelyard.person (name, password_hash) VALUES (%s, 'x')", (f"person-{number}",))
    connection.execute(
        "INSERT INTO steelyard.membership (person_id, project_id, role) SELECT p.id, j.id, 'editor' "
        "FROM steelyard.person p, steelyard.project j WHERE (p.id + j.id) %% 2 = 0 ON CONFLICT DO NOTHING",
        (),
    )
    connection.execute(
        "INSERT INTO steelyard.token (person_id, name, scopes, sha256, expires_at, project_id) "
        "SELECT 1, 'ci ' || n, '{push}', encode(sha256(n::text::bytea), 'hex'), now() + interval '1 year', %s "
        "FROM generate_series(1, %s) n",
        (projects["default"], TOKENS),
    )
    for number in range(ENDPOINTS):
        connection.execute(
            "INSERT INTO steelyard.endpoint (name, kind, scheme, host, port, path, models, concurrency, price_in, "
            "price_out, made_by) VALUES (%s, 'openai', 'http', '127.0.0.1', %s, '/v1', '{sums,other}', 8, 1, 2, 1)",
            (f"endpoint-{number}", 9000 + number),
        )
    for number in range(lines):
        append_audit(
            connection,
            "sign-in",
            actor=f"person:{1 + number % people}",
            details={"address": "192.0.2.7"},
            request="bench",
        )


def add_work(connection: Any, projects: dict[str, int], jobs: int) -> None:
    """Jobs that made the first project's runs, others in every state, schedules with looks, budgets, webhooks."""
    project = projects["default"]
    schedules = _schedules(connection, project)
    runs = connection.execute(
        "SELECT id FROM steelyard.run WHERE project_id = %s ORDER BY id LIMIT %s", (project, jobs)
    ).fetchall()
    for number, (run,) in enumerate(runs):
        _job(connection, project, number, "finished", run=run, schedule=schedules[number % len(schedules)])
    for number in range(jobs):
        _job(connection, project, number, ("failed", "cancelled", "paused", "failed")[number % 4])
    for name in projects:
        for endpoint in (None, 1, 2):
            connection.execute(
                "INSERT INTO steelyard.budget (project_id, endpoint_id, cost, tokens, set_by) "
                "VALUES (%s, %s, 100, 1000000, 1)",
                (projects[name], endpoint),
            )
    connection.execute(
        "INSERT INTO steelyard.spending (project_id, endpoint_id, month, cost, tokens) SELECT p.id, e.id, "
        "(date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => m))::date, 9, 900000 "
        "FROM steelyard.project p, steelyard.endpoint e, generate_series(0, 11) m"
    )
    _webhooks(connection, project)


def _schedules(connection: Any, project: int) -> list[int]:
    found = []
    for number in range(SCHEDULES):
        row = connection.execute(
            "INSERT INTO steelyard.schedule (project_id, name, cron, zone, specification, kind, model, endpoint, "
            "tasks, made_by, next_at) VALUES (%s, %s, '0 6 * * MON', 'Europe/Berlin', %s, %s, 'sums', %s, %s, 1, "
            "now() + interval '1 day') RETURNING id",
            (
                project,
                f"weekly {number}",
                _asked(number),
                "audit" if number % 2 else "run",
                f"endpoint-{number % ENDPOINTS}",
                named_tasks(_asked(number)),
            ),
        ).fetchone()
        found.append(row[0])
    return found


def _asked(number: int) -> str:
    name = f"endpoint-{number % ENDPOINTS}"
    if number % 2:
        return encode(AuditSpecification(endpoint=name, model="sums", sheet=SHEET)).decode()
    return encode(RunSpecification(endpoint=name, model="sums", questions={"sums": questions(300, number)})).decode()


def _job(
    connection: Any, project: int, number: int, state: str, run: int | None = None, schedule: int | None = None
) -> None:
    text = _asked(number)
    stored = connection.execute(
        "INSERT INTO steelyard.stored_run (project_id, plan_sha256) VALUES (%s, %s) RETURNING id",
        (project, hashlib.sha256(f"{state} {number}".encode()).hexdigest()),
    ).fetchone()[0]
    has_ended, at = state in ("finished", "failed", "cancelled"), datetime.now(UTC) - timedelta(hours=number)
    job = connection.execute(
        "INSERT INTO steelyard.job (project_id, kind, specification, asked_sha256, model, tasks, endpoint_id, calls, "
        "requested_by, schedule_id, scheduled_at, state, attempt, reason, run_id, stored_run_id, created_at, ended_at, "
        "alert) VALUES (%(project)s, %(kind)s, %(text)s, %(digest)s, 'sums', %(tasks)s, (SELECT id FROM "
        "steelyard.endpoint WHERE name = %(place)s), 4, 1, %(schedule)s, %(scheduled)s, %(state)s, 1, 'said so', "
        "%(run)s, %(stored)s, %(at)s, %(ended)s, %(alert)s) RETURNING id",
        {
            "project": project, "kind": "audit" if number % 2 else "run", "text": text, "tasks": named_tasks(text),
            "digest": hashlib.sha256(text.encode()).hexdigest(),
            "place": f"endpoint-{number % ENDPOINTS}", "schedule": schedule, "scheduled": at if schedule else None,
            "state": state, "run": run, "stored": stored, "at": at, "ended": at if has_ended else None,
            "alert": "gsm8k was consistent" if number % 25 == 0 else "",
        },
    ).fetchone()[0]  # fmt: skip
    connection.execute(
        "INSERT INTO steelyard.reservation (job_id, attempt, month, price_in, price_out, held_in, held_out, spent_in, "
        "spent_out) VALUES (%s, 1, '2026-11-01', 1, 2, 0, 0, 100000, 20000)",
        (job,),
    )
    connection.execute(
        "INSERT INTO steelyard.job_event (job_id, attempt, state, wanted, actor, reason) SELECT %s, 1, state, '', "
        "'worker:one', '' FROM unnest(ARRAY['running', %s]) state",
        (job, state),
    )


def _webhooks(connection: Any, project: int) -> None:
    """Receivers, and what was sent to them."""
    for number in range(WEBHOOKS):
        connection.execute(
            "INSERT INTO steelyard.webhook_place (scheme, host, port, made_by) "
            "VALUES ('https', 'hooks.example', %s, 1)",
            (1000 + number,),
        )
        row = connection.execute(
            "INSERT INTO steelyard.webhook (project_id, scheme, host, port, path, kinds, made_by) "
            "VALUES (%s, 'https', 'hooks.example', %s, '/', '{job.failed}', 1) RETURNING id",
            (project, 1000 + number),
        ).fetchone()
        connection.execute(
            "INSERT INTO steelyard.delivery (event_id, webhook_id, state, attempt, ended_at) SELECT id, %s, 'sent', 1, "
            "now() FROM steelyard.event ORDER BY id DESC LIMIT %s",
            (row[0], DELIVERIES),
        )
    connection.execute(
        "INSERT INTO steelyard.delivery_attempt (delivery_id, attempt, status, reply) SELECT id, 1, 200, 'thank you' "
        "FROM steelyard.delivery"
    )

"""What needs somebody, on a real server: a line with a link, for whom it is, and until it is done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from packages.server.tests.database.rows import one
from packages.server.tests.pages.test_jobs import added
from packages.server.tests.pages.working import with_endpoint
from packages.server.tests.site import Client, Site, new_platform, pushed, run_page
from steelyard_server.access.tokens import TokenRow
from steelyard_server.database.audit import append_audit
from steelyard_server.database.connection import existing_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.jobs.workers import Presence
from steelyard_server.pages.needs import ends_soon
from testkit.fixtures import SumsServer


def backed_up(site: Site) -> None:
    """As ``steelyard serve backup`` says it."""
    with existing_database(open_data_folder(site.data), {}).connect_as_owner() as owner:
        append_audit(owner, "backup", actor="owner")


def lines(client: Client) -> list[str]:
    text = client.get("/").text
    if '<ul class="needs">' not in text:
        return []
    return text.partition('<ul class="needs">')[2].partition("</ul>")[0].split("<li>")[1:]


def test_each_thing_is_a_line_with_one_link_until_it_is_done(data_template: Path, hostile_run: Path) -> None:
    with new_platform(data_template) as site, SumsServer() as server:
        admin = site.administrator()
        runner, viewer = site.person("needs-runner", "runner"), site.person("needs-viewer", "viewer")
        assert "Nothing was pushed yet" in admin.get("/").text
        backed_up(site)
        pushed(site, hostile_run)
        assert "Nothing needs you now" in admin.get("/").text, "what is consistent needs nobody"
        seal = pushed(site)
        for client in (admin, viewer):
            (line,) = lines(client)
            assert f'href="{run_page(seal)}"' in line
            assert line.count("<a ") == 1
            assert "you have not looked at it" in line
        assert viewer.get(run_page(seal)).status == 200
        assert lines(viewer) == []
        assert len(lines(admin)) == 1, "each looks by themselves"
        assert lines(site.person("needs-stranger", "admin", site.project("apart"))) == []

        job = added(runner, with_endpoint(site, server.url), 4)
        assert runner.submit(job, f"{job}/pause").status == 303
        assert any(f'href="{job}"' in line and "is paused" in line for line in lines(runner))
        assert not any(job in line for line in lines(viewer)), "who cannot act on it is not told"

        budgets = "/p/default/budgets"
        assert admin.submit(budgets, budgets, endpoint="", tokens="0").status == 303
        assert any(budgets in line and "100 % of this month" in line for line in lines(admin))
        assert not any(budgets in line for line in lines(runner))


def test_an_endpoint_whose_key_cannot_be_read_is_told_to_administrators(data_template: Path) -> None:
    with new_platform(data_template) as site:
        admin = site.administrator()
        number = with_endpoint(site, "http://10.1.2.3:8000/v1", "keyed").partition("/")[0]
        place = f"/admin/endpoints/{number}"
        assert admin.submit(place, f"{place}/key", secret="sk-of-the-test").status in (200, 303)
        assert lines(admin) == []
        open_data_folder(site.data, create=False).secret_key.unlink()
        (line,) = lines(admin)
        assert "Endpoint keyed" in line
        assert "its key cannot be read" in line
        colleague = site.person("keyless", "admin")
        assert lines(colleague) == [], "it is the administrators' list"
        with existing_database(open_data_folder(site.data), {}).connect() as connection:
            webhook = one(
                connection,
                "INSERT INTO steelyard.webhook (project_id, scheme, host, port, path, kinds, made_by) "
                "VALUES (1, 'https', 'hooks.example', 443, '/', '{webhook.test}', 1) RETURNING id",
            )
            connection.execute(
                "INSERT INTO steelyard.webhook_key (webhook_id, sealed) VALUES (%s, %s)", (webhook, bytes(99))
            )
            Presence("killed", 1, "steelyard 0").note(connection)
            connection.execute("UPDATE steelyard.worker SET seen_at = seen_at - interval '5 minutes'")
        _, secret, worker = lines(admin)
        assert f"does not read webhook {webhook} of default" in secret
        assert "Worker killed" in worker
        assert "is gone: last heard of" in worker
        assert lines(colleague) == []


@pytest.mark.parametrize(("days", "left", "is_soon"), [(7, 6.9, False), (7, 1, True), (90, 6, True), (90, 8, False)])
def test_a_token_that_was_made_for_a_week_is_not_urgent_at_once(days: int, left: float, is_soon: bool) -> None:
    now = datetime.now(UTC)
    token = TokenRow(1, "t", ("push",), "default", now, now, None, "active")
    ends = now + timedelta(days=left)
    assert ends_soon(replace(token, created_at=ends - timedelta(days=days), expires_at=ends)) is is_soon

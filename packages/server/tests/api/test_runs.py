"""Runs over the API: pages, verdicts by claim, what was taken as sealed, and downloads that verify."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from packages.server.tests.site import GOLDEN, Client, Site, pushed
from steelyard.api.results import verified
from steelyard.errors import ExitCode
from steelyard.evidence import layout
from steelyard_server.archive import Limits, Unpacker

PROJECT = "api-runs"


@pytest.fixture(scope="module")
def seals(site: Site, hostile_run: Path, chosen_run: Path) -> list[str]:
    """Three runs in a project of their own, the oldest first."""
    site.project(PROJECT)
    return [pushed(site, each, PROJECT) for each in (GOLDEN, hostile_run, chosen_run)]


@pytest.fixture(scope="module")
def reader(site: Site, seals: list[str]) -> Client:
    return site.with_token("read", PROJECT)


def runs(client: Client, query: str = "") -> list[str]:
    return [each["seal"] for each in json.loads(client.get(f"/api/v1/runs?{query}").text)["runs"]]


def test_pages_hold_every_run_once_the_newest_first(reader: Client, seals: list[str]) -> None:
    assert runs(reader) == [*reversed(seals)]
    first = json.loads(reader.get("/api/v1/runs?limit=2").text)
    second = json.loads(reader.get(f"/api/v1/runs?limit=2&before={first['next']}").text)
    assert [each["seal"] for each in (*first["runs"], *second["runs"])] == [*reversed(seals)]
    assert second["next"] is None


def test_a_list_is_narrowed(reader: Client, seals: list[str]) -> None:
    assert runs(reader, "verdict=inconsistent&kind=audit&subject=adder") == seals[:1]
    assert runs(reader, "subject=%00") == []
    assert runs(reader, "verdict=none") == []
    refused = reader.get("/api/v1/runs?offset=5")
    assert (refused.status, refused.headers["content-type"]) == (400, "application/problem+json")
    assert json.loads(refused.text) == {
        "type": "about:blank", "title": "Bad Request", "status": 400,
        "detail": "there is no parameter 'offset': there are verdict, kind, subject, before, limit",
    }  # fmt: skip


def test_a_run_has_its_verdict_by_claim_as_this_server_computed_it(reader: Client, seals: list[str]) -> None:
    found = json.loads(reader.get(f"/api/v1/runs/{seals[0]}").text)
    assert (found["verdict"], found["exit"], found["verified_exit"], found["scores_taken"]) == ("inconsistent", 1, 0, 0)
    computed = [each.verdict.value for each in verified(GOLDEN).recomputed.verdict.claims]
    assert [each["verdict"] for each in found["claims"]] == [*computed, None], "the last was measured alone"
    assert [each["claimed"] for each in found["claims"]] == ["75 %", "99 %", ""]
    assert found["signed_by"]


def test_scores_that_were_taken_as_sealed_are_counted(reader: Client, seals: list[str]) -> None:
    found = json.loads(reader.get(f"/api/v1/runs/{seals[2]}").text)
    assert (found["verdict"], found["verified_exit"], found["signed_by"]) == ("consistent", 0, None)
    listed = json.loads(reader.get("/api/v1/runs").text)["runs"][0]
    assert listed == {name: found[name] for name in listed}
    assert listed["scores_taken"] == found["answers"] > 0


def test_hostile_texts_are_harmless(reader: Client, seals: list[str]) -> None:
    reply = reader.get(f"/api/v1/runs/{seals[1]}")
    assert reply.body.isascii()
    assert "<script>" in reply.text, "JSON is no page"
    assert "\u202e" not in json.dumps(json.loads(reply.text), ensure_ascii=False)


def test_the_bundle_verifies_and_the_report_comes_as_a_file(reader: Client, seals: list[str], tmp_path: Path) -> None:
    reply = reader.get(f"/api/v1/runs/{seals[0]}/bundle")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/gzip")
    unpacker = Unpacker(tmp_path, Limits())
    unpacker.feed(reply.body)
    unpacker.finish()
    assert verified(tmp_path).exit_code is ExitCode.CONSISTENT
    report = reader.get(f"/api/v1/runs/{seals[0]}/report")
    assert report.body == (GOLDEN / layout.REPORT_PAGE).read_bytes()
    assert report.headers["content-disposition"].startswith("attachment;")
    assert report.headers["content-security-policy"].startswith("sandbox;")


def test_runs_of_another_project_are_not_there(site: Site, seals: list[str]) -> None:
    stranger = site.with_token("read", site.project("api-empty"))
    assert runs(stranger) == []
    number = json.loads(site.with_token("read", PROJECT).get("/api/v1/runs?limit=1").text)["next"]
    assert runs(stranger, f"before={number}") == []
    for more in ("", "/report", "/bundle"):
        hidden, absent = (stranger.get(f"/api/v1/runs/{each}{more}") for each in (seals[0], "0" * 64))
        assert (hidden.status, hidden.body) == (absent.status, absent.body) == (404, absent.body)

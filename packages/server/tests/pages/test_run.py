"""The page of a run, its report in a frame without rights, its files; and what a hostile run cannot do."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path

from packages.server.tests.site import GOLDEN, Client, Site, pushed, run_page
from steelyard.evidence import layout
from steelyard.evidence.canonical import without_defaults
from steelyard.storage.run_folder import RunFolder
from steelyard_server.archive import Limits, Unpacker
from steelyard_server.database.connection import open_database
from steelyard_server.database.folder import open_data_folder
from testkit.browser import open_tab
from testkit.resealing import reseal, with_new_reports


def test_a_run_shows_what_was_computed_again(site: Site) -> None:
    text = site.administrator().get(f"/p/default/runs/{pushed(site)}").text
    for expected in ("adder", "inconsistent", "It was drawn again here, and is equal", "claimed: adder"):
        assert expected in text
    assert 'sandbox loading="lazy"' in text


def test_its_files_come_back_byte_by_byte_as_downloads(site: Site, tmp_path: Path) -> None:
    client, seal = site.administrator(), pushed(site)
    for name in layout.run_files(GOLDEN):
        reply = client.get(f"/p/default/runs/{seal}/files/{name}")
        assert reply.body == (GOLDEN / name).read_bytes()
        assert reply.headers["content-disposition"].startswith("attachment;")
        assert reply.headers["content-security-policy"].startswith("sandbox;")
        assert reply.headers["content-type"] == "application/octet-stream"
    unpacker = Unpacker(tmp_path, Limits())
    unpacker.feed(client.get(f"/p/default/runs/{seal}/archive").body)
    unpacker.finish()
    assert [*layout.run_files(tmp_path)] == [*layout.run_files(GOLDEN)]


def test_no_other_file_of_the_machine_comes(site: Site) -> None:
    client, seal = site.administrator(), pushed(site)
    for path in (
        f"{seal}/files/..%2f..%2f..%2fsecrets%2fdatabase.json", f"{seal}/files/%2fetc%2fpasswd",
        f"{seal}/files/plan.dsse.json%00", f"{seal}/files/%00", f"%00{seal}",
        f"{seal}/files/samples", f"{'0' * 64}/report", f"..%2f{seal}", f"{seal.upper()}/report",
    ):  # fmt: skip
        assert client.get(f"/p/default/runs/{path}").status == 404, path


def test_a_file_that_was_changed_in_the_data_folder_is_not_served(site: Site) -> None:
    site.project("changed")
    seal = pushed(site, project="changed")
    client = site.administrator()
    (folder,) = (site.data / "runs").glob("??/" + hashlib.sha256(f"{number_of(site)} {seal}".encode()).hexdigest())
    assert client.get(run_page(seal, "/report", "changed")).status == 200
    report = (folder / "report.html").read_bytes()
    (folder / "report.html").write_bytes(report.replace(b"inconsistent", b"consistent"))
    (folder / "scores.jsonl").unlink()
    (folder / "scores.jsonl").symlink_to("/etc/passwd")
    (folder / "report.md").unlink()
    for name, words in (
        ("report", "not what was received"),
        ("files/scores.jsonl", "not what was received"),
        ("files/report.md", "no longer in the data folder"),
    ):
        reply = client.get(run_page(seal, f"/{name}", "changed"))
        assert (reply.status, words in reply.text, b"root:" in reply.body) == (410, True, False)


def number_of(site: Site) -> int:
    with open_database(open_data_folder(site.data, create=False), beside=True) as database, database.connect() as found:
        row = found.execute("SELECT id FROM steelyard.project WHERE name = 'changed'").fetchone()
    assert row is not None
    return int(row[0])


def test_a_run_from_a_backup_that_nobody_vouched_for_says_so_wherever_its_verdict_is(site: Site) -> None:
    site.project("backup")
    seal = pushed(site, project="backup")
    with (
        open_database(open_data_folder(site.data, create=False), beside=True) as database,
        database.connect_as_owner() as connection,
    ):
        connection.execute(
            "INSERT INTO steelyard.run_restored (run_id) SELECT r.id FROM steelyard.run r "
            "JOIN steelyard.project p ON p.id = r.project_id WHERE p.name = 'backup'"
        )
    client = site.administrator()
    text = client.get(run_page(seal, "", "backup")).text
    assert "From a backup, not verified here." in text
    for lie in ("It holds", "Computed again by this server", "It was drawn again here", "on this server</dd>"):
        assert lie not in text
    assert "from a backup, not verified here" in client.get("/p/backup/runs").text
    for more in ("/answers", "/answers/1"):
        assert "From a backup, not verified here." in client.get(run_page(seal, more, "backup")).text
    reply = site.with_token(project="backup").get(f"/api/v1/runs/{seal}")
    assert (json.loads(reply.text)["verified_exit"], "not verified here" in reply.text) == (3, True)
    assert "From a backup" not in client.get(run_page(pushed(site))).text


def test_a_run_that_withholds_its_texts_is_marked_unsigned_and_shows_no_markup(site: Site, hostile_run: Path) -> None:
    text = site.administrator().get(f"/p/default/runs/{pushed(site, hostile_run)}").text
    assert "It is unsigned, so nothing shows who made it." in text
    assert "<script" not in text.lower()
    assert " onmouseover=" not in text.replace("&#39;onmouseover", "")
    assert "49" not in text.partition("<h1>")[2].partition("</h1>")[0], "no template was evaluated"


def test_a_report_that_nobody_compared_is_not_framed_and_the_run_is_marked(site: Site, unsigned: Path) -> None:
    """Taken, but not all of it was checked: another version drew its pages."""
    plan = without_defaults(RunFolder.open(unsigned).plan) | {"software": "steelyard 0.0.1"}
    with_new_reports(reseal(unsigned, plan=plan))
    client, seal = site.administrator(), pushed(site, unsigned)
    text = client.get(f"/p/default/runs/{seal}").text
    assert "<iframe" not in text
    assert "<strong>not</strong> compared with the journal" in text
    assert "<iframe" in client.get(f"/p/default/runs/{pushed(site)}").text
    assert "not all of it could be verified here" in client.get("/p/default/runs").text


REACHED = """(() => {
  try { return document.querySelector('iframe').contentDocument ? 'open' : 'closed' } catch { return 'closed' }
})()"""


async def _visit(devtools: str, site: Site, client: Client, seal: str) -> tuple[list[str], str, str, set[str]]:
    async with open_tab(devtools) as tab:
        await tab.call("Network.enable")
        for name, value in client.cookies.items():
            await tab.call("Network.setCookie", name=name, value=value, url=site.base, httpOnly=True)
        visit = await tab.visit(f"{site.base}/p/default/runs/{seal}", width=390, dark=True)
        assert visit.widths[0] <= visit.widths[1], "a phone does not scroll sideways"
        await tab.evaluate("document.querySelector('iframe').scrollIntoView()")
        await tab.evaluate("new Promise(done => setTimeout(done, 300))")
        reached = await tab.evaluate(REACHED)
        scripts = await tab.evaluate("document.scripts.length")
        return [*visit.errors, *tab.errors()], reached, scripts, visit.hosts


def test_in_a_browser_the_frame_has_no_rights_and_nothing_is_loaded_from_elsewhere(
    site: Site, hostile_run: Path, devtools: str
) -> None:
    client, seal = site.administrator(), pushed(site, hostile_run)
    errors, reached, scripts, hosts = asyncio.run(_visit(devtools, site, client, seal))
    assert errors == []
    assert (reached, scripts) == ("closed", "0")
    assert hosts == {site.base.removeprefix("http://")}


def test_other_jobs_that_asked_the_same_stand_beside_the_verdict(site: Site) -> None:
    """On its page and in the API, the ones that were stopped on the way, too, with links."""
    site.project("tries")
    seal = pushed(site, project="tries")
    asks = json.dumps({"kind": "audit", "model": "embedded:smollm2", "sheet": "claims:\n- task: sums\n"})
    made = (
        "INSERT INTO steelyard.job (project_id, kind, specification, model, tasks, sheet_sha256, requested_by, state, "
        "ended_at, run_id, stored_run_id) SELECT p.id, 'audit', %(asks)s, 'embedded:smollm2', '{sums}', "
        "repeat('5', 64), (SELECT min(id) FROM steelyard.person), %(state)s, now(), "
        "CASE WHEN %(state)s = 'finished' THEN (SELECT id FROM steelyard.run WHERE project_id = p.id) END, s.id "
        "FROM steelyard.project p JOIN steelyard.stored_run s ON s.project_id = p.id WHERE p.name = 'tries' "
        "RETURNING id"
    )
    with open_database(open_data_folder(site.data, create=False), beside=True) as database, database.connect() as found:
        found.execute(
            "INSERT INTO steelyard.stored_run (project_id, plan_sha256) "
            "SELECT id, repeat('a', 64) FROM steelyard.project WHERE name = 'tries'"
        )
        (own,) = found.execute(made, {"asks": asks, "state": "finished"}).fetchone() or (0,)
        assert "asked this model about the same" not in site.administrator().get(run_page(seal, "", "tries")).text
        found.commit()
        (stopped,) = found.execute(made, {"asks": asks, "state": "cancelled"}).fetchone() or (0,)
    client = site.administrator()
    text = client.get(run_page(seal, "", "tries")).text
    assert "1 other job of this project asked this model about the same: 1 cancelled." in text
    assert f'<a href="/p/tries/jobs/{stopped}">job {stopped}</a> (cancelled)' in text
    assert ": sums" in client.get(f"/p/tries/jobs/{own}").text
    reader = site.with_token("read", project="tries")
    verdict = json.loads(reader.get(f"/api/v1/runs/{seal}").text)
    assert verdict["other_tries"] == [{"job": stopped, "state": "cancelled", "seal": None}]
    job = json.loads(reader.get(f"/api/v1/jobs/{stopped}").text)
    assert (job["tasks"], len(job["sheet_sha256"])) == (["sums"], 64)

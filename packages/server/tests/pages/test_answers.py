"""The answers of a run in the pages: pages and filters, hostile texts, files that were changed, texts that went."""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
from html import unescape
from pathlib import Path

import pytest

from packages.server.tests.answers.mixed_run import mixed_run
from packages.server.tests.site import GOLDEN, Client, Reply, Site, pushed, run_page
from packages.server.tests.test_app import filled
from steelyard_server.answers.keeping import index_names
from steelyard_server.database.connection import open_database
from steelyard_server.database.folder import open_data_folder
from steelyard_server.runs.folders import folder_of
from steelyard_server.runs.text_retention import delete_texts
from testkit.browser import open_tab

LINK = re.compile(r'<a href="([^"]*)" rel="(next|prev)"')


def links(reply: Reply) -> dict[str, str]:
    return {rel: unescape(address) for address, rel in LINK.findall(reply.text)}


def numbers(reply: Reply) -> list[int]:
    return [int(each) for each in re.findall(r'/answers/(\d+)(?:\?[^"]*)?"><code>', reply.text)]


def key_of(site: Site, project: str, seal: str) -> str:
    """The folder of a run in a project that is not the first."""
    with open_database(open_data_folder(site.data, create=False), beside=True) as database, database.connect() as found:
        row = found.execute("SELECT id FROM steelyard.project WHERE name = %s", (project,)).fetchone()
    assert row is not None
    return hashlib.sha256(f"{row[0]} {seal}".encode()).hexdigest()


def in_project(site: Site, run: Path, project: str) -> tuple[str, str]:
    """A run in a project of its own: its seal, and its folder's key."""
    seal = pushed(site, run, site.project(project))
    return seal, key_of(site, project, seal)


def test_pages_follow_one_another_in_both_directions(site: Site) -> None:
    client, seal = site.administrator(), pushed(site)
    seen: list[int] = []
    reply = client.get(run_page(seal, "/answers"))
    while True:
        seen += numbers(reply)
        if "next" not in links(reply):
            break
        reply = client.get(links(reply)["next"])
    assert seen == [*range(1, len(seen) + 1)]
    assert len(seen) == (GOLDEN / "scores.jsonl").read_bytes().count(b"\n")
    back = client.get(links(reply)["prev"])
    assert numbers(back) == seen[len(seen) // 50 * 50 - 50 :][:50]
    assert "prev" not in links(client.get(run_page(seal, "/answers")))
    assert numbers(client.get(run_page(seal, "/answers?from=101")))[0] == 101


def test_filters_narrow_pages_and_the_steps_of_one_answer(site: Site) -> None:
    client, seal = site.administrator(), pushed(site)
    wrong = client.get(run_page(seal, "/answers?outcome=wrong&measurement=00-sums"))
    found = numbers(wrong)
    assert 1 < len(found) <= 50
    assert wrong.text.count("</span> wrong</strong>") == len(found)
    first = client.get(run_page(seal, f"/answers/{found[0]}?outcome=wrong&measurement=00-sums"))
    assert links(first)["next"].partition("?")[0].endswith(f"/answers/{found[1]}")
    assert "prev" not in links(first)
    assert "outcome=wrong" in links(first)["next"]
    sample = re.search(r"<h1[^>]*><code>([^<]+)", first.text)
    assert sample is not None
    assert found[0] in numbers(client.get(run_page(seal, f"/answers?sample={sample[1]}")))
    for unknown in ("outcome=nonsense", "measurement=nowhere", "after=x", "before=-1", "from=1e9", "taken=maybe"):
        assert numbers(client.get(run_page(seal, f"/answers?{unknown}"))) == [*range(1, 51)], unknown
    for empty in ("sample=nowhere", "taken=yes"):
        assert "No answer is like that." in client.get(run_page(seal, f"/answers?{empty}")).text, empty
    for beyond in (f"after={10**18}", "from=99999999999999999999"):
        assert "None after that number." in client.get(run_page(seal, f"/answers?{beyond}")).text, beyond
    for missing in ("0", "100000", "9" * 30):
        assert client.get(run_page(seal, f"/answers/{missing}")).status == 404, missing


def test_the_runs_page_leads_to_the_answers_of_each_row(site: Site, mixed: Path) -> None:
    client, seal = site.administrator(), pushed(site, mixed)
    text = client.get(run_page(seal)).text
    found = re.findall(r'href="(/p/default/runs/[0-9a-f]{64}/answers\?[^"]*)">([^<]*)</a>', text)
    assert {words for _, words in found} == {"answers", "1 open", "1 missing", "Which they are"}
    for address, words in found:
        assert len(numbers(client.get(unescape(address)))) == (1 if words[0] == "1" else 24), words


def test_hostile_texts_are_shown_and_never_markup(site: Site, mixed: Path, hostile_run: Path, suite_run: Path) -> None:
    client = site.administrator()
    for run in (mixed, hostile_run, suite_run):
        seal = pushed(site, run)
        pages = [client.get(run_page(seal, "/answers"))]
        pages += [client.get(run_page(seal, f"/answers/{number}")) for number in numbers(pages[0])[:12]]
        assert len(pages) == 13
        for reply in pages:
            assert reply.status == 200
            assert "<script" not in reply.text.lower()
            assert " onmouseover=" not in reply.text.replace("&#39;onmouseover", "")
            assert "\u202e" not in reply.text
    assert "&lt;script&gt;" in client.get(run_page(pushed(site, mixed), "/answers")).text
    assert "green cabinet" in client.get(run_page(pushed(site, suite_run), "/answers")).text


def test_texts_that_never_came_are_said(site: Site, tmp_path: Path) -> None:
    run = mixed_run(tmp_path / "run", "withheld")
    shutil.rmtree(run / "texts")
    shutil.rmtree(run / "media")
    client, seal = site.administrator(), pushed(site, run, site.project("without"))
    reply = client.get(run_page(seal, "/answers?taken=yes&measurement=00-sums", "without"))
    assert len(numbers(reply)) == 24
    assert reply.text.count("withheld: whoever pushed the run left it out") == 2 * 24 - 1, "one has no answer at all"
    one = client.get(run_page(seal, f"/answers/{numbers(reply)[0]}", "without")).text
    assert "as it was sealed: a text that it follows from" in one


def test_texts_that_were_deleted_for_their_age_are_said_and_an_index_made_after_that_works(
    site: Site, tmp_path: Path
) -> None:
    seal, key = in_project(site, mixed_run(tmp_path / "run", "withheld"), "aged")
    client, data = site.administrator(), open_data_folder(site.data, create=False)
    assert "What is" in client.get(run_page(seal, "/answers", "aged")).text
    with open_database(data, beside=True) as database, database.connect_as_owner() as connection:
        connection.execute(
            "SELECT steelyard.withhold_texts(r.id) FROM steelyard.run r "
            "JOIN steelyard.project p ON p.id = r.project_id WHERE p.name = 'aged'"
        )
    delete_texts(data, key)
    for _ in range(2):
        reply = client.get(run_page(seal, "/answers", "aged"))
        assert (reply.status, len(numbers(reply)), "What is" in reply.text) == (200, 48, False)
        assert "since the project keeps texts for some months only" in reply.text
        assert "The texts of this run were deleted" in client.get(run_page(seal, "/answers/1", "aged")).text
        data.path.joinpath(*index_names(key)).unlink()


def test_a_file_that_was_changed_in_the_data_folder_is_not_shown(site: Site, mixed: Path) -> None:
    seal, key = in_project(site, mixed, "tampered")
    client, data = site.administrator(), open_data_folder(site.data, create=False)
    run = folder_of(data, key)
    assert client.get(run_page(seal, "/answers", "tampered")).status == 200
    index = data.path.joinpath(*index_names(key))
    made = index.read_bytes()
    index.write_bytes(made[:-40] + bytes(40))  # it is made again, from files that are as they were received
    path = run_page(seal, "/answers?sample=sums/row/4", "tampered")
    assert client.get(path).status == 202
    assert client.get(path).status == 200
    poll = client.get(path, **{"HX-Request": "true"})
    assert (poll.status, poll.headers["hx-refresh"], poll.body) == (200, "true", b""), "the page that waits is left"
    assert index.read_bytes() == made
    texts, journal = run / "texts" / "main-0000.jsonl", run / "journal" / "main-0000.jsonl"
    kept = texts.read_bytes()
    texts.write_bytes(kept.replace(b'"7000"', b'"7   "'))
    for more in ("/answers", "/answers?outcome=wrong"):
        reply = client.get(run_page(seal, more, "tampered"))
        assert (reply.status, "not what was received" in reply.text) == (410, True)
    assert client.get(run_page(seal, "/answers?outcome=open", "tampered")).status == 200
    texts.write_bytes(kept)
    lines = journal.read_bytes()
    journal.write_bytes(lines.replace(b'"sample":"sums/row/4"', b'"sample":"sums/row/5"'))
    assert client.get(run_page(seal, "/answers?outcome=wrong", "tampered")).status == 410
    index.unlink()
    reply = client.get(run_page(seal, "/answers", "tampered"))
    assert (reply.status, "was changed" in reply.text) == (410, True), "and no index is made of it"
    journal.unlink()
    index.write_bytes(made)
    assert "no longer in the data folder" in client.get(run_page(seal, "/answers", "tampered")).text


def test_a_run_of_another_project_is_not_there(site: Site, mixed: Path) -> None:
    seal, _ = in_project(site, mixed, "theirs")
    viewer = site.person("answers-viewer", "viewer")
    assert viewer.get(run_page(pushed(site, mixed), "/answers")).status == 200
    for more in ("/answers", "/answers/1", "/answers?outcome=wrong"):
        assert viewer.get(run_page(seal, more, "theirs")).status == 404
        assert viewer.get(run_page("0" * 64, more)).status == 404
    nobody = site.client().get(filled("/p/{project}/runs/{seal}/answers"))
    assert (nobody.status, nobody.headers["location"][:14]) == (303, "/sign-in?next=")


def test_a_share_link_leads_to_no_answer(site: Site, mixed: Path) -> None:
    client, seal = site.administrator(), pushed(site)
    made = client.submit(run_page(seal), run_page(seal, "/shares"), label="x", days="7")
    link = re.search(r"/shared/[A-Za-z0-9_-]{43}", made.text)
    assert link is not None
    nobody = site.client()
    assert nobody.get(link[0]).status == 200
    for more in ("/answers", "/answers/1"):
        assert nobody.get(link[0] + more).status == 404


async def _look(devtools: str, site: Site, client: Client, path: str, *, dark: bool) -> tuple[list[str], str, set[str]]:
    async with open_tab(devtools) as tab:
        await tab.call("Network.enable")
        for name, value in client.cookies.items():
            await tab.call("Network.setCookie", name=name, value=value, url=site.base, httpOnly=True)
        visit = await tab.visit(site.base + path, width=380, dark=dark)
        assert visit.widths[0] <= visit.widths[1], "a phone does not scroll sideways"
        width = await tab.evaluate("[...document.images].map(i => i.naturalWidth).join()")
        return [*visit.errors, *tab.errors()], width, visit.hosts


@pytest.mark.parametrize("dark", [False, True])
def test_in_a_browser_an_image_is_seen_and_nothing_is_loaded(
    site: Site, mixed: Path, devtools: str, dark: bool
) -> None:
    client, seal = site.administrator(), pushed(site, mixed)
    (number,) = numbers(client.get(run_page(seal, "/answers?sample=sums/row/seen")))
    for path, widths in ((f"/answers/{number}", "1"), ("/answers", "")):
        errors, width, hosts = asyncio.run(_look(devtools, site, client, run_page(seal, path), dark=dark))
        assert (errors, width, hosts) == ([], widths, {site.base.removeprefix("http://")})

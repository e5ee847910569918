"""*Compare*, on a real server: which runs asked the same, the words of ``steelyard compare``, and who may look."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

from packages.server.tests.comparing.runs import measured
from packages.server.tests.jobs.yard import wait_for
from packages.server.tests.site import Client, Reply, Site, pushed
from steelyard.api.compare import compare
from steelyard.comparison import words
from steelyard_server.pages import compare as page

COMPARE = "/p/default/compare"


def at(*seals: str, **more: str) -> str:
    return f"{COMPARE}?{urlencode([*(('run', each) for each in seals), *more.items()])}"


def shown(client: Client, path: str) -> Reply:
    """The page as soon as it is there."""

    def made() -> Reply | None:
        reply = client.get(path)
        return None if reply.status == 202 else reply

    found: Reply = wait_for(made)
    return found


@pytest.fixture(scope="module")
def seals(site: Site, same_samples: list[Path]) -> list[str]:
    site.administrator()
    return [pushed(site, run) for run in same_samples]


def test_runs_of_the_same_samples_are_listed_together_and_others_not(
    site: Site, seals: list[str], tmp_path: Path
) -> None:
    other = pushed(site, measured(tmp_path, "elsewhere", 2, "", 20))
    text = site.administrator().get(COMPARE).text
    group = next(each for each in text.split("<form")[1:] if seals[0] in each)
    assert all(seal in group for seal in seals)
    assert other not in group
    assert "plain&lt;b&gt;" in group


def test_it_says_what_the_command_says(site: Site, seals: list[str], same_samples: list[Path]) -> None:
    client = site.administrator()
    reply = shown(client, at(*seals))
    assert reply.status == 200
    theirs = compare(*same_samples)
    for pair in theirs.pairs:
        assert pair.overall is not None
        assert words.sentence(theirs, pair, pair.overall).replace("<", "&lt;").replace(">", "&gt;") in reply.text
        assert words.interval(pair.overall) in reply.text
    assert words.tests_line(theirs) in reply.text
    assert theirs.pairs[0].overall is not None
    score = re.escape(words.score(theirs.pairs[0].overall.first))
    assert re.search(rf'data-label="A"><span>{score} <span class="detail">\d+\.\d to \d+\.\d; 60 samples', reply.text)
    first = client.get(f"/p/default/runs/{seals[0]}").text
    interval = re.search(r"(\d+\.\d)–(\d+\.\d) %", first)
    assert interval is not None
    assert f"{interval[1]} to {interval[2]}; 60 samples" in reply.text, "rounded as on the run's page"
    assert "about questions like these" in reply.text
    assert "about questions like these" in first
    assert "plain<b>" not in reply.text
    assert "Each with each" in reply.text
    assert len(re.findall(r'<h2 id="h-[A-Z]{2}"', shown(client, at(*seals, pairs="all")).text)) == 3


def test_a_run_is_compared_with_others_of_its_samples_whichever_are_the_newest(site: Site, seals: list[str]) -> None:
    client = site.administrator()
    run = client.get(f"/p/default/runs/{seals[0]}").text
    link = re.search(r'href="([^"]+compare\?with=[^"]+)"', run)
    assert link is not None
    text = client.get(link[1]).text
    assert f'<input type="hidden" name="run" value="{seals[0]}">' in text
    beside = re.findall(r'type="checkbox" name="run" value="([0-9a-f]+)"', text)
    assert [each for each in beside if each in seals] == seals[:0:-1]
    assert client.get(f"{COMPARE}?with={seals[0]}&before=x").status == 200
    assert "No other run" in client.get(f"{COMPARE}?with={seals[0]}&before=1").text
    for wrong in ("0" * 64, "%00", "x" * 500):
        assert client.get(f"{COMPARE}?with={wrong}").status == 404
    stranger = site.person("beside-stranger", "admin", site.project("besides"))
    assert stranger.get(f"/p/besides/compare?with={seals[0]}").status == 404


def test_the_samples_on_which_two_differ_are_named_with_both_answers(
    site: Site, seals: list[str], same_samples: list[Path]
) -> None:
    client = site.administrator()
    (theirs,) = compare(*same_samples[:2]).pairs
    whole, narrowed = (shown(client, at(*seals[:2], **more)).text for more in ({}, {"only": "differing"}))
    for text in (whole, narrowed):
        assert f"They differ on {theirs.differing} samples" in text
        assert text.count("/answers?") == 2 * theirs.differing
    assert "Quality beside cost" in whole
    assert "Quality beside cost" not in narrowed
    assert "Only what differs is shown" in narrowed
    links = re.findall(r'<a href="([^"]+/answers[^"]+)">([AB]) (\d+\.\d)</a>', narrowed.replace("&amp;", "&"))
    first = theirs.differing_samples[0]
    for (path, letter, score), seal, expected in zip(links, seals, (first.first, first.second), strict=False):
        assert seal in path
        assert score == words.one(expected), letter
        answers = shown(client, path).text
        assert "1 of 60 is like that" in answers
        assert first.sample in answers
        assert ("1 right" in answers) == (expected == 1), "the answer that has this score"
    assert "They differ on no sample" not in narrowed


def test_a_price_that_nobody_knows_draws_nothing_and_known_ones_are_a_frontier(site: Site, seals: list[str]) -> None:
    client = site.administrator()
    all_three, two = shown(client, at(*seals)).text, shown(client, at(*seals[:2])).text
    assert "The cost of a call is unknown for C" in all_three
    assert '<svg class="chart"' not in all_three
    assert '<svg class="chart"' in two
    assert two.count("<circle") >= 2
    assert 'style="' not in two, "the policy allows no inline style"


def test_shares_of_the_work_are_what_is_concentrated(site: Site, seals: list[str]) -> None:
    client = site.administrator()
    assert "each model has the same" in shown(client, at(*seals[:2])).text
    given = shown(client, f"{at(*seals[:2])}&share=90&share=10").text
    assert "the largest is OpenAI with 90.0 %" in given
    for part in range(1, 60):
        reply = client.get(f"{at(*seals[:2])}&share={part}&share={100 - part}")
        assert reply.status == 200, "nothing is computed anew for other shares"
    assert shown(client, at(*seals[:2])).status == 200
    for wrong in ("share=-1&share=2", "share=x&share=1", "share=0&share=0", "share=nan&share=1", "share=1e99&share=1"):
        reply = client.get(f"{at(*seals[:2])}&{wrong}")
        assert (reply.status, "shares are numbers" in reply.text) == (400, True), wrong
    assert "give a share for each model" in shown(client, f"{at(*seals[:2])}&share=1").text


def test_what_cannot_be_compared_is_refused_in_words(site: Site, seals: list[str]) -> None:
    client = site.administrator()
    for path, said in (
        (at(seals[0]), "choose two runs at least"),
        (at(seals[0], seals[0]), "choose two runs at least"),
        (at(*seals[:2], *seals[:1]), ""),
    ):
        reply = shown(client, path)
        assert (reply.status, said in reply.text) == ((400, True) if said else (200, True))
    assert client.get(at(seals[0], "0" * 64)).status == 404
    assert client.get(at(*(f"{number:064x}" for number in range(300)))).status == 404
    assert page.MOST_RUNS < 26, "each has a letter"


def test_another_projects_run_is_not_there_and_a_viewer_may_look(site: Site, seals: list[str]) -> None:
    stranger = site.person("compare-stranger", "admin", site.project("comparing"))
    assert stranger.get(at(*seals[:2])).status == 404
    assert stranger.get(f"/p/comparing/compare?run={seals[0]}&run={seals[1]}").status == 404
    assert "No two runs" in stranger.get("/p/comparing/compare").text
    viewer = site.person("compare-viewer", "viewer")
    assert shown(viewer, at(*seals[:2])).status == 200


def test_the_web_process_loads_no_statistics_for_it(site: Site, seals: list[str]) -> None:
    assert shown(site.administrator(), at(*seals)).status == 200
    mapped = Path(f"/proc/{site.process.pid}/maps").read_text()
    assert "psycopg" in mapped, "what it does load is seen"
    assert not [name for name in ("scipy", "numpy") if f"/{name}/" in mapped]

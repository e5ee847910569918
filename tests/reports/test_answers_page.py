"""The page of answers as a file: what is in it, what is cut and withheld, and hostile text that stays text."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import tracemalloc
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import steelyard.reports
from steelyard.reports.answers_page import CHUNK, FIRST, LONGEST, SIGNS, WITHHELD, About, ShownAnswer, write_page
from tests.reports import answers_fixtures as make

TEMPLATES = Path(steelyard.reports.__file__).parent / "templates"
VOID = {"meta", "br", "input", "img"}
LOADING = {"src", "srcset", "action", "formaction", "data", "poster", "style", "background", "ping"}


class Page(HTMLParser):
    """What a browser would run, and what it would show without running it."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.notes: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._text: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append((tag, "hidden" in dict(attrs) or tag in ("template", "script", "style")))
        if tag in ("dt", "dd"):
            self._text.append(" ")
        if tag in ("script", "style"):
            (self.scripts if tag == "script" else self.styles).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag, f"</{tag}> closes another element"

    def handle_comment(self, data: str) -> None:
        self.notes.append(data)

    def handle_data(self, data: str) -> None:
        within = self._open[-1][0] if self._open else ""
        if within in ("script", "style"):
            (self.scripts if within == "script" else self.styles)[-1] += data
        elif not any(is_hidden for _, is_hidden in self._open):
            self._text.append(data)

    @property
    def shown(self) -> str:
        return " ".join("".join(self._text).split())

    @property
    def rows(self) -> list[str]:
        return re.findall(r'<li class="answer .*?</li>', self.source.partition("<template")[0], re.DOTALL)

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The chunks, and the index after them."""
        *chunks, index, _ = self.scripts
        return [*(json.loads(unpacked(each)) for each in chunks), json.loads(index)]


def unpacked(chunk: str) -> str:
    return gzip.decompress(base64.b64decode(chunk, validate=True)).decode()


def page(folder: Path, answers: Iterable[ShownAnswer], about: About | None = None) -> Page:
    write_page(folder / "page.html", answers, about or make.about())
    return Page((folder / "page.html").read_bytes().decode())


def test_an_answer_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    answer = make.answer(
        3, reading="partly right", score=0.5, why="2 of 4 followed", repeat=2, reasoning=1234, measurement="00-sums"
    )
    shown = page(tmp_path, [answer]).shown
    assert (
        "½ partly right sums/row/3 score 0.5 sums measurement 00-sums repeat 2 scorer answer@5 2 of 4 followed "
        "Question What is 3 + 1? " in shown
    )
    assert "Expected 4" in shown
    assert (
        "Reasoning 1,234 characters, not in this page: steelyard show 'runs/demo run' --sample sums/row/3 --reasoning "
        in shown
    )


def test_the_head_says_whose_answers_these_are(tmp_path: Path) -> None:
    shown = page(tmp_path, make.answers(30), make.about(selection="--wrong --task sums", of=1319)).shown
    for said in (
        "Example-7B-Instruct as served by openai:example-7b@http://localhost:8000/v1",
        "✓ 18 right ✗ 3 wrong ½ 3 partly right ? 3 open – 3 missing",
        "Run demo run SHA-256 of its plan 22055196fdc7e41c3075b85e93db8f72da95fefb83ef1b3f2a19d7e70ba7e40b",
        "Answers in this page 30 of 1,319, chosen by --wrong --task sums",
        "This page is not part of the sealed run; steelyard verify 'runs/demo run' checks the run.",
        "30 of 30 shown",
    ):
        assert said in shown
    assert "Withheld" not in shown
    assert "30, all of the run" in page(tmp_path, make.answers(30)).shown
    assert "the run, which is not sealed yet" in page(tmp_path, [], make.about(is_sealed=False)).shown


def test_the_first_are_plain_html_and_all_are_in_chunks(tmp_path: Path) -> None:
    made = page(tmp_path, make.answers(2 * CHUNK + 1))
    assert len(made.rows) == FIRST == 50
    assert "These are the first 50 of 1,001; the rest need JavaScript." in made.shown
    assert "the first 50 of 1,001 shown" in made.shown
    *chunks, index = made.documents
    assert [len(chunk["rows"]) for chunk in chunks] == [CHUNK, CHUNK, 1]
    assert len(index["readings"]) == len(index["task"]) == 1001
    assert index["tasks"] == ["arithmetic", "trains", "tickets"]
    assert [list(SIGNS)[int(each)] for each in index["readings"][5:10]] == list(SIGNS)
    assert "Filters and the search need JavaScript." in page(tmp_path, make.answers(50)).shown


def test_a_chunk_has_a_text_once(tmp_path: Path) -> None:
    chunk, _ = page(tmp_path, [make.answer(1, repeat=repeat) for repeat in range(9)]).documents
    assert len(chunk["texts"]) == len(set(chunk["texts"])) == 7  # score, task, "", id, question, expected, scorer
    assert {row[9] for row in chunk["rows"]} == {chunk["texts"].index("What is 1 + 1?")}


def test_a_long_text_keeps_its_start_and_its_end(tmp_path: Path) -> None:
    long = "a" * 1500 + "b" * 1500 + "#### 18"
    made = page(tmp_path, [make.answer(1, answer=long, question="q" * LONGEST, sample="it's")])
    assert "aaaa" + "1,007 characters cut here: " in made.shown
    assert """steelyard show 'runs/demo run' --sample 'it'"'"'s' --json prints all""" in made.shown
    assert "bbb#### 18" in made.shown
    chunk, _ = made.documents
    head, cut, tail = chunk["rows"][0][11]
    assert (chunk["texts"][head], cut, chunk["texts"][tail]) == ("a" * 1000, 1007, "b" * 993 + "#### 18")
    assert "q" * LONGEST in chunk["texts"]


def test_the_command_for_long_reasoning_prints_all_of_it(tmp_path: Path) -> None:
    shown = page(tmp_path, [make.answer(1, reasoning=LONGEST), make.answer(2, reasoning=LONGEST + 1)]).shown
    assert "--sample sums/row/1 --reasoning ✓" in shown
    assert "--sample sums/row/2 --reasoning --json" in shown


def test_withheld_texts_are_named_and_counted(tmp_path: Path) -> None:
    withheld = make.answer(1, question=None, expected=None, answer=None)
    made = page(tmp_path, [withheld, make.answer(2, answer=""), make.answer(3, question=None)])
    assert made.shown.count(WITHHELD) == 4
    assert made.shown.count("(empty)") == 1
    assert "Withheld 2 answers, whose texts are not in the run’s folder" in made.shown
    chunk, _ = made.documents
    assert chunk["rows"][0][9:12] == [None, None, None]


def test_no_answer_is_one_of_these(tmp_path: Path) -> None:
    made = page(tmp_path, [], make.about(selection="--open", of=1319))
    assert made.rows == []
    assert "None of 1,319 answers is one of these." in made.shown


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    hostile = make.about(
        run="/tmp/" + make.HOSTILE[0].replace("/", "-"),
        model=make.HOSTILE[0],
        served=make.HOSTILE[2],
        selection=make.HOSTILE[1],
        digest=make.HOSTILE[3],
    )
    plain, made = page(tmp_path, make.answers(6)), page(tmp_path, make.hostile(), hostile)
    assert len(made.rows) == len(plain.rows) == 6
    extra = {"option", "select", "label"}  # a task each
    assert {tag for tag, _ in made.tags} - extra == {tag for tag, _ in plain.tags} - extra
    assert sum(tag == "script" for tag, _ in made.tags) == 3
    assert made.notes == []
    assert made.scripts[-1] == (TEMPLATES / "answers.js").read_text("utf-8")
    for invisible in "\x1b\u202e\x00\u2028\u2029":
        assert invisible not in made.source
    assert "\\u2028" not in made.source  # it is shown as U+FFFD
    assert "{{7*7}}" in made.shown  # no template is filled by what others wrote


@pytest.mark.parametrize("text", make.HOSTILE)
def test_the_data_cannot_leave_their_element(text: str, tmp_path: Path) -> None:
    source = page(tmp_path, [make.answer(1, answer=text)]).source
    _, _, data = source.partition('<script type="application/gzip" class="chunk">')
    data = data.partition("</script>")[0]
    assert not set("<>&\u2028\u2029") & set(data)
    data = unpacked(data)
    assert not set("<>&\u2028\u2029") & set(data)
    texts = json.loads(data)["texts"]
    assert any(each.startswith(text[:5].replace("\x1b", "\ufffd")) for each in texts)


def test_its_policy_allows_our_script_and_style_and_nothing_else(tmp_path: Path) -> None:
    made = page(tmp_path, make.hostile())
    (policy,) = [each["content"] for tag, each in made.tags if each.get("http-equiv") == "Content-Security-Policy"]
    hashes = [
        base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in (made.scripts[-1], *made.styles)
    ]
    assert len(hashes) == 2
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    for tag, attributes in made.tags:
        assert not LOADING & attributes.keys(), tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert tag != "link"
        assert attributes.get("href", "#")[:1] == "#"  # type: ignore[index]


def test_our_own_sources_can_stand_in_a_page(tmp_path: Path) -> None:
    made = page(tmp_path, [])
    ends = re.compile(r"</|<!--|<script|\{\{|\{%|\r")
    asks = re.compile(r"url\(|@import|fetch\(|XMLHttp|import\(")
    runs = re.compile(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(")
    for source in (made.scripts[-1], *made.styles):
        assert len(source) > 5000
        assert not ends.search(source)
        assert not asks.search(source)
        assert not runs.search(source)


def test_it_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("before")

    def failing() -> Iterable[ShownAnswer]:
        yield from make.answers(CHUNK + 1)
        raise ValueError("the journal is torn")

    with pytest.raises(ValueError, match="torn"):
        write_page(tmp_path / "page.html", failing(), make.about())
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert (tmp_path / "page.html").read_text() == "before"
    assert write_page(tmp_path / "page.html", make.answers(3), make.about()) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_two_pages_of_the_same_answers_are_equal(tmp_path: Path) -> None:
    assert page(tmp_path, make.answers(700)).source == page(tmp_path, make.answers(700)).source


def test_the_answers_are_not_held_in_memory(tmp_path: Path) -> None:
    text = "x" * 1500

    def many() -> Iterable[ShownAnswer]:
        for number in range(4000):
            yield make.answer(number, question=f"{number}{text}", answer=f"{text}{number}")

    tracemalloc.start()
    try:
        write_page(tmp_path / "page.html", many(), make.about())
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tmp_path / "page.html").stat().st_size < 4e6  # of 12 MB of texts
    assert most < 9e6  # a few chunks of 1.5 MB

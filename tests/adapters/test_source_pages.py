"""The vendor's pages beside a sheet: a row is found beside its benchmark's name alone, and fields by their readers."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from steelyard.adapters import source_pages
from steelyard.adapters.sheet_file import sheet_text
from steelyard.adapters.source_pages import MOST, Page, bound, placed, sealed_name
from steelyard.claims.benchmarks import keys_in
from steelyard.claims.sheet import read_sheet
from steelyard.errors import InputError
from steelyard.records import Claim, ClaimSheet, Protocol, SourceFile

CARDS = Path(__file__).parent.parent / "assets" / "cards"
SHEETS = Path(__file__).parents[2] / "examples" / "cards"

BY_ROW = """| Benchmark | # Shots | Ours | Theirs |
|---|---|---|---|
| GSM8K | 5 | **69.8**<sup>1</sup> | 71.0 |
| MMLU-Pro | 5 | 50.10 | 51 |
"""
BY_COLUMN = "| Model | GSM8K (8-shot) | MMLU |\n|---|---|---|\n| Ours | 69.8 | 74,3 |\n"
HTML = (
    "<table><tr><th>Model</th><th>GSM8K</th></tr><tr><td>Ours</td><td>69.8%</td></tr></table><p>By greedy decoding.</p>"
)
PROSE = "Ours reaches\n69.8 % on GSM8K (eight-shot, CoT), sampled at temperature 0.6.\n\n- MMLU: 74.3\n- MATH: 51.9\n"
INDEX = """---
model-index:
- name: ours
  results:
  - task: {type: text-generation}
    dataset: {name: GSM8K, type: gsm8k, args: {num_few_shot: 5}}
    metrics:
    - {type: acc, value: 69.8}
---
"""


def place(row: Claim, *texts: str, where: str = "") -> Claim:
    pages = [Page(SourceFile(file="card.md", text=text), Path("card.md"), [row]) for text in texts]
    return placed(row, pages, where)


def claim(task: str = "gsm8k", value: str = "69.8", **fields: Any) -> Claim:
    return Claim(task=task, value=value, line=7, **fields)


@pytest.mark.parametrize(
    ("text", "task", "value", "line"),
    [
        (BY_ROW, "gsm8k", "69.8", 3),
        (BY_ROW, "mmlu_pro", "50.10", 4),
        (BY_ROW, "gsm8k", "69.80", 0),
        (BY_ROW, "gsm8k", "50.10", 0),
        (BY_ROW, "mmlu", "50.10", 0),
        (BY_ROW, "gsm8k", "5.0", 0),
        (BY_COLUMN, "gsm8k", "69.8", 3),
        (BY_COLUMN, "mmlu", "74.3", 3),
        (BY_COLUMN, "mmlu", "69.8", 0),
        (HTML, "gsm8k", "69.8", 1),
        (HTML, "gsm8k", "9.8", 0),
        (PROSE, "gsm8k", "69.8", 2),
        (PROSE, "mmlu", "74.3", 4),
        (PROSE, "math", "74.3", 0),
        (PROSE, "gsm8k", "8", 0),
        ("GSM8K of Ours-69.8B and 8-shot", "gsm8k", "69.8", 0),
        ("Elo on Chatbot Arena: 1,417", "Chatbot Arena", "1417", 1),
        ("| | Ours |\n|---|---|\n| C++ | 70.1 |\n| Σ | 70.2 |\n", "C++", "70.1", 3),
        ("| | Ours |\n|---|---|\n| C++ | 70.1 |\n| Σ | 70.2 |\n", "Σ", "70.2", 4),
        ("| | Ours |\n|---|---|\n| C++ | 70.1 |\n| Σ | 70.2 |\n", "Σ", "70.1", 0),
    ],
)
def test_a_value_stands_beside_its_name_or_nowhere(text: str, task: str, value: str, line: int) -> None:
    if line:
        found = place(claim(task, value), "no number here", text, where="sheet.yaml")
        assert found.place.startswith(f"source 2, line {line}: ")
        return
    with pytest.raises(InputError, match=rf"^sheet.yaml:7: '{task}' {value} is on no source"):
        place(claim(task, value), text, where="sheet.yaml")


@pytest.mark.parametrize("name", ["card.md", "index.csv", "results.json"])
def test_each_format_of_an_import_is_read(tmp_path: Path, name: str) -> None:
    texts = {"card.md": INDEX, "index.csv": "Benchmark,Ours\nGSM8K,69.8\n", "results.json": "{}"}
    (tmp_path / name).write_text(texts[name])
    found = Page(SourceFile(file=name), tmp_path / name, [claim()])
    if name == "results.json":
        assert not found.first
        return
    assert placed(claim(), [found], "").place
    assert name != "card.md" or placed(claim(shots=5), [found], "").unsourced == ()


@pytest.mark.parametrize(
    ("text", "fields", "unsourced"),
    [
        (BY_ROW, {"shots": 5}, ()),
        (BY_ROW, {"shots": 8}, ("shots",)),
        (BY_ROW + "\nGSM8K is 8-shot.\n", {"shots": 8}, ("shots",)),  # its row says 5
        (BY_COLUMN, {"shots": 8}, ()),
        (PROSE, {"shots": 8, "protocol": Protocol(prompt="8-shot CoT")}, ()),
        (PROSE, {"protocol": Protocol(prompt="chat template")}, ("prompt",)),
        (PROSE, {"protocol": Protocol(decoding="T=0.6")}, ()),
        (PROSE, {"protocol": Protocol(decoding="temperature 0.7")}, ("decoding",)),
        (PROSE, {"protocol": Protocol(decoding="greedy")}, ("decoding",)),
        (HTML, {"protocol": Protocol(decoding="greedy")}, ()),
        (HTML, {"protocol": Protocol(decoding="temperature 0")}, ()),
        ("GSM8K 69.8, without greedy decoding", {"protocol": Protocol(decoding="greedy")}, ("decoding",)),
        ("GSM8K 69.8, avg@64", {"repeats": 64, "metric": "avg@64"}, ()),
        ("GSM8K 69.8", {"repeats": 64, "metric": "avg@64"}, ("metric", "repeats")),
        ("GSM8K 69.8 of 1,319 questions", {"samples": 1319}, ()),
        ("GSM8K 69.8", {"samples": 1250, "note": "5-shot"}, ("samples", "shots")),
        ("GSM8K 69.8 (思维链)", {"protocol": Protocol(prompt="思维链", harness="lm-eval")}, ("harness",)),
        ("GSM8K 69.8", {"protocol": Protocol(max_tokens=512)}, ("max_tokens",)),
    ],
)  # fmt: skip
def test_a_field_is_the_vendors_where_its_reader_finds_it(
    text: str, fields: dict[str, Any], unsourced: tuple[str, ...]
) -> None:
    assert sorted(place(claim(**fields), text).unsourced) == sorted(unsourced)


def test_every_row_of_the_published_cards_is_found_and_none_with_another_value() -> None:
    rows, wrong = 0, 0
    for each in yaml.safe_load((CARDS / "cards.yaml").read_text())[::4]:
        claims = read_sheet(SHEETS / f"{each['sheet']}.yaml").claims
        changed = [replace(row, value=f"{row.value}{'0' if '.' in row.value else '.0'}") for row in claims]
        read = Page(SourceFile(file=each["file"]), CARDS / each["file"], [*claims, *changed])
        for row, other in zip(claims, changed, strict=True):
            assert placed(row, [read], "").unsourced == ()
            assert "shots" in placed(replace(row, shots=7), [read], "").unsourced
            rows += 1
            with pytest.raises(InputError, match="is on no source"):
                placed(other, [read], "")
            wrong += 1
    assert rows == wrong > 50


def test_sources_are_beside_the_sheet_or_given(tmp_path: Path) -> None:
    (tmp_path / "card.md").write_text(BY_ROW)
    digest = hashlib.sha256(BY_ROW.encode()).hexdigest()
    sheet = tmp_path / "sheet.yaml"
    source = SourceFile(file="card.md", sha256=digest)
    sheet.write_text(sheet_text(ClaimSheet(model="Ours", claims=(claim(),), source_files=(source,)), "by hand"))
    found, pages = bound(read_sheet(sheet), sheet)
    assert pages == {"sources/01-card.md": BY_ROW.encode()}
    assert found.claims[0].place == "source 1, line 3: GSM8K / Ours / 69.8 ^{1}"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "card.md").rename(tmp_path / "elsewhere" / "card.md")
    with pytest.raises(InputError, match=r"sheet.yaml:4: card.md is not beside the sheet: give it with --source FILE"):
        bound(read_sheet(sheet), sheet)
    assert bound(read_sheet(sheet), sheet, [tmp_path / "elsewhere" / "card.md"]) == (found, pages)
    (tmp_path / "card.md").write_text(BY_ROW + "\n")
    with pytest.raises(InputError, match=r"sheet.yaml:4: card.md is not the file that the sheet names: its SHA-256 is"):
        bound(read_sheet(sheet), sheet)
    assert bound(ClaimSheet(model="Ours"), sheet) == (ClaimSheet(model="Ours"), {})


def test_a_pdf_is_sealed_by_its_digest_with_what_was_typed(tmp_path: Path) -> None:
    path, sheet = tmp_path / "paper.pdf", tmp_path / "sheet.yaml"
    path.write_bytes(b"%PDF-1.7 \xff")
    sheet.write_text("model: Ours\nclaims:\n  - {task: gsm8k, value: 69.8, shots: 5}\n")
    with pytest.raises(InputError, match=r"paper.pdf is not text in UTF-8: type what a PDF or an image says"):
        bound(read_sheet(sheet), sheet, [path])
    with sheet.open("a") as file:
        file.write("source_files:\n  - {file: paper.pdf, text: 'Table 3: GSM8K 69.8 (5-shot)'}\n")
    found, pages = bound(read_sheet(sheet), sheet, [path])
    assert (pages, found.claims[0].unsourced) == ({}, ())
    assert found.source_files[0].sha256 == hashlib.sha256(b"%PDF-1.7 \xff").hexdigest()
    path.write_text("a page of text")
    with pytest.raises(InputError, match="is text, and sealed whole: leave out what is typed of it"):
        bound(read_sheet(sheet), sheet, [path])


def test_a_page_leads_to_no_folder_and_is_bounded(tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text(BY_ROW)
    (tmp_path / "sheets").mkdir()
    source = SourceFile(file="../secret.md", sha256="0" * 64, line=3)
    sheet = ClaimSheet(model="Ours", claims=(claim(),), source_files=(source,))
    with pytest.raises(InputError, match=r"\.\./secret.md is not beside the sheet"):
        bound(sheet, tmp_path / "sheets" / "sheet.yaml")
    assert sealed_name(3, SourceFile(file="../a b\n.md")) == "sources/03-..-a-b-.md"
    spread = "".join(f"<td rowspan=500>{number} {'88.0 w ' * 280}</td>" for number in range(100))
    below = "".join(f"<tr><td>b{number}</td></tr>" for number in range(99))
    for text in (
        "a\n" * (MOST + 1),
        "".join(f"{number}{'w' * 1_000}\n" for number in range(5_000)),
        f"<table><tr><th>h</th></tr><tr>{spread}<td>a</td></tr>{below}</table>",
    ):
        with pytest.raises(InputError, match="or long ones: keep those of claims"):
            place(claim(), text)
    secret.write_bytes(b"a" * (8 * 2**20 + 1))
    with pytest.raises(InputError, match="larger than 8 MiB"):
        bound(ClaimSheet(model="Ours"), tmp_path / "sheet.yaml", [secret])


@pytest.mark.parametrize("text", ["1", " ", "<", "<table", "![", "**`_~", "<!--", "&lt;", "no a", "t=1 "])
def test_a_hostile_page_is_read_in_time_that_grows_with_it(text: str) -> None:
    with pytest.raises(InputError, match="is on no source"):
        place(claim(), text * (300_000 // len(text)))


def test_the_names_of_a_passage_are_read_once_for_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    names, read = [f"bench{number}x" for number in range(1_000)], []

    def names_in(text: str) -> frozenset[str]:
        read.append(text)
        return frozenset(keys_in(text))

    monkeypatch.setattr(source_pages, "_names_in", names_in)
    rows = [claim(each, "88.0") for each in names]
    text = "".join(f"- {each} 88.0\n" for each in names)
    found = Page(SourceFile(file="card.md", text=text), Path("card.md"), rows)
    places = [placed(row, [found], "").place for row in rows]
    assert places == [f"source 1, line {at}: - {each} 88.0" for at, each in enumerate(names, 1)]
    assert len(read) == len(names)


@pytest.mark.parametrize(
    ("named", "given", "why"),
    [
        (["card.md"], [], ""),
        (["card.md", "copy.md", "two.md"], [], ""),
        (["card.md", "!notes.txt"], [], "sheet.yaml:3: !notes.txt has no sha256: give it with --source FILE"),
        (["card.md", "!notes.txt"], ["!notes.txt"], ""),
        (["card.md", "../x/!notes.txt"], [], r"\.\./x/!notes.txt has no sha256"),
        (["card.md", "!typed.pdf"], [], "!typed.pdf has no sha256"),
        (["card.md", "typed.pdf"], [], ""),
        ([f"{number}.md" for number in range(51)], [], "sheet.yaml: has 51 sources, over 50: split the sheet"),
    ],
)
def test_a_sheet_names_no_file_that_its_writer_does_not_know(
    tmp_path: Path, named: list[str], given: list[str], why: str
) -> None:
    """A name with ``!`` stands in the sheet without a digest."""
    texts = {"two.md": "MMLU-Pro: 50.10", "!notes.txt": "KEY=69.8\n", "typed.pdf": "%PDF-1.7", "!typed.pdf": "%PDF-1.7"}
    for name in ("card.md", "copy.md", *texts):
        (tmp_path / name).write_text(texts.get(name, BY_ROW))
    files = tuple(
        SourceFile(
            file=name,
            sha256="" if "!" in name else hashlib.sha256(texts.get(name, BY_ROW).encode()).hexdigest(),
            text="GSM8K 69.8" if name.endswith("pdf") else "",
            line=at,
        )
        for at, name in enumerate(named, 2)
    )
    sheet = ClaimSheet(model="Ours", claims=(claim(), claim("mmlu_pro", "50.10")), source_files=files)
    bind = partial(bound, sheet, tmp_path / "sheet.yaml", [tmp_path / name for name in given])
    if why:
        with pytest.raises(InputError, match=why):
            bind()
        return
    assert len(bind()[1]) == len([name for name in named if not name.endswith("pdf")])


@pytest.mark.parametrize(
    ("page", "is_text"),
    [
        ("GSM8K 69.8 \ufffd".encode(), True),
        (b"\xef\xbb\xbfGSM8K 69.8", True),
        (b"GSM8K 69.8 \xff", False),
        (b"GSM8K 69.8 \0", False),
        (b"%PDF-1.7 GSM8K 69.8", False),
    ],
)
def test_text_is_what_decodes_as_utf_8(tmp_path: Path, page: bytes, is_text: bool) -> None:
    (tmp_path / "card.md").write_bytes(page)
    bind = partial(bound, ClaimSheet(model="Ours", claims=(claim(),)), tmp_path / "sheet.yaml", [tmp_path / "card.md"])
    if is_text:
        assert bind()[1] == {"sources/01-card.md": page}
        return
    with pytest.raises(InputError, match=r"card.md is not text in UTF-8"):
        bind()

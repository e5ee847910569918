"""Model cards → claim sheets: values as printed, units inferred, and always a sheet that the desk screen reads."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.adapters.model_card import read_model_card
from steelyard.adapters.sheet_file import decimal_text, sheet_text
from steelyard.claims.sheet import read_sheet
from steelyard.detectors.screen.screen import screen
from steelyard.errors import InputError
from steelyard.records import Claim, ClaimSheet, Protocol

CARD = Path(__file__).parent.parent / "assets" / "cards" / "README.md"


def test_a_card_becomes_a_sheet(tmp_path: Path) -> None:
    sheet = read_model_card(CARD)
    assert sheet.model == "acme-7b"
    found = [(claim.task, claim.value, claim.unit, claim.metric, claim.shots) for claim in sheet.claims]
    assert found == [
        ("arc-challenge", "64.50", "percent", "acc_norm", 25),
        ("hellaswag", "0.83", "percent", "acc_norm", 10),
        ("gsm8k", "69.80", "percent", "accuracy", None),
        ("WikiText", "12.25", "points", "perplexity", None),
        ("In-house quiz", "0.57", "fraction", "exact_match", None),
    ]
    notes = [claim.origin for claim in sheet.claims]
    assert "values beside it are above 1" in notes[1]  # .83 percent in a table of percentages: noted, not hidden
    assert "verified by the hub" in notes[1]
    assert "printed with ± 0.4" in notes[2]
    assert "https://example.org/leaderboard" in notes[0]
    assert any("1 of 6 results hold no plain number" in note for note in sheet.origin)


def test_the_sheet_is_one_that_the_desk_screen_reads(tmp_path: Path) -> None:
    sheet = read_model_card(CARD)
    (tmp_path / "sheet.yaml").write_text(sheet_text(sheet, "Imported"))
    again = read_sheet(tmp_path / "sheet.yaml")
    assert [msgspec.structs.replace(claim, line=0) for claim in again.claims] == list(sheet.claims)
    assert screen(again)[0] == ()


def test_metadata_without_a_card_is_read_alike(tmp_path: Path) -> None:
    text = CARD.read_text().split("---")[1]
    (tmp_path / "metadata.yaml").write_text(text)
    assert read_model_card(tmp_path / "metadata.yaml").claims == read_model_card(CARD).claims


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# no front matter\n", "no front matter"),
        ("---\nlicense: mit\n---\n", "no model-index"),
        ("---\nmodel-index:\n- name: x\n  results: []\n---\n", "no model-index with results"),
        ("---\nmodel-index: [\n---\n", "not valid YAML"),
        ("---\nmodel-index: 1\n", "no end"),
        ("---\nmodel-index: &a [*a]\n---\n", "anchors"),
        ("---\na: !!python/object:os.system 1\n---\n", "tags"),
    ],
)
def test_cards_without_results_are_refused_with_the_reason(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "README.md").write_text(text)
    with pytest.raises(InputError, match=words) as refused:
        read_model_card(tmp_path / "README.md")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        ("69.80", "69.80"),
        ("-1.5", "-1.5"),
        ("\N{MINUS SIGN}1.5", "-1.5"),
        ("1e2", "100"),
        ("0.8571428571428571", "0.857142857143"),
        ("1e99", None),
        ("1,417", None),
        ("nan", None),
        ("0x10", None),
        ("٣", None),
        ("", None),
    ],
)
def test_numbers_keep_their_decimals(printed: str, kept: str | None) -> None:
    assert decimal_text(printed) == kept


ANY = st.text(max_size=30)
CLAIMS = st.builds(
    Claim,
    task=ANY.filter(lambda text: text.strip() != ""),
    value=st.decimals(-(10**6), 10**6, places=4).map(lambda value: format(value, "f")),
    unit=st.sampled_from(["percent", "fraction", "elo", "points"]),
    metric=ANY,
    samples=st.none() | st.integers(1, 10**9),
    shots=st.none() | st.integers(0, 100),
    variant=ANY,
    note=ANY,
    protocol=st.builds(Protocol, prompt=ANY, decoding=ANY, harness=ANY),
)


@given(model=ANY, vendor=ANY, footnotes=st.lists(ANY, max_size=3), claims=st.lists(CLAIMS, min_size=1, max_size=4))
def test_any_sheet_is_written_as_one_that_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, model: str, vendor: str, footnotes: list[str], claims: list[Claim]
) -> None:
    path = tmp_path_factory.mktemp("sheet") / "sheet.yaml"
    sheet = ClaimSheet(model=model or "m", vendor=vendor, footnotes=tuple(footnotes), claims=tuple(claims))
    path.write_text(sheet_text(sheet, vendor), encoding="utf-8")
    try:
        again = read_sheet(path)
    except InputError as refused:
        assert "is empty: it needs a name" in str(refused)  # noqa: PT017  # of white space alone
        return
    for was, now in zip(claims, again.claims, strict=True):
        assert (was.value, was.unit, was.samples, was.shots) == (now.value, now.unit, now.samples, now.shots)


@given(card=st.text(alphabet="-:[]{}#&*!|>'\"%@ \n\tmodel-index name results metrics value 0123456789.", max_size=200))
def test_any_front_matter_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, card: str) -> None:
    path = tmp_path_factory.mktemp("card") / "README.md"
    path.write_text(f"---\nmodel-index:\n{card}\n---\n")
    try:
        read_model_card(path)
    except InputError as refused:
        assert "\n" not in str(refused)  # noqa: PT017

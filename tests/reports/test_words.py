"""Words and numbers: never false precision, intervals outward, nothing invisible."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.records import Finding, Needs, Note
from steelyard.reports import headlines, words
from steelyard.reports.limits import limits
from steelyard.util.text import one_line
from tests.reports import report_fixtures as make


@given(st.text(), st.integers(1, 60))
def test_one_line_shows_only_what_can_be_seen(text: str, limit: int) -> None:
    shown = one_line(text, limit)
    assert len(shown) <= limit
    assert len(shown.splitlines()) <= 1
    assert all(character.isprintable() or character == "…" for character in shown)
    shown.encode()


@pytest.mark.parametrize(
    "hidden", ["\x1b", "\x00", "\x9b", "\u202e", "\u2066", "\u200b", "\ud800", "\U000e0041", "\ufeff"]
)
def test_one_line_replaces_what_could_deceive(hidden: str) -> None:
    assert one_line(f"a{hidden}b") == "a\N{REPLACEMENT CHARACTER}b"


def test_one_line_joins_lines() -> None:
    assert one_line(" a\r\n\tb\u2028c\xa0d ") == "a b c d"


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(["percent", "fraction"]))
def test_an_interval_is_shown_no_narrower_than_it_is(one: float, other: float, unit: str) -> None:
    low, high = sorted((one, other))
    left, right = words.interval((low, high), unit).removesuffix(" %").split("–")
    scale = 100 if unit == "percent" else 1
    assert float(left) <= low * scale + 1e-6
    assert float(right) >= high * scale - 1e-6
    assert len(left.partition(".")[2]) == (1 if unit == "percent" else 3)


def test_numbers_are_in_the_claims_unit() -> None:
    assert words.share(0.57, "percent") == "57.0 %"
    assert words.share(0.57, "fraction") == "0.570"
    assert words.share(None, "percent") == words.share(float("nan"), "percent") == "–"
    assert words.interval((0.57, 0.57), "percent") == "57.0–57.0 %"
    assert words.interval(None, "percent") == "–"
    assert words.points(0.02, "percent") == "2.0 points"
    assert words.points(0.0025, "percent") == "0.25 points"
    assert words.points(0.02, "fraction") == "0.020"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "1 second"), (40, "40 seconds"), (1260, "21 minutes"), (12600, "3.5 hours"), (1_000_000, "12 days")],
)
def test_durations(seconds: float, said: str) -> None:
    assert words.about_time(seconds) == said


def test_estimates_have_two_digits() -> None:
    assert [words.about(number) for number in (7, 99, 104, 1187, 13_960)] == ["7", "99", "100", "1,200", "14,000"]


def test_p_values() -> None:
    assert [words.p_value(p) for p in (None, float("nan"), 0.0, 0.0123, 1.0)] == [
        "",
        "",
        "p < 0.0001",
        "p = 0.012",
        "p = 1",
    ]


def test_verdicts_use_the_fixed_words() -> None:
    said = [words.verdict_words(claim) for claim in make.verdict().claims]
    assert said[:3] == [
        "consistent (to within 2.0 points)",
        "inconsistent (below the claim by more than 2.0 points)",
        "insufficient power (needs about 1,200 more samples, about 21 minutes)",
    ]
    assert said[4] == "not tested (its data is not here: give --data DIR)"
    everything = " ".join([*said, headlines.headline(make.verdict()), *limits(make.verdict(), make.plan())]).lower()
    assert "clean" not in everything
    assert "cheat" not in everything


def test_variants_of_a_verdict() -> None:
    consistent, _, undecided = make.verdict().claims[:3]
    better = msgspec.structs.replace(consistent, better=True)
    assert words.verdict_words(better) == "consistent (to within 2.0 points; better than claimed)"
    one = msgspec.structs.replace(undecided, needs=Needs(samples=1))
    assert words.verdict_words(one) == "insufficient power (needs about 1 more sample)"
    stopped = msgspec.structs.replace(undecided, needs=None, reason="the limit was reached.")
    assert words.verdict_words(stopped) == "insufficient power (the limit was reached)"


def test_what_the_sheet_remarks_on_a_claim_is_not_lost() -> None:
    inflated = msgspec.structs.replace(make.verdict().claims[1], note="inflated on purpose")
    assert words.verdict_words(inflated).endswith("; the sheet says “inflated on purpose”)")


def test_reruns() -> None:
    inflated, greedy = make.verdict().claims[1], words.measurements_of(make.plan())["gsm8k"]
    assert words.reruns(inflated, greedy).startswith("Not explained by re-runs: decoding is greedy")
    sampled = msgspec.structs.replace(greedy, decoding="sampled")
    likely = msgspec.structs.replace(inflated, implied_reruns={"0.05": 4100, "0.5": None})
    assert words.reruns(likely, sampled) == (
        "Luck with re-runs: to reach 57.0 % once, with a chance of 5 %, the system, as it answered here, must be run "
        "at least 4,100 times; with an even chance, more than a million times."
    )
    never = msgspec.structs.replace(inflated, implied_reruns={"0.05": None, "0.5": None})
    assert "a million independent re-runs" in words.reruns(never, None)
    once = msgspec.structs.replace(inflated, implied_reruns={"0.05": 1, "0.5": 9})
    assert "A single re-run" in words.reruns(once, None)
    assert words.reruns(msgspec.structs.replace(inflated, implied_reruns={}), None) == ""
    assert words.reruns(make.verdict().claims[0], None) == ""


def test_the_lowest_score_that_counts_includes_the_rounding() -> None:
    assert words.floor(make.verdict().claims[0]) == pytest.approx(0.409 - 0.0005 - 0.02)
    assert words.floor(make.verdict().claims[-1]) is None


def test_limits_of_a_measurement() -> None:
    sampled = make.measurement("HumanEval", 164, decoding="sampled", temperature=0.8, repeats=5)
    said = " ".join(limits(make.measured_verdict(), make.only(make.plan(), sampled)))
    for part in ("is Wilson's", "1 answer is missing", "from 7 answers", "Only one configuration"):
        assert part in said
    for part in ("weighted Holm", "for each claim", "valid whenever the run stops", "the tolerance"):
        assert part not in said


def test_equal_reasons_are_printed_once() -> None:
    groups = words.untested(make.verdict())
    assert [tasks for _, _, tasks in groups] == [["BBH"], ["IFEval", "PIQA"], ["LMArena"]]


def test_findings_and_their_numbers() -> None:
    finding = Finding(detector="d", check="c", task="GSM8K", p=0.00001, e=31.25, n=300, message="a gap")
    assert words.remark(finding) == "GSM8K: a gap"
    assert words.finding_numbers(finding) == "p < 0.0001, e = 31.2, n = 300"
    assert words.remark(Note(detector="d", check="c", task="GSM8K", message="GSM8K: said")) == "GSM8K: said"


def test_only_limits_of_this_verdict_are_listed() -> None:
    said = " ".join(limits(make.verdict(), make.plan()))
    for part in (
        "does not prove training on the test",
        "weighted Holm",
        "valid whenever the run stops",
        "Only one configuration",
    ):
        assert part in said
    for part in (
        "2 answers are missing",
        "from 3 answers",
        "withheld",
        "differences from the vendor",
        "file with the digest",
    ):
        assert part in said
    plan = make.plan()
    unknown = msgspec.structs.replace(plan.subject.identity, sha256="")
    endpoint = msgspec.structs.replace(
        plan,
        models={"subject": msgspec.structs.replace(plan.subject, identity=unknown)},
        texts="sealed",
        measurements=tuple(msgspec.structs.replace(each, decoding="sampled") for each in plan.measurements),
    )
    said = " ".join(limits(make.verdict(), endpoint))
    assert "known only by what it reports about itself" in said
    assert "withheld" not in said
    assert "noise of the vendor's own passes" in said


def test_limits_of_a_screen_and_of_the_verdict_itself() -> None:
    screened = msgspec.structs.replace(
        make.verdict(), claims=(), measurements=(), limits=("Of its own.", "Of its own.")
    )
    assert limits(screened) == ("A note proves nothing by itself and never changes the verdict.", "Of its own.")
    again = msgspec.structs.replace(make.verdict(), limits=limits(make.verdict(), make.plan()))
    assert limits(again, make.plan()) == limits(make.verdict(), make.plan())


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("", ""),
        ("source 1, line 7: MMLU / model A / 95.0", "; claimed in source 1, line 7: MMLU / model A / 95.0"),
        ("source 1,\n\x1b[2Jline 7", "; claimed in source 1, \N{REPLACEMENT CHARACTER}[2Jline 7"),
        ("x" * 300, f"; claimed in {'x' * 159}…"),
    ],
)
def test_an_inconsistent_claim_is_shown_with_its_place(place: str, said: str) -> None:
    claim = msgspec.structs.replace(make.verdict().claims[0], place=place)
    without = words.claim_words(msgspec.structs.replace(claim, place=""))
    assert words.claim_words(claim).detail == without.detail + said

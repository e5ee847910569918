"""The process that compares: the numbers of ``steelyard compare``, and in one line why there are none."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from steelyard.api.compare import compare, portfolio
from steelyard.comparison.concentration import with_shares
from steelyard.evidence import layout
from steelyard_server.comparing.process import Asked, AskedRun, Compared, compared


def asked(*runs: Path, all_pairs: bool = False) -> Asked:
    found = tuple(AskedRun(folder=str(run), seal=layout.digest_and_lines(run, layout.BUNDLE)[0]) for run in runs)
    return Asked(runs=found, all_pairs=all_pairs)


@pytest.mark.parametrize("all_pairs", [False, True])
def test_it_is_the_comparison_of_the_command(same_samples: list[Path], all_pairs: bool) -> None:
    found = compared(asked(*same_samples, all_pairs=all_pairs))
    theirs = compare(*same_samples, all_pairs=all_pairs)
    assert found.comparison is not None
    assert found.portfolio is not None
    ours = found.comparison
    assert [each.contrasts for each in ours.pairs] == [each.contrasts for each in theirs.pairs]
    assert (ours.alpha, ours.tests, ours.weights, ours.notes) == (
        theirs.alpha, theirs.tests, theirs.weights, theirs.notes,
    )  # fmt: skip
    share = {str(run): part for run, part in zip(same_samples, (6, 3, 1), strict=True)}
    given = with_shares(found.portfolio, (6, 3, 1))
    assert given.concentrations == portfolio(*same_samples, share=share).concentrations
    assert [(cell.letter, cell.n) for cell in found.cells] == [("A", 60), ("B", 60), ("C", 60)]
    assert msgspec.json.decode(msgspec.json.encode(found), type=Compared) == found


def test_samples_that_differ_are_named_without_their_texts(same_samples: list[Path]) -> None:
    found, theirs = compared(asked(*same_samples[:2])), compare(*same_samples[:2])
    assert found.comparison is not None
    (pair,), (other,) = found.comparison.pairs, theirs.pairs
    assert [each.sample for each in pair.differing_samples] == [each.sample for each in other.differing_samples]
    assert all(each.question is None and each.first_answer is None for each in pair.differing_samples)
    assert [list(each) for each in found.measurements] == [["sums"], ["sums"]]


def test_nothing_of_it_says_where_the_runs_lie_or_quotes_them(same_samples: list[Path]) -> None:
    written = msgspec.json.encode(compared(asked(*same_samples))).decode()
    assert str(same_samples[0]) not in written
    assert same_samples[0].name not in written
    assert "What is" not in written


def test_what_cannot_be_compared_is_said_in_one_line(same_samples: list[Path], tmp_path: Path) -> None:
    one, other, _ = same_samples
    assert "is the same run" in compared(asked(one, one)).problem
    changed = tmp_path / "changed"
    shutil.copytree(one, changed)
    request = asked(changed, other)
    (changed / layout.SCORES).write_bytes(b"")
    found = compared(request)
    assert found.comparison is None
    assert str(changed) not in found.problem
    assert f"the run {request.runs[0].seal[:12]}" in found.problem or layout.SCORES in found.problem
    wrong = Asked(runs=(AskedRun(folder=str(one), seal="0" * 64), *request.runs[1:]))
    assert compared(wrong).problem == "the run 000000000000: its seal is not what was received here"

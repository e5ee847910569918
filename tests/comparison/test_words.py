"""What a comparison says."""

from __future__ import annotations

import re
from dataclasses import replace

from steelyard.comparison import words
from steelyard.comparison.compare import compare_runs
from testkit.comparison_runs import scored_run


def test_the_sentences() -> None:
    one = {"t": {f"s{each}": float(each % 10 > 4) for each in range(400)}}
    other = {"t": {f"s{each}": float(each % 10 > 2) for each in range(400)}}
    found = compare_runs([scored_run("a", one), scored_run("b", other)])
    assert re.fullmatch(r"b is better by 20\.0 points \(16\.\d to 24\.\d\)\.", words.headline(found))
    turned = compare_runs([scored_run("b", other), scored_run("a", one)])
    assert words.headline(turned).startswith("b is better by 20.0 points (16.")
    near = {"t": {f"s{each}": float((each + (each < 8)) % 10 > 4) for each in range(400)}}
    said = words.headline(compare_runs([scored_run("a", one), scored_run("c", near)]))
    assert re.fullmatch(
        r"Not told apart: c − a is between −\d\.\d and \+\d\.\d points; (to see 2 points you need about|a difference "
        r"of 2 points would probably show with these).*samples\.",
        said,
    )
    assert "equal" not in said


def test_two_runs_of_one_model_have_their_letters() -> None:
    one = {"t": {f"s{each}": float(each % 10 > 4) for each in range(400)}}
    other = {"t": {f"s{each}": float(each % 10 > 2) for each in range(400)}}
    found = compare_runs([scored_run("m", one), replace(scored_run("m", other), plan_sha256="f" * 64)])
    assert words.headline(found).startswith("m (B) is better by 20.0 points (16.")
    assert words.title(found, found.pairs[0]) == "m (B) against m (A)"
    third = scored_run("x" * 90, one)
    several = words.headline(compare_runs([scored_run("m", one), scored_run("n", other), third]))
    assert several == "n is better than m; 1 pair not told apart."

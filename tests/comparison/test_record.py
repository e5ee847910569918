"""A comparison is no gate: its exit code says whether all could be compared."""

from __future__ import annotations

from msgspec.structs import replace

from steelyard.comparison.compare import compare_runs
from steelyard.comparison.record import Skipped
from testkit.comparison_runs import scored_run


def test_the_exit_code_says_whether_all_was_compared() -> None:
    one = {"t": {f"s{each}": float(each % 2) for each in range(40)}}
    other = {"t": {f"s{each}": 0.0 for each in range(40)}}
    found = compare_runs([scored_run("a", one), scored_run("b", other)])
    assert found.exit == 0
    assert found.run("B").letter == "B"
    (pair,) = found.pairs
    assert pair.overall == pair.contrasts[0]
    skipped = replace(pair, skipped=(Skipped(task="u", reason="no sample is the same"),))
    assert replace(found, pairs=(skipped,)).exit == 3
    bare = replace(pair, contrasts=())
    assert bare.overall is None
    assert replace(found, pairs=(bare,)).exit == 3

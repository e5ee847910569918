"""``python -m bench.inhouse [PART …] [--runs N]``: print the tables of one, several or all parts.

With ``--reports`` also what reports show of the leak check.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from pathlib import Path

from bench.elsewhere import REPORTS, pooled, write_elsewhere
from bench.inhouse.table import where
from steelyard.plugins import find

__all__ = ["PARTS", "main", "write_reports"]

PARTS = {
    "judge": 4_000,
    "judged_gate": 500,
    "leak": 20_000,
    "variants": 20_000,
    "gate": 2_000,
    "choose": 500,
    "watch": 1_000,
}
"""Each part with the number of its runs for the docs."""
LEVEL = 0.05


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables of the parts that are named, or of all."""
    parser = argparse.ArgumentParser(prog="python -m bench.inhouse", description=__doc__)
    parser.add_argument("part", nargs="*", choices=[[], *PARTS])
    parser.add_argument(
        "--runs", type=int, help="instead of " + ", ".join(f"{name} {n:,}" for name, n in PARTS.items())
    )
    parser.add_argument("--reports", action="store_true", help="write what reports show of the leak check")
    given = parser.parse_args(arguments)
    for part in given.part or PARTS:
        runs = given.runs or PARTS[part]
        print(f"## {part}: {where()}\n", flush=True)
        for table in importlib.import_module(f"bench.inhouse.{part}").tables(runs):
            print(table, flush=True)
    if given.reports:
        write_reports(given.runs)


def write_reports(runs: int | None, path: Path = REPORTS) -> None:
    """Write what reports show of the leak check: both of its tests, at .05, of models that learned nothing."""
    from bench.inhouse import leak, variants

    kinds = {**leak.honest(runs or PARTS["leak"]), **variants.honest(runs or PARTS["variants"])}
    found, models, said = pooled({kind: (sum(p <= LEVEL for p in ps), len(ps)) for kind, ps in kinds.items()})
    what = f"simulated models that learned nothing of what was released, at {LEVEL:g}"
    write_elsewhere(f"leak@{find('detector', 'leak')().version}", what, found, models, path)
    print(f"leak: {found:,} of {models:,} models that learned nothing are found at {LEVEL:g}; of single kinds {said}.")


if __name__ == "__main__":
    main()

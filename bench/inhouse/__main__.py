"""``python -m bench.inhouse [PART …] [--runs N]``: print the tables of one, several or all parts."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence

from bench.inhouse.table import where

__all__ = ["PARTS", "main"]

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


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables of the parts that are named, or of all."""
    parser = argparse.ArgumentParser(prog="python -m bench.inhouse", description=__doc__)
    parser.add_argument("part", nargs="*", choices=[[], *PARTS])
    parser.add_argument(
        "--runs", type=int, help="instead of " + ", ".join(f"{name} {n:,}" for name, n in PARTS.items())
    )
    given = parser.parse_args(arguments)
    for part in given.part or PARTS:
        runs = given.runs or PARTS[part]
        print(f"## {part}: {where()}\n", flush=True)
        for table in importlib.import_module(f"bench.inhouse.{part}").tables(runs):
            print(table, flush=True)


if __name__ == "__main__":
    main()

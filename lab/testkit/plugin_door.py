"""A distribution that gives entry points, installed for the time of a test."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from steelyard import plugins

__all__ = ["installed"]


@contextmanager
def installed(site: Path, points: Mapping[str, str]) -> Iterator[None]:
    """``points`` are entry points by their names: ``{"scorer.mine": "module:Class"}``."""
    info = site / "of_a_test-0.7.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: of-a-test\nVersion: 0.7\n")
    lines = [f"{name} = {target}" for name, target in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[steelyard.plugins]", *lines, ""]))
    sys.path.insert(0, str(site))
    plugins._entries.cache_clear()
    try:
        yield
    finally:
        sys.path.remove(str(site))
        plugins._entries.cache_clear()

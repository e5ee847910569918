"""The built-in benchmarks: one YAML file each, read like anyone's own."""

from __future__ import annotations

from pathlib import Path

__all__ = ["FOLDER"]

FOLDER = Path(__file__).parent

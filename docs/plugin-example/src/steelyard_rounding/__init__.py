"""A model, a scorer and a task for Steelyard. The entry points in pyproject.toml name all three."""

from pathlib import Path

FOLDER = Path(__file__).parent / "tasks"

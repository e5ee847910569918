"""Prints what pins a benchmark's items in its task file: ``python -m tools.pin_items gsm8k mmlu --data DIR``.

With ``--write`` the list beside a built-in task file is written too (``items/ID.txt``).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from steelyard.tasks import load_task
from steelyard.tasks.catalogue import open_task_file
from steelyard.tasks.items import items_file, pin_of, short_digests


def main() -> None:
    """Print the line ``items:`` of each task, and write its list where that is wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="+", help="an id, or a task file")
    parser.add_argument("--data", type=Path, help="a mirror of the data sets (default: the hub)")
    parser.add_argument("--write", action="store_true", help="write the list of items beside the task file")
    arguments = parser.parse_args()
    for name in arguments.tasks:
        task = open_task_file(Path(name)) if name.endswith((".yaml", ".yml")) else load_task(name)
        digests = task.prepare(task.default_prompt, arguments.data, shots=0).item_digests()
        pinned = pin_of(digests)
        print(f"{task.id}: items: {{count: {pinned.count}, sha256: {pinned.sha256}}}")
        if arguments.write:
            listed = items_file(task.where, task.id)
            listed.parent.mkdir(exist_ok=True)
            listed.write_text(short_digests(digests), encoding="ascii")


if __name__ == "__main__":
    main()

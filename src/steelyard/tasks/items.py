"""The items of a benchmark by their content, whatever a mirror's order, further columns and prompt formats are.

An item's digest is that of question, choices and target in Unicode's form NFKC without white space, and of its images.
A task file pins its items by their number and by the digest of all digests, sorted. Beside it, ``items/ID.txt`` may
hold the first bytes of each, to count how many items of a mirror are published ones.
"""

from __future__ import annotations

import json
import unicodedata
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from steelyard.errors import InputError
from steelyard.tasks.definition import Items

__all__ = ["digest_of_item", "items_file", "pin_of", "published_among", "short_digests"]

SHORT = 4  # bytes of an item's digest in the list beside a task file


def digest_of_item(question: str, choices: Sequence[str], target: str, images: Sequence[str] = ()) -> bytes:
    """The digest of one item: 32 bytes; ``images`` are the digests of those that it shows."""
    parts: list[Any] = [_normal(question), [_normal(choice) for choice in choices], _normal(target)]
    if images:
        parts.append(list(images))
    return sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")).digest()


def _normal(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def pin_of(digests: Iterable[bytes]) -> Items:
    """What pins these items in a task file."""
    ordered = sorted(digests)
    return Items(count=len(ordered), sha256=sha256(b"".join(ordered)).hexdigest())


def short_digests(digests: Iterable[bytes]) -> str:
    """The text of an items file: the first bytes of each digest, sorted, in lines of Base64."""
    text = b64encode(b"".join(sorted(digest[:SHORT] for digest in digests))).decode()
    return "".join(f"{text[start : start + 120]}\n" for start in range(0, len(text), 120))


def items_file(task_file: Path, task_id: str) -> Path:
    """Where the list of a task's items is: ``items/ID.txt`` beside its file."""
    return task_file.parent / "items" / f"{task_id}.txt"


def published_among(digests: Sequence[bytes], pinned: Items, listed: Path) -> int:
    """How many of these items are published ones, each counted once; 0 where they differ and no list says in what.

    Raises InputError for a list that is not one of so many items.
    """
    if pin_of(digests) == pinned:
        return pinned.count
    if not listed.is_file():
        return 0
    try:
        data = b64decode("".join(listed.read_text("ascii").split()), validate=True)
    except ValueError:
        data = b""
    if len(data) != SHORT * pinned.count:
        raise InputError(
            f"does not list {pinned.count:,} items: make it again with lab/tools/pin_items.py", where=listed
        )
    published = Counter(data[start : start + SHORT] for start in range(0, len(data), SHORT))
    return (published & Counter(digest[:SHORT] for digest in digests)).total()

"""The words of ``--rpm``, ``--max-cost``, ``--prices`` … → the limits of a plan. Prices are always the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from steelyard.errors import InputError
from steelyard.records import Limits

__all__ = ["limits_of"]

MAX_PRICE = 1e6
MAX_BYTES = 1 << 20


def limits_of(chosen: dict[str, Any], uri: str) -> Limits:
    """Read the options; raises InputError where a price is none, or where a cost is bounded without prices."""
    prices = _prices(chosen.get("price"), chosen.get("prices"), uri)
    if chosen.get("max_cost") is not None and prices is None:
        raise InputError("--max-cost needs your prices: --price IN,OUT or --prices FILE")
    return Limits(
        requests_per_minute=chosen.get("rpm"),
        tokens_per_minute=chosen.get("tpm"),
        tokens=chosen.get("max_tokens"),
        cost=chosen.get("max_cost"),
        price_prompt=prices[0] if prices else None,
        price_completion=prices[1] if prices else None,
    )


def _prices(price: str | None, table: Path | None, uri: str) -> tuple[float, float] | None:
    if price is not None and table is not None:
        raise InputError("--price and --prices both name prices: give one of them")
    if price is not None:
        return _pair(price)
    return None if table is None else _from_table(table, uri)


def _pair(price: str) -> tuple[float, float]:
    parts = price.split(",")
    numbers = [_price(part) for part in parts]
    if len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
        raise InputError(f"--price takes two numbers per million tokens, such as 0.15,0.60, not {price!r}")
    return numbers[0], numbers[1]


def _price(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < MAX_PRICE else None


def _from_table(table: Path, uri: str) -> tuple[float, float]:
    """The prices of the model that ``uri`` names, by the name before its ``@``."""
    from steelyard.util.yaml_tree import Branch, Leaf, quoted, read_tree

    where = str(table)
    try:
        with table.open("rb") as file:
            text = file.read(MAX_BYTES).decode()
    except UnicodeDecodeError:
        raise InputError("is no text: a price table is YAML", where=where) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror}): check the path of --prices", where=where) from None
    tree = read_tree(text, where)
    name = uri.partition(":")[2].rpartition("@")[0] or uri
    if not isinstance(tree, Branch) or name not in tree.entries:
        mend = "add a line NAME: {prompt: 0.15, completion: 0.60}, prices per million tokens"
        raise InputError(f"has no prices of {quoted(name)}: {mend}", where=where)
    entry, line = tree.entries[name], tree.key_lines[name]
    if not isinstance(entry, Branch) or entry.entries.keys() != {"prompt", "completion"}:
        raise InputError(f"the prices of {quoted(name)} are {{prompt: …, completion: …}}", where=where, line=line)
    found = []
    for key in ("prompt", "completion"):
        leaf = entry.entries[key]
        value = _price(leaf.text) if isinstance(leaf, Leaf) else None
        if value is None:
            raise InputError(f"{key} is no price per million tokens", where=where, line=leaf.line)
        found.append(value)
    return found[0], found[1]

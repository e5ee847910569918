"""The options ``--rpm``, ``--max-cost``, ``--prices`` … → the limits of a plan. Prices always come from the user."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from steelyard.errors import InputError
from steelyard.records import Limits

__all__ = ["limits_of"]

MAX_PRICE = 1e6
MAX_BYTES = 1 << 20


def limits_of(args: dict[str, Any], uri: str) -> Limits:
    """Read the options; raises InputError for an invalid price, and for ``--max-cost`` without prices."""
    prices = _prices(args.get("price"), args.get("prices"), uri)
    if args.get("max_cost") is not None and prices is None:
        raise InputError("--max-cost needs your prices: --price IN,OUT or --prices FILE")
    return Limits(
        requests_per_minute=args.get("rpm"),
        tokens_per_minute=args.get("tpm"),
        tokens=args.get("max_tokens"),
        cost=args.get("max_cost"),
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
        raise InputError("is not text: a price table is YAML", where=where) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror}): check the path of --prices", where=where) from None
    tree = read_tree(text, where)
    name = uri.partition(":")[2].rpartition("@")[0] or uri
    if not isinstance(tree, Branch) or name not in tree.entries:
        fix = "add a line NAME: {prompt: 0.15, completion: 0.60}, prices per million tokens"
        raise InputError(f"has no prices of {quoted(name)}: {fix}", where=where)
    entry, line = tree.entries[name], tree.key_lines[name]
    if not isinstance(entry, Branch) or entry.entries.keys() != {"prompt", "completion"}:
        raise InputError(f"the prices of {quoted(name)} are {{prompt: …, completion: …}}", where=where, line=line)
    found = []
    for key in ("prompt", "completion"):
        leaf = entry.entries[key]
        value = _price(leaf.text) if isinstance(leaf, Leaf) else None
        if value is None:
            raise InputError(
                f"{key} is not a price per million tokens: write a number from 0 on", where=where, line=leaf.line
            )
        found.append(value)
    return found[0], found[1]

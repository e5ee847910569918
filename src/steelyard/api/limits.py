"""The limits of a model in a plan, from what the user asked. Prices always come from the user."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.errors import InputError
from steelyard.models.batches import PRICE_FACTOR
from steelyard.records import Limits

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments

__all__ = ["limits_of", "price_pair", "single_price"]

MAX_PRICE = 1e6
MAX_BYTES = 1 << 20
PRICED = {"prompt", "completion", "cached", "reasoning"}


def limits_of(args: RunArguments, uri: str) -> Limits:
    """The limits of the model that ``uri`` names.

    Raises InputError for a maximum cost without prices, for prices given twice, for a price of cached or reasoning
    tokens alone, and for a table that cannot be used.
    """
    if args.price is not None and args.prices is not None:
        raise InputError("a price and a table of prices are given: give one of them")
    of_parts = {"price_cached": args.price_cached, "price_reasoning": args.price_reasoning}
    if args.price is None and set(of_parts.values()) != {None}:
        raise InputError(
            "a price of cached or reasoning tokens needs the other two: give a price IN,OUT, or all in the table of "
            "prices, as {prompt: …, completion: …, cached: …, reasoning: …}"
        )
    prices = _from_table(args.prices, uri) if args.prices is not None else _known(of_parts)
    if args.price is not None:
        prices |= {"price_prompt": args.price[0], "price_completion": args.price[1]}
    if args.max_cost is not None and not prices:
        raise InputError(
            "a maximum cost needs your prices: give --price IN,OUT per million tokens, or a table with --prices FILE"
        )
    return Limits(
        requests_per_minute=args.rpm,
        tokens_per_minute=args.tpm,
        tokens=args.max_tokens,
        cost=args.max_cost,
        price_factor=PRICE_FACTOR if args.batch and prices else 1.0,
        **prices,
    )


def _known(prices: dict[str, float | None]) -> dict[str, float]:
    return {name: price for name, price in prices.items() if price is not None}


def price_pair(text: str | tuple[float, float] | None, option: str) -> tuple[float, float] | None:
    """``0.15,0.60`` or two numbers: the prices of a million prompt and completion tokens; None stays None.

    Raises InputError for anything else; ``option`` is how the message names it.
    """
    if text is None:
        return None
    parts = text.split(",") if isinstance(text, str) else text
    if len(parts) == 4 or (isinstance(text, str) and _COMMA_DECIMAL.fullmatch(text.strip())):
        raise InputError(
            f"{option} {text!r} looks like decimal commas: write points, as in 0.15,0.60 (input that costs nothing is "
            "0.0,15)"
        )
    numbers = [_price(part) for part in parts]
    if len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
        raise InputError(f"{option} takes two numbers per million tokens, such as 0.15,0.60, not {text!r}")
    return numbers[0], numbers[1]


def single_price(value: str | float | None, option: str) -> float | None:
    """The price of a million tokens of one kind; None stays None. Raises InputError, naming ``option``, otherwise."""
    if value is None:
        return None
    if isinstance(value, bool) or (price := _price(value)) is None:
        raise InputError(f"{option} takes a price per million tokens, a number from 0 on, not {value!r}")
    return price


# "0,15", a German 0.15: an input that costs nothing beside an output of 15 is far rarer
_COMMA_DECIMAL = re.compile(r"0,[0-9]+")


def _price(text: str | float) -> float | None:
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if 0 <= value < MAX_PRICE else None


def _from_table(table: Path, uri: str) -> dict[str, float]:
    """The prices of the model that ``uri`` names, by the name before its ``@``."""
    from steelyard.util.yaml_tree import Branch, Leaf, quoted, read_tree

    where = str(table)
    try:
        with table.open("rb") as file:
            text = file.read(MAX_BYTES).decode()
    except UnicodeDecodeError:
        raise InputError("is not text: a price table is YAML", where=where) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror}): check the path of the price table", where=where) from None
    tree = read_tree(text, where)
    name = uri.partition(":")[2].rpartition("@")[0] or uri
    if not isinstance(tree, Branch) or name not in tree.entries:
        fix = "add a line NAME: {prompt: 0.15, completion: 0.60}, prices per million tokens"
        raise InputError(f"has no prices of {quoted(name)}: {fix}", where=where)
    entry, line = tree.entries[name], tree.key_lines[name]
    if not isinstance(entry, Branch) or not PRICED >= entry.entries.keys() >= {"prompt", "completion"}:
        raise InputError(
            f"the prices of {quoted(name)} are {{prompt: …, completion: …}}, and where they differ cached: …, "
            "reasoning: …",
            where=where,
            line=line,
        )
    found = {}
    for key, leaf in entry.entries.items():
        value = _price(leaf.text) if isinstance(leaf, Leaf) else None
        if value is None:
            raise InputError(
                f"{key} is not a price per million tokens: write a number from 0 on", where=where, line=leaf.line
            )
        found[f"price_{key}"] = value
    return found

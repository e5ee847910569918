"""Writes a claim sheet as YAML for ``read_sheet``: only stated fields, values as they were printed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

import msgspec

from steelyard.records import Claim, ClaimSheet, Protocol
from steelyard.util.text import one_line

__all__ = ["decimal_text", "sheet_text"]

MAX_TEXT = 1000
MAX_DECIMALS = 12  # the limit of claim sheets
NUMBER = re.compile(r"[+\-\N{MINUS SIGN}]?[0-9]{1,13}(\.[0-9]{1,40})?([eE][+\-]?[0-9]{1,2})?")
ORDER = (
    "task",
    "value",
    "unit",
    "metric",
    "samples",
    "repeats",
    "average",
    "shots",
    "variant",
    "note",
    "heading",
    "origin",
)


def decimal_text(printed: str) -> str | None:
    """A printed number as a sheet can hold it: every decimal kept, up to twelve; None for anything else."""
    if not NUMBER.fullmatch(printed):
        return None
    try:
        value = Decimal(printed.replace("\N{MINUS SIGN}", "-"))
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and exponent < -MAX_DECIMALS:
            value = value.quantize(Decimal(1).scaleb(-MAX_DECIMALS), ROUND_HALF_EVEN)
    except InvalidOperation:
        return None
    text = format(value, "f")
    return text if len(text.lstrip("-").partition(".")[0]) <= MAX_DECIMALS else None


def sheet_text(sheet: ClaimSheet, remark: str) -> str:
    """The YAML of a sheet under a comment of one line. Texts are untrusted: each becomes one quoted, printable line."""
    return "\n".join(_lines(sheet, remark)) + "\n"


def _lines(sheet: ClaimSheet, remark: str) -> Iterator[str]:
    yield f"# {one_line(remark)}"
    for name in ("model", "vendor", "date", "source", "served_as"):
        if value := getattr(sheet, name):
            yield f"{name}: {_quoted(value)}"
    for name in ("footnotes", "variants", "origin"):
        if texts := getattr(sheet, name):
            yield f"{name}:"
            yield from (f"  - {_quoted(text)}" for text in texts)
    yield from ["source_files:"] if sheet.source_files else []
    yield from (f"  - {{file: {_quoted(each.file)}, sha256: {_quoted(each.sha256)}}}" for each in sheet.source_files)
    yield "claims:"
    for claim in sheet.claims:
        yield from _claim_lines(claim)


def _claim_lines(claim: Claim) -> Iterator[str]:
    bullet = "- "
    for name in ORDER:
        value = getattr(claim, name)
        if value is None or (value == "" and name != "task"):
            continue
        plain = name == "value" or isinstance(value, int)
        yield f"  {bullet}{name}: {value if plain else _quoted(value)}"
        bullet = "  "
    if claim.protocol != Protocol():
        stated = {name: value for name, value in msgspec.to_builtins(claim.protocol).items() if value}
        pairs = [f"{name}: {value if isinstance(value, int) else _quoted(value)}" for name, value in stated.items()]
        yield f"    protocol: {{{', '.join(pairs)}}}"
    if claim.settled:
        yield "    settled:"
    for each in claim.settled:
        yield f"      - {{text: {_quoted(each.text)}, reason: {_quoted(each.reason)}, by: {_quoted(each.by)}}}"


def _quoted(text: str) -> str:
    """A JSON string is a YAML string too; what cannot be seen was replaced before."""
    return json.dumps(one_line(text, MAX_TEXT), ensure_ascii=False)

"""The claim sheet: a vendor's table in YAML, read strictly, every error with its line, its key and how to fix it.

The schema is that of docs and ``examples/``. Values are read as text, so that 69.80 keeps both its decimals; a percent
sign behind one states its unit. This
module does not judge whether a value can be true: that is a finding of the screen, not a parse error.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import shlex
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import msgspec

from steelyard.errors import InputError
from steelyard.records import Claim, ClaimSheet, ComparedWith, Protocol, Settled, SourceFile
from steelyard.util.yaml_tree import Branch, Items, Leaf, Node, quoted, read_tree

__all__ = ["MAX_BYTES", "read_sheet", "sheet_of"]

MAX_BYTES = 8 * 2**20  # 10,000 rows with every key written out take 4 MB
_MAX_COUNT = 10**9
_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")
_PERCENT = re.compile(r"(?P<number>\S+) ?%")
_WHOLE = re.compile(r"-?[0-9]{1,12}")
_AFTER_COMMA = re.compile(r"[0-9]{1,12}(?: ?%)?")
_COUNT = re.compile(r"[0-9]{1,10}")
_FIRST = re.compile(r"first ([1-9][0-9]{0,8})")
_CARDS = (".md", ".markdown", ".html", ".htm", ".csv", ".tsv")
_KIND = {Leaf: "text", Items: "a list", Branch: "a mapping"}

Read = Callable[[Node, str], Any]


def read_sheet(path: str | Path) -> ClaimSheet:
    """Read a claim sheet.

    Raises :class:`~steelyard.errors.InputError` for anything else: a file that cannot be read or is not text, YAML
    beyond plain data, a key or value that the schema does not know. The message says how to fix it.
    """
    where = str(path)
    data = _read_bytes(path, where)
    if Path(path).suffix.lower() in _CARDS:
        raise InputError(
            f"a claim sheet is a YAML file: steelyard import {shlex.quote(where)} --model NAME makes one of a card's "
            "table",
            where=where,
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"not text in UTF-8 (byte 0x{data[error.start]:02x}): save the sheet as UTF-8"
        raise InputError(message, where=where, line=line) from None
    return ClaimSheet(**_fields(text, where), path=_name_of(path), digest=hashlib.sha256(data).hexdigest())


def sheet_of(text: str) -> ClaimSheet:
    """The claim sheet of this text, in YAML, as :func:`read_sheet` reads a file."""
    data = text.encode("utf-8", "replace")
    return ClaimSheet(**_fields(text, "sheet"), path="", digest=hashlib.sha256(data).hexdigest())


def _fields(text: str, where: str) -> dict[str, Any]:
    root = read_tree(text, where)
    if root is None or (isinstance(root, Leaf) and root.is_null):
        raise InputError("the sheet is empty: it needs at least 'model' and 'claims'", where=where)
    return _SheetReader(where).sheet(root)


def _name_of(path: str | Path) -> str:
    """The file's name alone: plans are published, and the sheet's folder is private."""
    return Path(path).name.encode("utf-8", "replace").decode()


def _read_bytes(path: str | Path, where: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except IsADirectoryError:
        raise InputError("this is a folder: give the claim sheet itself, a YAML file", where=where) from None
    except FileNotFoundError:
        raise InputError("there is no such file: give the path of a claim sheet", where=where) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read ({reason}): check the path and its permissions", where=where) from None
    if len(data) > MAX_BYTES:
        raise InputError(f"larger than {MAX_BYTES // 2**20} MiB: split the sheet", where=where)
    return data


class _First(int):
    """So many items, the first of the file."""


class _SheetReader:
    """Walks the tree with the schema beside it. ``path`` in the methods is the key's own, for messages."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._lines_of_settled: list[int] = []
        texts: dict[str, Read] = dict.fromkeys(Protocol.__struct_fields__, self._text)
        self._protocol_fields: dict[str, Read] = {**texts, "max_tokens": self._count_from(1)}
        self._rival_fields: dict[str, Read] = {"model": self._name, "value": self._decimal_or_nothing}
        self._claim_fields: dict[str, Read] = {
            "task": self._name,
            "value": self._decimal,
            "unit": self._choice(_literals(Claim, "unit"), "percent"),
            "metric": self._text,
            "samples": self._samples,
            "repeats": self._repeats,
            "average": self._choice(_literals(Claim, "average"), ""),
            "weights": self._weights,
            "shots": self._count_from(0),
            "variant": self._text,
            "protocol": self._protocol,
            "compared_with": self._rivals,
            "note": self._text,
            "heading": self._text,
            "origin": self._text,
            "settled": self._settled,
        }
        self._sheet_fields: dict[str, Read] = {
            "model": self._name,
            "vendor": self._text,
            "date": self._text,
            "source": self._text,
            "served_as": self._text,
            "footnotes": self._texts,
            "variants": self._texts,
            "origin": self._texts,
            "source_files": self._source_files,
            "claims": self._claims,
        }

    # ── mappings and lists ──────────────────────────────────────────────────────────────────────────────────────────

    def sheet(self, node: Node) -> dict[str, Any]:
        fields = self._mapping(node, "the sheet", self._sheet_fields, ("model", "claims"))
        sheet, lines = ClaimSheet(**fields), iter(self._lines_of_settled)
        for claim, settled in ((one, each) for one in sheet.claims for each in one.settled):
            line = next(lines)
            if not settled.is_in(" \n ".join(sheet.said_of(claim))):
                problem = f"'settled' quotes {quoted(settled.text)}, which nothing said of this claim holds"
                raise InputError(f"{problem}: quote the note or footnote as written", where=self._where, line=line)
        return fields

    def _claims(self, node: Node, path: str) -> tuple[Claim, ...]:
        items = self._list(node, path, "a row")
        if not items:
            raise self._error(node, "'claims' is empty: a sheet needs at least one row, '- task: … value: …'")
        claims = [self._claim(item, f"claims[{index}]") for index, item in enumerate(items)]
        self._check_units(items, claims)
        return tuple(claims)

    def _claim(self, node: Node, path: str) -> Claim:
        fields = self._mapping(node, path, self._claim_fields, ("task", "value"))
        if isinstance(node, Branch) and fields.get("unit", "percent") != "percent" and _has_percent_sign(node):
            fix = f"leave out the % or the unit {fields['unit']!r}"
            raise InputError(f"'value' is in percent: {fix}", where=self._where, line=node.key_lines["value"])
        if fields.get("weights") and fields.get("average") != "weighted":
            raise self._error(node, "'weights' are those of a weighted average: add 'average: weighted'")
        is_first = isinstance(fields.get("samples"), _First)
        return Claim(
            **fields | ({"samples": int(fields["samples"]), "first": True} if is_first else {}), line=node.line
        )

    def _check_units(self, items: list[Node], claims: list[Claim]) -> None:
        """Refuse a value that may be percent or a fraction: 0.916 without a unit.

        That is any share up to 1 where no share of the sheet is above 1, and one with two decimals or more elsewhere.
        """
        beside_percent = any(claim.unit == "percent" and claim.number > 1 for claim in claims)
        for item, claim in zip(items, claims, strict=True):
            if not isinstance(item, Branch) or "unit" in item.entries or _has_percent_sign(item):
                continue
            if 0 < claim.number <= 1 and (claim.decimals > 1 or not beside_percent):
                percent = format(Decimal(claim.value).scaleb(2), "f")
                raise InputError(
                    f"'value: {claim.value}' may be a fraction or percent: add 'unit: fraction' or write {percent}, "
                    f"or add 'unit: percent' if it is {claim.value} %",
                    where=self._where,
                    line=item.key_lines["value"],
                )

    def _protocol(self, node: Node, path: str) -> Protocol:
        return Protocol() if _is_null(node) else Protocol(**self._mapping(node, path, self._protocol_fields))

    def _rivals(self, node: Node, path: str) -> tuple[ComparedWith, ...]:
        return tuple(
            ComparedWith(**self._mapping(item, f"{path}[{index}]", self._rival_fields, ("model",)))
            for index, item in enumerate(self._list(node, path, "{model: …, value: …}"))
        )

    def _settled(self, node: Node, path: str) -> tuple[Settled, ...]:
        names: dict[str, Read] = dict.fromkeys(Settled.__struct_fields__, self._name)
        items = self._list(node, path, "{text: …, reason: …, by: …}")
        found = [self._mapping(item, f"{path}[{at}]", names, tuple(names)) for at, item in enumerate(items)]
        self._lines_of_settled += [item.line for item in items]
        return tuple(Settled(**each) for each in found)

    def _source_files(self, node: Node, path: str) -> tuple[SourceFile, ...]:
        fields: dict[str, Read] = {"file": self._name, "sha256": self._text, "text": self._text}
        return tuple(
            SourceFile(**self._mapping(item, f"{path}[{index}]", fields, ("file",)), line=item.line)
            for index, item in enumerate(self._list(node, path, "file: …"))
        )

    def _texts(self, node: Node, path: str) -> tuple[str, ...]:
        items = self._list(node, path, "a text")
        return tuple(self._text(item, f"{path}[{index}]") for index, item in enumerate(items))

    def _mapping(
        self, node: Node, path: str, fields: Mapping[str, Read], required: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        if not isinstance(node, Branch):
            raise self._error(node, f"{path} must be a mapping ('key: value'), not {_kind(node)}")
        result, before = {}, ""
        for key, value in node.entries.items():
            read = fields.get(key)
            if read is None:
                self._check_decimal_comma(node, before, key)
                raise self._unknown_key(key, path, fields, node.key_lines[key])
            result[key] = read(value, key)
            before = key
        for key in required:
            if key not in result:
                raise self._error(node, f"{path} has no {key!r}: add it")
        return result

    def _check_decimal_comma(self, node: Branch, before: str, key: str) -> None:
        """Name a decimal comma in a row in braces: for YAML, ``{value: 98,5}`` has a key ``5``."""
        decimals, number = _AFTER_COMMA.fullmatch(key), node.entries.get(before)
        if decimals and _is_null(node.entries[key]) and isinstance(number, Leaf) and _WHOLE.fullmatch(number.text):
            message = f"'{before}: {number.text},{key}' has a decimal comma: write {number.text}.{key}"
            raise InputError(message, where=self._where, line=node.key_lines[key])

    def _list(self, node: Node, path: str, item: str) -> list[Node]:
        if _is_null(node):
            return []
        if not isinstance(node, Items):
            raise self._error(node, f"{path!r} must be a list ('- {item}'), not {_kind(node)}")
        return node.items

    def _unknown_key(self, key: str, path: str, fields: Mapping[str, Read], line: int) -> InputError:
        near = difflib.get_close_matches(key[:60].casefold(), fields, n=1, cutoff=0.5)
        fix = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(fields)}"
        return InputError(f"unknown key {quoted(key)} in {path}; {fix}", where=self._where, line=line)

    # ── scalars ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _scalar(self, node: Node, path: str) -> str:
        if not isinstance(node, Leaf):
            raise self._error(node, f"{path!r} must be one value, not {_kind(node)}")
        return "" if node.is_null else node.text

    def _text(self, node: Node, path: str) -> str:
        return self._scalar(node, path)

    def _name(self, node: Node, path: str) -> str:
        text = self._scalar(node, path)
        if not text.strip():
            raise self._error(node, f"{path!r} is empty: it needs a name")
        return text

    def _decimal_or_nothing(self, node: Node, path: str) -> str:
        return "" if _is_null(node) or self._scalar(node, path) == "" else self._decimal(node, path)

    def _decimal(self, node: Node, path: str) -> str:
        text = self._scalar(node, path)
        if percent := _PERCENT.fullmatch(text):
            text = percent["number"]
        if not _DECIMAL.fullmatch(text):
            raise self._error(
                node, f"{path!r} is {quoted(text)}, not a plain decimal number: {_how_to_fix_decimal(text)}"
            )
        return text

    def _count_from(self, lowest: int) -> Read:
        def read(node: Node, path: str) -> int | None:
            return self._count(node, path, lowest)

        return read

    def _samples(self, node: Node, path: str) -> int | None:
        """How many items were scored: ``200``, or ``first 200``."""
        if not _is_null(node) and (first := _FIRST.fullmatch(self._scalar(node, path))):
            return _First(first[1])
        return self._count(node, path, 1, ", or 'first 200' for the first items of the file")

    def _count(self, node: Node, path: str, lowest: int, otherwise: str = "") -> int | None:
        if _is_null(node):
            return None
        text = self._scalar(node, path)
        number = int(text) if _COUNT.fullmatch(text) else -1
        if not lowest <= number <= _MAX_COUNT:
            fix = f"write a whole number from {lowest} on in digits alone{otherwise}, or leave it out if unstated"
            raise self._error(node, f"{path!r} is {quoted(text)}: {fix}")
        return number

    def _weights(self, node: Node, path: str) -> tuple[tuple[str, int], ...]:
        """By subtask, a whole number from 1 on."""
        if _is_null(node):
            return ()
        if not isinstance(node, Branch):
            raise self._error(node, f"{path!r} must be a mapping ('subtask: 3'), not {_kind(node)}")
        found = {name: self._count(value, f"{path}.{name[:40]}", 1) for name, value in node.entries.items()}
        if empty := next((name for name, weight in found.items() if weight is None), ""):
            raise self._error(
                node.entries[empty], f"{path}.{empty[:40]!r} has no weight: write a whole number from 1 on"
            )
        return tuple(sorted((name, weight) for name, weight in found.items() if weight is not None))

    def _repeats(self, node: Node, path: str) -> int | str | None:
        if isinstance(node, Leaf) and node.text == "several":
            return "several"
        return self._count(node, path, 1, otherwise=" or 'several'")

    def _choice(self, allowed: tuple[str, ...], unstated: str) -> Read:
        def read(node: Node, path: str) -> str:
            text = self._scalar(node, path) or unstated
            if text not in allowed:
                near = difflib.get_close_matches(text[:60].casefold(), allowed, n=1, cutoff=0.5)
                names = ", ".join(name for name in allowed if name)
                fix = f"did you mean {near[0]!r}?" if near else f"use one of {names}"
                raise self._error(node, f"{path!r} is {quoted(text)}; {fix}")
            return text

        return read

    def _error(self, node: Node, message: str) -> InputError:
        return InputError(message, where=self._where, line=node.line)


def _literals(record: type[msgspec.Struct], field: str) -> tuple[str, ...]:
    """The values that a record's field allows, so that the schema is written down once."""
    kind = next(each.type for each in msgspec.structs.fields(record) if each.name == field)
    return tuple(str(value) for value in get_args(kind))


def _has_percent_sign(row: Branch) -> bool:
    value = row.entries.get("value")
    return isinstance(value, Leaf) and value.text.endswith("%")


def _is_null(node: Node) -> bool:
    return isinstance(node, Leaf) and node.is_null


def _kind(node: Node) -> str:
    return "nothing" if _is_null(node) else _KIND[type(node)]


def _how_to_fix_decimal(text: str) -> str:
    if "," in text:
        return "write the decimals after a point and no separator of thousands, such as 1417"
    if text.startswith(("\N{MINUS SIGN}", "+", ".")):
        return "write it with a digit, or an ASCII '-' and a digit, in front"
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        return "write at most 12 digits on either side of the point"
    return "write it in digits as it was printed, such as 69.8"

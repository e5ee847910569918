"""Canonical JSON (RFC 8785, JCS): each value has exactly one sequence of bytes, so that digests are comparable.

Reading is as strict as writing: JSON that is not in canonical form is refused. So no byte of a sealed document can
change without a change of its meaning.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container
from enum import Enum
from functools import cache
from typing import Any, NoReturn

import rfc8785

__all__ = [
    "SAFE_INTEGER",
    "canonical",
    "canonical_in_full",
    "canonical_with",
    "fields_of",
    "parse_canonical",
    "sha256_hex",
    "without_defaults",
]

SAFE_INTEGER = 2**53 - 1
SAFE_INTEGER_DIGITS = 16
# Values take up to fifty times as much memory as their bytes: a document of megabytes can be one of gigabytes.
MAX_VALUES = 900_000
MAX_CONTAINERS = 100_000
SMALLEST_PLAIN = 1e-4  # from here on, neither Python nor RFC 8785 writes an exponent


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of ``value``: JSON types, or one msgspec struct (a record) in its sealed form.

    The sealed form leaves out every field that equals its default (:func:`without_defaults`), so that a field which is
    added later changes no digest that was made before. Raises ValueError for what JSON cannot say the same way
    everywhere: NaN, infinity, integers beyond 2⁵³, lone surrogates, other types.
    """
    try:
        if hasattr(value, "__struct_fields__"):
            encoded: bytes = _record_encoder().encode(_plain(value))
            return encoded
        return _ENCODER.encode(_plain(value)).encode()
    except _NeedsCareError:
        return rfc8785.dumps(without_defaults(value))


def canonical_with(record: Any, **given: bytes) -> bytes:
    """As :func:`canonical` of a record, with the canonical bytes of some fields: nothing is encoded twice.

    Such a field has no default, since one that equals its default would be left out.
    """
    import msgspec

    try:
        found = _fields_in(record, given)
    except _NeedsCareError:
        return canonical(record)
    encoded: bytes = _record_encoder().encode(found | {name: msgspec.Raw(value) for name, value in given.items()})
    return encoded


@cache
def _record_encoder() -> Any:
    # Where there is a record msgspec is loaded; what verifies a bundle has none, and does without.
    import msgspec

    return msgspec.json.Encoder(order="sorted")


def canonical_in_full(record: Any) -> bytes:
    """The RFC 8785 bytes of a record with every field, for files that other programs read: scores and reports."""
    import msgspec

    return canonical(msgspec.to_builtins(record))


def without_defaults(value: Any) -> Any:
    """A record as JSON types, without the fields that equal their default, at any depth.

    (msgspec's ``omit_defaults`` compares by identity, so that what is left out depends on how a value was made.)
    """
    if hasattr(value, "__struct_fields__"):
        kind: Any = type(value)
        tag, fields = fields_of(kind)
        found = dict(tag)
        for name, default, has_default in fields:
            entry = getattr(value, name)
            if not (has_default and entry == default and type(entry) is type(default)):
                found[name] = without_defaults(entry)
        return found
    if isinstance(value, (list, tuple)):
        return [without_defaults(entry) for entry in value]
    if isinstance(value, dict):
        return {key: without_defaults(entry) for key, entry in value.items()}
    return value.value if isinstance(value, Enum) else value


@cache
def fields_of(kind: type) -> tuple[dict[str, str], list[tuple[str, Any, bool]]]:
    """A record type's tag, and of each field that is sealed its name, its default and whether it has one."""
    import msgspec

    config = kind.__struct_config__  # type: ignore[attr-defined]  # every msgspec struct has one
    fields = []
    for field in msgspec.structs.fields(kind):
        if field.type is bytes:  # what a request carries while it lives: a digest beside it is sealed in its place
            continue
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        fields.append((field.name, default, default is not msgspec.NODEFAULT))
    return ({} if config.tag is None else {config.tag_field: config.tag}), fields


def sha256_hex(data: bytes) -> str:
    """SHA-256 as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def parse_canonical(data: bytes) -> Any:
    """Parse canonical JSON; raises ValueError, with a short reason, for anything else.

    Duplicate keys, spaces, unsorted keys, escapes that need not be and numbers written in another way are all refused,
    and so are documents of more values than a plan, a report or a record of ours has.
    """
    if data.startswith(b'"'):
        return _text_of(data)
    if data.count(b",") > MAX_VALUES or data.count(b"[") + data.count(b"{") > MAX_CONTAINERS:
        raise ValueError(f"more than {MAX_VALUES} values, or {MAX_CONTAINERS} lists and objects")
    text = data.decode("utf-8")
    try:
        # The C encoder agrees with RFC 8785 on all that _FAST lets through, at a sixth of rfc8785's time: a journal
        # has one line per call, and is read whole at every verification.
        if text.isascii() or _is_in_basic_plane(text):
            value, _ = _FAST.raw_decode(text)
            if _ENCODER.encode(value) == text:
                return value
    except _NeedsCareError:
        pass
    except (RecursionError, ValueError) as error:
        raise ValueError(_reason(error)) from None
    return _parse_with_care(data, text)


def _text_of(data: bytes) -> str:
    # One letter beyond the basic plane makes Python keep four bytes for each: no copy is held longer than needed.
    try:
        value, _ = _FAST.raw_decode(data.decode("utf-8"))
        if _ENCODER.encode(value).encode() == data:
            found: str = value
            return found
    except ValueError as error:
        raise ValueError(_reason(error)) from None
    raise ValueError("not canonical JSON: a text that is written in another way")


def _is_in_basic_plane(text: str) -> bool:
    # Beyond it (😀) RFC 8785 sorts keys by UTF-16 units, Python by code points.
    return len(text.encode("utf-16-le")) == 2 * len(text)


def _parse_with_care(data: bytes, text: str) -> Any:
    try:
        value = _CAREFUL.decode(text)
        again = rfc8785.dumps(value)
    except (RecursionError, ValueError) as error:
        raise ValueError(_reason(error)) from None
    if again != data:
        raise ValueError(f"not canonical JSON from byte {_first_difference(data, again)} on")
    return value


class _NeedsCareError(Exception):
    """The value is one that Python's C encoder and RFC 8785 may write differently."""


def _plain(value: Any) -> Any:
    """``value``, a record without its defaults, as encoders in C write it in RFC 8785's way; raises _NeedsCareError.

    That takes a fifth of rfc8785's time.
    """
    kind: Any = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        if -SAFE_INTEGER <= value <= SAFE_INTEGER:
            return value
    elif kind is dict:
        # Keys beyond ASCII may be ones that the two sort differently.
        if all(type(key) is str and key.isascii() for key in value):
            return {key: _plain(entry) for key, entry in value.items()}
    elif kind is list or kind is tuple:
        return [_plain(entry) for entry in value]
    elif kind is float:
        if value.is_integer() and abs(value) <= SAFE_INTEGER:
            return int(value)  # 0.0 is written 0
        if SMALLEST_PLAIN <= abs(value) < SAFE_INTEGER:
            return value
    elif hasattr(kind, "__struct_fields__"):
        return _fields_in(value)
    elif issubclass(kind, Enum):
        return _plain(value.value)
    raise _NeedsCareError


def _fields_in(record: Any, given: Container[str] = ()) -> dict[str, Any]:
    """The fields of a record that are sealed, but for those that are given, as :func:`_plain` has them."""
    kind: Any = type(record)
    tag, fields = fields_of(kind)
    found: dict[str, Any] = dict(tag)
    for name, default, has_default in fields:
        if name in given:
            continue
        entry = getattr(record, name)
        if not (has_default and entry == default and type(entry) is type(default)):
            found[name] = entry if type(entry) is str else _plain(entry)  # most fields are texts
    return found


def _plain_float(literal: str) -> float:
    if "e" in literal or "E" in literal or literal.endswith(".0"):
        raise _NeedsCareError
    return float(literal)


def _plain_integer(literal: str) -> int:
    if len(literal) >= SAFE_INTEGER_DIGITS and abs(int(literal)) > SAFE_INTEGER:
        raise _NeedsCareError
    return int(literal)


def _any_integer(literal: str) -> int | float:
    # RFC 8785 has only doubles: 1e20 is written as an integer of 21 digits, and must be read as a double again.
    number = int(literal) if len(literal) <= SAFE_INTEGER_DIGITS + 1 else SAFE_INTEGER + 1
    return number if abs(number) <= SAFE_INTEGER else float(literal)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deep"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at character {error.pos}"
    return f"not canonical JSON: {error}"


def _first_difference(left: bytes, right: bytes) -> int:
    pairs = enumerate(zip(left, right, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(left), len(right)))


_FAST = json.JSONDecoder(parse_float=_plain_float, parse_int=_plain_integer, parse_constant=_refuse_constant)
_CAREFUL = json.JSONDecoder(parse_int=_any_integer, parse_constant=_refuse_constant)
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)

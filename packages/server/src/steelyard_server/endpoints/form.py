"""What an administrator writes of an endpoint, read strictly. Nothing of a key is ever quoted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final
from urllib.parse import urlsplit

from steelyard.errors import InputError
from steelyard.models.address import PROVIDERS, named_endpoint

__all__ = ["MAX_KEY", "MAX_MODELS", "NewEndpoint", "Terms", "check_key", "read_endpoint", "read_terms"]

MAX_KEY: Final = 4096
MAX_MODELS: Final = 100
_NAME: Final = re.compile(r"[^\W_][\w .()/+-]{0,78}[\w)]|[^\W_]")
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45}")
_PATH: Final = re.compile(r"(/[A-Za-z0-9._~-]{1,100}){0,10}")
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What of an endpoint can change: names of models, calls at once, prices of a million tokens where known."""

    models: tuple[str, ...]
    concurrency: int
    price_in: Decimal | None = None
    price_out: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class NewEndpoint:
    """An endpoint that is not in the list yet; ``path`` is that of the base URL, without a stroke at its end."""

    name: str
    kind: str
    scheme: str
    host: str
    port: int
    path: str
    terms: Terms


def read_endpoint(name: str, kind: str, url: str, terms: Terms) -> NewEndpoint:
    """Read what was typed; raises InputError with what to type instead. The URL is not quoted: it may hold a password.

    The base URL is that which ``KIND:MODEL@URL`` has on the command line.
    """
    if not _NAME.fullmatch(name):
        raise InputError("a name begins with a letter or digit, such as vLLM on gpu-3")
    if kind not in PROVIDERS:
        raise InputError(f"the kind of an endpoint is one of {', '.join(PROVIDERS)}")
    if "://" not in url:
        raise InputError("an address begins with http:// or https://")
    base = named_endpoint(f"{terms.models[0]}@{url}", kind).base
    parts = urlsplit(base)
    host, path = parts.hostname or "", parts.path.rstrip("/")
    if parts.password is not None or not _HOST.fullmatch(host) or not _PATH.fullmatch(path):
        raise InputError(
            "an address is http://HOST:PORT/PATH of plain letters and digits, such as http://10.0.0.7:8000"
        )
    return NewEndpoint(
        name=name, kind=kind, scheme=parts.scheme, host=host, port=parts.port or _PORTS[parts.scheme], path=path,
        terms=terms,
    )  # fmt: skip


def read_terms(models: str, concurrency: str, price_in: str, price_out: str) -> Terms:
    """Read names of models, one a line, a whole number and two prices, which may be left empty."""
    names = tuple(dict.fromkeys(each.strip() for each in models.splitlines() if each.strip()))
    if not 1 <= len(names) <= MAX_MODELS:
        raise InputError(f"name 1 to {MAX_MODELS} models, one a line")
    for each in names:
        if len(each) > 200 or not each.isprintable() or each[0] == "@":
            raise InputError("a model's name has at most 200 printable characters, and does not begin with @")
    if not re.fullmatch(r"[0-9]{1,4}", concurrency) or not 1 <= int(concurrency) <= 1000:
        raise InputError("calls at once: a whole number from 1 to 1000")
    return Terms(models=names, concurrency=int(concurrency), price_in=_price(price_in), price_out=_price(price_out))


def check_key(key: str) -> None:
    """Raise InputError for a key that cannot stand in a header; it is not quoted."""
    if not key or len(key) > MAX_KEY or not key.isascii() or not key.isprintable() or " " in key:
        raise InputError(f"a key has 1 to {MAX_KEY} printable characters without a space; it was not kept")


def _price(text: str) -> Decimal | None:
    if not text.strip():
        return None
    try:
        price = Decimal(text.strip())
    except InvalidOperation:
        price = Decimal(-1)
    if not price.is_finite() or not 0 <= price < 10**6:
        raise InputError("a price is a number such as 0.15, of a million tokens")
    return price

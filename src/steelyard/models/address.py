"""Which address a model's URI names, read without connecting to it.

``openai:NAME@URL``: the last ``@`` separates, so a name may hold one. A URL without a path gets ``/v1``; one with a
path is unchanged.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from steelyard.errors import InputError

__all__ = ["BASE_VARIABLE", "IN_PROCESS", "OPENAI", "NamedEndpoint", "address_of", "named_endpoint"]

BASE_VARIABLE = "OPENAI_BASE_URL"
IN_PROCESS = frozenset(
    {"embedded", "gguf", "hf", "recorded", "world"}
)  # kinds of our own that read files of this machine
OPENAI = "https://api.openai.com"


@dataclass(frozen=True, slots=True)
class NamedEndpoint:
    """What a URI names: a model, the base URL, and whether OpenAI's own key is meant for it."""

    name: str
    base: str
    is_openais: bool

    @property
    def uri(self) -> str:
        """The URI as plans seal it."""
        return f"openai:{self.name}@{self.base}"


def named_endpoint(rest: str) -> NamedEndpoint:
    """Read ``NAME@URL``, or ``NAME`` at the address in OPENAI_BASE_URL.

    Raises InputError for anything else, without repeating it, since it may hold a secret.
    """
    is_named = "://" in rest
    name, separator, url = rest.rpartition("@") if is_named else (rest, "@", os.environ.get(BASE_VARIABLE, "").strip())
    if not url and not is_named:
        raise InputError(f"an endpoint is openai:NAME@URL, or openai:NAME where {BASE_VARIABLE} holds the URL")
    try:
        parts = urlsplit(url)
        usable = bool(name and separator) and parts.scheme in ("http", "https") and bool(parts.hostname)
        usable = usable and parts.port != 0
    except ValueError:  # a port or an address that is none
        usable = False
    if not usable:
        raise InputError("an endpoint is openai:NAME@URL with a URL that begins with http:// or https://")
    if parts.query or parts.fragment or parts.username:
        raise InputError(
            "the URL of openai:NAME@URL takes no query and no password: the key belongs into STEELYARD_API_KEY"
        )
    if parts.path.rstrip("/").endswith(("/completions", "/responses", "/models")):
        raise InputError("the URL of openai:NAME@URL ends before /chat/completions: https://HOST/v1")
    base = url.rstrip("/") if parts.path.strip("/") else url.rstrip("/") + "/v1"
    # Whoever sets OPENAI_BASE_URL means the key beside it, too; otherwise that is for OpenAI's own address alone.
    is_openais = not is_named or f"{parts.scheme}://{parts.hostname}" == OPENAI
    return NamedEndpoint(name, base, is_openais)


def address_of(uri: str) -> str:
    """A URI in the form in which a plan seals it, without connecting: of an endpoint, its name and whole base URL.

    Raises InputError for an endpoint that cannot be one; the URI of any other kind stays as it is.
    """
    kind, _, rest = uri.partition(":")
    return named_endpoint(rest).uri if kind == "openai" else uri

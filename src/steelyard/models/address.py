"""Which address a model's URI names, read without connecting to it.

``KIND:NAME@URL``: the last ``@`` separates, so a name may hold one. Which kinds there are, and what each adds to a URL,
says :data:`PROVIDERS`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from steelyard.errors import InputError

__all__ = ["IN_PROCESS", "PROVIDERS", "NamedEndpoint", "Provider", "address_of", "endpoint_of", "named_endpoint"]

# Kinds of our own that read files of this machine.
IN_PROCESS = frozenset({"embedded", "gguf", "hf", "recorded", "world"})
# What may stand behind an @ in a model's name: a version, such as @20250514, @001, @v1.2, @latest or @main.
_VERSION_AT_END: Final = re.compile(r"@(?:[0-9]+|v[0-9]+(?:\.[0-9]+)*|latest|default|main)")
OPENAI: Final = "https://api.openai.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """How a kind of endpoint is named, and where its vendor's own key may go.

    ``backend`` is its name in plans; ``chats_only``: it has no plain completions and gives no log-likelihoods.
    ``own`` are the vendor's addresses (scheme and host; a host that begins with a dot is any under it): its key, in
    ``key_variable``, goes there, and to the address in ``base_variable``, and nowhere else. ``usual`` is where a name
    without a URL goes when that variable is empty; empty: such a name is refused. A URL without a path gets
    ``version``; with ``always_versioned`` one with a path too, unless it ends in a version. ``calls`` is the path of
    what is called below the base, and a URL that ends in one of ``inside`` went too far.
    """

    backend: str
    chats_only: bool = True
    key_variable: str
    base_variable: str
    own: tuple[str, ...]
    usual: str = ""
    version: str = "/v1"
    always_versioned: bool = False
    calls: str
    inside: tuple[str, ...]

    def is_own(self, url: str) -> bool:
        """Whether a URL is at one of the vendor's own addresses."""
        parts = urlsplit(url)
        for address in self.own:
            scheme, _, host = address.partition("://")
            found = parts.hostname or ""
            if parts.scheme == scheme and (found.endswith(host) if host.startswith(".") else found == host):
                return True
        return False

    def base_of(self, url: str) -> str:
        """The base URL that a usable URL names."""
        bare = url.rstrip("/")
        path = urlsplit(url).path.strip("/")
        whole = re.search(r"(^|/)v\d+[a-z0-9]*$", path) if self.always_versioned else path
        return bare if whole else bare + self.version


PROVIDERS: Final[dict[str, Provider]] = {
    "openai": Provider(
        backend="OpenAI-compatible HTTP",
        chats_only=False,
        key_variable="OPENAI_API_KEY",
        base_variable="OPENAI_BASE_URL",
        own=(OPENAI,),
        calls="/chat/completions",
        inside=("/completions", "/responses", "/models"),
    ),
    "openai-responses": Provider(
        backend="OpenAI Responses",
        key_variable="OPENAI_API_KEY",
        base_variable="OPENAI_BASE_URL",
        own=(OPENAI,),
        usual=f"{OPENAI}/v1",
        calls="/responses",
        inside=("/completions", "/responses", "/models"),
    ),
    "anthropic": Provider(
        backend="Anthropic Messages",
        key_variable="ANTHROPIC_API_KEY",
        base_variable="ANTHROPIC_BASE_URL",
        own=("https://api.anthropic.com",),
        usual="https://api.anthropic.com/v1",
        always_versioned=True,  # as the vendor's own libraries do with the address in this variable
        calls="/messages",
        inside=("/messages", "/models", "/complete"),
    ),
    "gemini": Provider(
        backend="Gemini generateContent",
        key_variable="GEMINI_API_KEY",
        base_variable="GOOGLE_GEMINI_BASE_URL",
        own=("https://generativelanguage.googleapis.com",),
        usual="https://generativelanguage.googleapis.com/v1beta",
        version="/v1beta",
        always_versioned=True,  # as the vendor's own libraries do with the address in this variable
        calls="/models",
        inside=("/models", ":generateContent"),
    ),
    "azure": Provider(
        backend="Azure OpenAI",
        chats_only=False,
        key_variable="AZURE_OPENAI_API_KEY",
        base_variable="AZURE_OPENAI_ENDPOINT",
        own=("https://.openai.azure.com", "https://.services.ai.azure.com"),
        version="/openai/v1",
        calls="/chat/completions",
        inside=("/completions", "/responses", "/models"),
    ),
}


@dataclass(frozen=True, slots=True)
class NamedEndpoint:
    """What a URI names: a model, the base URL, whether the vendor's own key is meant for it, and the kind."""

    name: str
    base: str
    is_own: bool
    kind: str = "openai"

    @property
    def uri(self) -> str:
        """The URI as plans seal it."""
        return f"{self.kind}:{self.name}@{self.base}"


def named_endpoint(rest: str, kind: str = "openai") -> NamedEndpoint:
    """Read ``NAME@URL``, or ``NAME`` at the address in the provider's variable, or else at its usual one.

    Raises InputError for anything else, without repeating it, since it may hold a secret.
    """
    provider = PROVIDERS[kind]
    named = os.environ.get(provider.base_variable, "").strip()
    # NAME@proxy and NAME@proxy.intern/v1 mean an address: nothing goes to the usual one, nor to the variable's, then.
    at_end = rest[rest.rfind("@") :] if rest.rfind("@") > 0 else ""  # @cf/meta/llama begins with one: a name
    means_one = "@" in rest and (not named or bool(at_end and not _VERSION_AT_END.fullmatch(at_end)))
    is_named = "://" in rest or means_one
    name, separator, url = rest.rpartition("@") if is_named else (rest, "@", named or provider.usual)
    if not url and not is_named:
        raise InputError(f"an endpoint is {kind}:NAME@URL, or {kind}:NAME where {provider.base_variable} holds the URL")
    try:
        parts = urlsplit(url)
        usable = bool(name and separator) and parts.scheme in ("http", "https") and bool(parts.hostname)
        usable = usable and parts.port != 0
    except ValueError:  # a port or an address that is none
        usable = False
    if not usable:
        raise InputError(
            f"an endpoint is {kind}:NAME@URL with a URL that begins with http:// or https://, "
            "also where the NAME holds an @"
        )
    if parts.query or parts.fragment or parts.username:
        raise InputError(
            f"the URL of {kind}:NAME@URL takes no query and no password: the key belongs into STEELYARD_API_KEY"
        )
    if parts.path.rstrip("/").endswith(provider.inside):
        raise InputError(f"the URL of {kind}:NAME@URL ends before {provider.calls}: https://HOST{provider.version}")
    # Whoever sets the variable of the address means the key beside it, too; otherwise that is for the vendor alone.
    is_own = (not is_named and bool(named)) or provider.is_own(url)
    return NamedEndpoint(name, provider.base_of(url), is_own, kind)


def endpoint_of(uri: str) -> NamedEndpoint | None:
    """The endpoint that a URI names; None for any other kind of model.

    Raises InputError for one that cannot be one.
    """
    kind, _, rest = uri.partition(":")
    return named_endpoint(rest, kind) if kind in PROVIDERS else None


def address_of(uri: str) -> str:
    """A URI in the form in which a plan seals it, without connecting: of an endpoint, its name and whole base URL.

    Raises InputError for an endpoint that cannot be one; the URI of any other kind stays as it is.
    """
    found = endpoint_of(uri)
    return uri if found is None else found.uri

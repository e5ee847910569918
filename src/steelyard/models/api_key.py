"""The API key of an endpoint: from the environment alone, and only to the addresses that it is meant for."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from steelyard.errors import InputError
from steelyard.models import Settings
from steelyard.models.address import PROVIDERS, NamedEndpoint

__all__ = ["OWN_VARIABLE", "ApiKey", "key_for"]

OWN_VARIABLE = "STEELYARD_API_KEY"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key, empty for none, and ``about`` it in words: which variable it is from, or how to set one."""

    value: str = field(repr=False)
    about: str

    @property
    def bearer(self) -> dict[str, str]:
        """The header of an endpoint that takes the key as a bearer token; empty without a key."""
        return {"Authorization": f"Bearer {self.value}"} if self.value else {}


def key_for(endpoint: NamedEndpoint, settings: Settings) -> ApiKey:
    """The key that is sent to an endpoint.

    The one that ``settings`` hold, or that is in the variable which they name; else STEELYARD_API_KEY, else the
    vendor's own variable at its own address.
    Raises InputError where a variable that was named holds none, or a key cannot stand in a header.
    """
    if settings.api_key is not None:
        said = "its key was sent: is it right?" if settings.api_key else "no key was sent: give this endpoint one"
        return ApiKey(settings.api_key, said)
    provider = PROVIDERS[endpoint.kind]
    usual = (OWN_VARIABLE, provider.key_variable) if endpoint.is_own else (OWN_VARIABLE,)
    names = (settings.api_key_env,) if settings.api_key_env else usual if settings.usual_keys else ()
    name, found = next(
        ((name, value.strip()) for name in names if (value := os.environ.get(name, "")).strip()), ("", "")
    )
    if settings.api_key_env and not found:
        raise InputError(f"the environment variable {settings.api_key_env} holds no API key: set it, or name another")
    if not found.isascii() or not found.isprintable():
        raise InputError(f"the API key in {' or '.join(names)} holds characters that no HTTP header can: set it again")
    if found:
        return ApiKey(found, f"the key of {name} was sent: is it right?")
    unsent = ""
    if os.environ.get(provider.key_variable, "").strip():
        own = provider.own[0].replace("//.", "//*.")
        unsent = f"; {provider.key_variable} goes to {own} only"
    about = f"no key was sent: set {' or '.join(names)}, or name another variable with --api-key-env{unsent}"
    return ApiKey("", about)

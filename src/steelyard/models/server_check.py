"""Which server stands behind a URL: by its own list of models and its own paths, at that address alone. No sample.

What the list says narrows the paths that are asked. Nothing is asked above the path that the user named, and no path
generates anything.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, Final

from steelyard.models import Settings
from steelyard.models.address import NamedEndpoint
from steelyard.models.api_key import key_for
from steelyard.models.http_endpoint import HttpEndpoint, Reply
from steelyard.models.openai_wire import read_models
from steelyard.models.server_profiles import PROFILES, Profile
from steelyard.models.server_replies import HEADERS, Said, Server, recognised

__all__ = ["server_at"]

_SECONDS: Final = 10.0  # for a path that may not be there
_HOSTED: Final = ("https://api.openai.com", "https://openrouter.ai")  # no server of one's own: the list says it all


async def server_at(endpoint: NamedEndpoint, settings: Settings) -> Server:
    """What stands at an endpoint as it says itself; one that is not known where it says nothing that is understood.

    Raises InputError for a key that cannot be sent. Whether it answers at all is not told here.
    """
    seconds = min(settings.timeout_seconds, _SECONDS)
    key = key_for(endpoint, settings)
    http = HttpEndpoint(endpoint.base, key, replace(settings, timeout_seconds=seconds), key.bearer)
    try:
        listed = await http.call("GET", "/models", None)
        said = Said(endpoint.name)
        if isinstance(listed, Reply):
            entry = next((each for each in read_models(listed.payload) if each.get("id") == endpoint.name), {})
            headers = {name: http.shown(listed.headers[name]) for name in HEADERS if name in listed.headers}
            said = Said(endpoint.name, entry, headers=headers)
        if not endpoint.base.startswith(_HOSTED):
            said = replace(said, replies=await _replies(http, endpoint.name, _fitting(said)))
        return recognised(said)
    finally:
        await http.close()


def _fitting(said: Said) -> list[Profile]:
    """The profiles whose paths are asked: the one that the list names, else all."""
    owners = [profile for profile in PROFILES if profile.owner and profile.owner == said.owner]
    return owners or list(PROFILES)


async def _replies(http: HttpEndpoint, name: str, fitting: list[Profile]) -> dict[str, Any]:
    got = await _asked(http, "GET", [path for profile in fitting for path in profile.paths], None)
    known = [profile for profile in fitting if profile.posts and profile.paths[0] in got]
    return got | await _asked(http, "POST", [path for profile in known for path in profile.posts], {"model": name})


async def _asked(http: HttpEndpoint, method: str, paths: list[str], body: dict[str, str] | None) -> dict[str, Any]:
    replies = await asyncio.gather(*(http.call(method, path, body, beside=True) for path in paths))
    return {path: reply.payload for path, reply in zip(paths, replies, strict=True) if isinstance(reply, Reply)}

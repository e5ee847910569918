"""What an endpoint is asked before any sample: whether it lists the model, and a greeting of a few tokens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from steelyard.errors import ModelUnavailable
from steelyard.models.http_endpoint import HttpEndpoint
from steelyard.models.patience import pause_after
from steelyard.records import GenerateRequest, ModelOutput, Outcome

__all__ = ["Handshake", "ids_in", "refuses_temperature"]

_ATTEMPTS: Final = 3
_GREETING_TOKENS: Final = (1, 16, 1024)  # the first that is enough: some reasoning endpoints end fewer in an error


def refuses_temperature(output: ModelOutput) -> bool:
    """Whether the endpoint refused the request for its temperature."""
    return output.outcome is Outcome.CLIENT_ERROR and "temperature" in output.detail.lower()


class Handshake:
    """The handshake of one endpoint.

    ``generate`` asks it; ``refit`` is given what it said when it refused, leaves that out of all later bodies, and says
    whether there was anything to leave out.
    """

    def __init__(
        self,
        http: HttpEndpoint,
        generate: Callable[[GenerateRequest], Awaitable[ModelOutput]],
        refit: Callable[[str], bool],
    ) -> None:
        self._http = http
        self._generate = generate
        self._refit = refit
        self._tokens = _GREETING_TOKENS[0]

    async def listed(self, name: str, path: str = "/models", names_in: Callable[[Any], list[str]] | None = None) -> str:
        """Whether the endpoint lists a model: ``yes``, ``no`` or ``unknown``.

        Raises ModelUnavailable where nothing answers, or the key is refused.
        """
        reply = await self._http.call("GET", path, None)
        if isinstance(reply, ModelOutput):
            if reply.outcome is Outcome.DROPPED:
                raise ModelUnavailable(
                    f"nothing answers at {self._http.base} ({reply.detail}): start the server or correct the URL"
                )
            if reply.fatal:
                raise self._http.refusal(reply)
            return "unknown"
        names = (names_in or ids_in)(reply.payload)
        return "yes" if name in names else "no" if names else "unknown"

    async def greeted(self, *, chat: bool) -> ModelOutput:
        """Generate one token, or as many as the endpoint needs for a reply.

        Raises ModelUnavailable where it does not answer, or refuses the key.
        """
        output = ModelOutput(outcome=Outcome.DROPPED)
        for tokens in _GREETING_TOKENS:
            output = await self.patiently(GenerateRequest(prompt="Hello", chat=chat, max_tokens=tokens))
            if output.outcome is not Outcome.CLIENT_ERROR or "token" not in output.detail.lower():
                self._tokens = max(tokens, self._tokens)
                break
        if output.fatal:  # a web page at this path: what it would serve is not served
            return msgspec.structs.replace(output, outcome=Outcome.CLIENT_ERROR)
        if output.outcome in (Outcome.TIMEOUT, Outcome.DROPPED):
            raise ModelUnavailable(f"{self._http.base} does not answer ({output.detail}): is the server up?")
        return output

    def greeting(self, *, chat: bool) -> GenerateRequest:
        """A greeting with as many tokens as the endpoint needed: its health check."""
        return GenerateRequest(prompt="Hello", chat=chat, max_tokens=self._tokens)

    async def patiently(self, request: GenerateRequest) -> ModelOutput:
        """Generate; transient errors are retried, so that they do not count as "unsupported".

        What the endpoint refuses in a body is left out of all later ones. Raises ModelUnavailable where it refuses the
        key.
        """
        output = ModelOutput(outcome=Outcome.DROPPED)
        for attempt in range(_ATTEMPTS):
            output = await self._generate(request)
            while not output.outcome.answered and self._refit(output.detail):
                output = await self._generate(request)
            if output.fatal and output.outcome is not Outcome.MALFORMED:
                raise self._http.refusal(output)
            if output.outcome is Outcome.TIMEOUT or output.fatal or not output.outcome.retryable:
                break
            await pause_after(output, attempt)
        return output


def ids_in(payload: Any) -> list[str]:
    """The names in a list of models, as OpenAI and Anthropic write it: ``{"data": [{"id": …}]}``."""
    data = payload.get("data") if isinstance(payload, Mapping) else None
    found = [entry.get("id") for entry in data if isinstance(entry, Mapping)] if isinstance(data, list) else []
    return [name for name in found if isinstance(name, str)]

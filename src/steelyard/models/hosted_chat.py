"""A hosted API that chats, and does nothing else: what such providers have in common, behind a dialect of each.

No such API completes a plain text or gives log-likelihoods, so a task that needs them cannot be tested there, and the
capabilities say why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, runtime_checkable

import msgspec

from steelyard.errors import ModelRefused
from steelyard.models import Settings
from steelyard.models.address import PROVIDERS, NamedEndpoint, named_endpoint
from steelyard.models.api_key import key_for
from steelyard.models.batches import BatchApi
from steelyard.models.handshake import Handshake, refuses_temperature
from steelyard.models.http_endpoint import TOO_LARGE, HttpEndpoint
from steelyard.models.reasoning_check import find_reasoning
from steelyard.models.streamed_body import Places, StreamedBody, in_base64
from steelyard.records import (
    Capabilities,
    GenerateRequest,
    Image,
    LoglikelihoodRequest,
    ModelIdentity,
    ModelOutput,
    Outcome,
)

__all__ = ["BatchDialect", "ChatDialect", "Fit", "HostedChat", "open_hosted"]

NO_COMPLETIONS: Final = "this API takes chat messages alone: it has no plain completions"
NO_LIKELIHOODS: Final = "this API gives no log-likelihoods"
MOST_LEAST: Final = 16  # an endpoint cannot lift the limit of a protocol further than OpenAI's does
_LEAST: Final = re.compile(r"tokens\b.*>= (\d{1,9})")


@dataclass(frozen=True)
class Fit:
    """What a model takes in the body of a request, and whether it reasons before it answers.

    ``least_tokens``: the endpoint refuses a smaller limit of tokens, so that this one is sent in its place.
    """

    takes_temperature: bool = True
    reasons: bool = False
    reasoning_takes_temperature: bool = True
    least_tokens: int = 1

    def under(self, request: GenerateRequest) -> Fit:
        """The fit of one request, whose effort may make the model reason."""
        if not request.asks_reasoning:
            return self
        takes_temperature = self.takes_temperature and self.reasoning_takes_temperature
        return replace(self, reasons=True, takes_temperature=takes_temperature)

    def fitted_to(self, refusal: str) -> Fit:
        """The fit without what the endpoint refuses in an error; the same one where that is not known."""
        if "temperature" in refusal.lower() and self.takes_temperature:
            return replace(self, takes_temperature=False)
        least = _LEAST.search(refusal)
        if least is not None and self.least_tokens < int(least[1]) <= MOST_LEAST:
            return replace(self, least_tokens=int(least[1]))
        return self


class ChatDialect(Protocol):
    """How one provider writes requests and replies, as pure functions.

    ``data_uris`` says whether an image goes as a data URI, or as base64 alone; ``listing`` is the path of its list of
    models.
    """

    data_uris: bool
    listing: str

    def headers(self, key: str) -> dict[str, str]:
        """What goes with every request; ``key`` is empty where there is none."""
        ...

    def path(self, model: str) -> str:
        """Where a request goes, below the base URL."""
        ...

    def body(self, model: str, request: GenerateRequest, fit: Fit, show: Callable[[Image], str]) -> dict[str, Any]:
        """The JSON body; ``show`` gives what stands for an image. Raises ValueError for what the API does not take."""
        ...

    def read(self, payload: Any, request: GenerateRequest, fit: Fit) -> ModelOutput:
        """Parse a reply with status 200 into exactly one typed output."""
        ...

    def names_in(self, payload: Any) -> list[str]:
        """The models in a reply to ``listing``."""
        ...


@runtime_checkable
class BatchDialect(ChatDialect, Protocol):
    """A dialect of a provider that has batches."""

    def batches(
        self,
        http: HttpEndpoint,
        body: Callable[[GenerateRequest], Mapping[str, Any]],
        read: Callable[[Any, GenerateRequest], ModelOutput],
    ) -> BatchApi:
        """The provider's batches, whose lines have these bodies and replies."""
        ...


def open_hosted(kind: str, rest: str, settings: Settings, dialect: ChatDialect) -> HostedChat:
    """Open ``kind:rest``; raises InputError where that names no endpoint, and for a key that is none."""
    found = named_endpoint(rest, kind)
    key = key_for(found, settings)
    http = HttpEndpoint(found.base, key, settings, dialect.headers(key.value))
    return HostedChat(found, http, settings, dialect)


class HostedChat:
    """A hosted chat as a :class:`steelyard.plugins.Model`."""

    takes_images: Final = True  # as far as its API goes; whether the model does is asked (image_check)

    def __init__(self, named: NamedEndpoint, http: HttpEndpoint, settings: Settings, dialect: ChatDialect) -> None:
        self._named = named
        self._name = named.name
        self._http = http
        self._settings = settings
        self._dialect = dialect
        self._fit = Fit()
        self._handshake = Handshake(http, self.generate, self._refit)

    def __repr__(self) -> str:
        return f"HostedChat({self._named.uri!r})"

    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        """Probe the endpoint without sending any sample: list models, greet, and ask two short questions for reasoning.

        In a resumed run its capabilities are those of the sealed plan. Raises ModelUnavailable where nothing answers,
        the key is refused, or the model is not served there, InputError where it refuses the reasoning effort.
        """
        listed = await self._handshake.listed(self._name, self._dialect.listing, self._dialect.names_in)
        self._adopt_sealed()
        greeted = await self._handshake.greeted(chat=True)
        self._adopt_sealed()
        if greeted.outcome is Outcome.CLIENT_ERROR:
            raise ModelRefused(f"{self._http.base} does not serve {self._name!r}: {greeted.detail}")
        identity = ModelIdentity(
            uri=self._named.uri,
            name=self._name,
            backend=PROVIDERS[self._named.kind].backend,
            details={"listed": listed, "answers_as": greeted.model},
        )
        return identity, self._settings.sealed or await self._capabilities()

    def _adopt_sealed(self) -> None:
        if (sealed := self._settings.sealed) is not None:
            self._fit = replace(self._fit, takes_temperature=sealed.takes_temperature, reasons=sealed.reasons)

    async def _capabilities(self) -> Capabilities:
        reasons, output_tokens = await find_reasoning(
            self._handshake.patiently, self._settings.reasoning_effort, adaptive=True
        )
        self._fit = replace(self._fit, reasons=reasons)
        return Capabilities(
            chat=True,
            completions=False,
            loglikelihood=False,
            loglikelihood_reason=f"this endpoint cannot give log-likelihoods: {NO_LIKELIHOODS}",
            concurrency=self._settings.concurrency,
            reasons=reasons,
            output_tokens=output_tokens,
            takes_temperature=self._fit.takes_temperature,
        )

    def _refit(self, refusal: str) -> bool:
        before, self._fit = self._fit, self._fit.fitted_to(refusal)
        return self._fit != before

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        """Answer with text; stop strings are cut by the dialect too, since not every one can be sent."""
        if not request.chat:
            return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail=NO_COMPLETIONS)
        output = await self._generated(request, fit := self._fit.under(request))
        # The handshake found whether it takes one under the user's effort.
        is_other = request.asks_reasoning and request.reasoning_effort != self._settings.reasoning_effort
        if is_other and fit.takes_temperature and refuses_temperature(output):
            self._fit = replace(self._fit, reasoning_takes_temperature=False)
            output = await self._generated(request, self._fit.under(request))
        return output

    async def _generated(self, request: GenerateRequest, fit: Fit) -> ModelOutput:
        places = Places(data_uris=self._dialect.data_uris)
        try:
            body = self._dialect.body(self._name, request, fit, places.put)
        except ValueError as error:
            return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail=str(error))
        sent = StreamedBody.of(body, places) if places.shown else body
        reply = await self._http.call("POST", self._dialect.path(self._name), sent)
        if reply is TOO_LARGE:  # the model's own answer, and final as any that was cut off
            return msgspec.structs.replace(TOO_LARGE, outcome=Outcome.TRUNCATED)
        if isinstance(reply, ModelOutput):
            return reply
        output = self._http.without_key(self._dialect.read(reply.payload, request, fit))
        return output if reply.rate is None else msgspec.structs.replace(output, rate=reply.rate)

    @property
    def batches(self) -> BatchApi | None:
        """Its batches; None where the dialect has none."""
        dialect = self._dialect
        if not isinstance(dialect, BatchDialect):
            return None
        return dialect.batches(
            self._http,
            lambda request: dialect.body(self._name, request, self._fit.under(request), in_base64),
            lambda payload, request: self._http.without_key(dialect.read(payload, request, self._fit.under(request))),
        )

    async def loglikelihood(self, request: LoglikelihoodRequest) -> ModelOutput:
        """Refuse: no such API gives log-likelihoods of a text."""
        return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail=NO_LIKELIHOODS)

    async def ping(self) -> ModelOutput:
        """The health check: a greeting as in the handshake. Not a sample."""
        return await self.generate(self._handshake.greeting(chat=True))

    async def close(self) -> None:
        """Close the connections; safe to call twice."""
        await self._http.close()

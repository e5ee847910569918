"""``openai:NAME@URL``: any OpenAI-compatible endpoint, over one pool of connections.

The last ``@`` separates, so a name may hold one. A URL without a path gets ``/v1``; one with a path is unchanged.
What every provider's wire has in common is :mod:`steelyard.models.http_endpoint`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from steelyard.errors import ModelRefused
from steelyard.models import Settings, echo_check, next_token_wire, openai_wire, prompt_logprobs
from steelyard.models.address import PROVIDERS, NamedEndpoint, named_endpoint
from steelyard.models.api_key import ApiKey, key_for
from steelyard.models.handshake import Handshake, ids_in, refuses_temperature
from steelyard.models.http_endpoint import TOO_LARGE, HttpEndpoint
from steelyard.models.openai_batches import OpenAIBatches
from steelyard.models.patience import pause_after
from steelyard.models.reasoning_check import find_reasoning
from steelyard.models.streamed_body import Places, StreamedBody, data_uri
from steelyard.records import (
    Capabilities,
    GenerateRequest,
    LoglikelihoodRequest,
    ModelIdentity,
    ModelOutput,
    NextTokenRequest,
    Outcome,
    RateHint,
)

__all__ = ["OpenAIModel", "open_openai"]

_ECHO_ATTEMPTS: Final = 3


def open_openai(rest: str, settings: Settings) -> OpenAIModel:
    """Open what :func:`named_endpoint` reads; raises InputError for anything else, and for a key that is none."""
    found = named_endpoint(rest)
    return OpenAIModel(found, key_for(found, settings), settings)


class OpenAIModel:
    """An endpoint as a :class:`steelyard.plugins.Model`."""

    takes_images: Final = True  # as far as its API goes; whether the model does is asked (image_check)

    def __init__(
        self, endpoint: NamedEndpoint, key: ApiKey, settings: Settings, headers: Mapping[str, str] | None = None
    ) -> None:
        self._named = endpoint
        self._name = endpoint.name
        self._base = endpoint.base
        self._settings = settings
        self._dialect = openai_wire.Dialect()
        self._pings_by_chat = True
        self._prompts = prompt_logprobs.ECHO
        self._owner = ""  # of the model, as the endpoint's own list says
        self._rate: RateHint | None = None  # from the last echo's headers
        self._http = HttpEndpoint(endpoint.base, key, settings, key.bearer if headers is None else headers)
        self._handshake = Handshake(self._http, self.generate, self._refit)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name!r}, {self._base!r})"

    # ── what it is ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        """Probe the endpoint without sending any sample: list models, greet by chat and by completion, two echoes.

        Where it chats, a short question shows whether it reasons. In a resumed run its capabilities are those of the
        sealed plan. Raises ModelUnavailable where nothing answers, the key is refused, or the model is not served
        there, InputError where it refuses the reasoning effort.
        """
        listed = await self._handshake.listed(self._name, names_in=self._noted)
        self._adopt_sealed()
        chat = await self._handshake.greeted(chat=True)
        self._pings_by_chat = chat.outcome is not Outcome.CLIENT_ERROR
        completion = await self._handshake.greeted(chat=False)
        if Outcome.CLIENT_ERROR is chat.outcome is completion.outcome:
            raise ModelRefused(f"{self._base} does not serve {self._name!r}: {chat.detail}")
        self._adopt_sealed()
        identity = ModelIdentity(
            uri=self._named.uri,
            name=self._name,
            backend=PROVIDERS[self._named.kind].backend,
            details={"listed": listed, "answers_as": chat.model or completion.model},
        )
        return identity, await self._capabilities(chat, completion)

    def _adopt_sealed(self) -> None:
        if (sealed := self._settings.sealed) is not None:
            self._dialect = replace(self._dialect, takes_temperature=sealed.takes_temperature, reasons=sealed.reasons)
            if sealed.next_tokens:  # as many as it gave when it was asked first
                self._dialect = replace(self._dialect, most_logprobs=sealed.next_tokens)

    async def _capabilities(self, chat: ModelOutput, completion: ModelOutput) -> Capabilities:
        sealed = self._settings.sealed
        completions = completion.outcome is not Outcome.CLIENT_ERROR
        reason = "it has no /completions"
        if completions and (sealed is None or sealed.loglikelihood):
            reason = await self._loglikelihood_unavailable_reason()
        if sealed is not None:
            return sealed
        reasons, output_tokens = False, 0
        if chat.outcome is not Outcome.CLIENT_ERROR:
            reasons, output_tokens = await find_reasoning(self._handshake.patiently, self._settings.reasoning_effort)
        self._dialect = replace(self._dialect, reasons=reasons)
        return Capabilities(
            chat=chat.outcome is not Outcome.CLIENT_ERROR,
            completions=completions,
            loglikelihood=not reason,
            loglikelihood_reason=f"this endpoint cannot give log-likelihoods: {reason}" if reason else "",
            concurrency=self._settings.concurrency,
            reasons=reasons,
            output_tokens=output_tokens,
            takes_temperature=self._dialect.takes_temperature,
        )

    def _noted(self, payload: Any) -> list[str]:
        """The names in a list of models; who owns this one is kept."""
        self._owner = openai_wire.owner_in(payload, self._name)
        return ids_in(payload)

    def _refit(self, refusal: str) -> bool:
        before, self._dialect = self._dialect, self._dialect.fitted_to(refusal)
        return self._dialect != before

    async def _loglikelihood_unavailable_reason(self) -> str:
        """Check each way of asking for a prompt's log-probabilities, and give the reason where none passes.

        Samples are asked by the first that can be read; where none can, by echo, as most servers have it.
        """
        reason = ""
        for asked in prompt_logprobs.dialects_at(self._base, self._owner):
            self._prompts = asked
            whole = await self._echo_patiently(echo_check.TEXT)
            prefix = whole if isinstance(whole, ModelOutput) else await self._echo_patiently(echo_check.PREFIX)
            if isinstance(whole, echo_check.Echo) and isinstance(prefix, echo_check.Echo):
                return echo_check.reason_against(whole, prefix)
            failed = whole if isinstance(whole, ModelOutput) else prefix
            if isinstance(failed, ModelOutput) and not (reason and asked.is_rare):
                reason = failed.detail
        self._prompts = prompt_logprobs.ECHO_AND_ONE
        return reason

    async def _echo_patiently(self, prompt: str) -> echo_check.Echo | ModelOutput:
        """Echo; an endpoint that is busy is asked again, so that a resumed run asks as the run that it goes on with."""
        for attempt in range(_ECHO_ATTEMPTS):
            echo = await self._echo(prompt)
            if not isinstance(echo, ModelOutput) or echo.outcome not in (Outcome.RATE_LIMITED, Outcome.SERVER_ERROR):
                break
            await pause_after(echo, attempt)
        return echo

    # ── asking ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        """Answer with text; stop strings are cut here too, since some servers ignore them, and some refuse them."""
        output = await self._generated(request, self._dialect)
        if openai_wire.SWITCHES in output.detail and output.outcome is Outcome.CLIENT_ERROR:
            self._dialect = replace(self._dialect, takes_extensions=False)
            output = await self._generated(request, self._dialect)
        # The handshake found whether it takes one under the user's effort.
        is_other = request.asks_reasoning and request.reasoning_effort != self._settings.reasoning_effort
        if is_other and self._dialect.under(request).takes_temperature and refuses_temperature(output):
            self._dialect = replace(self._dialect, reasoning_takes_temperature=False)
            output = await self._generated(request, self._dialect)
        if request.stop and output.outcome is Outcome.CLIENT_ERROR and openai_wire.refuses_stops(output.detail):
            self._dialect = replace(self._dialect, takes_stops=False)
            output = await self._generated(request, self._dialect)
        has_extensions = self._dialect.takes_extensions and (request.untruncated or request.reasoning_effort)
        if has_extensions and output.outcome is Outcome.CLIENT_ERROR:
            strict = replace(self._dialect, takes_extensions=False)  # some endpoints know the standard fields alone
            if (again := await self._generated(request, strict)).outcome is not Outcome.CLIENT_ERROR:
                self._dialect = strict
                return again
        return output

    async def _generated(self, request: GenerateRequest, dialect: openai_wire.Dialect) -> ModelOutput:
        places, dialect = Places(), dialect.under(request)
        try:
            body = openai_wire.generate_body(self._name, request, dialect, places.put)
        except ValueError as error:
            return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail=str(error))
        sent = StreamedBody.of(body, places) if places.shown else body
        reply = await self._http.call("POST", openai_wire.path_of(request), sent)
        if reply is TOO_LARGE:  # the model's own answer, and final as any that was cut off
            return msgspec.structs.replace(TOO_LARGE, outcome=Outcome.TRUNCATED)
        if isinstance(reply, ModelOutput):
            return reply
        read = openai_wire.read_completion(reply.payload, request, reasons=dialect.reasons)
        output = self._http.without_key(read)
        return output if reply.rate is None else msgspec.structs.replace(output, rate=reply.rate)

    @property
    def batches(self) -> OpenAIBatches | None:
        """Its batches, of chats alone; the API that has any knows the standard fields alone."""
        return OpenAIBatches(
            self._http,
            lambda request: openai_wire.generate_body(
                self._name, request, replace(self._dialect.under(request), takes_extensions=False), data_uri
            ),
            lambda payload, request: self._http.without_key(
                openai_wire.read_completion(payload, request, reasons=self._dialect.under(request).reasons)
            ),
        )

    async def ping(self) -> ModelOutput:
        """The health check: a greeting as in the handshake. Not a sample."""
        return await self.generate(self._handshake.greeting(chat=self._pings_by_chat))

    async def loglikelihood(self, request: LoglikelihoodRequest) -> ModelOutput:
        """Answer with one sum of log-probabilities (nats) per continuation: an echoed prompt each, in turn."""
        text = request.prefix + request.context
        echoes: list[echo_check.Echo] = []
        for continuation in request.continuations:
            echo = await self._echo(text + continuation)
            if isinstance(echo, ModelOutput):  # the tokens of earlier echoes were used
                return msgspec.structs.replace(echo, prompt_tokens=sum(len(before.tokens) for before in echoes))
            echoes.append(echo)
        try:
            sums = echo_check.continuation_sums(echoes, len(text))
        except ValueError as error:
            return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail=str(error))
        tokens = sum(len(echo.tokens) for echo in echoes)
        return ModelOutput(
            outcome=Outcome.OK,
            logprobs=sums,
            finish_reason="stop",
            prompt_tokens=tokens,
            model=self._name,
            rate=self._rate,
        )

    async def next_token(self, request: NextTokenRequest) -> ModelOutput:
        """Answer with the likeliest next tokens; what an endpoint refuses in the body is left out of later ones."""
        output = await self._next_tokens(request, self._dialect)
        for less in self._dialect.with_less():
            if output.outcome is not Outcome.CLIENT_ERROR:
                break
            if (again := await self._next_tokens(request, less)).outcome is not Outcome.CLIENT_ERROR:
                self._dialect = less
                return again
        return output

    async def _next_tokens(self, request: NextTokenRequest, dialect: openai_wire.Dialect) -> ModelOutput:
        body = next_token_wire.next_token_body(self._name, request, dialect)
        reply = await self._http.call("POST", "/completions", body)
        if isinstance(reply, ModelOutput):
            return reply
        output = self._http.without_key(next_token_wire.read_next_tokens(reply.payload, request))
        return output if reply.rate is None else msgspec.structs.replace(output, rate=reply.rate)

    async def _echo(self, prompt: str) -> echo_check.Echo | ModelOutput:
        asked = self._prompts
        reply = await self._http.call("POST", asked.path, asked.body(self._name, prompt), beside=asked.beside)
        if isinstance(reply, ModelOutput):
            return reply
        self._rate = reply.rate
        try:
            return asked.read(reply.payload if isinstance(reply.payload, Mapping) else {}, prompt)
        except ValueError as error:
            return ModelOutput(outcome=Outcome.MALFORMED, detail=str(error))

    async def close(self) -> None:
        """Close the connections; safe to call twice."""
        await self._http.close()

"""``openai:NAME@URL``: any OpenAI-compatible endpoint, over one pool of connections.

The last ``@`` separates, so a name may hold one. A URL without a path gets ``/v1``; one with a path is unchanged.
Faults of the wire become outcomes; redirects are not followed (a key must not travel to another host), replies are
bounded, and the key appears in no record, error or representation.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.errors import InputError, ModelUnavailable
from steelyard.models import Settings, echo_check, lost_connection, next_token_wire, openai_wire
from steelyard.models.address import OPENAI, NamedEndpoint, named_endpoint
from steelyard.models.proxy import proxy_of
from steelyard.models.rate_headers import read_rate_headers
from steelyard.models.reasoning_check import find_reasoning
from steelyard.models.reply_size import MAX_CONTAINERS, MAX_VALUES, holds_too_much
from steelyard.models.streamed_body import Places, StreamedBody
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
from steelyard.util.text import one_line

if TYPE_CHECKING:
    import aiohttp

__all__ = ["OpenAIModel", "open_openai"]

REPLY_BYTES = 16 << 20
TOO_LARGE = ModelOutput(outcome=Outcome.MALFORMED, detail=f"the reply is larger than {REPLY_BYTES >> 20} MB")
TOO_MUCH = ModelOutput(
    outcome=Outcome.MALFORMED,
    detail=f"the reply holds more than {MAX_VALUES:,} values, or {MAX_CONTAINERS:,} lists and objects",
)
JSON = {"Content-Type": "application/json"}
KEY_VARIABLES = ("STEELYARD_API_KEY", "OPENAI_API_KEY")
_HANDSHAKE_ATTEMPTS = 3
_HANDSHAKE_SECONDS = 30.0
_GREETING_TOKENS = (1, 16, 1024)  # the first that is enough: some reasoning endpoints end fewer in an error
_REDACTED_FROM = 8


def open_openai(rest: str, settings: Settings) -> OpenAIModel:
    """Open what :func:`named_endpoint` reads; raises InputError for anything else, and for a key that is none."""
    found = named_endpoint(rest)
    key, source = _key(settings, KEY_VARIABLES if found.is_openais else KEY_VARIABLES[:1])
    return OpenAIModel(found.name, found.base, key, source, settings)


def _key(settings: Settings, variables: tuple[str, ...]) -> tuple[str, str]:
    """The API key, and which variable it is from, in words."""
    names = (settings.api_key_env,) if settings.api_key_env else variables if settings.usual_keys else ()
    name, found = next(
        ((name, value.strip()) for name in names if (value := os.environ.get(name, "")).strip()), ("", "")
    )
    if settings.api_key_env and not found:
        raise InputError(f"the environment variable {settings.api_key_env} holds no API key: set it, or name another")
    if not found.isascii() or not found.isprintable():
        raise InputError(f"the API key in {' or '.join(names)} holds characters that no HTTP header can: set it again")
    if found:
        return found, f"the key of {name} was sent: is it right?"
    unsent = f"; {KEY_VARIABLES[1]} goes to {OPENAI} only" if os.environ.get(KEY_VARIABLES[1], "").strip() else ""
    return "", f"no key was sent: set {' or '.join(names)}, or name another variable with --api-key-env{unsent}"


def _sent(body: Mapping[str, Any] | StreamedBody | None) -> tuple[Any, dict[str, str]]:
    """What is sent, and its headers."""
    if isinstance(body, StreamedBody):
        return body.sent(), JSON | {"Content-Length": str(body.size)}
    return None if body is None else msgspec.json.encode(body), JSON


@dataclass(frozen=True, slots=True)
class Reply:
    """The JSON of a reply with status 200, and the rate limits in its headers."""

    payload: Any
    rate: RateHint | None


class OpenAIModel:
    """An endpoint as a :class:`steelyard.plugins.Model`."""

    takes_images: Final = True  # as far as its API goes; whether the model does is asked (image_check)

    def __init__(self, name: str, base: str, key: str, about_key: str, settings: Settings) -> None:
        self._name = name
        self._base = base
        self._key = key
        self._about_key = about_key
        self._settings = settings
        self._dialect = openai_wire.Dialect()
        self._pings_by_chat = True
        self._greeting_tokens = _GREETING_TOKENS[0]
        self._echo_max_tokens = 0
        self._rate: RateHint | None = None  # from the last echo's headers
        self._proxy = proxy_of(base)
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"OpenAIModel({self._name!r}, {self._base!r})"

    # ── what it is ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        """Probe the endpoint without sending any sample: list models, greet by chat and by completion, two echoes.

        Where it chats, a short question shows whether it reasons. In a resumed run its capabilities are those of the
        sealed plan. Raises ModelUnavailable where nothing answers, the key is refused, or the model is not served
        there, InputError where it refuses the reasoning effort.
        """
        listed = await self._listed()
        self._adopt_sealed()
        chat = await self._greeted(chat=True)
        self._pings_by_chat = chat.outcome is not Outcome.CLIENT_ERROR
        completion = await self._greeted(chat=False)
        if Outcome.CLIENT_ERROR is chat.outcome is completion.outcome:
            raise ModelUnavailable(f"{self._base} does not serve {self._name!r}: {chat.detail}")
        self._adopt_sealed()
        identity = ModelIdentity(
            uri=NamedEndpoint(self._name, self._base, False).uri,
            name=self._name,
            backend="OpenAI-compatible HTTP",
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
            reasons, output_tokens = await find_reasoning(self._patiently, self._settings.reasoning_effort)
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

    async def _listed(self) -> str:
        reply = await self._call("GET", "/models", None)
        if isinstance(reply, ModelOutput):
            if reply.outcome is Outcome.DROPPED:
                raise ModelUnavailable(
                    f"nothing answers at {self._base} ({reply.detail}): start the server or correct the URL"
                )
            if reply.fatal:
                raise self._refusal(reply)
            return "unknown"
        data = reply.payload.get("data") if isinstance(reply.payload, Mapping) else None
        names = [entry.get("id") for entry in data if isinstance(entry, Mapping)] if isinstance(data, list) else []
        return "yes" if self._name in names else "no" if names else "unknown"

    async def _greeted(self, *, chat: bool) -> ModelOutput:
        """Generate one token, or as many as the endpoint needs for a reply."""
        output = ModelOutput(outcome=Outcome.DROPPED)
        for tokens in _GREETING_TOKENS:
            output = await self._patiently(GenerateRequest(prompt="Hello", chat=chat, max_tokens=tokens))
            if output.outcome is not Outcome.CLIENT_ERROR or "token" not in output.detail.lower():
                self._greeting_tokens = max(tokens, self._greeting_tokens)
                break
        if output.fatal:  # a web page at this path: what it would serve is not served
            return msgspec.structs.replace(output, outcome=Outcome.CLIENT_ERROR)
        if output.outcome in (Outcome.TIMEOUT, Outcome.DROPPED):
            raise ModelUnavailable(f"{self._base} does not answer ({output.detail}): is the server up?")
        return output

    async def _patiently(self, request: GenerateRequest) -> ModelOutput:
        """Generate; transient errors are retried, so that they do not count as "unsupported".

        What the endpoint refuses in a body is left out of all later ones.
        """
        output = ModelOutput(outcome=Outcome.DROPPED)
        for attempt in range(_HANDSHAKE_ATTEMPTS):
            output = await self.generate(request)
            while not output.outcome.answered and (fitted := self._dialect.fitted_to(output.detail)) != self._dialect:
                self._dialect = fitted
                output = await self.generate(request)
            if output.fatal and output.outcome is not Outcome.MALFORMED:
                raise self._refusal(output)
            if output.outcome is Outcome.TIMEOUT or output.fatal or not output.outcome.retryable:
                break
            await asyncio.sleep(min(output.retry_after or 0.2 * 2**attempt, 5.0))
        return output

    def _refusal(self, output: ModelOutput) -> ModelUnavailable:
        if output.detail.endswith(openai_wire.SPENT):
            return ModelUnavailable(f"{self._base} refuses to answer: {output.detail}")
        if not output.detail.startswith(("HTTP 401", "HTTP 403")):
            return ModelUnavailable(f"{self._base}: {output.detail}")
        said = output.detail.partition(" (is the API")[0]  # what is said here knows more
        what = "the key" if self._key else "calls without a key"
        return ModelUnavailable(f"{self._base} refuses {what}: {said} ({self._about_key})")

    async def _loglikelihood_unavailable_reason(self) -> str:
        """Run the echo check and return why it failed, or nothing. Some servers require at least one new token."""
        reason = ""
        for max_tokens in (0, 1):
            self._echo_max_tokens = max_tokens
            whole, prefix = await self._echo(echo_check.TEXT), await self._echo(echo_check.PREFIX)
            if isinstance(whole, echo_check.Echo) and isinstance(prefix, echo_check.Echo):
                return echo_check.reason_against(whole, prefix)
            failed = whole if isinstance(whole, ModelOutput) else prefix
            reason = failed.detail if isinstance(failed, ModelOutput) else ""
        return reason

    # ── asking ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        """Answer with text; stop strings are cut here too, since some servers ignore them."""
        output = await self._generated(request, self._dialect)
        if request.untruncated and output.outcome is Outcome.CLIENT_ERROR and self._dialect.takes_samplers:
            strict = replace(self._dialect, takes_samplers=False)  # some endpoints know the standard fields alone
            if (again := await self._generated(request, strict)).outcome is not Outcome.CLIENT_ERROR:
                self._dialect = strict
                return again
        return output

    async def _generated(self, request: GenerateRequest, dialect: openai_wire.Dialect) -> ModelOutput:
        places = Places()
        try:
            body = openai_wire.generate_body(self._name, request, dialect, places.put)
        except ValueError as error:
            return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail=str(error))
        sent = StreamedBody.of(body, places) if places.shown else body
        reply = await self._call("POST", openai_wire.path_of(request), sent)
        if reply is TOO_LARGE:  # the model's own answer, and final as any that was cut off
            return msgspec.structs.replace(TOO_LARGE, outcome=Outcome.TRUNCATED)
        if isinstance(reply, ModelOutput):
            return reply
        output = openai_wire.read_completion(reply.payload, request, reasons=dialect.reasons)
        return output if reply.rate is None else msgspec.structs.replace(output, rate=reply.rate)

    async def ping(self) -> ModelOutput:
        """The health check: a greeting as in the handshake. Not a sample."""
        greeting = GenerateRequest(prompt="Hello", chat=self._pings_by_chat, max_tokens=self._greeting_tokens)
        return await self.generate(greeting)

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
        reply = await self._call("POST", "/completions", body)
        if isinstance(reply, ModelOutput):
            return reply
        output = next_token_wire.read_next_tokens(reply.payload, request)
        return output if reply.rate is None else msgspec.structs.replace(output, rate=reply.rate)

    async def _echo(self, prompt: str) -> echo_check.Echo | ModelOutput:
        reply = await self._call(
            "POST", "/completions", openai_wire.echo_body(self._name, prompt, self._echo_max_tokens)
        )
        if isinstance(reply, ModelOutput):
            return reply
        self._rate = reply.rate
        try:
            return echo_check.read_echo(reply.payload if isinstance(reply.payload, Mapping) else {}, prompt)
        except ValueError as error:
            return ModelOutput(outcome=Outcome.MALFORMED, detail=str(error))

    async def close(self) -> None:
        """Close the connections; safe to call twice."""
        if self._session is not None:
            await self._session.close()

    # ── the wire ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | StreamedBody | None) -> Reply | ModelOutput:
        """Make one HTTP exchange: the decoded JSON of a 200, or a typed output for anything else."""
        import aiohttp

        sent, sent_headers = _sent(body)
        try:
            async with self._connections().request(
                method, self._base + path, data=sent, headers=sent_headers, allow_redirects=False, proxy=self._proxy
            ) as reply:
                data = await self._read(reply)
                status, headers = reply.status, reply.headers
        except TimeoutError:
            return ModelOutput(outcome=Outcome.TIMEOUT, detail=f"no reply within {self._settings.timeout_seconds:g} s")
        except aiohttp.ClientResponseError as error:
            return ModelOutput(outcome=Outcome.MALFORMED, detail=self._shown(f"not HTTP: {error.message}"))
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            return ModelOutput(outcome=Outcome.DROPPED, detail=self._shown(lost_connection.describe(error)))
        if data is None and status == 200:
            return TOO_LARGE
        if data and holds_too_much(data):
            return TOO_MUCH if status == 200 else openai_wire.read_error(status, None, self._without_key(dict(headers)))
        try:
            payload = self._without_key(msgspec.json.decode(data or b""))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # nested deeper than any reply is
            payload = None
        if status != 200:
            return openai_wire.read_error(status, payload, self._without_key(dict(headers)))
        if payload is None:
            return openai_wire.read_no_json(data or b"", headers)
        return Reply(payload, read_rate_headers(headers))

    async def _read(self, reply: aiohttp.ClientResponse) -> bytes | None:
        data = bytearray()
        async for chunk in reply.content.iter_chunked(1 << 16):
            data += chunk
            if len(data) > REPLY_BYTES:
                return None
        return self._redact(bytes(data))

    def _redact(self, data: bytes) -> bytes:
        """Take the key out of whatever a server sends back, before anything can keep it."""
        key = self._key.encode()
        return data.replace(key, b"[key]") if len(key) >= _REDACTED_FROM else data

    def _without_key(self, value: Any) -> Any:
        """As :meth:`_redact`, in decoded JSON: a server may send the key back in escapes."""
        if len(self._key) < _REDACTED_FROM:
            return value
        if isinstance(value, str):
            return value.replace(self._key, "[key]")
        if isinstance(value, Mapping):
            return {self._without_key(key): self._without_key(inner) for key, inner in value.items()}
        return [self._without_key(inner) for inner in value] if isinstance(value, list) else value

    def _shown(self, text: str) -> str:
        return one_line(self._redact(text.encode()).decode(), openai_wire.MAX_DETAIL)

    def _connections(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._session is None:
            headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._settings.concurrency),
                timeout=aiohttp.ClientTimeout(total=self._settings.timeout_seconds, sock_connect=_HANDSHAKE_SECONDS),
                headers=headers,
            )
        return self._session

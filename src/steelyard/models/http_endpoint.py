"""One base URL over one pool of connections: what any provider's dialect rests on.

Faults of the wire become outcomes; redirects are not followed (a key must not travel to another host), replies are
bounded, and the key appears in no record, error or representation.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from steelyard.errors import ModelRefused, ModelUnavailable
from steelyard.models import Settings, lost_connection
from steelyard.models.api_key import ApiKey
from steelyard.models.error_replies import MAX_DETAIL, SPENT, read_error, read_no_json
from steelyard.models.key_forms import KeyForms
from steelyard.models.proxy import proxy_of, secrets_of
from steelyard.models.rate_headers import read_rate_headers
from steelyard.models.reply_size import MAX_CONTAINERS, MAX_VALUES, holds_too_much
from steelyard.models.streamed_body import StreamedBody
from steelyard.models.waiting import waiting_for
from steelyard.records import ModelOutput, Outcome, RateHint
from steelyard.util.text import one_line

if TYPE_CHECKING:
    import aiohttp

__all__ = ["TOO_LARGE", "HttpEndpoint", "Reply", "Unreadable", "Upload", "is_too_large"]

REPLY_BYTES: Final = 16 << 20
FILE_BYTES: Final = 1 << 30  # of a file of lines, which is never in memory whole
SLOWEST: Final = 32 << 10  # bytes a second of a file of lines
TOO_LARGE: Final = ModelOutput(outcome=Outcome.MALFORMED, detail=f"the reply is larger than {REPLY_BYTES >> 20} MB")
TOO_MUCH: Final = ModelOutput(
    outcome=Outcome.MALFORMED,
    detail=f"the reply holds more than {MAX_VALUES:,} values, or {MAX_CONTAINERS:,} lists and objects",
)
JSON: Final = {"Content-Type": "application/json"}
_HANDSHAKE_SECONDS: Final = 30.0
_PAUSE: Final = 1.0  # seconds in which a server may refuse a large body from its headers


def is_too_large(output: ModelOutput) -> bool:
    """Whether a reply was over the bound: to a sample the model's own answer, cut off; to a question of ours none."""
    return output.detail == TOO_LARGE.detail


@dataclass(frozen=True, slots=True)
class Reply:
    """The JSON of a reply with status 200, the rate limits in its headers, and these headers as they came."""

    payload: Any
    rate: RateHint | None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to be sent as a form, and the form's other fields."""

    name: str
    data: bytes
    fields: Mapping[str, str]


class Unreadable(Exception):
    """A file that could not be read to its end; ``output`` says why."""

    def __init__(self, output: ModelOutput) -> None:
        super().__init__(output.detail)
        self.output = output


class HttpEndpoint:
    """A base URL, its key and its connections. ``headers`` go with every request, the key's own among them."""

    def __init__(self, base: str, key: ApiKey, settings: Settings, headers: Mapping[str, str]) -> None:
        self.base = base
        self.proxy = proxy_of(base)
        self._key = key
        self._forms = KeyForms(key.value, *secrets_of(self.proxy))
        self._settings = settings
        self._headers = headers
        self._session: aiohttp.ClientSession | None = None
        self._lost_in_sending = 0

    def __repr__(self) -> str:
        return f"HttpEndpoint({self.base!r})"

    @property
    def root(self) -> str:
        """Where a server has what lies beside its ``/v1``: never above the path that the user named."""
        return self.base.removesuffix("/v1")

    async def call(
        self, method: str, path: str, body: Mapping[str, Any] | StreamedBody | Upload | None, *, beside: bool = False
    ) -> Reply | ModelOutput:
        """Make one HTTP exchange: the decoded JSON of a 200, or a typed output for anything else.

        The path lies below the base URL, or with ``beside`` below :attr:`root`.
        """
        import aiohttp

        sent, sent_headers = _sent(body, self._pause(body))
        url = (self.root if beside else self.base) + path
        try:
            async with (
                waiting_for(self.shown(f"{method} {url}")),
                self._connections().request(
                    method, url, data=sent, headers=sent_headers, allow_redirects=False, proxy=self.proxy
                ) as reply,
            ):
                status, headers = reply.status, reply.headers
                data = await self._read_all(reply)
        except (TimeoutError, aiohttp.ClientError, OSError, UnicodeError) as error:
            if isinstance(error, aiohttp.ClientOSError) and not isinstance(error, aiohttp.ClientConnectorError):
                self._lost_in_sending += 1
            return self._fault(error)
        if data is None and status == 200:
            return TOO_LARGE
        if data and holds_too_much(data):
            return TOO_MUCH if status == 200 else self._error(status, None, headers)
        try:
            payload = self._without_key(msgspec.json.decode(data or b""))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # nested deeper than any reply is
            payload = None
        if status != 200:
            return self._error(status, payload, headers)
        if payload is None:
            return read_no_json(data or b"", headers)
        return Reply(payload, read_rate_headers(headers), headers)

    def _pause(self, body: Mapping[str, Any] | StreamedBody | Upload | None) -> float:
        """How long a large body waits after its first piece.

        A server may refuse it (413) and close without reading it, and to send more then loses the server's words. So
        after each connection that was lost, the next body gives it time to say them.
        """
        if not isinstance(body, StreamedBody) or not self._lost_in_sending:
            return 0
        self._lost_in_sending -= 1
        return _PAUSE

    async def lines(self, path: str) -> AsyncIterator[bytes]:
        """Stream the lines of a file below the base URL, without the key; one that is too long comes empty.

        Empty lines are left out. Raises Unreadable where the file is not given, ends early, comes more slowly than any
        connection is, or is larger than any file of ours.
        """
        import aiohttp

        wait = aiohttp.ClientTimeout(total=None, sock_read=self._settings.timeout_seconds)
        url = self.base + path
        try:
            async with self._connections().request(
                "GET", url, allow_redirects=False, proxy=self.proxy, timeout=wait
            ) as reply:
                if reply.status != 200:
                    data = await self._read(reply)
                    raise Unreadable(self._error(reply.status, self.decoded(data or b""), reply.headers))
                async for line in _lines(reply, self._settings.timeout_seconds):
                    yield self._redact(line)
        except (TimeoutError, aiohttp.ClientError, OSError, UnicodeError) as error:
            raise Unreadable(self._fault(error)) from None

    def decoded(self, data: bytes) -> Any:
        """JSON without the key; None for what is none, or holds more than any reply does."""
        if holds_too_much(data):
            return None
        try:
            return self._without_key(msgspec.json.decode(data))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def _error(self, status: int, payload: Any, headers: Mapping[str, str]) -> ModelOutput:
        return self.without_key(read_error(status, payload, self._without_key(dict(headers))))

    def _fault(self, error: Exception) -> ModelOutput:
        import aiohttp

        if isinstance(error, TimeoutError):
            return ModelOutput(outcome=Outcome.TIMEOUT, detail=f"no reply within {self._settings.timeout_seconds:g} s")
        if isinstance(error, aiohttp.ClientResponseError):
            return ModelOutput(outcome=Outcome.MALFORMED, detail=self.shown(f"not HTTP: {error.message}"))
        return ModelOutput(outcome=Outcome.DROPPED, detail=self.shown(lost_connection.describe(error)))

    def refusal(self, output: ModelOutput) -> ModelUnavailable:
        """What a user is told of an output after which no request helps, such as a key that is refused."""
        if output.detail.endswith(SPENT):
            return ModelUnavailable(f"{self.base} refuses to answer: {output.detail}")
        if not output.detail.startswith(("HTTP 401", "HTTP 403")):
            return ModelRefused(f"{self.base}: {output.detail}")
        said = output.detail.partition(" (is the API")[0]  # what is said here knows more
        what = "the key" if self._key.value else "calls without a key"
        return ModelRefused(f"{self.base} refuses {what}: {said} ({self._key.about})")

    async def close(self) -> None:
        """Close the connections; safe to call twice."""
        if self._session is not None:
            await self._session.close()

    async def _read(self, reply: aiohttp.ClientResponse) -> bytes | None:
        data = bytearray()
        while chunk := await reply.content.readany():
            data += chunk
            if len(data) > REPLY_BYTES:
                return None
        return self._redact(bytes(data))

    async def _read_all(self, reply: aiohttp.ClientResponse) -> bytes | None:
        """As :meth:`_read`; of an error whose words are lost with the connection, the status is left."""
        import aiohttp

        try:
            return await self._read(reply)
        except (aiohttp.ClientError, OSError):
            if reply.status < 400:
                raise
            return b""

    def _redact(self, data: bytes) -> bytes:
        """Take the key out of whatever a server sends back, before anything can keep it."""
        return self._forms.without_bytes(data)

    def _without_key(self, value: Any) -> Any:
        """As :meth:`_redact`, in decoded JSON: a server may send the key back in escapes."""
        if not self._forms:
            return value
        if isinstance(value, str):
            return self._forms.without(value)
        if isinstance(value, Mapping):
            return {self._without_key(key): self._without_key(inner) for key, inner in value.items()}
        return [self._without_key(inner) for inner in value] if isinstance(value, list) else value

    def without_key(self, output: ModelOutput) -> ModelOutput:
        """The output without the key, which a server may send in parts that were joined when its reply was parsed."""
        if not self._forms:
            return output
        changed: ModelOutput = msgspec.structs.replace(
            output,
            text=self._forms.without(output.text),
            reasoning=self._forms.without(output.reasoning),
            finish_reason=self._forms.without(output.finish_reason),
            model=self._forms.without(output.model),
            detail=self._forms.without(output.detail),
        )
        return changed

    def shown(self, text: str) -> str:
        """What a server says in words, in one line and without the key."""
        return one_line(self._forms.without(text), MAX_DETAIL)

    def _connections(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._settings.concurrency, socket_factory=self._settings.socket_factory
                ),
                timeout=aiohttp.ClientTimeout(total=self._settings.timeout_seconds, sock_connect=_HANDSHAKE_SECONDS),
                headers=self._headers,
            )
        return self._session


async def _lines(reply: aiohttp.ClientResponse, patience: float) -> AsyncIterator[bytes]:
    """The lines of a body; of one that is too long nothing, and no more of the body than any file of ours has.

    ``patience``: seconds that may be waited for the body beyond those that it takes at the slowest pace.
    """
    line, total, is_long = bytearray(), 0, False
    async for chunk, waited in _timed(reply):
        total += len(chunk)
        if waited > patience + total / SLOWEST:
            detail = f"the file comes at less than {SLOWEST >> 10} KB a second"
            raise Unreadable(ModelOutput(outcome=Outcome.TIMEOUT, detail=detail))
        if total > FILE_BYTES:
            raise Unreadable(
                ModelOutput(outcome=Outcome.MALFORMED, detail=f"the file is larger than {FILE_BYTES >> 30} GB")
            )
        *ended, rest = chunk.split(b"\n")
        for end in ended:
            if is_long or len(line) + len(end) > REPLY_BYTES:
                yield b""
            elif line or end:
                yield bytes(line) + end
            line, is_long = bytearray(), False
        is_long = is_long or len(line) + len(rest) > REPLY_BYTES
        line = bytearray() if is_long else line + rest
    if line or is_long:
        yield b"" if is_long else bytes(line)


async def _timed(reply: aiohttp.ClientResponse) -> AsyncIterator[tuple[bytes, float]]:
    """The pieces of a body, each with the seconds that were waited for it and those before: not those of a reader."""
    waited = 0.0
    while True:
        since = time.monotonic()
        chunk = await reply.content.readany()
        waited += time.monotonic() - since
        if not chunk:
            return
        yield chunk, waited


def _sent(body: Mapping[str, Any] | StreamedBody | Upload | None, pause: float) -> tuple[Any, dict[str, str]]:
    """What is sent, and its headers."""
    if isinstance(body, Upload):
        import aiohttp

        form = aiohttp.FormData()
        for name, value in body.fields.items():
            form.add_field(name, value)
        form.add_field("file", body.data, filename=body.name, content_type="application/jsonl")
        return form, {}
    if isinstance(body, StreamedBody):
        from steelyard.models.sent_body import SentBody

        return SentBody(body, pause), {}
    return None if body is None else msgspec.json.encode(body), JSON

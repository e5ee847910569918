"""The gateway server on loopback: calls are forwarded unchanged, and replies are streamed back as they arrive.

Nothing is decoded before the reply is complete. It is recorded just before its last bytes are sent, so that even a
SIGKILL loses no call whose reply a client has in full. A web page cannot use the gateway: requests with a foreign Host
(DNS rebinding) are refused, and so are those with any Origin that the user did not allow, this machine's own included,
since a page on another port of it may be anyone's.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import time
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from steelyard.errors import InputError
from steelyard.gateway.recorder import ProxiedCall, Recorder
from steelyard.gateway.secrets import Mask, Secrets
from steelyard.gateway.upstream import Upstream, end_to_end, is_encoded
from steelyard.models.error_replies import MAX_DETAIL
from steelyard.records import ModelOutput, Outcome
from steelyard.util.text import one_line

__all__ = ["HOST", "PREFIX", "Gateway", "allowed_origin", "listen_on"]

HOST: Final = "127.0.0.1"
PREFIX: Final = "/v1"
# A reply of known length up to here is sent in one piece with its head; longer ones and streams as they come.
SMALL_BYTES: Final = 1 << 16
MAX_REQUEST: Final = 256 << 20
# Of all requests that are being sent on: each is held whole, so that its record has its digest.
MAX_UPLOADS: Final = 512 << 20
_UNSEEN: Final = "the gateway could not take its own key out of it"
_HEADER_BYTES: Final = 1 << 16
# Writes are synced in groups, texts before the journal that names them: a power cut loses at most so many seconds.
SYNC_SECONDS: Final = 1.0
# At the end, calls in flight are dropped after so long.
FINISH_SECONDS: Final = 60.0


def listen_on(port: int) -> socket.socket:
    """A listening socket on loopback (port 0: a free one); raises InputError where the port is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise InputError(f"cannot listen on port {port} ({error.strerror}): --port 0 takes a free one") from None
    return listener


class _UploadsFullError(Exception):
    """The requests in flight hold as much as they may together."""


class _ClientGoneError(Exception):
    """The client closed its connection."""


class Gateway:
    """Serves on loopback. :meth:`start`, then :meth:`finish`; :attr:`failed` is set when the disk cannot be written."""

    def __init__(self, upstream: Upstream, recorder: Recorder, origins: frozenset[str] = frozenset()) -> None:
        self._origins = origins  # of web pages that may call
        self._uploaded = 0  # bytes of request bodies that are held now
        self._upstream = upstream
        self._recorder = recorder
        self._closing = False
        self._abandoned = False
        self._runner: web.ServerRunner | None = None
        self._syncing: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self.in_flight = 0
        self.refused = 0
        self.failed = asyncio.Event()

    async def start(self, listener: socket.socket) -> str:
        """Serve on a socket from :func:`listen_on`; returns the base URL for clients."""
        server = web.Server(
            self._handle,
            handler_cancellation=True,
            access_log=None,
            auto_decompress=False,
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
            logger=_silent(),
        )
        await self._upstream.open()
        self._runner = web.ServerRunner(server, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()
        self._syncing = asyncio.create_task(self._keep_synced())
        return f"http://{HOST}:{listener.getsockname()[1]}{PREFIX}"

    async def finish(self) -> None:
        """Accept no more calls and wait for those in flight, unless :meth:`abandon` is called."""
        self._closing = True
        try:
            await asyncio.wait_for(self._idle.wait(), FINISH_SECONDS)
        except TimeoutError:
            self.abandon()
            await self._idle.wait()
        assert self._runner is not None
        assert self._syncing is not None
        await self._runner.cleanup()
        await self._upstream.close()
        self._syncing.cancel()

    def abandon(self) -> None:
        """Drop the calls in flight: each is recorded as dropped."""
        self._closing = self._abandoned = True
        server = self._runner.server if self._runner is not None else None
        for connection in server.connections if server is not None else ():
            if connection.transport is not None:
                connection.transport.abort()

    async def _keep_synced(self) -> None:
        while True:
            await asyncio.sleep(SYNC_SECONDS)
            await self._recorder.sync()
            if self._recorder.failure is not None:
                self.failed.set()

    # ── one call ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        reason = refusal_reason(request, self._origins)
        if reason:
            self.refused += 1
            return _gateway_error(403, reason)
        path = request.raw_path
        if not _is_ours(path):
            return _gateway_error(
                404, f"this gateway serves paths under {PREFIX}: the base URL of the client must end in it"
            )
        if self._closing or self._recorder.failure is not None:
            return _gateway_error(503, "the gateway is stopping")
        self.in_flight += 1
        self._idle.clear()
        call = ProxiedCall(path=path.partition("?")[0], secrets=Secrets(request.headers, self._upstream.key))
        try:
            return await self._forward(request, call)
        except asyncio.CancelledError:
            why = "given up when the gateway was stopped" if self._abandoned else "the client closed the connection"
            call.fault = call.fault or ModelOutput(outcome=Outcome.DROPPED, detail=why)
            raise
        finally:
            self._settle(call)
            self.in_flight -= 1
            if not self.in_flight:
                self._idle.set()

    def _settle(self, call: ProxiedCall) -> None:
        """Record the call, once, whether or not its last bytes reach the client."""
        if call.ended:
            return
        call.ended = time.monotonic()
        self._recorder.record(call)
        if self._recorder.failure is not None:
            self.failed.set()

    async def _forward(self, request: web.BaseRequest, call: ProxiedCall) -> web.StreamResponse:
        """Forward the call and its reply; the client sees what the endpoint does."""
        held = [0]
        try:
            body = await self._body_of(request, call, held)
            if body is None:
                call.fault = ModelOutput(outcome=Outcome.CLIENT_ERROR, detail="the request is too large")
                return await _error_reply(request, call, 413, f"a request may have {MAX_REQUEST >> 20} MB")
            path = request.raw_path.removeprefix(PREFIX)
            async with self._upstream.send(request.method, path, request.headers, body) as reply:
                return await self._give_back(request, reply, call)
        except _UploadsFullError:
            call.fault = ModelOutput(outcome=Outcome.CLIENT_ERROR, detail="too many large requests at once")
            full = f"all requests together may have {MAX_UPLOADS >> 20} MB: send fewer at once"
            return await _error_reply(request, call, 503, full)
        except _ClientGoneError:
            call.fault = ModelOutput(outcome=Outcome.DROPPED, detail="the client closed the connection")
            return web.Response()
        except TimeoutError:
            call.fault = ModelOutput(outcome=Outcome.TIMEOUT, detail="the endpoint could not be reached in time")
            return await _error_reply(request, call, 504, call.fault.detail)
        except aiohttp.ClientConnectorError as error:
            call.fault = ModelOutput(
                outcome=Outcome.DROPPED, detail=one_line(f"the endpoint cannot be reached: {error}", MAX_DETAIL)
            )
            return await _error_reply(request, call, 502, self._shown(call.fault.detail))
        except (aiohttp.ClientResponseError, ValueError) as error:
            reason = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
            call.fault = ModelOutput(outcome=Outcome.MALFORMED, detail=one_line(f"not HTTP: {reason}", MAX_DETAIL))
            return await _error_reply(request, call, 502, f"the endpoint's reply is {self._shown(call.fault.detail)}")
        except (aiohttp.ClientError, OSError) as error:
            # Close the client's connection as the endpoint did, after the bytes that arrived.
            call.fault = ModelOutput(
                outcome=Outcome.DROPPED,
                detail=one_line(f"connection lost: {str(error) or type(error).__name__}", MAX_DETAIL),
            )
            return _close_connection(request)
        finally:
            self._uploaded -= held[0]

    async def _body_of(self, request: web.BaseRequest, call: ProxiedCall, held: list[int]) -> bytes | None:
        """The whole unchanged body of a request, whose size so far is ``held``; None where it is too large."""
        if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        call.request_encoding = request.headers.get("Content-Encoding", "")
        body = bytearray()
        async for chunk in request.content.iter_any():
            held[0] += len(chunk)
            self._uploaded += len(chunk)
            if self._uploaded > MAX_UPLOADS:
                raise _UploadsFullError
            body += chunk
            call.request.take(chunk)
            if len(body) > MAX_REQUEST:
                return None
        return bytes(body)

    async def _give_back(
        self, request: web.BaseRequest, reply: aiohttp.ClientResponse, call: ProxiedCall
    ) -> web.StreamResponse:
        if self._upstream.key and is_encoded(reply.headers):
            call.fault = ModelOutput(outcome=Outcome.MALFORMED, detail="the reply is compressed, which was not asked")
            return await _error_reply(request, call, 502, f"{call.fault.detail}: {_UNSEEN}")
        call.status, call.headers = reply.status, reply.headers
        headers = self._headers_back(reply)
        if reply.content_length is not None and reply.content_length <= SMALL_BYTES:
            data = await reply.read()
            call.first_byte = time.monotonic()
            call.reply.take(data)
            shown = Mask(self._upstream.key)
            body = shown.feed(data) + shown.end()
            whole = web.Response(status=reply.status, reason=shown.text(reply.reason or ""), headers=headers, body=body)
            self._settle(call)
            await _to_client(whole.prepare(request))
            await _to_client(whole.write_eof())
            return whole
        return await self._stream_back(request, reply, call, headers)

    async def _stream_back(
        self,
        request: web.BaseRequest,
        reply: aiohttp.ClientResponse,
        call: ProxiedCall,
        headers: CIMultiDict[str],
    ) -> web.StreamResponse:
        mask = Mask(self._upstream.key)
        reason = mask.text(reply.reason or "")
        response = web.StreamResponse(status=reply.status, reason=reason, headers=headers)
        await _to_client(response.prepare(request))
        async for chunk in reply.content.iter_any():
            call.first_byte = call.first_byte or time.monotonic()
            call.reply.take(chunk)
            if len(call.reply) == reply.content_length:
                self._settle(call)
            if shown := mask.feed(chunk):
                await _to_client(response.write(shown))
        self._settle(call)
        if held := mask.end():
            await _to_client(response.write(held))
        await _to_client(response.write_eof())
        return response

    def _shown(self, text: str) -> str:
        return Mask(self._upstream.key).text(text)

    def _headers_back(self, reply: aiohttp.ClientResponse) -> CIMultiDict[str]:
        headers = end_to_end(reply.headers)
        if self._upstream.key:
            mask = Mask(self._upstream.key)
            headers = CIMultiDict([(mask.text(name), mask.text(value)) for name, value in headers.items()])
        return headers


async def _to_client(writing: Any) -> None:
    try:
        await writing
    except ConnectionError:
        raise _ClientGoneError from None


async def _error_reply(request: web.BaseRequest, call: ProxiedCall, status: int, message: str) -> web.StreamResponse:
    """Send an error reply of the gateway's own; where a reply has begun, close the connection instead."""
    if call.status:
        return _close_connection(request)
    response = _gateway_error(status, message)
    await response.prepare(request)
    await response.write_eof()
    return response


def _gateway_error(status: int, message: str) -> web.Response:
    import json

    error = {"error": {"message": f"steelyard gateway: {message}", "type": "steelyard_gateway", "code": status}}
    return web.Response(status=status, text=json.dumps(error), content_type="application/json")


def _close_connection(request: web.BaseRequest) -> web.StreamResponse:
    """Close the client's connection after what was written; the returned response is never sent."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()


# ── who may call ────────────────────────────────────────────────────────────────────────────────────────────────────


def refusal_reason(request: web.BaseRequest, origins: frozenset[str] = frozenset()) -> str:
    """Why a request is not from a local client, nor from a page of an allowed origin; empty where it is."""
    headers = request.headers
    if not _is_local(headers.get("Host", "")):
        return "the Host header must name this machine (127.0.0.1 or localhost)"
    origin = headers.get("Origin")
    if len(headers.getall("Origin", [])) > 1 or (origin is not None and origin.lower() not in origins):
        return "requests from web pages are refused: --allow-origin allows those of an origin"
    if origin is None and headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return "requests from web pages are refused"
    return ""


def allowed_origin(text: str) -> str:
    """An origin as browsers send it, such as ``http://localhost:3000``; raises InputError for anything else."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or text.lower() != f"{parts.scheme}://{parts.netloc}".lower() or "@" in parts.netloc:
        raise InputError("--allow-origin takes an origin as browsers send it, such as http://localhost:3000")
    return text.lower()


def _is_local(netloc: str) -> bool:
    try:
        host = urlsplit(f"//{netloc}").hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_ours(raw: str) -> bool:
    """Whether a request's target is a path under the prefix, without ``..``."""
    path = raw.partition("?")[0]
    if path != PREFIX and not path.startswith(PREFIX + "/"):
        return False
    return not {".", ".."} & set(unquote(path).replace("\\", "/").split("/"))


def _silent() -> logging.Logger:
    """A logger without output: a client's malformed requests print no traceback on the terminal."""
    logger = logging.getLogger("steelyard.gateway")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger

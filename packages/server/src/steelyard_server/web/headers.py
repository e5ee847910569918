"""What every reply forbids a browser to do with it.

No page has an inline style or script, none may be framed but a report in a page of ours, and nothing is loaded from
another host. A report and every file of a run come from others: they are served in a sandbox of their own, in which no
script runs and which shares no origin with our pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["PAGE_POLICY", "SANDBOX_POLICY", "Headers"]

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
)
SANDBOX_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'none'; "
    "form-action 'none'"
)
_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_UNLESS_SET: Final = (
    (b"content-security-policy", PAGE_POLICY.encode()),
    # With no-referrer a browser would send "Origin: null" with our own forms.
    (b"referrer-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Headers:
    """The layer that adds them to every reply; a handler may set its own policy, referrer and caching."""

    def __init__(self, app: ASGIApp, *, is_secure: bool) -> None:
        self._app = app
        self._strict = ((b"strict-transport-security", b"max-age=31536000"),) if is_secure else ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add them."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                here = {name.lower() for name, _ in headers}
                headers += [each for each in _UNLESS_SET if each[0] not in here]
                message["headers"] = [*headers, *_ALWAYS, *self._strict]
            await send(message)

        await self._app(scope, receive, with_headers)

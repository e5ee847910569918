"""The cookies: of a session, of a visitor's forms before there is one, of a sign-in on its way, and for signing out.

Over https they carry the prefix ``__Host-``, so that no other host of the domain can set them; the last one, which one
address alone needs, ``__Secure-``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.responses import Response

    from steelyard_server.web.call import Call

__all__ = [
    "FORM_SECONDS",
    "cookie_of",
    "drop_hint_cookie",
    "drop_provider_cookie",
    "drop_session_cookie",
    "form_cookie_of",
    "hint_cookie_of",
    "provider_cookie_of",
    "set_form_cookie",
    "set_hint_cookie",
    "set_provider_cookie",
    "set_session_cookie",
]

FORM_SECONDS: Final = 3600
_SESSION, _FORM, _PROVIDER = "steelyard-session", "steelyard-form", "steelyard-provider"
_LONGEST: Final = 100
_LONGEST_PROVIDER: Final = 1000
_HINT: Final = "steelyard-sign-out"
_HINT_PATH: Final = "/sign-out"
_TOKEN: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_LONGEST_TOKEN: Final = 3500  # a browser keeps 4096 bytes of a cookie, its name and attributes among them


def cookie_of(call: Call) -> str:
    """The session's secret that the browser sent; "" where none."""
    return _sent(call, _SESSION)


def form_cookie_of(call: Call) -> str:
    """The secret of a visitor's forms; "" where none."""
    return _sent(call, _FORM)


def set_session_cookie(reply: Response, call: Call, secret: str, seconds: int) -> None:
    """Give the browser a session, which scripts cannot read and other sites do not send."""
    _set(reply, call, _SESSION, secret, seconds)


def set_form_cookie(reply: Response, call: Call, secret: str, seconds: int) -> None:
    """Give a visitor what forms are held against."""
    _set(reply, call, _FORM, secret, seconds)


def drop_session_cookie(reply: Response, call: Call) -> None:
    """Take the session back."""
    _set(reply, call, _SESSION, "", 0)


def provider_cookie_of(call: Call) -> str:
    """To which the identity provider's answer is held; "" where none."""
    return _sent(call, _PROVIDER, _LONGEST_PROVIDER)


def set_provider_cookie(reply: Response, call: Call, secret: str, seconds: int) -> None:
    """Bind a sign-in that begins to this browser; it comes back with the provider's answer, which is a link's."""
    _set(reply, call, _PROVIDER, secret, seconds)


def drop_provider_cookie(reply: Response, call: Call) -> None:
    """The sign-in is over."""
    _set(reply, call, _PROVIDER, "", 0)


def hint_cookie_of(call: Call) -> str:
    """The ID token by which a provider knows whom to sign out; "" where none."""
    value = call.request.cookies.get(_full_hint(call), "")
    return value if len(value) <= _LONGEST_TOKEN and _TOKEN.fullmatch(value) else ""


def set_hint_cookie(reply: Response, call: Call, token: str, seconds: int) -> None:
    """Leave a signed ID token with the browser that it is about, for signing out alone; one that is too long is not.

    No other site's link or form sends it: with it a provider may sign out without asking.
    """
    if len(token) <= _LONGEST_TOKEN and _TOKEN.fullmatch(token):
        _set_hint(reply, call, token, seconds)
    else:
        drop_hint_cookie(reply, call)  # that of somebody who signed in before


def drop_hint_cookie(reply: Response, call: Call) -> None:
    """It was used."""
    _set_hint(reply, call, "", 0)


def _set_hint(reply: Response, call: Call, value: str, seconds: int) -> None:
    secure = call.platform.settings.is_secure
    reply.set_cookie(
        _full_hint(call), value, max_age=seconds, path=_HINT_PATH, secure=secure, httponly=True, samesite="strict"
    )


def _full_hint(call: Call) -> str:
    return f"__Secure-{_HINT}" if call.platform.settings.is_secure else _HINT


def _sent(call: Call, name: str, longest: int = _LONGEST) -> str:
    value = call.request.cookies.get(_full(call, name), "")
    return value if len(value) <= longest else ""


def _set(reply: Response, call: Call, name: str, value: str, seconds: int) -> None:
    secure = call.platform.settings.is_secure
    reply.set_cookie(_full(call, name), value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")


def _full(call: Call, name: str) -> str:
    return f"__Host-{name}" if call.platform.settings.is_secure else name

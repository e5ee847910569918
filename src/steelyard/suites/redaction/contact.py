"""E-mail and IP addresses.

Each search starts from a rare character (``@``, ``.`` or ``:``) and looks at a bounded number of characters around it,
so that its time is linear in the text, whatever the text holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from steelyard.suites.redaction.span import Span

__all__ = ["find_emails", "find_ips"]

_LONGEST_LOCAL: Final = 64  # RFC 5321 §4.5.3.1
_AT: Final = re.compile(r"@| ?[\[({<] ?(?:at|AT|At|@|arroba|chiocciola|arobase) ?[\])}>] ?")
_LOCAL: Final = re.compile(r"""(?:"[^"\n]{1,62}"|(?:[\w.%+&~!#$*^-]|(?<=\w)'(?=\w)){1,64})\Z""")
_DOT: Final = r"(?:\.| ?[\[({<] ?(?:dot|DOT|Dot|\.|Punkt|PUNKT|punkt|point|punto) ?[\])}>] ?)"
_DOMAIN: Final = re.compile(
    rf"[\w-]{{1,63}}+(?:{_DOT}[\w-]{{1,63}}+){{0,8}}{_DOT}(?=[^\W\d_])[\w-]{{2,63}}+|\[(?:IPv6:)?[0-9A-Fa-f.:]{{3,45}}\]"
)

_IPV4: Final = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)", re.ASCII)
_IPV6: Final = re.compile(
    r"(?<![\w:.])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{1,38}(?:\d{1,3}(?:\.\d{1,3}){3})?(?![\w:]|\.\d)", re.ASCII
)
_VERSION: Final = re.compile(r"(?:\bv|version|release)[ :=]{0,2}\Z", re.IGNORECASE)


def find_emails(text: str) -> Iterator[Span]:
    """E-mail addresses of RFC 5321, also international ones, and those written ``name (at) example (dot) org``."""
    for at in _AT.finditer(text):
        domain = _DOMAIN.match(text, at.end())
        if domain is None:
            continue
        begin = max(0, at.start() - _LONGEST_LOCAL)
        local = _LOCAL.search(text[begin : at.start()])
        if local and local[0].strip("."):
            yield Span(begin + local.start(), domain.end(), "EMAIL")


def find_ips(text: str) -> Iterator[Span]:
    """IPv4 and IPv6 addresses; not masks, nor those that name no machine (loopback, unspecified)."""
    for found in _IPV4.finditer(text):
        if _is_ipv4(found[0]) and not _VERSION.search(text[max(0, found.start() - 12) : found.start()]):
            yield Span(*found.span(), "IP")
    for found in _IPV6.finditer(text):
        if _is_ipv6(found[0]):
            yield Span(*found.span(), "IP")


def _is_ipv4(written: str) -> bool:
    try:
        address = IPv4Address(written)
    except AddressValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or written.startswith("255."))


def _is_ipv6(written: str) -> bool:
    # `x[1::2]` in Python is a slice: two groups are an address only where one is written out.
    groups = [group for group in written.split(":") if group]
    if len(groups) < 2 or (len(groups) == 2 and max(map(len, groups)) < 4):
        return False
    try:
        IPv6Address(written)
    except AddressValueError:
        return False
    return True

"""What a plan asks, as far as nobody can vary it: a benchmark, and the subject that answers it.

Wording and format of the sheet, other rows, claimed values and dates are not in it. What an auditor can still vary is
named in reports: an own file with one row dropped is another benchmark, another name of one address another subject.
"""

from __future__ import annotations

import posixpath
import re
from contextlib import suppress
from ipaddress import ip_address
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from steelyard.records import Measurement, ModelIdentity
from steelyard.tasks import is_built_in, resolve

__all__ = ["OWN_ITEMS", "benchmark_of", "normal_address", "subject_of"]

OWN_ITEMS: Final = "items:"  # begins the name of a benchmark that is not built in

_PORTS: Final = {"http": 80, "https": 443}
_PLAIN: Final = "!$&'()*+,;=:@~/"  # what a path may hold as it is (RFC 3986, section 3.3)


def benchmark_of(measurement: Measurement) -> str:
    """A built-in benchmark's id; for any other task the digest of its items, whatever their order."""
    if is_built_in(measurement.task):
        return f"task:{resolve(measurement.task)}"
    return f"{OWN_ITEMS}{measurement.items}"


def subject_of(identity: ModelIdentity) -> str:
    """The SHA-256 of the weights, or the address in normal form and the model's name as it was asked for.

    The subject of a recording is what was recorded. A function of the user's own is its name, as an endpoint is its
    address: what it does may change with every line of its file, and with what it calls.
    """
    sha256, uri = identity.sha256, identity.uri
    if uri.startswith("recorded:"):
        sha256, uri = identity.details.get("recorded_sha256", ""), identity.details.get("recorded_uri", uri)
    if sha256 and not uri.startswith("python:"):
        return f"sha256:{sha256}"
    found = re.fullmatch(r"([a-z][a-z0-9-]*):(.*)@((?i:https?)://.*)", uri, re.DOTALL)
    return uri if found is None else f"{found[1]}:{found[2]}@{normal_address(found[3])}"


def normal_address(url: str) -> str:
    """Scheme, host, port and path in normal form (RFC 3986, section 6.2): one address has one spelling."""
    parts = urlsplit(url)
    scheme, port = parts.scheme.lower(), parts.port or _PORTS.get(parts.scheme.lower(), 0)
    path = posixpath.normpath("/" + quote(unquote(parts.path), safe=_PLAIN).strip("/"))
    return f"{scheme}://{_normal_host(parts.hostname or '')}:{port}{path}"


def _normal_host(host: str) -> str:
    host = host.lower().rstrip(".")
    with suppress(ValueError):  # a name, not a number
        return f"[{ip_address(host).compressed}]" if ":" in host else str(ip_address(host))
    try:
        return host.encode("idna").decode().lower()
    except UnicodeError:
        return host

"""How the platform is served: checked before anything starts."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from steelyard.errors import InputError
from steelyard_server.oidc.settings import OidcSettings

__all__ = ["Network", "ServeSettings", "serve_settings"]

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
_LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
_HOST_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?|\[[0-9a-f:.]+\]")


@dataclass(frozen=True, kw_only=True)
class ServeSettings:
    """Where the platform listens, by which names it is called, and where its data lie.

    ``public_url`` is scheme and host without a path, "" where only this machine reaches it. ``proxies``: from these
    networks alone ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed. ``oidc``: the identity provider, if any.
    """

    data: Path
    host: str
    port: int
    public_url: str = ""
    proxies: tuple[Network, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    run_as: str = ""
    oidc: OidcSettings | None = None

    @property
    def has_tls(self) -> bool:
        """Whether this process ends TLS itself."""
        return self.tls_cert is not None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return _is_loopback(self.host)

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach it by https, so that cookies are for https alone."""
        return self.has_tls or self.public_url.startswith("https:")

    @property
    def base_url(self) -> str:
        """The address that links begin with."""
        scheme = "https" if self.has_tls else "http"
        return self.public_url or f"{scheme}://{_bracketed(self.host)}:{self.port}"

    @property
    def origins(self) -> frozenset[str]:
        """The origins of its own pages."""
        found = {self.public_url} if self.public_url else set()
        if self.is_loopback:
            scheme = "https" if self.has_tls else "http"
            found |= {f"{scheme}://{name}:{self.port}" for name in _LOOPBACK_NAMES}
        return frozenset(found)

    @property
    def hosts(self) -> frozenset[str]:
        """What a request's Host may say, in lower case: everything else is refused (DNS rebinding)."""
        own = {f"{name}:{self.port}" for name in _LOOPBACK_NAMES} if self.is_loopback else set()
        if self.public_url:
            parts = urlsplit(self.public_url)
            assert parts.hostname is not None
            port = parts.port or (443 if parts.scheme == "https" else 80)
            bare = _bracketed(parts.hostname)
            own |= {f"{bare}:{port}"} | ({bare} if parts.port is None else set())
        return frozenset(own)


def serve_settings(
    *,
    data: Path,
    bind: str,
    public_url: str = "",
    proxies: tuple[str, ...] = (),
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    run_as: str = "",
    oidc: OidcSettings | None = None,
) -> ServeSettings:
    """Read what the command line says.

    Raises InputError for an address that cannot be read, and for one that others reach without TLS or a trusted proxy.
    """
    host, port = _address(bind)
    if (tls_cert is None) != (tls_key is None):
        raise InputError("--tls-cert and --tls-key belong together")
    for option, path in (("--tls-cert", tls_cert), ("--tls-key", tls_key)):
        if path is not None and not path.is_file():
            raise InputError(f"{option}: is no file", where=path)
    settings = ServeSettings(
        data=data,
        host=host,
        port=port,
        public_url=_public(public_url),
        proxies=tuple(_network(each) for each in proxies),
        tls_cert=tls_cert,
        tls_key=tls_key,
        run_as=run_as,
        oidc=oidc,
    )
    _check_reach(settings, bind)
    return settings


def _check_reach(settings: ServeSettings, bind: str) -> None:
    if settings.proxies and not settings.public_url.startswith("https:"):
        raise InputError("--trusted-proxy needs --public-url https://…, the name by which the proxy is reached")
    if settings.is_loopback:
        if settings.public_url.startswith("https:") and not settings.has_tls and not settings.proxies:
            raise InputError(
                f"--public-url {settings.public_url} on loopback means a proxy, behind which everybody would have one "
                "address, and five wrong passwords lock all out: give --trusted-proxy 127.0.0.1/32"
            )
        return
    if not settings.has_tls and not settings.proxies:
        raise InputError(
            f"--bind {bind} is reached from elsewhere, and passwords would travel in clear: give --tls-cert and "
            "--tls-key, or --trusted-proxy CIDR for a proxy that ends TLS"
        )
    if not settings.public_url.startswith("https:"):
        raise InputError(f"--bind {bind} needs --public-url https://NAME, the one name by which it may be called")


def _address(bind: str) -> tuple[str, int]:
    host, colon, port = bind.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not colon or not bare or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise InputError(f"--bind takes HOST:PORT, such as 127.0.0.1:8420, not {bind[:80]!r}")
    if not _is_loopback(bare):
        try:
            ipaddress.ip_address(bare)
        except ValueError:
            raise InputError(f"--bind takes the number of an address of this machine, not {host[:80]!r}") from None
    return bare, int(port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _public(url: str) -> str:
    """Scheme and host, in lower case, without a usual port."""
    if not url:
        return ""
    wrong = InputError(f"--public-url takes https://NAME without a path, not {url[:120]!r}")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise wrong from None
    host = _bracketed(parts.hostname or "")
    if parts.scheme not in ("https", "http") or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise wrong
    if not url.isprintable() or parts.username is not None or not _HOST_NAME.fullmatch(host):
        raise wrong
    usual = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if port in (None, usual) else f":{port}")


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise InputError(f"--trusted-proxy takes a network such as 10.0.0.5/32, not {text[:80]!r}") from None

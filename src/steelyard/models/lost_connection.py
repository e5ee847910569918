"""A lost connection in a few words: aiohttp's own messages contain addresses and calls."""

from __future__ import annotations

__all__ = ["describe"]


def describe(error: Exception) -> str:
    """What went wrong with a connection: an error of aiohttp or of the operating system."""
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"there is no host {error.host}"
    if isinstance(error, aiohttp.ClientSSLError):
        return f"TLS failed ({error.strerror or type(error).__name__}): is it http:// instead of https://?"
    if isinstance(error, aiohttp.ClientConnectorError):
        cause = error.os_error
        return "connection refused" if isinstance(cause, ConnectionRefusedError) else f"no connection: {cause.strerror}"
    return f"connection lost: {str(error) or type(error).__name__}"

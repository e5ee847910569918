"""The signature of a time stamp, and the request for one: through ``rfc3161-client``, the extra ``timestamp``."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography import x509

from steelyard.errors import InputError, MissingDependency, VerificationError
from steelyard.evidence.timestamp import Stamp, read_stamp, with_sorted_certificates

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

__all__ = ["Request", "check_signature", "decoded", "new_request", "require_client", "roots_at"]

MAX_ROOT_BYTES: Final = 1 << 20
_CAUSE: Final = re.compile(r'Verify error: ([^"\n]{1,200})')  # in OpenSSL's list of errors


@dataclass(frozen=True, slots=True)
class Request:
    """A TimeStampReq as it is sent, and the nonce in it, which the response must repeat."""

    body: bytes
    nonce: int


def require_client(option: str) -> None:
    """Raise MissingDependency, naming ``option``, where the extra is not installed. It is not imported yet."""
    if find_spec("rfc3161_client") is None:
        raise MissingDependency(f"{option} needs the extra timestamp: pip install 'steelyard[timestamp]'")


def new_request(data: bytes) -> Request:
    """A request for a stamp over the SHA-256 of ``data``, with a random nonce and for the authority's certificates."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    request = TimestampRequestBuilder(data=data, hash_algorithm=HashAlgorithm.SHA256, nonce=True, cert_req=True).build()
    assert request.nonce is not None, "a nonce was asked for"
    return Request(request.as_bytes(), request.nonce)


def decoded(data: bytes) -> tuple[Stamp, TimeStampResponse]:
    """What a response says, as two readers have it; raises ValueError where one of them refuses it, or they differ."""
    from rfc3161_client import decode_timestamp_response

    stamp = read_stamp(data)
    response = decode_timestamp_response(with_sorted_certificates(data))
    info = response.tst_info
    theirs = (response.status, info.message_imprint.message, int(info.gen_time.timestamp()), info.nonce)
    if theirs != (0, stamp.imprint, stamp.at_us // 1_000_000, stamp.nonce):
        raise ValueError("two readers of it find different things")
    return stamp, response


def roots_at(paths: Sequence[Path], option: str) -> list[x509.Certificate]:
    """The certificates in PEM files, under which ``option`` asks for a signature; none where no file is given.

    Raises InputError for a file that holds none, MissingDependency where the extra is not installed.
    """
    if paths:
        require_client(option)
    found: list[x509.Certificate] = []
    for path in paths:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_ROOT_BYTES + 1)
        except OSError as error:
            raise InputError(f"cannot read the root: {error.strerror}", where=path) from None
        try:
            if len(data) > MAX_ROOT_BYTES:
                raise ValueError
            roots = x509.load_pem_x509_certificates(data)
        except ValueError:
            raise InputError(
                "not a certificate in PEM (-----BEGIN CERTIFICATE-----): give the root of the time stamp authority",
                where=path,
            ) from None
        found += [each for each in roots if each not in found]
    return found


def check_signature(data: bytes, roots: Sequence[x509.Certificate], where: str) -> None:
    """Raise VerificationError unless a stamp was signed by an authority whose certificate leads to one of ``roots``.

    The chain must have been valid at the time of the stamp, and the certificate be one for time stamps.
    """
    import rfc3161_client

    # Also one by one: of two roots with one name, OpenSSL tries the first alone.
    together = [list(roots), *([each] for each in roots if len(roots) > 1)]
    failures = []
    for trusted in together:
        try:
            with warnings.catch_warnings(action="ignore"):  # of certificates that are odd, and can be read all the same
                stamp, response = decoded(data)
                rfc3161_client.VerifierBuilder(roots=trusted).build().verify(response, stamp.imprint)
        except (ValueError, x509.InvalidVersion, rfc3161_client.VerificationError) as error:
            failures.append(str(error))
        else:
            return
    cause = _CAUSE.search(failures[0])
    raise VerificationError(
        f"{where}: not signed by a time stamp authority under a given root (--timestamp-root): "
        f"{cause[1] if cause else failures[0][:200]}"
    )

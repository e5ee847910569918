"""A time stamp by an authority outside (RFC 3161): a statement that some bytes existed at a time.

What it says is read here with the standard library and ``cryptography``. Whether the authority signed it is another
question: :mod:`steelyard.evidence.timestamp_signature` answers it for the roots that a reader trusts.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard.errors import VerificationError
from steelyard.evidence import layout
from steelyard.evidence.der import (
    BOOLEAN,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    TIME,
    UTF8,
    Fields,
    context,
    elements,
    integer,
    one,
)

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["MAX_STAMP_BYTES", "Stamp", "read_stamp", "refusal_of", "stamp_in", "stamp_of", "with_sorted_certificates"]

MAX_STAMP_BYTES: Final = 64 * 1024
MAX_ACCURACY_US: Final = 60_000_000  # a clock that is worse shows nothing of what came first
SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")
TST_INFO: Final = bytes.fromhex("2a864886f70d0109100104")
SHA256: Final = bytes.fromhex("608648016503040201")
GRANTED: Final = 0
MAX_NAME: Final = 200  # characters of an authority's name
_TIME: Final = re.compile(rb"([0-9]{4})" + rb"([0-9]{2})" * 5 + rb"(?:\.([0-9]{0,17}[1-9]))?Z")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FAILURES: Final = {  # PKIFailureInfo, by its bit
    0: "it does not know the hash algorithm",
    2: "it does not permit the request",
    5: "the data were in the wrong form",
    14: "its clock is not available",
    15: "it does not know the policy",
    16: "it does not know an extension",
    17: "it has no more information",
    25: "its system failed",
}


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a time stamp says.

    ``imprint`` is the SHA-256 of what existed, ``at_us`` the time (µs since 1970), ``accuracy_us`` how far off the
    authority says its clock may be (0: it does not say), ``nonce`` the number that the request had (None: none).
    ``authority`` is the name in the certificate that signed it, as it came: to be made safe where it is shown.
    """

    imprint: bytes
    at_us: int
    accuracy_us: int
    nonce: int | None
    authority: str

    @property
    def time(self) -> str:
        """The time in UTC, in whole seconds."""
        return (_EPOCH + timedelta(microseconds=self.at_us)).strftime("%Y-%m-%d %H:%M:%S UTC")


def stamp_in(run: Path) -> Stamp | None:
    """The time stamp in the folder of a run; None where there is none.

    Raises VerificationError where it cannot be read. Neither what it is about nor its signature is checked.
    """
    if not (run / layout.TIMESTAMP).is_file():
        return None
    return stamp_of(layout.read_bounded(run, layout.TIMESTAMP, MAX_STAMP_BYTES), layout.TIMESTAMP)


def stamp_of(data: bytes, where: str) -> Stamp:
    """As :func:`read_stamp`; raises VerificationError, naming ``where``, for anything else."""
    try:
        return read_stamp(data)
    except ValueError as error:
        raise VerificationError(f"{where}: not a time stamp that was granted: {error}") from None


def read_stamp(data: bytes) -> Stamp:
    """What a TimeStampResp says; raises ValueError for any other bytes, and for one that was not granted."""
    if len(data) > MAX_STAMP_BYTES:
        raise ValueError(f"larger than {MAX_STAMP_BYTES} bytes")
    if refused := refusal_of(data):
        raise ValueError(refused)
    info, certificates, signer = _signed_data(data)
    return _stamp(info, _name(certificates, signer))


def refusal_of(data: bytes) -> str:
    """Why the authority gave no stamp, in words; "" where it did. Raises ValueError for what is no TimeStampResp."""
    status = Fields(Fields(one(data, SEQUENCE)).take(SEQUENCE))
    code = integer(status.take(INTEGER))
    said = [each.content.decode() for each in elements(status.optional(SEQUENCE) or b"") if each.tag == UTF8]
    bits = status.optional(0x03) or b"\0"
    status.end()
    if code == GRANTED:
        return ""
    failed = int.from_bytes(bits[1:].ljust(4, b"\0")[:4], "big")
    said += [words for bit, words in _FAILURES.items() if failed >> (31 - bit) & 1]
    return f"the authority did not grant it (status {code}{''.join(f'; {each[:200]}' for each in said[:3])})"


def _signed_data(data: bytes) -> tuple[bytes, bytes, bytes]:
    """The TSTInfo, the content of the certificates and the content of the one SignerInfo."""
    signed = _fields_of_signed_data(data)
    signed.take(INTEGER)
    signed.take(SET)
    encapsulated = Fields(signed.take(SEQUENCE))
    if encapsulated.take(OBJECT_IDENTIFIER) != TST_INFO:
        raise ValueError("what is signed is no time stamp")
    info = one(encapsulated.take(context(0)), OCTET_STRING)
    encapsulated.end()
    certificates = signed.optional(context(0))
    if certificates is None:
        raise ValueError("it holds no certificate")
    signed.optional(context(1))  # lists of revoked certificates
    signer = one(signed.take(SET), SEQUENCE)
    signed.end()
    return info, certificates, signer


def _fields_of_signed_data(data: bytes) -> Fields:
    response = Fields(one(data, SEQUENCE))
    response.take(SEQUENCE)
    token = Fields(response.take(SEQUENCE))
    response.end()
    if token.take(OBJECT_IDENTIFIER) != SIGNED_DATA:
        raise ValueError("its token is not signed data")
    signed = Fields(one(token.take(context(0)), SEQUENCE))
    token.end()
    return signed


def _stamp(info: bytes, authority: str) -> Stamp:
    fields = Fields(one(info, SEQUENCE))
    if integer(fields.take(INTEGER)) != 1:
        raise ValueError("its version is not 1")
    fields.take(OBJECT_IDENTIFIER)  # the policy
    imprint = Fields(fields.take(SEQUENCE))
    if Fields(imprint.take(SEQUENCE)).take(OBJECT_IDENTIFIER) != SHA256:
        raise ValueError("its imprint is not a SHA-256")
    digest = imprint.take(OCTET_STRING)
    imprint.end()
    fields.take(INTEGER)  # the serial number
    at_us = _microseconds(fields.take(TIME))
    accuracy = fields.optional(SEQUENCE)
    fields.optional(BOOLEAN)
    nonce = fields.optional(INTEGER)
    fields.optional(context(0))  # the authority's name by its own word
    fields.optional(context(1))  # extensions
    fields.end()
    return Stamp(
        imprint=digest,
        at_us=at_us,
        accuracy_us=0 if accuracy is None else _accuracy(Fields(accuracy)),
        nonce=None if nonce is None else integer(nonce),
        authority=authority,
    )


def _microseconds(time: bytes) -> int:
    found = _TIME.fullmatch(time)
    if found is None:
        raise ValueError("its time is not in DER")
    year, month, day, hour, minute, second = (int(each) for each in found.groups()[:6])
    try:
        whole = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"its time is none: {error}") from None
    return (whole - _EPOCH) // timedelta(microseconds=1) + int((found[7] or b"").ljust(6, b"0")[:6])


def _accuracy(fields: Fields) -> int:
    parts = [fields.optional(INTEGER), fields.optional(context(0, primitive=True)),
             fields.optional(context(1, primitive=True))]  # fmt: skip
    fields.end()
    seconds, millis, micros = (0 if part is None else integer(part) for part in parts)
    found = seconds * 1_000_000 + millis * 1000 + micros
    if min(seconds, millis, micros) < 0 or max(millis, micros) > 999 or found > MAX_ACCURACY_US:
        raise ValueError(f"its clock may be off by more than {MAX_ACCURACY_US // 1_000_000} s, by its own word")
    return found


def _name(certificates: bytes, signer: bytes) -> str:
    """The name of the certificate that the signer's info names; raises ValueError where it is not there."""
    fields = Fields(signer)
    fields.take(INTEGER)
    identifier = Fields(fields.take(SEQUENCE))
    issuer, serial = identifier.take(SEQUENCE), integer(identifier.take(INTEGER))
    for each in elements(certificates):
        named, subject = _names_of(each.whole)
        if named == (issuer, serial):
            return _common_name(subject)
    raise ValueError("the certificate of its signer is not in it")


def _names_of(certificate: bytes) -> tuple[tuple[bytes, int], x509.Name]:
    """What a certificate is named by (issuer and serial number), and whose it is."""
    from cryptography import x509

    try:
        with warnings.catch_warnings(action="ignore"):  # of certificates that are odd, and can be read all the same
            found = x509.load_der_x509_certificate(certificate)
            return (one(found.issuer.public_bytes(), SEQUENCE), found.serial_number), found.subject
    except x509.InvalidVersion:
        raise ValueError("a certificate in it has no version that there is") from None


def _common_name(subject: x509.Name) -> str:
    from cryptography.x509.oid import NameOID

    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for each in subject.get_attributes_for_oid(kind):
            if isinstance(each.value, str) and each.value.strip():
                return each.value[:MAX_NAME]
    raise ValueError("the certificate of its signer names nobody")


def with_sorted_certificates(data: bytes) -> bytes:
    """The response with its certificates in the order of DER, which many authorities do not keep.

    They are not part of what is signed, and their order says nothing. ``data`` must be one that :func:`read_stamp`
    reads.
    """
    _, certificates, _ = _signed_data(data)
    in_order = b"".join(sorted(each.whole for each in elements(certificates)))
    return data.replace(certificates, in_order, 1)

"""A verifiable random function with an Ed25519 key: ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381).

A key and a message have one output, which only the key's owner can compute, and everybody can check by its proof. An
Ed25519 signature cannot take its place: its owner can make any number of valid ones of one message, and take the one
that suits. So whatever must not be chosen follows from the *output*; a proof's bytes can be varied by its owner, too.

Written out with Python's integers, since no maintained package has it: a proof or its check takes some 5 ms. The time
that a proof takes depends on the key, so nobody else may measure it many times: Steelyard makes a few in each plan.
"""

from __future__ import annotations

from hashlib import sha512
from typing import Final, NamedTuple

__all__ = ["PROOF_BYTES", "is_valid_key", "prove", "proved_output"]

PROOF_BYTES: Final = 80
_SUITE: Final = b"\x03"
_POINT_BYTES: Final = 32
_CHALLENGE_BYTES: Final = 16
_COFACTOR: Final = 8

_P: Final = 2**255 - 19
_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE: Final = pow(2, (_P - 1) // 4, _P)


class _Point(NamedTuple):
    """A point of the curve in extended coordinates: x = X/Z, y = Y/Z, T = XY/Z (RFC 8032, section 5.1.4)."""

    x: int
    y: int
    z: int
    t: int


_IDENTITY: Final = _Point(0, 1, 1, 0)


def prove(secret: bytes, message: bytes) -> bytes:
    """The proof (80 bytes) of the output for a message, by a 32-byte Ed25519 secret (RFC 9381, section 5.1)."""
    hashed = sha512(secret).digest()
    scalar = int.from_bytes(hashed[:32], "little") & ((1 << 254) - 8) | (1 << 254)
    public = _encoded(_times(scalar, _BASE))
    point = _hashed_to_curve(public, message)
    gamma = _encoded(_times(scalar, point))
    nonce = int.from_bytes(sha512(hashed[32:] + _encoded(point)).digest(), "little") % _ORDER  # section 5.4.2.2
    challenge = _challenge(public, _encoded(point), gamma, _times(nonce, _BASE), _times(nonce, point))
    answer = (nonce + challenge * scalar) % _ORDER
    return gamma + challenge.to_bytes(_CHALLENGE_BYTES, "little") + answer.to_bytes(32, "little")


def proved_output(public: bytes, message: bytes, proof: bytes) -> bytes | None:
    """The output (64 bytes) that a proof shows for a key and a message; None where it shows none (section 5.3)."""
    key = _decoded(public)
    if key is None or not is_valid_key(public) or len(proof) != PROOF_BYTES:
        return None
    gamma = _decoded(proof[:_POINT_BYTES])
    challenge = int.from_bytes(proof[_POINT_BYTES : _POINT_BYTES + _CHALLENGE_BYTES], "little")
    answer = int.from_bytes(proof[_POINT_BYTES + _CHALLENGE_BYTES :], "little")
    if gamma is None or answer >= _ORDER:
        return None
    point = _hashed_to_curve(public, message)
    of_base = _sum(_times(answer, _BASE), _negative(_times(challenge, key)))
    of_point = _sum(_times(answer, point), _negative(_times(challenge, gamma)))
    if _challenge(public, _encoded(point), proof[:_POINT_BYTES], of_base, of_point) != challenge:
        return None
    return sha512(_SUITE + b"\x03" + _encoded(_times(_COFACTOR, gamma)) + b"\x00").digest()


def is_valid_key(public: bytes) -> bool:
    """Whether a public key is a point of the curve that is not of small order (section 5.4.5).

    For a key of small order every message would have the same output.
    """
    key = _decoded(public)
    return key is not None and _encoded(_times(_COFACTOR, key)) != _encoded(_IDENTITY)


# ── RFC 9381, section 5.4 ───────────────────────────────────────────────────────────────────────────────────────────


def _hashed_to_curve(public: bytes, message: bytes) -> _Point:
    """Try and increment: each try succeeds with a probability of one half."""
    for counter in range(256):
        found = _decoded(sha512(_SUITE + b"\x01" + public + message + bytes([counter, 0])).digest()[:32])
        if found is not None:
            point = _times(_COFACTOR, found)
            if _encoded(point) != _encoded(_IDENTITY):
                return point
    raise ValueError("no point of the curve was found in 256 tries")  # pragma: no cover — probability 2**-256


def _challenge(public: bytes, point: bytes, gamma: bytes, first: _Point, second: _Point) -> int:
    hashed = sha512(_SUITE + b"\x02" + public + point + gamma + _encoded(first) + _encoded(second) + b"\x00")
    return int.from_bytes(hashed.digest()[:_CHALLENGE_BYTES], "little")


# ── the curve (RFC 8032, section 5.1) ───────────────────────────────────────────────────────────────────────────────


def _sum(one: _Point, other: _Point) -> _Point:
    a = (one.y - one.x) * (other.y - other.x) % _P
    b = (one.y + one.x) * (other.y + other.x) % _P
    c = 2 * one.t * other.t * _D % _P
    d = 2 * one.z * other.z % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return _Point(e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _negative(point: _Point) -> _Point:
    return _Point(_P - point.x, point.y, point.z, _P - point.t)


def _times(factor: int, point: _Point) -> _Point:
    result = _IDENTITY
    while factor:
        if factor & 1:
            result = _sum(result, point)
        point = _sum(point, point)
        factor >>= 1
    return result


def _encoded(point: _Point) -> bytes:
    inverse = pow(point.z, -1, _P)
    x, y = point.x * inverse % _P, point.y * inverse % _P
    return (y | (x & 1) << 255).to_bytes(_POINT_BYTES, "little")


def _decoded(data: bytes) -> _Point | None:
    """The point with this canonical encoding; None where there is none."""
    if len(data) != _POINT_BYTES:
        return None
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    if square == 0:
        return None if sign else _Point(0, y, 1, 0)
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if (x * x - square) % _P:
        return None
    x = _P - x if x & 1 != sign else x
    return _Point(x, y, 1, x * y % _P)


def _base() -> _Point:
    base = _decoded((4 * pow(5, -1, _P) % _P).to_bytes(_POINT_BYTES, "little"))
    assert base is not None
    return base


_BASE: Final = _base()

"""The answers root: one hash over the final model outputs, independent of time, place and number of attempts.

Two runs of one plan that got the same answers have the same root, on one machine or on many. It is the Merkle root
(RFC 6962) over one leaf a finished call, in the order of measurement, position and leaf hash. A leaf is the canonical
JSON of those of :data:`LEAF_KEYS` that the call's last attempt has: what was asked and what came back, without time.
"""

from __future__ import annotations

from json.encoder import encode_basestring
from typing import Any

from steelyard.errors import VerificationError
from steelyard.evidence.canonical import canonical
from steelyard.evidence.layout import JOURNAL
from steelyard.evidence.merkle import Tree, leaf_hash

__all__ = ["LEAF_KEYS", "Answers", "leaf"]

LEAF_KEYS = (
    "answer", "finish_reason", "item", "logprobs", "measurement", "outcome", "position", "reasoning", "repeat",
    "request", "sample",
)  # fmt: skip
PLACE_BYTES = 8
PROBE = -1  # the position of a probe's repeats, which may be many


def leaf(record: dict[str, Any]) -> bytes:
    """The leaf of a finished call: ``canonical({key: record[key] for key in LEAF_KEYS if key in record})``, for speed.

    Raises KeyError, TypeError or ValueError where the record is not an attempt.
    """
    text = encode_basestring
    answer = f'"answer":{text(record["answer"])},' if "answer" in record else ""
    finish = f'"finish_reason":{text(record["finish_reason"])},' if "finish_reason" in record else ""
    logprobs = f'"logprobs":{canonical(record["logprobs"]).decode()},' if "logprobs" in record else ""
    reasoning = f'"reasoning":{text(record["reasoning"])},' if "reasoning" in record else ""
    return (
        f'{{{answer}{finish}"item":{text(record["item"])},{logprobs}"measurement":{text(record["measurement"])}'
        f',"outcome":{text(record["outcome"])},"position":{_number(record["position"])},{reasoning}'
        f'"repeat":{_number(record["repeat"])},"request":{text(record["request"])},"sample":{text(record["sample"])}}}'
    ).encode()


def _number(value: Any) -> int:
    if type(value) is not int:
        raise TypeError("not a whole number")
    return value


class Answers:
    """Collects finished calls in any order, at about 90 bytes each."""

    def __init__(self) -> None:
        self._rows: dict[str, list[bytes]] = {}  # place and leaf hash, so that sorting the bytes sorts the calls

    def add(self, record: dict[str, Any]) -> None:
        """Add one attempt; only a call's last counts. Raises as :func:`leaf` does, or OverflowError."""
        if record["final"]:
            hashed = leaf_hash(leaf(record))
            place: bytes = (record["position"] - PROBE).to_bytes(PLACE_BYTES)
            self._rows.setdefault(record["measurement"], []).append(place + hashed)

    def root(self) -> tuple[int, str]:
        """The number of finished calls and their root in hexadecimal.

        Raises VerificationError where a call was finished twice.
        """
        tree = Tree()
        for row in sorted(self._rows):
            last = b""
            calls = self._rows[row]
            calls.sort()
            for call in calls:
                place = call[:PLACE_BYTES]
                if place == last and (position := int.from_bytes(place) + PROBE) != PROBE:
                    raise VerificationError(
                        f"{JOURNAL}: position {position} of measurement {row[:80]!r} is finished twice"
                    )
                last = place
                tree.append_hash(call[PLACE_BYTES:])
        return tree.size, tree.root().hex()

"""What fixes a plan's orders and its tags in a ledger: outputs of the key's verifiable random function.

An order's message is the benchmark and how many plans about it the key began, and nothing that the key's owner could
vary without a line in its ledger: no date, no claimed value, no tolerance, no row, and no name or address of the model,
of which anybody can make many. So one key has one order for its n-th audit with a benchmark, and knows all of them
beforehand, while the vendor can know none. (Where the user gives difficulties of the samples, these enter the seed
beside the output, and can be varied: reports then say that the order could have been chosen.) The split of a sealed
suite has the digest of its version for a message. Without a ledger nothing counts: then the subject is in the message,
or whoever saw one bundle would know the order of all others. A tag's message is a question, a subject or a benchmark
alone, so that equal ones have equal tags in every line of the ledger.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Final

from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.evidence.keys import CryptoSigner, SSlibKey, secret_of
from steelyard.evidence.ledger import Begun, Tags
from steelyard.evidence.vrf import prove, proved_output

__all__ = ["Prover", "order_output", "question_digest", "reading_output", "split_output", "tags_shown"]

ORDER_CONTEXT: Final = b"steelyard-order/3\n"
SPLIT_CONTEXT: Final = b"steelyard-split/1\n"
READING_CONTEXT: Final = b"steelyard-reading/1\n"
TAG_CONTEXT: Final = b"steelyard-tag/1\n"
# Enough that two questions of one ledger never have equal tags by chance. Whoever made equal ones on purpose would only
# have the key's own count rise.
TAG_BYTES: Final = 8


def question_digest(benchmark: str, subject: str) -> str:
    """The SHA-256 of a question, by which a plan names it."""
    return sha256_hex(canonical({"benchmark": benchmark, "subject": subject}))


class Prover:
    """Makes the proofs of one key."""

    def __init__(self, signer: CryptoSigner) -> None:
        self._secret = secret_of(signer)
        self._public = bytes.fromhex(signer.public_key.keyval["public"])

    def order(self, benchmark: str, kind: Begun, number: int, subject: str = "") -> tuple[str, str]:
        """The proof and the output, in hexadecimal digits, for the n-th plan of this kind about a benchmark.

        ``subject`` is given where no ledger counts.
        """
        return self._proved(_order_message(benchmark, kind, number, subject))

    def split(self, suite: str) -> tuple[str, str]:
        """The proof and the output, in hexadecimal digits, for the version of a suite with this digest."""
        return self._proved(_split_message(suite))

    def reading(self, answers: str, reference: str) -> tuple[str, str]:
        """The proof and the output for the order in which answers with this root are held against these weights."""
        return self._proved(_reading_message(answers, reference))

    def _proved(self, message: bytes) -> tuple[str, str]:
        proof = prove(self._secret, message)
        output = proved_output(self._public, message, proof)
        assert output is not None, "a key accepts its own proof"
        return proof.hex(), output.hex()

    def tags(self, benchmark: str, subject: str) -> tuple[tuple[str, str, str], Tags]:
        """The proofs, in hexadecimal digits, of the tags of a question, its subject and its benchmark; and the tags."""
        first, second, third = (prove(self._secret, message).hex() for message in _tag_messages(benchmark, subject))
        tags = _tags(self._public, benchmark, subject, (first, second, third))
        assert tags is not None, "a key accepts its own proofs"
        return (first, second, third), tags


def order_output(
    public: SSlibKey, benchmark: str, kind: Begun, number: int, proof: str, subject: str = ""
) -> str | None:
    """The output that a proof shows, in hexadecimal digits; None where it shows none."""
    return _output(public, _order_message(benchmark, kind, number, subject), proof)


def split_output(public: SSlibKey, suite: str, proof: str) -> str | None:
    """The output that a proof shows for the version of a suite, in hexadecimal digits; None where it shows none."""
    return _output(public, _split_message(suite), proof)


def reading_output(public: SSlibKey, answers: str, reference: str, proof: str) -> str | None:
    """The output that a proof shows for the order of reading answers, in hexadecimal digits; None where none."""
    return _output(public, _reading_message(answers, reference), proof)


def _output(public: SSlibKey, message: bytes, proof: str) -> str | None:
    raw = _raw(proof)
    output = None if raw is None else proved_output(bytes.fromhex(public.keyval["public"]), message, raw)
    return None if output is None else output.hex()


def tags_shown(public: SSlibKey, benchmark: str, subject: str, proofs: tuple[str, ...]) -> Tags | None:
    """The tags that three proofs show; None where they show none."""
    return _tags(bytes.fromhex(public.keyval["public"]), benchmark, subject, proofs)


def _order_message(benchmark: str, kind: Begun, number: int, subject: str) -> bytes:
    told = {"benchmark": benchmark, "kind": kind, "number": number}
    return ORDER_CONTEXT + canonical(told | {"subject": subject} if subject else told)


def _split_message(suite: str) -> bytes:
    return SPLIT_CONTEXT + canonical({"suite": suite})


def _reading_message(answers: str, reference: str) -> bytes:
    return READING_CONTEXT + canonical({"answers": answers, "reference": reference})


def _tag_messages(benchmark: str, subject: str) -> list[bytes]:
    named = {"question": question_digest(benchmark, subject)}, {"subject": subject}, {"benchmark": benchmark}
    return [TAG_CONTEXT + canonical(each) for each in named]


def _tags(public: bytes, benchmark: str, subject: str, proofs: tuple[str, ...]) -> Tags | None:
    messages = _tag_messages(benchmark, subject)
    if len(proofs) != len(messages):
        return None
    found = []
    for message, proof in zip(messages, proofs, strict=True):
        raw = _raw(proof)
        output = None if raw is None else proved_output(public, message, raw)
        if output is None:
            return None
        found.append(urlsafe_b64encode(output[:TAG_BYTES]).decode().rstrip("="))
    return Tags(*found)


def _raw(proof: str) -> bytes | None:
    """The bytes of lower-case hexadecimal digits; None for anything else."""
    try:
        raw = bytes.fromhex(proof)
    except ValueError:
        return None
    return raw if raw.hex() == proof else None

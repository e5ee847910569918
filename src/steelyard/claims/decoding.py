"""How a vendor decoded its answers, as far as its sheet says so."""

from __future__ import annotations

import re

from steelyard.records import Claim

__all__ = [
    "OTHER_DECODING",
    "TEMPERATURE_NOT_STATED",
    "max_tokens_of",
    "not_sent",
    "noted_temperature",
    "stated_temperature",
    "states_decoding",
]

OTHER_DECODING = "The log states further settings of decoding: "
TEMPERATURE_NOT_STATED = "The log does not say the temperature: the endpoint's own was used."

TEMPERATURE = re.compile(
    r"\b(?:temperature|temp)\b\s*(?:of|=|:)?\s*(?P<value>\d+(?:\.\d+)?)|\bt\s*[=:]\s*(?P<short>\d+(?:\.\d+)?)"
)
AVERAGED = re.compile(r"\b(?:avg|mean|average)\s*@\s*\d")  # a mean of so many passes, which greedy ones need not
# Settings that only sampling has. Of top-k 1 nothing is left to draw.
OF_SAMPLING = re.compile(
    r"(?<![a-z])sampl(?!\w*\s*[=:]\s*false)|\b(?:top|min)[-_ ]?p\b|\btop[-_ ]?k\b(?!\s*(?:of|=|:)?\s*1\b)"
    r"|\bn\s*=\s*(?!1\b)\d"
    r"|\brecommended(?:\s*$| (?:[a-z]+ )?(?:settings?|parameters?|hyperparameters?|config\w*|values?|decoding)\b)"
)
# Settings that no endpoint is sent.
NOT_SENT = re.compile(
    r"\b(?:(?:top|min)[-_ ]?p|top[-_ ]?k|(?:repetition|presence|frequency)[-_ ]penalty)"
    r"\s*(?:of|is|=|:)?\s*\d+(?:\.\d+)?"
)
HOTTEST = 2.0  # the maximum that endpoints accept; a larger number was not a temperature


def stated_temperature(claim: Claim) -> float | None:
    """The temperature that a claim states: 0 for greedy decoding, None where it states none that can be asked for."""
    words = _words(claim)
    stated = TEMPERATURE.search(words)
    temperature = float(stated["value"] or stated["short"]) if stated else 0.0 if "greedy" in words else None
    return None if temperature is not None and temperature > HOTTEST else temperature


def noted_temperature(claim: Claim) -> float | None:
    """The highest temperature that is named beside a claim and not in its protocol, None where none is."""
    found = [float(each["value"] or each["short"]) for each in TEMPERATURE.finditer(claim.note.lower())]
    return max((each for each in found if 0 < each <= HOTTEST), default=None)


def not_sent(*texts: str) -> tuple[str, ...]:
    """What texts say of a top-p, top-k, min-p or penalty."""
    return tuple(dict.fromkeys(found for text in texts for found in NOT_SENT.findall(text.lower())))


def _words(claim: Claim) -> str:
    return "" if "decoding" in claim.unsourced else claim.protocol.decoding.lower()


def max_tokens_of(claim: Claim | None) -> int | None:
    """The limit of an answer that a claim's protocol states."""
    return claim.protocol.max_tokens if claim and "max_tokens" not in claim.unsourced else None


def states_decoding(claim: Claim) -> bool:
    """Whether a claim says how answers were decoded: a temperature, greedy, sampling, or the mean of several passes.

    A top-p without a temperature, or a vendor's *recommended settings*, say that answers were sampled. Fields that
    are not on the vendor's page say nothing.
    """
    averaged = claim.repeats == "several" or (isinstance(claim.repeats, int) and claim.repeats > 1)
    averaged = averaged and "repeats" not in claim.unsourced
    averaged = averaged or (AVERAGED.search(claim.metric.lower()) is not None and "metric" not in claim.unsourced)
    sampled = OF_SAMPLING.search(_words(claim)) is not None
    return stated_temperature(claim) is not None or averaged or sampled

"""A claim whose vendor does not state how it asked: a test for each configuration that it may mean, one after another.

A configuration is a prompt format, a number of worked examples, a decoding and a reasoning effort. Where the vendor
states no format, there is one for each of the task's; no number, the format's own and the usual ones; no decoding,
greedy and then sampled; and where a request can turn reasoning on or off, both.
One test that reaches the claim is enough for *consistent*. For *inconsistent* all of them must be rejected, of which
one at least shows as many worked examples as the vendor states.

A claim that cannot be reproduced as it is stated is measured under the same configurations, and never rejected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from steelyard.detectors.claim_retest.result import ClaimFinder, reason_of, result_of
from steelyard.detectors.claim_retest.sealed import SAMPLED, SECOND, ClaimTest, decode_as, encode
from steelyard.detectors.claim_retest.thresholds import seal
from steelyard.plugins import Progress
from steelyard.records import DetectorResult, Note, Plan, PlannedTest, Reads, SampleScore, VerdictWord
from steelyard.records.record import Record

__all__ = ["FormatTests", "FormatsFinder", "has_formats", "seal_formats", "tests_of"]


class FormatTests(Record, frozen=True, kw_only=True):
    """The tests of one claim, one for each prompt format, in the task's order.

    ``not_asked`` names the formats that cannot be asked here: any of them may reach the claim. ``unverifiable``: why
    the claim cannot be reproduced as it is stated.
    """

    formats: tuple[ClaimTest, ...]
    not_asked: tuple[str, ...] = ()
    unverifiable: str = ""


def has_formats(test: PlannedTest) -> bool:
    """Whether a planned claim retest is one of several prompt formats."""
    return "formats" in test.sealed


def tests_of(test: PlannedTest, plan: Plan) -> list[PlannedTest]:
    """One test for each prompt format, as for a claim that states it; the test itself where there is one format.

    Raises ValueError where the measurements are not those of the formats.
    """
    if not has_formats(test):
        return [test]
    sealed = decode_as(test, FormatTests).formats
    groups: list[list[Reads]] = []
    for reads in test.reads:
        measurement = plan.by_id.get(reads.measurement)
        if groups and measurement is not None and measurement.arm in (SAMPLED, SECOND):
            groups[-1].append(reads)
        else:
            groups.append([reads])
    if not sealed or len(groups) != len(sealed) or len({each.claim for each in sealed}) > 1:
        raise ValueError(f"test {test.id}: its measurements are not one for each prompt format of one claim")
    return [
        msgspec.structs.replace(test, reads=tuple(group), sealed=encode(one))
        for group, one in zip(groups, sealed, strict=True)
    ]


def seal_formats(test: PlannedTest, plan: Plan) -> PlannedTest:
    """Seal the test of every format: each accuses at the claim's level, and confirms at its share of the level."""
    tests = tests_of(test, plan)
    sealed = [msgspec.convert(seal(each, plan, len(tests)).sealed, ClaimTest) for each in tests]
    found = msgspec.structs.replace(decode_as(test, FormatTests), formats=tuple(sealed))
    return msgspec.structs.replace(test, sealed=encode(found))


class FormatsFinder:
    """Asks a claim's prompt formats one after another, each with a test of its own.

    The next format is asked when the one before can no longer reach the claim. How much sampled answers vary is asked
    last, when every format has been rejected.
    """

    def __init__(self, test: PlannedTest, plan: Plan) -> None:
        self.planned, self.plan = test, plan
        sealed = decode_as(test, FormatTests)
        self.not_asked, self.unverifiable = sealed.not_asked, sealed.unverifiable
        self.finders = [ClaimFinder(each, plan) for each in tests_of(test, plan)]
        self._readers: dict[tuple[str, str], list[ClaimFinder]] = {}
        for finder in self.finders:
            for reads in _reads(finder):
                self._readers.setdefault((reads.measurement, reads.scorer), []).append(finder)

    def observe(self, score: SampleScore) -> None:
        """Give one score to the formats that read it."""
        for finder in self._readers.get((score.measurement, score.scorer), ()):
            finder.observe(score)

    @property
    def decision(self) -> str | None:
        """The word of the verdict, or None: undecided."""
        words = [finder.retest.word for finder in self.finders]
        if "consistent" in words:
            return "consistent"
        if None in words:
            return None
        if self.unverifiable:
            return "unverifiable"
        if self._is_confirmed_only or set(words) == {"not_testable"}:
            return "not_testable"
        if unsettled := self._unsettled:
            if "unverifiable" in (finder.decision for finder in unsettled):
                return "unverifiable"
            return "not_testable" if all(finder.confirms_only for finder in unsettled) else "insufficient_power"
        return None if any(finder.retest.suspects for finder in self.finders) else "inconsistent"

    @property
    def _unsettled(self) -> list[ClaimFinder]:
        """The formats that are not below the claim: any of them may reach it."""
        return [finder for finder in self.finders if finder.retest.word != "inconsistent"]

    @property
    def _is_confirmed_only(self) -> bool:
        """Whether the claim may be confirmed and never accused: a format that cannot be asked may reach it, too."""
        return bool(self.not_asked or self.unverifiable) or all(finder.confirms_only for finder in self.finders)

    @property
    def _why_confirmed_only(self) -> str:
        """Why, where all formats are asked otherwise than the vendor states; else empty."""
        each = [finder.confirms_only for finder in self.finders]
        return each[0] if all(each) else ""

    @property
    def current(self) -> ClaimFinder:
        """The format that is asked now: the first undecided one, or else the first whose rejection is not final."""
        undecided = [finder for finder in self.finders if finder.retest.word is None]
        suspects = [finder for finder in self.finders if finder.retest.suspects]
        return (undecided or suspects or self.finders[-1:])[0]

    @property
    def closed(self) -> frozenset[str]:
        """The measurements whose answers no format needs any more."""
        current = self.current
        stands = current.retest.word is None and not current.retest.waits
        if self.decision is not None or (stands and current.next_position >= current.measurement.planned):
            return frozenset(reads.measurement for reads in self.planned.reads)
        read = {name for name, _ in self._readers}
        still = {name for (name, _), readers in self._readers.items() for each in readers if name not in each.closed}
        return frozenset(read - still)

    @property
    def heads(self) -> Mapping[str, int | None]:
        """How many trials of the current format were read; the other formats wait."""
        waiting: dict[str, int | None] = {reads.measurement: None for reads in self.planned.reads}
        return {**waiting, **self.current.heads}

    def has_read(self, measurement: str) -> bool:
        """Whether what was read of a configuration is to be asked again, or no more of it is read."""
        of = [each for each in self.finders if each is self.current or each.retest.word is not None]
        return self.decision is not None or any(each.has_read(measurement) for each in of)

    def left(self, measurement: str) -> Sequence[int]:
        """The places that are to be asked again for the current configuration."""
        return () if self.decision is not None else self.current.left(measurement)

    def progress(self) -> Progress:
        """The state of the current format's test, for a display."""
        from dataclasses import replace

        return replace(
            self.current.progress(),
            decision=self.decision or "",
            confirms_only=self._why_confirmed_only,
            arms=tuple(map(self._label, self.finders)),
        )

    @property
    def p(self) -> float:
        """A valid p for Holm: the claim is false in every format, so the largest; 1 where it is never accused."""
        return 1.0 if self._is_confirmed_only else max(finder.retest.p for finder in self.finders)

    def find(self, inputs: Mapping[str, Any]) -> DetectorResult:
        """The result of the claim: that of the format which reached it, or else came nearest."""
        undecided = VerdictWord.NOT_TESTABLE if self._why_confirmed_only else VerdictWord.INSUFFICIENT_POWER
        undecided = VerdictWord.UNVERIFIABLE if self.unverifiable else undecided
        word = VerdictWord(self.decision) if self.decision else undecided
        shown = self._shown()
        result = result_of(shown)
        assert result.claim is not None
        reason, p = self._reason(word, shown), self.p
        standard = self._standard if word is VerdictWord.UNVERIFIABLE else None
        claim = msgspec.structs.replace(
            result.claim,
            ci=standard or result.claim.ci,
            verdict=word,
            reason=reason,
            p=p,
            needs=result.claim.needs if self.decision is None and word is VerdictWord.INSUFFICIENT_POWER else None,
            standard=standard,
            formats=(*map(self._label, self.finders), *map(_named, self.not_asked)),
        )
        said = Note(detector="claim_retest", check="formats", task=claim.task, message=self._in_words())
        return msgspec.structs.replace(result, word=word, p=p, reason=reason, notes=(said, *result.notes), claim=claim)

    @property
    def _standard(self) -> tuple[float, float] | None:
        """Where the score lies under all configurations that were measured: their intervals hold together."""
        found = [interval for finder in self.finders if (interval := finder.interval) is not None]
        return (min(low for low, _ in found), max(high for _, high in found)) if found else None

    def _shown(self) -> ClaimFinder:
        reached = [finder for finder in self.finders if finder.retest.word == "consistent"]
        if reached:
            return reached[0]
        if self.decision is None and self.current.retest.n:
            return self.current
        accusing = [finder for finder in self.finders if not finder.confirms_only]
        among = (self._unsettled or accusing or self.finders) if self.decision else self.finders
        return max(among, key=lambda finder: (finder.retest.p, _rate(finder)))

    def _reason(self, word: VerdictWord, shown: ClaimFinder) -> str:
        if word is VerdictWord.UNVERIFIABLE:
            return self.unverifiable or next(filter(None, (finder.unverifiable for finder in self._unsettled)), "")
        if word is VerdictWord.NOT_TESTABLE and self.not_asked:
            if all("@" in name for name in self.not_asked):
                return (
                    f"the score is below the claim, and the vendor does not state its number of worked examples, and "
                    f"{self._lacking()}; state the number that it means, such as shots: {shown.measurement.shots}"
                )
            return (
                f"the vendor states none of the task's prompt formats, and {self._lacking()}; "
                f"state the format that it means, such as protocol: {{prompt: {_prompt(shown)}}}"
            )
        if word is VerdictWord.INSUFFICIENT_POWER and self.decision is not None:
            return "; ".join(
                f"{self._label(finder)}: {reason_of(finder, VerdictWord(finder.retest.word or word))}"
                for finder in self._unsettled
            )
        return reason_of(self.current if self.decision is None else shown, word)

    def _lacking(self) -> str:
        """The formats that cannot be asked here, and why."""
        begin = f"claim/{self.finders[0].sealed.claim}/format/"
        reasons = {each.request.removeprefix(begin): each.reason for each in self.plan.not_planned}
        capabilities = self.plan.models[self.finders[0].measurement.role].capabilities
        without = capabilities.loglikelihood_reason or "this model gives no log-likelihoods"
        no_likelihoods = [
            name
            for name in self.not_asked
            if not capabilities.loglikelihood and "@" not in name and reasons.get(name, without).startswith(without)
        ]
        others = [name for name in self.not_asked if name not in no_likelihoods]
        parts = []
        if no_likelihoods:
            need = "need" if len(no_likelihoods) > 1 else "needs"
            parts.append(f"{', '.join(no_likelihoods)} {need} log-likelihoods, which this model does not give")
        if others:
            why = dict.fromkeys(reasons[name] for name in others if name in reasons)
            parts.append(f"{', '.join(map(_named, others))} cannot be asked here ({'; '.join(why)})")
        return "; ".join(parts)

    def _in_words(self) -> str:
        """What each format came to."""
        asked = [f"{self._label(each)} ({_outcome(each)})" for each in self.finders if each.retest.n]
        left = [self._label(each) for each in self.finders if not each.retest.n]
        parts = [f"asked as {', then as '.join(asked)}"] if asked else []
        parts += [f"not asked: {', '.join(left)}"] if left else []
        parts += [f"not possible here: {', '.join(map(_named, self.not_asked))}"] if self.not_asked else []
        return f"the vendor states {self._unstated()}; {'; '.join(parts)}"

    def _unstated(self) -> str:
        """What the vendor does not state, so that the claim has several configurations."""
        prompts = {_prompt(each) for each in self.finders} | {name.partition("@")[0] for name in self.not_asked}
        shots = {(_prompt(each), each.measurement.shots) for each in self.finders}
        what = ["none of the task's prompt formats"] if len(prompts) > 1 else []
        what += ["no number of worked examples"] if not what and (len(shots) > 1 or self.not_asked) else []
        what += ["no decoding"] if len({each.measurement.decoding for each in self.finders}) > 1 else []
        what += ["no reasoning effort"] if len(self._efforts) > 1 else []
        return " and ".join(what) or "what cannot be reproduced"

    def _label(self, finder: ClaimFinder) -> str:
        """A format's name, and how many worked examples it shows where it is asked with several numbers of them."""
        prompt = _prompt(finder)
        several = [f"{prompt}@" in name for name in self.not_asked]
        several += [
            _prompt(each) == prompt and each.measurement.shots != finder.measurement.shots for each in self.finders
        ]
        label = f"{prompt} {finder.measurement.shots}-shot" if any(several) else prompt
        decodings = {each.measurement.decoding for each in self.finders}
        label = f"{label}, {finder.measurement.decoding}" if len(decodings) > 1 else label
        if len(self._efforts) < 2:
            return label
        effort = finder.measurement.reasoning_effort
        return f"{label}, {f'effort {effort}' if effort else 'default effort'}"

    @property
    def _efforts(self) -> set[str]:
        return {each.measurement.reasoning_effort for each in self.finders}


def _reads(finder: ClaimFinder) -> Sequence[Reads]:
    return finder.planned.reads


def _named(name: str) -> str:
    """A format that is not asked, as ``letter@5``, for a sentence."""
    prompt, at, number = name.partition("@")
    return f"{prompt} {number}-shot" if at else prompt


def _prompt(finder: ClaimFinder) -> str:
    served = finder.served
    return served.prompt if served else finder.measurement.prompt


def _rate(finder: ClaimFinder) -> float:
    return finder.retest.share if finder.retest.n else 0.0


def _outcome(finder: ClaimFinder) -> str:
    retest = finder.retest
    words = {"consistent": "reaches the claim", "inconsistent": "below the claim", "insufficient_power": "undecided"}
    word = words.get(retest.word or "", "undecided") + (", may only confirm" if finder.confirms_only else "")
    if retest.sealed.grid > 1:
        return f"{word}: mean score {retest.share * 100:.1f} % of {retest.n:,}"
    return f"{word}: {retest.right:,} of {retest.n:,} right"

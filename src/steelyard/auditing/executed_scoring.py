"""Scores that take time, made in threads: of long answers, and of code that runs once and whose scores are kept."""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from steelyard.auditing.own_tests import OwnTests
from steelyard.auditing.scoring import Scorers, read_score, score
from steelyard.auditing.stated import AS_ASKED, Stated
from steelyard.errors import SteelyardError
from steelyard.plugins import Scorer, StoppableScorer
from steelyard.records import Attempt, ModelOutput, RecordedScore, Sample, SampleScore, Score

__all__ = ["ExecutedScoring"]


class ExecutedScoring:
    """Scores in threads, as many at a time as there are processors; what executes scores each output once.

    ``tests`` gives samples the data set's own tests back, where they have any.
    """

    def __init__(self, scorers: Scorers, tests: OwnTests) -> None:
        self._scorers, self._tests = scorers, tests
        self._pool: ThreadPoolExecutor | None = None
        self._closed = False

    async def score(
        self, scorer: Scorer, attempt: Attempt, sample: Sample, output: ModelOutput, stated: Stated = AS_ASKED
    ) -> RecordedScore:
        """Score one output in a thread. Where the scorer itself fails there is no value: the answer is missing."""
        began = time.monotonic()
        found, note = None, ""
        try:
            read = partial(self._read, scorer, attempt, sample, output, stated)
            found = await asyncio.get_running_loop().run_in_executor(self._threads(), read)
            note = found.note[:300]
        except SteelyardError as error:  # one line of our own, with how to fix it
            note = str(error)
        except Exception as error:
            note = f"the scorer failed: {type(error).__name__}"
        if self._closed:  # cut off by us: this says nothing of the output, which a resume scores
            raise asyncio.CancelledError
        return RecordedScore(
            measurement=attempt.measurement,
            sample=attempt.sample,
            repeat=attempt.repeat,
            scorer=scorer.identifier,
            value=None if found is None else found.value,
            parsed=found is not None and found.parsed,
            open=found is not None and found.value is None,
            note=note,
            group=sample.group,
            elapsed_us=int((time.monotonic() - began) * 1e6),
        )

    def _read(self, scorer: Scorer, attempt: Attempt, sample: Sample, output: ModelOutput, stated: Stated) -> Score:
        return read_score(scorer, self._tests.given(attempt, sample), output, stated)

    async def read(
        self, scorer: Scorer, attempt: Attempt, sample: Sample, output: ModelOutput, stated: Stated = AS_ASKED
    ) -> SampleScore:
        """As :func:`~steelyard.auditing.scoring.score`, in a thread."""
        work = partial(score, scorer, attempt, sample, output, stated)
        return await asyncio.get_running_loop().run_in_executor(self._threads(), work)

    def _threads(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="steelyard-scoring")
        return self._pool

    def close(self) -> None:
        """End what still runs, without waiting for it: Python itself waits for the threads before a process ends."""
        self._closed = True
        if self._pool is None:
            return
        self._pool.shutdown(wait=False, cancel_futures=True)
        for scorer in {id(each): each for scorers in self._scorers.values() for each in scorers}.values():
            if isinstance(scorer, StoppableScorer):
                with suppress(Exception):
                    scorer.stop()

"""The first Ctrl-C is noted, the second one raises, and the earlier handler comes back."""

from __future__ import annotations

import os
import signal

import pytest

from steelyard_world.training.interrupt import StopOnInterrupt


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_noted_and_the_second_raises(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with StopOnInterrupt() as interrupt:
        asked = interrupt.asked
        assert not asked
        os.kill(os.getpid(), number)
        assert interrupt.asked
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) == before

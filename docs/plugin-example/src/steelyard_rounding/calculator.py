"""``calculator:DIGITS``: a model that multiplies, and rounds to so many significant digits."""

from __future__ import annotations

import re

from steelyard.errors import InputError
from steelyard.models import Settings
from steelyard.records import (
    Capabilities,
    GenerateRequest,
    LoglikelihoodRequest,
    ModelIdentity,
    ModelOutput,
    Outcome,
)


def open_calculator(digits: str, settings: Settings) -> Calculator:
    """Open ``calculator:DIGITS``; raises InputError where DIGITS is no number from 1 to 9."""
    if not re.fullmatch("[1-9]", digits):
        raise InputError(f"calculator:{digits}: write the number of digits, from 1 to 9, such as calculator:2")
    return Calculator(int(digits))


class Calculator:
    """A model in the sense of ``steelyard.plugins.Model``: it returns outcomes and raises nothing."""

    def __init__(self, digits: int) -> None:
        self.digits = digits

    async def identify(self) -> tuple[ModelIdentity, Capabilities]:
        """Say what this is: the plan seals it."""
        identity = ModelIdentity(
            uri=f"calculator:{self.digits}",
            name=f"calculator, {self.digits} digits",
            backend="steelyard-rounding 1.0.0",
        )
        return identity, Capabilities(chat=True, deterministic=True)

    async def generate(self, request: GenerateRequest) -> ModelOutput:
        """Multiply the last two numbers that the prompt asks about."""
        asked = re.findall(r"(\d+) \* (\d+)", request.prompt)
        if not asked:
            return ModelOutput(outcome=Outcome.OK, text="I can only multiply.")
        product = int(asked[-1][0]) * int(asked[-1][1])
        return ModelOutput(outcome=Outcome.OK, text=f"{float(f'{product:.{self.digits}g}'):g}")

    async def loglikelihood(self, request: LoglikelihoodRequest) -> ModelOutput:
        """Never asked: ``Capabilities.loglikelihood`` is false."""
        return ModelOutput(outcome=Outcome.CLIENT_ERROR, detail="a calculator has no log-likelihoods")

    async def close(self) -> None:
        """There is nothing to free."""

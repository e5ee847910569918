"""The plan of claims about tasks that have twins."""

from __future__ import annotations

from steelyard.planning.build import build_plan
from steelyard.planning.options import Detect, Options
from steelyard.records import Capabilities, Claim, ClaimSheet, ModelIdentity, Plan, PlannedModel

ENDPOINT = ModelIdentity(uri="openai:m@http://h/v1", name="m")


CHAT = Capabilities(chat=True, completions=True)


def planned(
    *tasks: str, detect: Detect | None = None, identity: ModelIdentity = ENDPOINT, limit: int | None = None
) -> Plan:
    claims = tuple(Claim(task=task, value="60", line=line) for line, task in enumerate(tasks, 2))
    model = PlannedModel(identity=identity, capabilities=CHAT)
    sheet = ClaimSheet(model="m", claims=claims)
    return build_plan(sheet, {"subject": model}, Options(detect=detect or Detect(), limit=limit)).plan

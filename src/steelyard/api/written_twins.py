"""Twins by a model that the user names: an endpoint that the suite names, and on record as having seen them."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from steelyard.api.models import open_for_call, recipient_of
from steelyard.evidence.canonical import canonical, sha256_hex
from steelyard.records import SUBJECT
from steelyard.util.addresses import normal_endpoint

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.suites.writers.twins import WrittenTwins
    from steelyard.suites.writers.writer import Progress
    from steelyard.tasks.suite_task import SuiteTask

__all__ = ["written_twins"]


async def written_twins(
    suite: SuiteTask, wanted: Collection[str], writer: str, args: RunArguments, progress: Progress
) -> WrittenTwins:
    """Have the model with this URI write twins of the ``wanted`` items (by id), each with two calls that check it.

    What an endpoint gets is on record before it is sent, and so are the twins that it wrote: it has seen both. Items
    with personal data or secrets are not sent to an endpoint. Raises InputError where the suite does not name the
    endpoint or its record cannot be written, ModelUnavailable where the model cannot be asked.
    """
    from steelyard.suites.exposures import append_exposures
    from steelyard.suites.writers.asking import asker
    from steelyard.suites.writers.twins import TwinWriter

    every = list(suite.rows.items())
    items = [item for item in every if item.id in wanted]
    recipient = recipient_of(writer)
    call = sha256_hex(canonical({"refresh": suite.suite, "salt": secrets.token_hex(16)}))
    async with AsyncExitStack() as opened_here:
        model = open_for_call(replace(args, models={SUBJECT: writer}), opened_here, [suite])[SUBJECT]
        _, capabilities = await model.identify()
        if recipient:
            append_exposures(suite.folder, call, suite.suite, "begun", {normal_endpoint(recipient): wanted})
        made = await TwinWriter(
            ask=asker(model, capabilities, concurrency=args.concurrency or 4),
            labels=suite.file.choices,
            canary=suite.file.canary,
            redacts=bool(recipient),
            progress=progress,
        ).write(items, every)
    if recipient:
        seen = {*wanted, *(twin.id for twin in made.by_item.values())}
        append_exposures(suite.folder, call, suite.suite, "ended", {normal_endpoint(recipient): seen})
    return made

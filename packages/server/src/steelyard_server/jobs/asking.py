"""A specification → what a command line would have asked: the arguments of a run, and the job that is conducted."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from steelyard.errors import InputError
from steelyard_server.jobs.specification import AuditSpecification, RunSpecification

if TYPE_CHECKING:
    from steelyard.api.arguments import RunArguments
    from steelyard.api.conduct import Job
    from steelyard_server.jobs.messages import Setup

__all__ = ["arguments_of", "job_of"]

# An endpoint that does not answer is left alone for a while, and its place given to another job: no long patience here.
_PATIENCE_SECONDS: Final = 60.0


def arguments_of(asked: RunSpecification | AuditSpecification, setup: Setup, inputs: Path, run: Path) -> RunArguments:
    """The arguments of ``asked``; its questions are written into the folder ``inputs``, and the run goes to ``run``.

    Its endpoint, the key and how many calls it takes at once are the setup's, and each address is looked at as it is
    connected to. Raises InputError where its host may not be called, and for questions that bear the name of a public
    benchmark: whoever reads the verdict did not see them.
    """
    from steelyard.api.arguments import RunArguments
    from steelyard.planning.own_names import check_not_public
    from steelyard.records import SUBJECT
    from steelyard_server.endpoints.addresses import checked_sockets, refused_host

    if setup.host and (reason := refused_host(setup.host, setup.port, setup.own)):
        raise InputError(f"{setup.host} is not called: {reason}")
    check_not_public(asked.questions)
    files = []
    for name, text in sorted(asked.questions.items()):
        path = inputs / f"{name}.jsonl"
        path.write_text(text, encoding="utf-8")
        files.append(path)
    data = os.environ.get("STEELYARD_DATA")
    return RunArguments(
        models={SUBJECT: setup.uri},
        usual_keys=False,
        api_keys={SUBJECT: setup.key},
        socket_factory=checked_sockets(setup.own),
        out=run,
        data=Path(data) if data else None,
        task_files=tuple(files),
        budget_seconds=asked.budget_seconds,
        limit=asked.limit,
        concurrency=asked.concurrency if setup.calls is None else setup.calls,
        timeout=asked.timeout,
        rpm=asked.rpm,
        tpm=asked.tpm,
        max_tokens=asked.max_tokens,
        max_cost=asked.max_cost,
        output_tokens=asked.output_tokens,
        reasoning_effort=asked.reasoning_effort,
        price=setup.price or asked.price,
        with_texts=asked.with_texts,
        scorer=asked.scorer,
        patience_seconds=_PATIENCE_SECONDS,
        owns_process=True,
    )


def job_of(asked: RunSpecification | AuditSpecification, args: RunArguments, inputs: Path) -> Job:
    """What is to be planned; raises InputError as the command would."""
    from steelyard.api.conduct import audit_job, built_in_request, run_job, run_request
    from steelyard.api.options import options_of

    if isinstance(asked, AuditSpecification):
        from steelyard.claims.sheet import read_sheet
        from steelyard.planning.options import detect_of

        sheet = inputs / "sheet.yaml"
        sheet.write_text(asked.sheet, encoding="utf-8")
        probing = detect_of(asked.detect)
        return audit_job(read_sheet(sheet), options_of(args, tolerance=asked.tolerance, detect=probing))
    plain = replace(args, task_files=())  # the one that is measured is added by its path
    options = options_of(plain, repeats=asked.repeats)
    how = (asked.prompt, asked.shots, asked.temperature)
    if asked.task:  # a name, whatever it looks like: who asks has no files on this machine
        wanted = built_in_request(asked.task, *how, options, asked.window)
    else:
        wanted, options = run_request(args.task_files[0], *how, options, asked.window)
    return run_job(wanted, options)

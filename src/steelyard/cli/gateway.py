"""``steelyard gateway``: record the calls of any harness to an OpenAI-compatible endpoint, to a sealed bundle."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.options import api_key_option, json_option, key_option
from steelyard.cli.output import print_json
from steelyard.errors import InputError

if TYPE_CHECKING:
    from steelyard.evidence.keys import KeySigner
    from steelyard.gateway.recorder import Recorder
    from steelyard.gateway.server import Gateway
    from steelyard.gateway.summary import RecordingSummary
    from steelyard.gateway.upstream import Upstream
    from steelyard.storage.run_folder import RunFolder

PORT = 8787


@click.command()
@click.option(
    "--to", "url", required=True, metavar="URL", help="The endpoint to record, such as https://api.example.com/v1."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="Listen here; 0: any free port."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="The folder of the recording (default: runs/gateway-TIME)."
)
@click.option(
    "--with-texts", is_flag=True, help="Seal the texts of requests and replies too: do not publish such a bundle."
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Let web pages of this origin call, such as http://localhost:3000; all others are refused.",
)
@click.option(
    "--suite",
    "suites",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FOLDER",
    help="A private suite that the client asks: refused unless its suite.yaml names the endpoint, and put on record.",
)
@key_option
@api_key_option
@json_option
def command(url: str, **args: Any) -> int:
    """Forward calls to the endpoint URL and record them until Ctrl-C; then write a report and seal the recording.

    Point a client at the base URL that is printed. Its API key is forwarded and never stored; where STEELYARD_API_KEY
    (or --api-key-env) holds one, it is sent in place of the client's; asterisks replace it in replies, unless it is
    encoded (base64) or spread over events of a stream. After a kill, steelyard resume seals what was recorded.
    """
    from steelyard.api.conduct import signer_at

    signer = signer_at(args["key"])
    summary, run = _record(url, args, signer)
    show(summary, run, as_json=args["as_json"], signed=signer is not None)
    return 0


def resume_recording(run: RunFolder, signer: KeySigner | None, *, as_json: bool) -> int:
    """``steelyard resume`` for a recording: seal what a killed gateway left, or show what is sealed.

    Raises InputError where a gateway still writes to it.
    """
    from steelyard.gateway.seal import seal_killed
    from steelyard.gateway.summary import summary_of

    show(summary_of(run) if run.is_sealed else seal_killed(run, signer), run, as_json=as_json, signed=True)
    return 0


def show(summary: RecordingSummary, run: RunFolder, *, as_json: bool, signed: bool) -> None:
    """Print the summary and the path of the report."""
    from steelyard.cli.output import print_places
    from steelyard.gateway import pages
    from steelyard.gateway.summary import render

    if as_json:
        print_json(render(summary, run.plan.subject.identity.uri))
        return
    for line in pages.lines(summary):
        click.echo(line)
    print_places(run.path, signed=signed)


def _record(url: str, args: dict[str, Any], signer: KeySigner | None) -> tuple[RecordingSummary, RunFolder]:
    from steelyard.api.conduct import default_folder
    from steelyard.api.may_see import check_addresses
    from steelyard.api.suites import note_recorded, suites_among
    from steelyard.gateway.recorder import Recorder, recording_plan
    from steelyard.gateway.seal import seal_recording
    from steelyard.gateway.server import allowed_origin, listen_on
    from steelyard.gateway.summary import STOPPED
    from steelyard.gateway.upstream import Upstream, named_endpoint, own_key

    upstream = Upstream(named_endpoint(url), own_key(args["api_key_env"]))
    suites = suites_among(args["suites"])
    if len(suites) < len(args["suites"]):
        raise InputError("--suite takes the folder of a suite, with a suite.yaml in it")
    check_addresses(suites, {"--to": upstream.base})
    origins = frozenset(allowed_origin(each) for each in args["origins"])
    path = args["out"] or default_folder("gateway")
    with listen_on(args["port"]) as listener:
        recorder = Recorder(path, recording_plan(upstream.base, with_texts=args["with_texts"]), signer)
        note_recorded(suites, upstream.base, recorder.run)
        with ExitStack() as locked:
            locked.callback(recorder.release)
            reason = "failed"
            try:
                asyncio.run(_serve(upstream, recorder, listener, origins, quiet=args["as_json"]))
                reason = STOPPED
            finally:
                recorder.stop(reason)
                listener.close()  # new calls are refused at once, without waiting for the seal
            if recorder.failure is not None:
                raise recorder.failure
            return seal_recording(recorder.run, signer), recorder.run


async def _serve(
    upstream: Upstream, recorder: Recorder, listener: socket.socket, origins: frozenset[str], *, quiet: bool
) -> None:
    """Serve until Ctrl-C or SIGTERM; a second one drops the calls in flight."""
    from steelyard.cli.recording_progress import RecordingProgress
    from steelyard.gateway.server import Gateway
    from steelyard.util.console import err

    gateway, stop = Gateway(upstream, recorder, origins), asyncio.Event()
    base = await gateway.start(listener)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stop, gateway, stop)
    click.echo(f"export OPENAI_BASE_URL={base}", err=quiet)
    click.echo(f"recording calls to {upstream.base} in {recorder.run.path}; Ctrl-C stops and seals", err=True)
    with RecordingProgress(gateway, recorder) as progress:
        await progress.until(stop, gateway.failed)
        if gateway.in_flight:
            err().print(f"waiting for {gateway.in_flight} calls in flight; Ctrl-C again drops them")
        await gateway.finish()


def _stop(gateway: Gateway, stop: asyncio.Event) -> None:
    if stop.is_set():
        gateway.abandon()
    stop.set()

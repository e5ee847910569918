"""What ``steelyard doctor --model`` prints: who serves a model, what it can do, what an audit could test with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from steelyard.cli.output import print_json

if TYPE_CHECKING:
    from steelyard.api.model_check import Finding, ModelCheck
    from steelyard.models.server_replies import Server

__all__ = ["diagnose"]


def diagnose(uri: str, api_key_env: str | None, timeout: float, deadline: float, *, as_json: bool) -> int:
    """Look at a model and print what was found; the exit code is 3 where an audit could test nothing with it.

    ``deadline``: seconds for all of it. Raises InputError for a URI that names no model, ModelUnavailable where
    nothing answers.
    """
    import asyncio

    from steelyard.api.model_check import check_model
    from steelyard.models import Settings
    from steelyard.util.console import err

    settings = Settings(api_key_env=api_key_env, timeout_seconds=timeout)
    console = err()
    if console.is_terminal:
        with console.status("looking at the model") as status:
            found = asyncio.run(check_model(uri, settings, lambda step: status.update(f"looking: {step}"), deadline))
    else:
        console.print(f"looking at the model: short questions of ours, and no sample; {deadline:g} s at most")
        found = asyncio.run(check_model(uri, settings, seconds=deadline))
    print_json(_document(found)) if as_json else _print(found)
    return 0 if any(each.works for each in found.tests) else 3


def _print(found: ModelCheck) -> None:
    identity = found.identity
    answers_as = identity.details.get("answers_as", "")
    _line("✓", "model", identity.uri + (f", which answers as {answers_as}" if answers_as else ""))
    if identity.details.get("listed") == "no":
        _line("–", "listed", "its endpoint's own list of models does not have it")
    if found.server is not None:
        _print_server(found.server)
    click.echo("\nWhat it can do (asked, not believed):")
    _print_findings(found.can)
    click.echo("\nWhat an audit could test with it:")
    _print_findings(found.tests)
    if found.server is not None and found.server.profile is not None:
        _print_profile(found.server)


def _print_server(server: Server) -> None:
    if server.profile is None:
        _line("–", "server", "it does not say what it is, by the paths of the servers that are known here")
        return
    _line("✓", "server", f"{server.profile.name} {server.version}".rstrip() + ", as it says itself")
    for name, value in server.facts:
        _line(" ", name, value)


def _print_findings(findings: tuple[Finding, ...]) -> None:
    for each in findings:
        _line("✓" if each.works else "–", each.what, each.text)
        if each.fix:
            _line(" ", "  to change it", each.fix)


def _print_profile(server: Server) -> None:
    profile = server.profile
    assert profile is not None
    if profile.start:
        click.echo(f"\nStarted so, more can be tested: {profile.start}")
    click.echo(f"\nKnown of {profile.name} ({profile.source}):")
    for quirk in profile.quirks:
        _line("·", "", quirk)


def _line(sign: str, what: str, text: str) -> None:
    """One statement, untrusted as it is, wrapped to the terminal."""
    import textwrap

    from steelyard.util.console import out
    from steelyard.util.text import one_line

    width = min(out().width, 100)
    said = one_line(f"{what}: {text}" if what else text, 600)
    click.echo(textwrap.fill(f"{sign} {said}", width, subsequent_indent="    ", break_on_hyphens=False))


def _document(found: ModelCheck) -> dict[str, Any]:
    from dataclasses import asdict

    import msgspec

    server = found.server
    document: dict[str, Any] = {
        "model": msgspec.to_builtins(found.identity),
        "can": [asdict(each) for each in found.can],
        "tests": [asdict(each) for each in found.tests],
    }
    if server is not None:
        profile = server.profile
        document["server"] = {
            "name": profile.name if profile else "",
            "version": server.version,
            "facts": dict(server.facts),
            "start": profile.start if profile else "",
            "quirks": list(profile.quirks) if profile else [],
        }
    return document

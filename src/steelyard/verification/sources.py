"""The sealed pages of the claims, read again: each claim stands where the plan says, with the fields that it says."""

from __future__ import annotations

from msgspec.structs import replace

from steelyard.adapters.source_pages import Page, placed, sealed_name
from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.planning.sealed_source import wrong_plan
from steelyard.storage.run_folder import RunFolder

__all__ = ["check_sources"]


def check_sources(run: RunFolder) -> None:
    """Raise VerificationError, naming it, for a page that is not the plan's, and a claim that is not on its page."""
    sheet = run.plan.sheet
    sources = {sealed_name(at, each): each for at, each in enumerate(sheet.source_files if sheet else (), 1)}
    here = {name for name in layout.run_files(run.path) if name.startswith(layout.SOURCES)}
    for name in sorted(here | sources.keys()):
        digest = layout.digest_and_lines(run.path, name)[0] if name in here else ""
        if digest != (sources[name].sha256 if name in sources and not sources[name].text else ""):
            raise VerificationError(f"{name}: not the page that the plan names as a source of its claims")
    try:
        pages = [Page(each, run.path / name, sheet.claims if sheet else ()) for name, each in sources.items()]
        for number, claim in enumerate(sheet.claims if sheet else ()):
            bare = replace(claim, place="", unsourced=())
            if claim != (placed(bare, pages, layout.PLAN) if pages else bare):
                raise wrong_plan(f"claims[{number}]: its place, or what is unsourced, is not what its page says")
    except InputError as error:
        raise VerificationError(str(error)) from None

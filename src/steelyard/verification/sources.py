"""The sealed pages of the claims, read again: each claim stands where the plan says, with the fields that it says."""

from __future__ import annotations

from msgspec.structs import replace

from steelyard.adapters.source_pages import page_of, placed, sealed_name
from steelyard.errors import InputError, VerificationError
from steelyard.evidence import layout
from steelyard.planning.sealed_source import wrong_plan
from steelyard.storage.run_folder import RunFolder

__all__ = ["check_sources"]


def check_sources(run: RunFolder) -> None:
    """Raise VerificationError, naming it, for a page that is not the plan's, and a claim that is not on its page."""
    sheet = run.plan.sheet
    sources = sheet.source_files if sheet else ()
    names = [sealed_name(number, each) for number, each in enumerate(sources, 1)]
    whole = {name: each.sha256 for name, each in zip(names, sources, strict=True) if not each.text}
    here = {name for name in layout.run_files(run.path) if name.startswith(layout.SOURCES)}
    if other := sorted(here ^ whole.keys()):
        raise VerificationError(f"{other[0]}: the plan names other pages of its claims than are here")
    for name, digest in whole.items():
        if layout.digest_and_lines(run.path, name)[0] != digest:
            raise VerificationError(f"{name}: not the page that the plan names: its SHA-256 is another")
    try:
        pages = [page_of(each, run.path / name) for name, each in zip(names, sources, strict=True)]
        for number, claim in enumerate(sheet.claims if sheet else ()):
            bare = replace(claim, place="", unsourced=())
            if claim != (placed(bare, pages, layout.PLAN) if pages else bare):
                raise wrong_plan(f"claims[{number}]: its place, or what is unsourced, is not what its page says")
    except InputError as error:
        raise VerificationError(str(error)) from None

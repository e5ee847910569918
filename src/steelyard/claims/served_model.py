"""Whether the endpoint serves the model that a sheet is about, judged by the names that both give."""

from __future__ import annotations

from steelyard.claims.model_names import compare, is_precision, parse_name
from steelyard.records import Claim, ClaimSheet, ModelIdentity
from steelyard.util.text import one_line

__all__ = ["accepted_in_words", "names_in_words", "served_in_words", "why_another_model"]

_SHOWN = 60
_HOW_TO_ACCEPT = "; if they are one, add --accept-model"
_ALIAS = " (names that share no word: one is taken for an alias)"


def why_another_model(sheet: ClaimSheet, claim: Claim, identity: ModelIdentity) -> str:
    """Why the names say that a claim is about another model than the endpoint serves; empty where they do not.

    A name that shares no word with the claimed one is an alias, and no reason, unless the sheet states ``served_as``
    and no name of the endpoint shares a word with it. A GGUF file has its own name and that in its metadata, which may
    be a training run's: one of them is enough. What the sheet lists in ``variants`` is served, too, by a model of
    several networks.
    """
    served = _served(identity)
    is_served_too = claim.variant in sheet.variants and _is_family(identity)
    claimed = [*_claimed(sheet), *([claim.variant] if _is_stated(claim.variant) and not is_served_too else [])]
    for name in claimed:
        if _is_file(identity) and any(compare(name, other, sheet.vendor).startswith("same") for other in served):
            continue
        for other in served:
            if compare(name, other, sheet.vendor) == "another" and not _settled(sheet, name, other):
                return _two_models(f"the claim is about {_short(name)}, and the endpoint serves {_short(other)}")
    if len(served) == 2 and not _is_file(identity) and compare(*served) == "another":
        return _two_models(f"the endpoint was asked for {_short(served[0])}, and answers as {_short(served[1])}")
    if _is_stated(sheet.served_as) and served and all(compare(sheet.served_as, name) == "alias" for name in served):
        return _two_models(f"the sheet says served_as {_short(sheet.served_as)}, and this is {_short(served[-1])}")
    return ""


def names_in_words(sheet: ClaimSheet, identity: ModelIdentity, *, accepted: bool) -> str:
    """``claimed: X; asked: Y; answers as: Z``, with what the names say; empty where all are spelled alike.

    ``accepted``: the user accepts names of two models as one.
    """
    claimed = _claimed(sheet)[0]
    likenesses = {compare(claimed, name, sheet.vendor) for name in _served(identity)}
    if likenesses <= {"same"} and all(parse_name(claimed).same(parse_name(name)) for name in _served(identity)):
        return ""
    names = {"claimed": claimed, **_names(identity)}
    remark = ""
    if accepted and any(why_another_model(sheet, claim, identity) for claim in sheet.claims):
        remark = " (two models by their names, accepted as one)"
    elif any("two models by their names" in why_another_model(sheet, claim, identity) for claim in sheet.claims):
        remark = " (two models by their names)"
    elif "alias" in likenesses:
        remark = _ALIAS
    elif "same but for precision" in likenesses:
        remark = " (only one of them states a precision)"
    return "; ".join(f"{what}: {_short(name)}" for what, name in names.items() if name) + remark


def accepted_in_words(
    sheet: ClaimSheet | None, claim: Claim | None, identity: ModelIdentity, accepted: bool
) -> tuple[str, ...]:
    """The sentence on a claim that is tested although the names are of two models; none where they are of one.

    That they are one rests on the word of a user who ``accepted`` it, so whoever reads of a rejected claim alone must
    read this, too. None either where nothing is claimed.
    """
    if sheet is None or claim is None or not accepted:
        return ()
    why = why_another_model(sheet, claim, identity).removesuffix(_HOW_TO_ACCEPT)
    said = f"{why[:1].upper()}{why[1:]}, accepted as one (--accept-model)."
    return (f"{said} A score below the claim may be the other model's.",) if why else ()


def served_in_words(identity: ModelIdentity) -> str:
    """``asked: X; answers as: Y`` where the names are of two models, or share no word; empty where they are one."""
    served = _served(identity)
    if _is_file(identity) or len(served) != 2 or (likeness := compare(*served)).startswith("same"):
        return ""
    remark = _ALIAS if likeness == "alias" else " (two models by their names)"
    named = "; ".join(f"{what}: {_short(name)}" for what, name in _names(identity).items())
    return named + remark


def _claimed(sheet: ClaimSheet) -> list[str]:
    """What the sheet calls the served model: ``served_as`` first, where it is stated."""
    return [name for name in (sheet.served_as, sheet.model) if _is_stated(name)] or [sheet.model]


def _served(identity: ModelIdentity) -> list[str]:
    """The name that was asked for and the name that answers, without repeats."""
    return list(dict.fromkeys(name for name in _names(identity).values() if name))


def _names(identity: ModelIdentity) -> dict[str, str]:
    if _is_file(identity):
        return {"asked": identity.uri.removeprefix("gguf:"), "named in the file": _with_precision(identity)}
    return {"asked": _with_precision(identity), "answers as": identity.details.get("answers_as", "")}


def _with_precision(identity: ModelIdentity) -> str:
    """The model's name, and the precision that its file states, where the name has none."""
    name, precision = identity.name, identity.details.get("quantisation", "")
    states_none = bool(name) and is_precision(precision) and precision.casefold() not in name.casefold()
    return f"{name} ({precision})" if states_none else name


def _is_file(identity: ModelIdentity) -> bool:
    return identity.uri.startswith("gguf:")


def _is_family(identity: ModelIdentity) -> bool:
    """Whether several networks may be served under one name: a world model's, each for its own worlds."""
    return identity.details.get("recorded_uri", identity.uri).startswith("world:")


def _settled(sheet: ClaimSheet, name: str, served: str) -> bool:
    """Whether ``served_as`` names the served model, so that the sheet's title of it does not count."""
    return name == sheet.model != sheet.served_as and compare(sheet.served_as, served, sheet.vendor).startswith("same")


def _is_stated(name: str) -> bool:
    return parse_name(name).is_stated


def _two_models(what: str) -> str:
    return f"{what}: two models by their names; if they are one, add --accept-model"


def _short(name: str) -> str:
    return one_line(name, _SHOWN)

"""What a plan asks, as far as nobody can vary it: a benchmark, and the subject that answers it.

Wording and format of the sheet, other rows, claimed values and dates are not in it. What an auditor can still vary is
named in reports: an own file with one row dropped is another benchmark, another name of one address another subject.
"""

from __future__ import annotations

import re
from typing import Final

from steelyard.records import Measurement, ModelIdentity
from steelyard.tasks import is_built_in, resolve
from steelyard.util.addresses import normal_address

__all__ = ["OWN_ITEMS", "benchmark_of", "subject_of"]

OWN_ITEMS: Final = "items:"  # begins the name of a benchmark that is not built in


def benchmark_of(measurement: Measurement) -> str:
    """A built-in benchmark's id; for any other task the digest of its items, whatever their order."""
    if is_built_in(measurement.task):
        return f"task:{resolve(measurement.task)}"
    return f"{OWN_ITEMS}{measurement.items}"


def subject_of(identity: ModelIdentity) -> str:
    """The SHA-256 of the weights, or the address in normal form and the model's name as it was asked for.

    The subject of a recording is what was recorded. A function of the user's own is its name, as an endpoint is its
    address: what it does may change with every line of its file, and with what it calls.
    """
    sha256, uri = identity.sha256, identity.uri
    if uri.startswith("recorded:"):
        sha256, uri = identity.details.get("recorded_sha256", ""), identity.details.get("recorded_uri", uri)
    if sha256 and not uri.startswith("python:"):
        return f"sha256:{sha256}"
    found = re.fullmatch(r"([a-z][a-z0-9-]*):(.*)@((?i:https?)://.*)", uri, re.DOTALL)
    return uri if found is None else f"{found[1]}:{found[2]}@{normal_address(found[3])}"

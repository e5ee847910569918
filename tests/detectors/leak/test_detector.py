"""The options and the sealed part of a leak check are read strictly."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from steelyard.detectors.leak.detector import Leak, LeakOptions, options_of
from steelyard.errors import InputError
from tests.detectors.leak.test_finder import plan
from tests.detectors.leak.test_variants import of_variants


@pytest.mark.parametrize("given", [{"kept": 1}, {"kept": "x", "more": 1}])
def test_other_options_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="a leak check has the options kept, others, alpha and addresses"):
        options_of(given)
    with pytest.raises(InputError, match="needs kept items, or other variants"):
        options_of({})
    assert options_of({"kept": "s-check-1"}) == LeakOptions(kept="s-check-1")
    assert options_of({"others": "s-variant-1", "addresses": 3}).addresses == 3
    for wrong in ({"others": "s-variant-1"}, {"kept": "s-check-1", "addresses": 1}, {"others": "v", "addresses": -1}):
        with pytest.raises(InputError, match="needs the number of addresses that are sealed"):
            options_of(wrong)


def test_a_changed_test_is_not_opened() -> None:
    planned = plan()
    (test,) = planned.tests
    with pytest.raises(InputError, match="a level is between 0 and"):
        options_of({"kept": "x", "alpha": "0.5"})
    assert Leak().seal(test, planned) == test
    assert Leak().forecast(test, planned, 0.0) == 120
    turned = msgspec.structs.replace(test, reads=test.reads[::-1])
    for changed in (
        turned,
        msgspec.structs.replace(test, sealed={"alpha": "0.9"}),
        msgspec.structs.replace(test, sealed={"alpha": "0.001", "addresses": 1}),
        msgspec.structs.replace(test, reads=()),
    ):
        with pytest.raises(ValueError, match="released and the kept items"):
            Leak().open(changed, planned)


@pytest.mark.parametrize("addresses", [None, 0, -1, True, "2", 1.5])
def test_a_test_of_variants_is_for_a_number_of_addresses(addresses: object) -> None:
    planned = of_variants(5, 5)
    (test,) = planned.tests
    changed = {"alpha": "0.001"} | ({} if addresses is None else {"addresses": addresses})
    assert Leak().open(test, planned).planned == test
    with pytest.raises(ValueError, match="or other variants"):
        Leak().open(msgspec.structs.replace(test, sealed=changed), planned)

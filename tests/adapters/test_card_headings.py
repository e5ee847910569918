from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.adapters.card_headings import Headings, level_of

CARD = """\
---
title: x
---
# Ours-7B

## Thinking

### Math

here

## Chat

**Bold letters**

=== "A tab"

here too

Underlined
----------

```sh
# no heading
```

<h3 class="a">In HTML</h3> <p>here</p> <h3>after it</h3>
<details><summary>Folded</summary>

# Inside

- a list
---
and here
</details>

at last
"""


@pytest.mark.parametrize(
    ("place", "above"),
    [
        ("# Ours", ()),
        ("\n## Thinking", ("Ours-7B",)),
        ("here\n\n## Chat", ("Thinking", "Math")),
        ("here too", ("Chat", "A tab")),
        ("<p>here", ("Underlined", "In HTML")),
        ("and here", ("Folded", "Inside")),
        ("at last", ("Inside",)),
    ],
)
def test_what_a_place_stands_under(place: str, above: tuple[str, ...]) -> None:
    before = CARD[: CARD.index(place)]
    line = before.count("\n") + 1
    assert Headings(CARD).above((line, len(before) - before.rfind("\n") - 1)) == above


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("# a", 1),
        ("###### a ##", 6),
        ("####### a", 0),
        ("#a", 0),
        ("<h2>a</h2>", 2),
        (" <H4 id=x>a", 4),
        ("a", 0),
        ("", 0),
    ],
)
def test_the_level_of_a_line(line: str, level: int) -> None:
    assert level_of(line) == level


@given(st.text(alphabet='#*=-"<>/h1summarydetails \n`x', max_size=300))
def test_any_text_has_headings(text: str) -> None:
    headings = Headings(text)
    for line in range(1, text.count("\n") + 2):
        assert all(isinstance(each, str) for each in headings.above((line, 0)))


def test_a_card_that_was_made_to_take_long_does_not() -> None:
    for part in (
        "<summary>a</summary>",
        "<h1>",
        "<h1 ",
        "</details>",
        "# a\n",
        "a\n---\n",
        "**a**\n",
        "<h2>" + "x" * 490,
    ):
        assert len(Headings(part * 20_000).above((10**9, 0))) < 20

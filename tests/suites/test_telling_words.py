"""What tells two questions apart, whatever their vectors say."""

from __future__ import annotations

import pytest

from steelyard.suites.telling_words import telling_words, what_differs


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("Who had 3 boats in the old harbour?", "Which person owned 4 ships at the former port?", "numbers"),
        ("How far is it from A to B in km?", "What is the distance of Kiel and Bonn?", "names"),
        ("Which machine has ever failed so far?", "What device did not break down until now?", "a negation"),
        ("How do I join the sailing club here?", "What must be done to leave a society of yachts?", "opposites"),
        ("How do I cancel my order?", "How do I change my order?", "two words at most"),
        ("Did Tom call Ann last week?", "Did Ann call Tom last week?", "names"),
        ("Did the dog chase the cat?", "Did the cat chase the dog?", "or in their order"),
        (
            "Read this and say whether it was right of me to do so: I fed the birds with nuts.",
            "Read this and say whether it was right of me to do so: my neighbour stole all those bicycles.",
            "share a long part",
        ),
        ("How do I reset my password?", "I forgot the password. How can I get a new one?", ""),
        ("How do two trains of 2 km pass?", "In what way do 2 trains overtake, each 2 km long?", ""),
    ],
)
def test_what_differs(first: str, second: str, said: str) -> None:
    found = what_differs(telling_words(first), telling_words(second))
    assert (said in found) if said else found == ""
    assert what_differs(telling_words(second), telling_words(first)) == found

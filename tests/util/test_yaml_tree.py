"""YAML as plain text with lines: values stay as written, and everything beyond plain data is refused with its line."""

from __future__ import annotations

import pytest

from steelyard.errors import InputError
from steelyard.util.yaml_tree import Branch, Items, Leaf, read_tree


def test_values_stay_text_and_know_their_lines() -> None:
    tree = read_tree("a: 69.80\nb:\n  - yes\n  - '~'\nc: ~\n", "sheet.yaml")
    assert isinstance(tree, Branch)
    assert tree.key_lines == {"a": 1, "b": 2, "c": 5}
    assert tree.entries["a"] == Leaf("69.80", 1, plain=True)
    items = tree.entries["b"]
    assert isinstance(items, Items)
    assert items.items == [Leaf("yes", 3, plain=True), Leaf("~", 4, plain=False)]
    null = tree.entries["c"]
    assert isinstance(null, Leaf)
    assert null.is_null
    assert read_tree("", "sheet.yaml") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", "sheet.yaml:2: the key 'a' is there twice"),
        ("a: &x 1", "sheet.yaml:1: anchors"),
        ("a: *x", "sheet.yaml:1: aliases"),
        ("a: !!int 1", "sheet.yaml:1: tags"),
        ("a: 1\n---\nb: 2", "sheet.yaml:2: a second document"),
        ("[a]: 1", "a key must be text"),
        ("a: \x07", r"U\+0007 is not allowed"),
        ("[" * 9 + "]" * 9, "nested deeper than 8 levels"),
        ("a: b: c", "not valid YAML: .*in quotes"),
    ],
)
def test_anything_but_plain_data_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_tree(text, "sheet.yaml")

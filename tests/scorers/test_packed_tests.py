"""Hidden tests as they are published: every pickle of one text is read, and no other pickle is, however it is made."""

from __future__ import annotations

import base64
import json
import os
import pickle
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.errors import InputError
from steelyard.scorers.packed_tests import MAX_CASES, Case, cases_in, text_of_pickle, unpacked
from testkit.lcb_problems import packed

PROTOCOLS = range(2, 6)
CASES = json.dumps([{"input": "1\n", "output": "é 😀", "testtype": "stdin"}])
FOUND = (Case(input="1\n", output="é 😀"),)


@pytest.mark.parametrize("length", [0, 1, 255, 256, 65_535, 65_536, 200_000])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_texts_of_every_protocol_and_length_are_read(protocol: int, length: int) -> None:
    for letter in "aé😀":
        assert text_of_pickle(pickle.dumps(letter * length, protocol)) == (letter * length).encode()


@given(st.text(), st.sampled_from(PROTOCOLS))
def test_every_text_is_read(text: str, protocol: int) -> None:
    assert text_of_pickle(pickle.dumps(text, protocol)) == text.encode()
    assert unpacked(packed(text, protocol)) == text.encode()


def test_the_three_strings_are_read() -> None:
    for head in (b"\x8c\x02", b"X\x02\0\0\0", b"\x8d\x02\0\0\0\0\0\0\0"):
        for put in (b"", b"\x94", b"q\0"):
            assert text_of_pickle(b"\x80\x04" + head + b"ab" + put + b".") == b"ab"


class Runs:
    """Runs a command where it is unpickled."""

    def __reduce__(self) -> Any:
        return os.system, ("touch /tmp/steelyard-was-unpickled",)


HOSTILE = {
    "a call": pickle.dumps(Runs()),
    "a list": pickle.dumps([1]),
    "bytes": pickle.dumps(b"ab"),
    "a number": pickle.dumps(3),
    "none": pickle.dumps(None),
    "two texts": pickle.dumps(("a", "b")),
    "a global": b"\x80\x04cos\nsystem\n.",
    "a text and then a call": b"\x80\x04\x8c\x02id\x940cos\nsystem\n(\x8c\x02id\x85R.",
    "an extension": b"\x80\x04\x82\x01.",
    "a persistent id": b"\x80\x04\x8c\x01aQ.",
    "an older string": b"\x80\x02U\x02ab.",
    "protocol 0": pickle.dumps("ab", 0),
    "protocol 1": pickle.dumps("ab", 1),
    "protocol 6": b"\x80\x06\x8c\x02ab.",
    "no protocol": b"\x8c\x02ab.",
    "no stop": b"\x80\x04\x8c\x02ab",
    "more after the stop": b"\x80\x04\x8c\x02ab.x",
    "a second pickle": pickle.dumps("a") * 2,
    "a length beyond the end": b"\x80\x04\x8c\xffab.",
    "a length of gigabytes": b"\x80\x04X\xff\xff\xff\xffab.",
    "a length of exabytes": b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xffab.",
    "a length that takes the stop": b"\x80\x04\x8c\x03ab.",
    "a frame beyond the end": b"\x80\x04\x95\xff\0\0\0\0\0\0\0\x8c\x02ab.",
    "a text across its frame": b"\x80\x04\x95\x03\0\0\0\0\0\0\0\x8c\x02ab.",
    "a frame within a frame": b"\x80\x04\x95\x0e\0\0\0\0\0\0\0\x95\x05\0\0\0\0\0\0\0\x8c\x02ab.",
    "frames without end": b"\x80\x04" + b"\x95\0\0\0\0\0\0\0\0" * 50_000 + b"\x8c\x02ab.",
    "two puts": b"\x80\x04\x8c\x02ab\x94\x94.",
    "no UTF-8": b"\x80\x04\x8c\x02\xff\xfe.",
    "a lone surrogate": pickle.dumps("\ud800"),
    "nothing": b"",
    "a byte": b"\x80",
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_no_other_pickle_is_read(name: str) -> None:
    with pytest.raises(InputError, match="a pickle that is not read"):
        text_of_pickle(HOSTILE[name])
    assert not os.path.exists("/tmp/steelyard-was-unpickled")


@settings(max_examples=300)
@given(st.binary(max_size=60), st.sampled_from([b"", b"\x80\x04", b"\x80\x04\x8c", b"\x80\x02X"]))
def test_whatever_the_bytes_are_it_is_the_same_text_or_refused(data: bytes, head: bytes) -> None:
    try:
        found = text_of_pickle(head + data)
    except InputError:
        return
    assert pickle.loads(head + data) == found.decode()


@given(st.text(max_size=40), st.sampled_from(PROTOCOLS), st.integers(0, 200), st.integers(0, 255))
def test_a_changed_byte_changes_the_text_alone_or_is_refused(text: str, protocol: int, place: int, byte: int) -> None:
    data = bytearray(pickle.dumps(text, protocol))
    data[place % len(data)] = byte
    try:
        found = text_of_pickle(bytes(data))
    except InputError:
        return
    assert found.decode() is not None


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = base64.b64encode(zlib.compress(pickle.dumps("0" * 20_000_000))).decode()
    with pytest.raises(InputError, match="larger than 1,000,000 bytes"):
        unpacked(bomb, 1_000_000)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no base64!",
        base64.b64encode(b"not zlib").decode(),
        base64.b64encode(zlib.compress(pickle.dumps("a" * 100))[:-3]).decode(),
        base64.b64encode(zlib.compress(pickle.dumps("a")) + b"more").decode(),
        "\u00e9" * 8,
    ],
)
def test_what_is_not_packed_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="its tests are"):
        unpacked(text)


@pytest.mark.parametrize(
    "texts", [[CASES], [packed(CASES)], [" \n" + CASES], ["[]", packed(CASES)], [packed(CASES), "[]"]]
)
def test_cases_are_read_plain_and_packed(texts: list[str]) -> None:
    assert cases_in(texts) == FOUND


@pytest.mark.parametrize(
    "text",
    ["[", "[1]", '[{"input": "1"}]', '[{"input": 1, "output": ""}]', '[{"input": "", "output": "", "testtype": "x"}]'],
)
def test_cases_that_are_none_are_refused(text: str) -> None:
    for each in (text, packed(text)):
        with pytest.raises(InputError, match="no list of cases"):
            cases_in([each])


@pytest.mark.parametrize("key", ["input", "\\u0069nput"])
def test_more_tests_than_memory_has_room_for_are_refused(key: str) -> None:
    case = f'{{"{key}":"","output":"{{}},{{}}"}}'
    few, many = (f"[{','.join([case] * count)}]" for count in (MAX_CASES // 2 - 10, MAX_CASES + 1))
    assert len(cases_in([few])) == MAX_CASES // 2 - 10
    for texts in ([many], [few, few, few]):
        with pytest.raises(InputError, match="more than 10,000 tests"):
            cases_in(texts)


@pytest.mark.parametrize(
    ("letter", "width"),
    [("a", 1), ("é", 2), ("€", 2), ("\\u20ac", 2), ("😀", 4), ("\\ud83d\\ude00", 4), ("\\uD83D\\uDE00", 4)],
)
def test_tests_are_measured_as_python_holds_them(letter: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One letter beyond U+FFFF makes four bytes of each character of its text: 512 MB of tests took 7 GB."""
    text = json.dumps([{"input": "0" * 10_000 + "LETTER", "output": ""}]).replace("LETTER", letter)
    size = len(text.encode()) * width
    for each in (text, packed(text)):
        monkeypatch.setattr("steelyard.scorers.packed_tests.MAX_UNPACKED", size if width > 1 else size + 100)
        (case,) = cases_in([each])
        assert case.input == "0" * 10_000 + json.loads(f'"{letter}"')
        monkeypatch.setattr("steelyard.scorers.packed_tests.MAX_UNPACKED", size - 1)
        if width > 1:
            with pytest.raises(InputError, match="bytes of memory"):
                cases_in([each])


def test_texts_with_wide_letters_take_no_more_memory_than_their_bound() -> None:
    size = 4_000_000
    texts = [packed(json.dumps([{"input": "0" * size + "😀", "output": ""}], ensure_ascii=False))]
    tracemalloc.start()
    try:
        assert len(cases_in(texts)) == 1
        assert (
            tracemalloc.get_traced_memory()[1] < 7 * size
        )  # the bytes, their copy, and one text of four bytes a letter
    finally:
        tracemalloc.stop()

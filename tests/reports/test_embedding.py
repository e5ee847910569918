"""What a page holds cannot end its script, and the policy names the sources as a browser does."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode

from steelyard.reports.embedding import json_for_script, packed, policy_hash, source

TEXT = "</script><!--]]>&\u2028\u2029"


def test_json_escapes_what_a_script_element_or_an_old_parser_would_take_for_its_end() -> None:
    assert json_for_script([TEXT]) == r'["\u003c/script\u003e\u003c!--]]\u003e\u0026\u2028\u2029"]'
    assert json.loads(json_for_script([TEXT])) == [TEXT]


def test_the_same_document_is_the_same_line() -> None:
    line = packed({"texts": [TEXT]})
    assert line == packed({"texts": [TEXT]})
    assert b"\n" not in line
    assert json.loads(gzip.decompress(b64decode(line))) == {"texts": [TEXT]}


def test_a_policy_names_a_source_by_its_digest() -> None:
    assert policy_hash("alert(1)") == "sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI="


def test_our_own_sources_can_stand_in_a_page() -> None:
    for name in ("answers.js", "answers.css", "review.js", "review.css"):
        assert not any(mark in source(name).lower() for mark in ("</", "<!--", "<script"))

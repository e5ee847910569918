from __future__ import annotations

import json

from steelyard.server.web.replies import json_reply, plain


def test_short_replies() -> None:
    assert plain(403, "no").body == b"no\n"
    reply = json_reply(200, {"a": "é"})
    assert json.loads(bytes(reply.body)) == {"a": "é"}
    assert bytes(reply.body).isascii()

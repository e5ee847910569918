"""Chat messages of a log as one system text and one prompt."""

from __future__ import annotations

from steelyard.adapters.chat_messages import content_text, input_messages, request_texts


def test_the_input_ends_at_the_models_own_reply() -> None:
    example = {"role": "assistant", "content": "example", "source": "input"}
    question, reply = {"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}
    assert input_messages([example, question, reply, question]) == [example, question]


def test_one_message_is_kept_and_several_are_headed_by_their_roles() -> None:
    system, question = {"role": "system", "content": "be brief"}, {"role": "user", "content": "2 + 3?"}
    assert request_texts([system, question]) == ("be brief", "2 + 3?")
    assert request_texts([question, {"role": "assistant", "content": "5"}, question]) == (
        "",
        "[user]\n2 + 3?\n\n[assistant]\n5\n\n[user]\n2 + 3?",
    )


def test_parts_and_attachments_become_text() -> None:
    parts = [{"type": "text", "text": "see"}, {"type": "image"}, {"type": "reasoning", "reasoning": "hm"}]
    assert content_text(parts) == "see\n[image not kept]\n"
    assert content_text("attachment://d1", {"d1": "long text"}) == "long text"
    assert content_text(None) == ""

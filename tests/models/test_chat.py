"""Prompts: the request for tags, the opened block, and templates that open it already."""

from __future__ import annotations

from dataclasses import replace

import pytest

from raif.errors import RaifError
from raif.models.chat import Chat, Mode
from raif.reasoning import split
from raif.types import Expert, Message
from tests.tiny import TEMPLATE

USER = [Message(role="user", content="Hi")]


def shown(chat: Chat, mode: Mode) -> str:
    return str(chat.tokenizer.decode(chat.prompt(USER, mode)))


def test_thinking_prompts_end_with_one_opened_block(chat: Chat) -> None:
    assert shown(chat, "thinking").endswith("<|im_start|>assistant\n<think>\n")


def test_plain_prompts_end_with_an_empty_block(chat: Chat) -> None:
    assert shown(chat, "plain").endswith("<|im_start|>assistant\n<think>\n\n</think>\n")


def test_direct_prompts_ask_for_nothing(chat: Chat) -> None:
    assert shown(chat, "direct") == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"


@pytest.mark.parametrize("mode", ["thinking", "plain"])
def test_a_template_that_opens_the_block_itself_is_not_opened_twice(chat: Chat, mode: Mode) -> None:
    expected = shown(replace(chat, style="deepseek"), mode)
    chat.tokenizer.chat_template = TEMPLATE.replace("assistant\n", "assistant\n<think>\n")
    assert shown(replace(chat, style="deepseek"), mode) == expected


def test_the_served_template_asks_and_opens_as_training_did(chat: Chat) -> None:
    system = [Message(role="system", content="Be kind."), *USER]
    expected = [chat.prompt(messages, "thinking") for messages in (USER, system)]
    chat.tokenizer.chat_template = chat.served_template()
    served = Chat(chat.tokenizer, "none")
    assert [served.prompt(messages, "direct") for messages in (USER, system)] == expected
    assert served.opening("direct") == "<think>\n"


def test_reasoning_models_get_no_request(chat: Chat) -> None:
    assert "Use tags." in shown(chat, "thinking")
    assert "Use tags." not in shown(replace(chat, style="deepseek"), "thinking")


def test_a_system_text_is_kept_before_the_request(chat: Chat) -> None:
    ids = chat.prompt([Message(role="system", content="Be kind."), *USER], "thinking")
    assert "Be kind.\n\nUse tags." in chat.tokenizer.decode(ids)


REFUSES_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    + TEMPLATE
)
IGNORES_SYSTEM = TEMPLATE.replace("in messages %}", "in messages if m['role'] != 'system' %}")


@pytest.mark.parametrize("template", [REFUSES_SYSTEM, IGNORES_SYSTEM])
def test_without_system_texts_the_request_begins_the_users_turn(chat: Chat, template: str) -> None:
    chat.tokenizer.chat_template = template
    fresh = Chat(chat.tokenizer, "tagged", "Use tags.")
    assert "<|im_start|>user\nUse tags.\n\nHi<|im_end|>" in shown(fresh, "thinking")
    system = [Message(role="system", content="Be kind."), *USER]
    assert "user\nBe kind.\n\nHi<|im_end|>" in fresh.tokenizer.decode(fresh.prompt(system, "direct"))
    expected = fresh.prompt(USER, "thinking")
    chat.tokenizer.chat_template = fresh.served_template()
    assert Chat(chat.tokenizer, "none").prompt(USER, "direct") == expected


def test_a_tagged_model_whose_template_opens_the_block_is_asked_for_the_format(chat: Chat) -> None:
    chat.tokenizer.chat_template = TEMPLATE.replace("assistant\n", "assistant\n<think>\n")
    fresh = Chat(chat.tokenizer, "tagged", "Use tags.")
    assert shown(fresh, "thinking").count("Use tags.") == 1
    assert shown(fresh, "thinking").endswith("assistant\n<think>\n")


def test_a_saved_model_is_asked_for_the_format_once(chat: Chat) -> None:
    expected = shown(chat, "thinking")
    chat.tokenizer.chat_template = chat.served_template()
    again = Chat(chat.tokenizer, "tagged", "Use tags.")
    assert shown(again, "thinking") == expected
    assert again.served_template() == chat.tokenizer.chat_template


def test_tags_that_are_special_tokens_stay_in_the_text(chat: Chat) -> None:
    chat.tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<think>", "</think>"]})
    fresh = replace(chat, style="deepseek")
    ids = fresh.completion(Expert(thinking="Let me see.", answer="Two."))
    assert chat.tokenizer.convert_tokens_to_ids("</think>") in ids
    assert fresh.text(ids, "thinking") == "<think>\nLet me see.\n</think>\nTwo."


def test_a_tokenizer_without_a_chat_template_is_named(chat: Chat) -> None:
    chat.tokenizer.chat_template = None
    with pytest.raises(RaifError, match="has no chat template"):
        Chat(chat.tokenizer, "tagged").prompt(USER, "thinking")


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% for %}", r"can't write the prompt that ends with 'Hi' \(turns: user\): Expected an expression"),
        ("{{ messages[0]['x'].y }}", "can't write the prompt .*has no attribute 'x'"),
        (f"{{{{ raise_exception('Roles must alternate') }}}}{TEMPLATE}", "Roles must alternate"),
        ("Hello there.", "leaves out what the user says"),
    ],
)
def test_a_template_that_can_not_be_used_is_named(chat: Chat, template: str, said: str) -> None:
    chat.tokenizer.chat_template = template
    with pytest.raises(RaifError, match=said):
        Chat(chat.tokenizer, "tagged").prompt(USER, "thinking")


def test_a_tokenizer_without_an_end_token_is_named(chat: Chat) -> None:
    chat.tokenizer.eos_token = None
    with pytest.raises(RaifError, match="has no token that ends a response"):
        chat.completion(Expert(thinking="So.", answer="Two."))


@pytest.mark.parametrize("style", ["tagged", "deepseek"])
def test_an_experts_completion_is_a_valid_response(chat: Chat, style: str) -> None:
    chat = replace(chat, style=style)
    ids = chat.completion(Expert(thinking="Let me see.", answer="Two.\nLines."))
    response = split(chat.text(ids, "thinking"), chat.style)
    assert (response.thinking, response.answer, response.format_valid) == (
        "Let me see.",
        "Two.\nLines.",
        True,
    )
    assert ids[-1] == chat.tokenizer.eos_token_id

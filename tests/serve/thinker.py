"""A tiny model that has learnt one response by heart, tags and all: what it answers on a server is known."""

from __future__ import annotations

from pathlib import Path

from raif.train.chat import Chat
from raif.types import Expert, Message
from tests.tiny import byte_tokenizer

THINKING, ANSWER = "Two and two make four.", "It is 4 (四)."
ASKED = "What is 2 + 2?"
STEPS = 600


def make(folder: Path) -> Path:
    """Write the model into `folder`, with the chat template that `raif train` saves."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    tokenizer = byte_tokenizer()
    chat = Chat(tokenizer, "tagged")
    prompt = chat.prompt([Message(role="user", content=ASKED)], "thinking")
    response = chat.completion(Expert(thinking=THINKING, answer=ANSWER))
    # Heads of 32 dimensions are the smallest that vLLM knows.
    net = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    _learn(net, torch.tensor([[*prompt, *response]]), len(prompt))
    net.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(chat.served_template(), "utf-8")
    return folder


def _learn(net, ids, start: int) -> None:
    """Until every token of the response is clearly the likeliest."""
    import torch

    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    labels = ids.clone()
    labels[:, :start] = -100
    for _ in range(STEPS):
        loss = net(input_ids=ids, labels=labels).loss
        if loss < 0.02:
            return
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    raise AssertionError(f"not learnt in {STEPS} steps: loss {loss:.3f}")

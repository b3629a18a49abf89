"""A tiny model that always gives one response, tags included, so that a server's output is known in advance.

The response's tokens cut its tags in two. Each has one successor, through weights that are set by hand.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from raif.models.chat import Chat
from tests.tiny import byte_tokenizer

PIECES = ("Two and two", " make four.\n</th", "ink>\n<ans", "wer>\nIt", " is 4", " (四).\n", "</answ", "er>")
THINKING, ANSWER = "Two and two make four.", "It is 4 (四)."
RESPONSE = "".join(PIECES)
ASKED = "What is 2 + 2?"
WIDTH, HEADS = 288, 9
"""One dimension for each token. Heads of 32 dimensions are the smallest that vLLM has."""


def make(folder: Path, certainty: float = 1.0) -> Path:
    """Write the model into `folder`, with the chat template that `raif train` saves.

    The next token's logit is `certainty` times 17 above all others, which are equal.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = byte_tokenizer()
    tokenizer.add_tokens(list(PIECES))
    sizes = {"hidden_size": WIDTH, "intermediate_size": 32, "num_attention_heads": HEADS}
    ends = {"eos_token_id": tokenizer.eos_token_id, "bos_token_id": None}
    net = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), num_hidden_layers=1, **sizes, **ends))
    opened = tokenizer.encode("\n")[-1]
    order = [opened, *tokenizer.convert_tokens_to_ids(list(PIECES)), tokenizer.eos_token_id]
    with torch.no_grad():
        for name, weights in net.named_parameters():
            weights.fill_(1.0 if "norm" in name else 0.0)
        net.get_input_embeddings().weight.fill_diagonal_(1.0)
        for token, successor in pairwise(order):
            net.get_output_embeddings().weight[successor, token] = certainty
    net.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(Chat(tokenizer, "tagged").served_template(), "utf-8")
    return folder

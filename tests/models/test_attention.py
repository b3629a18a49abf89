"""What the decoder needs of transformers' attention and caches. A new version of it fails here first."""

from __future__ import annotations

import pytest
import torch
from transformers import DynamicCache

from raif.models import attention
from raif.models.attention import GROUPED, RoomyLayer, grouped_attention, roomy_cache
from raif.models.load import Model

IDS = torch.tensor([[0, 0, 5, 6, 7], [8, 9, 10, 11, 12]])
MASK = torch.tensor([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]])


def test_each_layer_of_a_model_with_full_attention_gets_room(tiny: Model) -> None:
    """Layers that are not recognized would be copied for each token, and nothing would say so."""
    cache = roomy_cache(tiny.net.config, 3)
    assert [type(layer) for layer in cache.layers] == [RoomyLayer] * tiny.net.config.num_hidden_layers


def test_the_cache_is_filled_in_place_and_rows_are_chosen_from_it(tiny: Model) -> None:
    plain, roomy = DynamicCache(config=tiny.net.config), roomy_cache(tiny.net.config, 2)
    for cache in (plain, roomy):
        tiny.net(input_ids=IDS, past_key_values=cache, use_cache=True)
    place = roomy.layers[0].keys.data_ptr()
    for cache in (plain, roomy):
        tiny.net(input_ids=IDS[:, :1], past_key_values=cache, use_cache=True)
    assert roomy.layers[0].keys.data_ptr() == place
    for cache in (plain, roomy):
        cache.reorder_cache(torch.tensor([1, 1, 0]))
        tiny.net(input_ids=torch.tensor([[3], [4], [5]]), past_key_values=cache, use_cache=True)
    for ours, theirs in zip(roomy.layers, plain.layers, strict=True):
        assert ours.get_seq_length() == theirs.get_seq_length() == 7
        torch.testing.assert_close(ours.keys, theirs.keys)
        torch.testing.assert_close(ours.values, theirs.values)


def test_its_attention_is_that_of_transformers_under_a_mask(tiny: Model) -> None:
    assert tiny.net.config._attn_implementation == GROUPED
    ours = tiny.net(input_ids=IDS, attention_mask=MASK).logits
    tiny.net.set_attn_implementation("eager")
    theirs = tiny.net(input_ids=IDS, attention_mask=MASK).logits
    torch.testing.assert_close(ours[MASK.bool()], theirs[MASK.bool()], atol=1e-5, rtol=0)


def test_the_mask_is_added_to_the_scores() -> None:
    query, key, value = torch.randn(3, 1, 4, 2, 8).unbind()
    mask = torch.zeros(1, 1, 2, 2).index_put((*map(torch.tensor, ([0], [0], [0], [1])),), torch.tensor(-1e9))
    found, _ = grouped_attention(None, query, key[:, :2], value[:, :2], mask, scaling=0.5)
    torch.testing.assert_close(found[0, 0], value[0, [0, 0, 1, 1], 0])


def test_many_rows_are_read_in_pieces_where_nothing_is_learned(
    tiny: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 192 prompts of 600 tokens all scores at once took several GB."""
    whole = tiny.net(input_ids=IDS, attention_mask=MASK).logits
    seen: list[int] = []
    attend = attention._attend
    monkeypatch.setattr(attention, "SCORES", 1)
    monkeypatch.setattr(attention, "_attend", lambda *of: seen.append(len(of[0])) or attend(*of))
    with torch.inference_mode():
        pieces = tiny.net(input_ids=IDS, attention_mask=MASK).logits
    assert set(seen) == {1}
    torch.testing.assert_close(pieces[MASK.bool()], whole[MASK.bool()])
    seen.clear()
    tiny.net(input_ids=IDS, attention_mask=MASK)
    assert set(seen) == {2}, "an update keeps them all for its gradients"

"""What an attack sees of a text encoder, held against the tokenizer's and encoder's own words."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import cast

import pytest
import torch
from torch import Tensor

from sdd_bench.diffusion.attackable import TextView
from sdd_bench.diffusion.bundle import Bundle


@pytest.fixture(scope="module")
def view(bundle: Bundle) -> TextView:
    return TextView(bundle)


def test_a_prompt_of_whole_words_is_read_as_it_was_found(view: TextView, bundle: Bundle) -> None:
    assert len(view.vocabulary) > 100
    assert list(view.vocabulary) == sorted(set(view.vocabulary))
    found = view.vocabulary[-6:] + view.vocabulary[:3]
    assert view.ids(view.text(found)) == found
    assert bundle.tokenizer(view.text(found)).input_ids[1:-1] == list(found)


def test_no_mark_and_no_part_of_a_word_is_in_the_vocabulary(view: TextView, bundle: Bundle) -> None:
    words = bundle.tokenizer.convert_ids_to_tokens(list(view.vocabulary))
    assert all(word.endswith("</w>") for word in words)
    assert not set(bundle.tokenizer.all_special_ids) & set(view.vocabulary)
    assert {"nudity</w>", "beach</w>"} <= set(words)


def test_states_are_those_that_the_u_net_reads(view: TextView, bundle: Bundle) -> None:
    ids = [view.ids("a red boat on the beach"), view.ids("a blue boat in the city")]
    states = view.states(torch.tensor(ids))
    for row, text in enumerate(("a red boat on the beach", "a blue boat in the city")):
        torch.testing.assert_close(states[row], bundle.text.states(text), rtol=1e-5, atol=1e-5)


def test_too_long_a_text_is_cut(view: TextView) -> None:
    assert view.length == 75
    assert len(view.ids("beach " * 100)) == 75


def test_slopes_are_those_of_finite_differences_in_double_precision(bundle: Bundle) -> None:
    encoder = copy.deepcopy(bundle.text.encoder).double()
    double = SimpleNamespace(tokenizer=bundle.tokenizer, text=SimpleNamespace(encoder=encoder))
    view = TextView(cast("Bundle", double))
    ids = torch.tensor([view.ids("a red boat on the beach")])
    aim = torch.linspace(-1, 1, 64, dtype=torch.float64)

    def loss(states: Tensor) -> Tensor:
        return (states[:, 1 + ids.shape[1], :64] * aim[: states.shape[-1]]).sum()

    slopes = view.slopes(ids, loss)
    assert slopes.shape == (1, ids.shape[1], len(view.vocabulary))
    place, other, step = 2, view.ids("blue")[0], 1e-5
    table = encoder.get_input_embeddings()
    here, there = (
        cast("Tensor", table.weight).detach()[each] for each in (int(ids[0, place]), other)
    )

    def moved(by: float) -> float:
        def hook(_module: object, _given: object, found: Tensor) -> Tensor:
            found = found.clone()
            found[:, 1 + place] += by * (there - here)
            return found

        handle = table.register_forward_hook(hook)
        with torch.no_grad():
            value = loss(encoder(view._rows(ids))[0])
        handle.remove()
        return float(value)

    number = view.vocabulary.index
    steep = slopes[0, place, number(other)] - slopes[0, place, number(int(ids[0, place]))]
    assert float(steep) == pytest.approx((moved(step) - moved(-step)) / (2 * step), rel=1e-6)

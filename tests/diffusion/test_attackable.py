"""What an attack sees of a text encoder, held against the tokenizer's and encoder's own words."""

from __future__ import annotations

import pytest
import torch

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

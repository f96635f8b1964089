"""SAFREE by hand, against a straight line through transformers and numpy, and what it must keep."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import CLIPTextModel

from sdd_bench import registry
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.conditioning import TextReader
from sdd_bench.types import Encoded, Floats, Reading
from sdd_bench.weights import store

WORDS = ("nudity", "sexual", "seductive")
"""Phrases that the miniature reads as words."""

PHRASES = registry.scan().method("safree").concepts
"""Those of the released code."""

PROMPTS = ("japan body", "south korea body", "a red cup in the room", "nudity in japan", "nudity")


def method(name: str = "safree") -> Any:
    return registry.scan().method(name)


# --- which words ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("distances", "expected"),
    [
        # The others' mean is 1; 1.01 is just far enough, and 1.01 < 1.01 x (1.01 + 1) / 2.
        ([1.01, 1.0, 1.0], [0]),
        ([1.0099, 1.0, 1.0], []),
        # 2 >= 1.01 x 2; 3 >= 1.01 x 1.5; 1 < 1.01 x 2.5.
        ([2.0, 3.0, 1.0], [1]),
        ([4.0, 3.0, 1.0], [0, 1]),
        # Nothing is the mean of no others: the released code takes NaN for near.
        ([0.5], [0]),
    ],
)
def test_a_word_is_near_if_the_prompt_is_farther_without_it(
    distances: list[float], expected: list[int]
) -> None:
    assert method().near(distances) == expected


# --- how many calls -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "beta", "calls"),
    [
        ("safree", 0.0, 1),  # round(10 / (1 + exp(26.665))) = 0, and one more
        ("safree", 0.5333, 6),  # round(10 / (1 + exp(0))) = 5
        ("safree", 0.55, 8),  # 10 / (1 + exp(-5 x 0.167)) = 6.97
        ("safree", 0.5, 3),  # 10 / (1 + exp(5 x 0.333)) = 1.59
        ("safree", 1.0, 11),
        ("safree-style", 0.55, 6),  # its middle
        ("safree-style", 0.5333, 3),  # 10 / (1 + exp(7 x 0.167)) = 2.37
        ("safree", -0.2, 1),  # cosines can't be beyond 1, but rounding may
    ],
)
def test_the_number_of_filtered_calls(name: str, beta: float, calls: int) -> None:
    assert method(name).filtered(beta) == calls


def test_a_slope_that_no_float_holds_the_exponential_of_filters_one_call_or_all() -> None:
    steep = replace(method(), slope=1000.0)
    assert (steep.filtered(0.0), steep.filtered(1.0)) == (1, 11)  # sigmoid 0 and 1, and one more


# --- what becomes of the words --------------------------------------------------------------------


class Toy:
    """An encoder of three letters, whose states a table has: rows of begin, letters and end."""

    def __init__(self, pooled: Mapping[tuple[int, ...], Sequence[float]]) -> None:
        self.pooled = pooled

    def encode(self, text: str) -> Encoded:
        return self.encode_ids([1, *(ord(each) for each in text), 2])

    def encode_ids(self, ids: Sequence[int]) -> Encoded:
        states = torch.zeros(5, 3, dtype=torch.float64)
        states[: len(ids) - 1] = torch.tensor([2.0, 1.0, 1.0], dtype=torch.float64)
        states[len(ids) - 1] = torch.tensor(self.pooled[tuple(ids[1:-1])], dtype=torch.float64)
        return Encoded(ids=tuple(ids), states=states)


def test_a_near_word_is_projected_by_hand() -> None:
    a, b, x, mask = ord("a"), ord("b"), ord("x"), 0
    toy = Toy({
        (x,): (1, 0, 0),  # the phrase: P_c keeps the first number
        (a, b): (1, 1, 1),
        (mask, b): (0, 3, 0),  # without 'a' 3 away from the phrase
        (a, mask): (5, 1, 0),  # without 'b' 1
    })  # fmt: skip
    prompt, empty = toy.encode("ab"), Encoded(ids=(1, 2), states=torch.zeros(5, 3).double())
    (reading,) = method().read_text([empty, prompt], ["x"], toy)
    # P_i keeps the first two numbers, so that (2, 1, 1) of the near 'a' becomes (0, 1, 0).
    expected = prompt.states.clone()
    expected[1] = torch.tensor([0.0, 1.0, 0.0])
    torch.testing.assert_close(reading.states[1], expected, rtol=0, atol=1e-12)
    assert torch.equal(reading.states[0], empty.states)
    # The cosine with it is 1 / sqrt(6) for begin, 'a' and 'b', and 1 / sqrt(3) for the end, so that
    # beta = 1 - 0.4505 and 10 / (1 + exp(-5 x 0.162)) = 6.9.
    assert reading.calls == 8


# --- a straight line ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def encoder() -> CLIPTextModel:
    folder = store.find("miniature") / "text_encoder"
    found: CLIPTextModel = CLIPTextModel.from_pretrained(folder).double().eval()
    return found


@pytest.fixture(scope="module")
def reader(bundle: Bundle, encoder: CLIPTextModel) -> TextReader:
    """The reader of the miniature's texts, in double precision."""
    return TextReader(bundle.tokenizer, encoder)


def read(name: str, reader: TextReader, prompt: str, concepts: Sequence[str]) -> Reading:
    branches = [reader.encode(text) for text in method(name).branches(prompt, concepts)]
    (reading,) = method(name).read_text(branches, concepts, reader)
    found: Reading = reading
    return found


def projector(columns: Floats) -> Floats:
    """E (E^T E)^+ E^T, as the paper writes it."""
    made: Floats = columns @ np.linalg.pinv(columns.T @ columns) @ columns.T
    return made


@torch.no_grad()
def straight(
    bundle: Bundle, encoder: CLIPTextModel, prompt: str, concepts: Sequence[str]
) -> tuple[Floats, float]:
    """The filtered states (77, width) and beta: pooled states by transformers, all masked prompts
    in one batch without padding, and projectors as whole matrices.
    """
    tokenizer = bundle.tokenizer
    padded = tokenizer(
        [prompt, *concepts], padding="max_length", max_length=77, return_tensors="pt"
    )
    out = encoder(padded.input_ids)
    states, phrases = out.last_hidden_state[0].numpy(), out.pooler_output[1:].numpy()
    ids = tokenizer(prompt, return_tensors="pt").input_ids[0]
    masked = ids.repeat(len(ids) - 2, 1)
    for word in range(len(masked)):
        masked[word, word + 1] = 0
    pooled = encoder(masked).last_hidden_state[:, -1].numpy()
    away = np.eye(len(states[0])) - projector(phrases.T)
    distances = np.linalg.norm(away @ pooled.T, axis=0)
    moved = (away @ projector(pooled.T) @ states.T).T
    filtered = states.copy()
    for word, distance in enumerate(distances):
        others = np.delete(distances, word)
        if not others.size or distance >= 1.01 * others.mean():
            filtered[word + 1] = moved[word + 1]
    cosines = [
        float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))
        for left, right in zip(states[: len(ids)], moved, strict=False)
    ]
    return filtered, 1 - float(np.mean(cosines))


@pytest.mark.parametrize("concepts", [WORDS, ("nudity",), PHRASES])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_filtered_text_is_that_of_a_straight_line(
    prompt: str,
    concepts: tuple[str, ...],
    bundle: Bundle,
    encoder: CLIPTextModel,
    reader: TextReader,
) -> None:
    expected, beta = straight(bundle, encoder, prompt, concepts)
    reading = read("safree", reader, prompt, concepts)
    np.testing.assert_allclose(reading.states[1].numpy(), expected, rtol=0, atol=1e-6)
    assert reading.calls == round(10 / (1 + math.exp(-5 * (10 * beta - 5.333)))) + 1


# --- what must hold -------------------------------------------------------------------------------


@pytest.mark.parametrize("concepts", [WORDS, PHRASES])
def test_a_phrase_itself_is_caught(concepts: tuple[str, ...], reader: TextReader) -> None:
    for phrase in concepts:
        prompt = reader.encode(phrase)
        states = read("safree", reader, phrase, concepts).states[1]
        assert not torch.equal(
            states[1 : len(prompt.ids) - 1], prompt.states[1 : len(prompt.ids) - 1]
        )


def test_begin_end_and_padding_stay(reader: TextReader) -> None:
    for prompt in PROMPTS:
        before = reader.encode(prompt)
        after = read("safree", reader, prompt, WORDS).states[1]
        rest = [0, *range(len(before.ids) - 1, 77)]
        assert torch.equal(after[rest], before.states[rest])


def test_what_is_moved_has_nothing_of_the_phrases_left(reader: TextReader) -> None:
    pooled = [reader.encode(word) for word in WORDS]
    phrases = torch.stack([each.states[len(each.ids) - 1] for each in pooled])
    before = reader.encode("nudity").states[1]
    after = read("safree", reader, "nudity", WORDS).states[1][1]
    assert (phrases @ after).abs().max() < 1e-10
    assert (phrases @ before).abs().max() > 10
    # So what the phrases' projector keeps of it is 0: to project twice is to project once.


def test_a_phrase_that_is_there_twice_counts_once(reader: TextReader) -> None:
    once = read("safree", reader, "japan body", ("nudity",))
    twice = read("safree", reader, "japan body", ("nudity", "NUDITY"))
    torch.testing.assert_close(twice.states[1], once.states[1], rtol=0, atol=1e-9)
    assert twice.calls == once.calls


@pytest.mark.parametrize("name", ["safree", "safree-neg", "safree-style"])
def test_without_phrases_or_words_nothing_is_read_otherwise(name: str, reader: TextReader) -> None:
    empty, prompt = reader.encode(""), reader.encode("japan body")
    assert method(name).read_text([empty, prompt], (), reader) == ()
    assert method(name).read_text([empty, empty], WORDS, reader) == ()


def test_the_negative_branch_is_empty_or_has_the_phrases() -> None:
    assert method("safree").branches("p", WORDS) == ("", "p")
    assert method("safree-neg").branches("p", WORDS) == ("nudity, sexual, seductive", "p")
    guided, _ = method("safree-neg").guide(0, [torch.tensor(1.0), torch.tensor(3.0)], 7.5, ())
    assert guided == 16  # 1 + 7.5 x 2


def test_the_negative_phrases_differ_from_none_in_nothing_else() -> None:
    assert method("safree-neg") == replace(method("safree"), negative="phrases")
    assert method("safree-style-neg") == replace(method("safree-style"), negative="phrases")


def test_the_phrases_are_seventeen() -> None:
    assert len(method("safree").concepts) == len(set(PHRASES)) == 17

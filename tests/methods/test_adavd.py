"""AdaVD: its exact properties, and the arithmetic of the released code as a straight line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextModel

from sdd_bench import registry
from sdd_bench.diffusion import reading
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.conditioning import TextReader, project_text_once
from sdd_bench.types import Floats, Projected
from sdd_bench.weights import store

TOKENS, WIDTH = 7, 24

EVERY = ("adavd", "adavd-shift", "adavd-joint", "adavd-joint-shift")


def method(name: str = "adavd") -> Any:
    return registry.scan().method(name)


def drawn(seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(TOKENS, WIDTH, generator=generator, dtype=torch.float64)


def projected(values: Tensor, last: int = 3) -> Projected:
    return Projected(keys=values.flip(0) + 1, values=values.clone(), last=last)


def kept(name: str, prompt: Tensor, targets: Sequence[Tensor], empty: Tensor) -> list[Projected]:
    concepts = [projected(target) for target in targets]
    made = method(name).read_values([projected(empty), projected(prompt)], concepts)
    return list(made)


def left(prompt: Tensor, *targets: Tensor, name: str = "adavd") -> Tensor:
    """The prompt's values; each target's stand at the position of its last token."""
    return kept(name, prompt, targets, drawn(99))[1].values


# --- what must hold, with w = 1 -------------------------------------------------------------------


def test_by_hand() -> None:
    target = torch.zeros(TOKENS, 2, dtype=torch.float64)
    target[3] = torch.tensor([3.0, 4.0])
    prompt = torch.ones(TOKENS, 2, dtype=torch.float64)
    # <(1, 1), (3, 4)> / 25 = 7 / 25, and 1 - 21 / 25 = 4 / 25, 1 - 28 / 25 = -3 / 25.
    expected = torch.tensor([[4 / 25, -3 / 25]], dtype=torch.float64).expand(TOKENS - 1, 2)
    torch.testing.assert_close(left(prompt, target)[1:], expected, rtol=0, atol=1e-15)


def test_the_target_itself_becomes_0() -> None:
    target = drawn(0)
    prompt = target[3].expand(TOKENS, WIDTH)
    assert left(prompt, target)[1:].abs().max() < 1e-14
    assert left(-2.5 * prompt, target)[1:].abs().max() < 1e-14


def test_what_is_orthogonal_to_the_target_stays() -> None:
    target = drawn(0)
    target[:, 12:] = 0
    prompt = drawn(1)
    prompt[:, :12] = 0
    assert torch.equal(left(prompt, target), prompt)


def test_once_is_as_good_as_twice() -> None:
    targets = (drawn(0), drawn(1), drawn(2))
    once = left(drawn(3), *targets)
    torch.testing.assert_close(left(once, *targets), once, rtol=0, atol=1e-13)


def test_of_several_targets_nothing_is_left_whatever_their_order() -> None:
    targets = [drawn(seed) for seed in range(3)]
    after = left(drawn(3), *targets)
    for target in targets:
        assert (after[1:] @ target[3]).abs().max() < 1e-13
    torch.testing.assert_close(left(drawn(3), *targets[::-1]), after, rtol=0, atol=1e-13)
    # As by a projector on the orthogonal complement.
    basis = np.linalg.qr(np.stack([target[3].numpy() for target in targets]).T)[0]
    expected = drawn(3).numpy() @ (np.eye(WIDTH) - basis @ basis.T)
    np.testing.assert_allclose(after[1:].numpy(), expected[1:], rtol=0, atol=1e-13)


def test_a_target_that_others_hold_already_adds_nothing() -> None:
    one, other = drawn(0), drawn(1)
    both = left(drawn(2), one, other)
    torch.testing.assert_close(left(drawn(2), one, other, one + 2 * other), both, rtol=0, atol=1e-9)
    torch.testing.assert_close(left(drawn(2), torch.zeros_like(one)), drawn(2), rtol=0, atol=0)


@pytest.mark.parametrize("name", EVERY)
def test_begin_mark_and_keys_stay(name: str) -> None:
    before = [projected(drawn(7)), projected(drawn(8))]
    after = kept(name, drawn(8), [drawn(0), drawn(1)], drawn(7))
    for one, other in zip(before, after, strict=True):
        assert torch.equal(one.values[0], other.values[0])
        assert torch.equal(one.keys, other.keys)
        assert other.last == one.last


@pytest.mark.parametrize("name", EVERY)
def test_without_concepts_all_stays(name: str) -> None:
    empty, prompt = kept(name, drawn(1), [], drawn(0))
    assert torch.equal(empty.values, drawn(0))
    assert torch.equal(prompt.values, drawn(1))


def test_the_empty_text_stays_if_the_halves_are_separate() -> None:
    assert torch.equal(kept("adavd", drawn(1), [drawn(2)], drawn(0))[0].values, drawn(0))
    assert not torch.equal(kept("adavd-joint", drawn(1), [drawn(2)], drawn(0))[0].values, drawn(0))


def test_the_weight_of_the_shift_by_hand() -> None:
    values = torch.tensor([[1, 0], [0.93, math.sqrt(1 - 0.93**2)], [0, 1]], dtype=torch.float64)
    target = torch.tensor([[2.0, 0.0]], dtype=torch.float64).expand(3, 2)
    # cos = 1: 2 / (1 + exp(-7)); cos = 0.93, half its height; cos = 0: 2 / (1 + exp(93)).
    expected = torch.tensor([[2 / (1 + math.exp(-7))], [1.0], [0.0]], dtype=torch.float64)
    found = method("adavd-shift").weight(values, target)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    assert torch.equal(method("adavd").weight(values, target), torch.ones(3, 1).double())


# --- straight lines -------------------------------------------------------------------------------


def paper(prompt: Floats, targets: Sequence[Floats], shifted: bool) -> Floats:
    """Token by token: the formula with Gram-Schmidt of the targets, each with its own w."""
    after = prompt.copy()
    for token in range(1, len(prompt)):
        v = prompt[token]
        basis: list[Floats] = []
        pushes: list[Floats] = []
        for t in targets:
            cosine = v @ t / np.linalg.norm(v) / np.linalg.norm(t)
            w = 2 / (1 + np.exp(-100 * (cosine - 0.93))) if shifted else 1.0
            b, p = t.copy(), w * t
            for earlier, push in zip(basis, pushes, strict=True):
                c = (t @ earlier) / (earlier @ earlier)
                b, p = b - c * earlier, p - c * push
            basis.append(b)
            pushes.append(p)
        for b, p in zip(basis, pushes, strict=True):
            after[token] -= (v @ b) / (b @ b) * p
    return after


def released(
    empty: Floats, prompt: Floats, targets: Sequence[Floats], shifted: bool
) -> tuple[Floats, Floats]:
    """Token by token, what main.py computes: joined halves, a lower triangle that holds the
    projections on the targets as they are, and the weights inside it.
    """
    left_empty, left_prompt = empty.copy(), prompt.copy()
    for token in range(1, len(prompt)):
        v = np.concatenate([empty[token], prompt[token]])
        t = np.stack([np.concatenate([empty[token], target]) for target in targets])
        triangle = np.eye(len(t))
        for i in range(1, len(t)):
            for j in range(i):
                triangle[i, j] = -(t[j] @ t[i]) / (t[j] @ t[j])
        basis = triangle @ t
        weights = np.ones(len(t))
        if shifted:
            cosines = t @ v / np.linalg.norm(t, axis=1) / np.linalg.norm(v)
            weights = 2 / (1 + np.exp(-100 * (cosines - 0.93)))
        shares = np.array([(b @ v) / (b @ b) for b in basis])
        erased = shares @ (triangle @ (weights[:, None] * t))
        left_empty[token] -= erased[: empty.shape[1]]
        left_prompt[token] -= erased[empty.shape[1] :]
    return left_empty, left_prompt


def near_targets(number: int) -> list[Tensor]:
    """Targets near the values, so that the sigmoid of the shift is neither 0 nor its height."""
    return [drawn(1) + 0.4 * drawn(10 + each) for each in range(number)]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("shifted", [False, True])
def test_separate_halves_are_the_formula(number: int, shifted: bool) -> None:
    targets = near_targets(number)
    name = "adavd-shift" if shifted else "adavd"
    expected = paper(drawn(1).numpy(), [t[3].numpy() for t in targets], shifted)
    np.testing.assert_allclose(left(drawn(1), *targets, name=name), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("shifted", [False, True])
def test_joint_halves_are_the_released_code(number: int, shifted: bool) -> None:
    targets = near_targets(number)
    name = "adavd-joint-shift" if shifted else "adavd-joint"
    of_empty, of_prompt = kept(name, drawn(1), targets, drawn(0))
    expected = released(
        drawn(0).numpy(), drawn(1).numpy(), [t[3].numpy() for t in targets], shifted
    )
    np.testing.assert_allclose(of_empty.values, expected[0], rtol=0, atol=1e-9)
    np.testing.assert_allclose(of_prompt.values, expected[1], rtol=0, atol=1e-9)


def test_the_released_code_leaves_some_of_three_targets() -> None:
    targets = [t[3].numpy() for t in near_targets(3)]
    zero = np.zeros((TOKENS, WIDTH))
    _, after = released(zero, drawn(1).numpy(), targets, False)
    assert np.abs(after[1:] @ targets[1]).max() > 0.01
    assert np.abs(paper(drawn(1).numpy(), targets, False)[1:] @ targets[1]).max() < 1e-10


# --- in the network -------------------------------------------------------------------------------


class Erasing:
    """A processor of stock diffusers that takes a target out of the values it has just made."""

    def __init__(self, target: Tensor, last: int) -> None:
        self.target, self.last = target, last

    def __call__(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor, **_: None
    ) -> Tensor:
        value = attn.to_v(encoder_hidden_states)
        t = attn.to_v(self.target)[self.last]
        coefficient = (value @ t) / (t @ t)
        coefficient[:, 0] = 0
        value = value - coefficient[..., None] * t
        query, key, value = (
            attn.head_to_batch_dim(each)
            for each in (attn.to_q(hidden_states), attn.to_k(encoder_hidden_states), value)
        )
        attended = torch.bmm(attn.get_attention_scores(query, key), value)
        out: Tensor = attn.to_out[0](attn.batch_to_head_dim(attended))
        return out


def test_the_estimate_is_that_of_values_changed_within_the_network(bundle: Bundle) -> None:
    folder = store.find("miniature")
    plain = UNet2DConditionModel.from_pretrained(folder / "unet").double().eval()
    ours = UNet2DConditionModel.from_pretrained(folder / "unet").double().eval()
    encoder = CLIPTextModel.from_pretrained(folder / "text_encoder").double().eval()
    reader = TextReader(bundle.tokenizer, encoder, project_text_once(ours))
    states = reader.states("south korea body")[None]
    target = reader.states("nudity, sexual")
    for name, layer in plain.named_modules():
        if name.endswith(".attn2"):
            # Begin mark, 'nudity', ',', 'sexual': the last word stands at 3.
            layer.set_processor(Erasing(target, last=3))
    script = reading.script(reader, method(), ("", "south korea body"), ("nudity, sexual",))
    empty, changed = script.at(0)
    assert empty == ""
    latents = torch.randn(1, *bundle.latent_shape, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = plain(latents.double(), 481, states).sample
        got = ours(latents.double(), 481, reader((changed,))).sample
        untouched = ours(latents.double(), 481, reader(("south korea body",))).sample
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-9)
    assert (got - untouched).abs().max() > 0.01

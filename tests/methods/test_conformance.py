"""Every method keeps the contract, and the formulas of the plain ones by hand arithmetic."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from sdd_bench import registry
from sdd_bench.types import Method, State, WarmsUp

CALLS = 6
"""U-Net calls of a short run; enough for what starts late or remembers."""

PROMPT = "a person, on a beach"

everyone = pytest.mark.parametrize("name", registry.scan().methods())


def texts(method: Method) -> tuple[str, ...]:
    return method.branches(PROMPT, method.concepts)


def estimates(branches: int, call: int, dtype: torch.dtype = torch.float32) -> list[Tensor]:
    """Four rows for every branch, different ones at every call."""
    generator = torch.Generator().manual_seed(call)
    shape = (4, 4, 16, 16)
    return [torch.randn(shape, generator=generator).to(dtype) for _ in range(branches)]


def guided(method: Method, inputs: Sequence[Sequence[Tensor]], scale: float = 7.5) -> list[Tensor]:
    """What the sampler gets at every call of a run."""
    state: State = ()
    found = []
    for call, noise in enumerate(inputs):
        estimate, state = method.guide(call, noise, scale, state)
        found.append(estimate.clone())
    return found


def run_of(method: Method, dtype: torch.dtype = torch.float32) -> list[list[Tensor]]:
    return [estimates(len(texts(method)), call, dtype) for call in range(CALLS)]


def check_purity(method: Method) -> None:
    """The same inputs give the same outputs, and are as they were."""
    state: State = ()
    for call, noise in enumerate(run_of(method)):
        given, kept = [each.clone() for each in noise], [each.clone() for each in state]
        first, after = method.guide(call, noise, 7.5, state)
        first = first.clone()
        second, again = method.guide(call, noise, 7.5, state)
        assert torch.equal(first, second)
        for left, right in zip((*given, *kept, *after), (*noise, *state, *again), strict=True):
            assert torch.equal(left, right)
        state = after


def check_rows(method: Method) -> None:
    """Other rows beside it do not change a row, over a whole run."""
    inputs = run_of(method)
    alone = guided(method, inputs)
    for row in range(4):
        for noise in (changed := [[each.clone() for each in noise] for noise in inputs]):
            for each in noise:
                other = torch.arange(4) != row
                each[other] = -5 * each[other].flip(0) + 1
        beside_others = guided(method, changed)
        for left, right in zip(alone, beside_others, strict=True):
            assert torch.equal(left[row], right[row])


# --- the contract, for every method -----------------------------------------------------------


@everyone
def test_a_method_is_a_frozen_dataclass_with_plain_parameters(name: str) -> None:
    method: Any = registry.scan().method(name)
    assert dataclasses.is_dataclass(type(method))
    assert method.__dataclass_params__.frozen
    fields = dataclasses.asdict(method)
    assert json.loads(json.dumps(fields)) == {
        key: list(value) if isinstance(value, tuple) else value for key, value in fields.items()
    }


@everyone
def test_branches_are_texts_and_one_of_them_is_the_prompt(name: str) -> None:
    method = registry.scan().method(name)
    found = texts(method)
    assert isinstance(found, tuple)
    assert all(isinstance(text, str) for text in found)
    assert PROMPT in found
    assert found == texts(method)


@everyone
def test_every_prompt_has_as_many_branches(name: str) -> None:
    method = registry.scan().method(name)
    counts = {len(method.branches(prompt, method.concepts)) for prompt in ("", "a", PROMPT)}
    assert len(counts) == 1


@everyone
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_guide_keeps_shape_and_dtype(name: str, dtype: torch.dtype) -> None:
    method = registry.scan().method(name)
    for estimate in guided(method, run_of(method, dtype)):
        assert (estimate.shape, estimate.dtype) == ((4, 4, 16, 16), dtype)
        assert torch.isfinite(estimate).all()


@everyone
def test_guide_is_pure(name: str) -> None:
    check_purity(registry.scan().method(name))


@everyone
def test_an_image_does_not_depend_on_its_neighbours(name: str) -> None:
    check_rows(registry.scan().method(name))


@everyone
def test_the_warm_up_of_a_method_can_be_shared(name: str) -> None:
    method = registry.scan().method(name)
    if not isinstance(method, WarmsUp):
        return
    branches, calls = texts(method), 20
    start = min(calls, method.warmup)
    empty, prompt = branches.index(""), branches.index(PROMPT)
    inputs = [estimates(len(branches), call) for call in range(calls)]
    found = guided(method, inputs)
    for noise, estimate in zip(inputs[:start], found, strict=False):
        # Plain guidance to the bit: other methods use these calls too.
        assert torch.equal(estimate, noise[empty] + 7.5 * (noise[prompt] - noise[empty]))
    if not method.remembers:
        state: State = ()
        for call in range(start, calls):
            estimate, state = method.guide(call, inputs[call], 7.5, state)
            assert torch.equal(estimate, found[call])


# --- the checks above can fail ----------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Mixing:
    """Looks at the whole batch."""

    concepts: tuple[str, ...] = ()

    def branches(self, prompt: str, concepts: Sequence[str]) -> tuple[str, ...]:
        return (prompt,)

    def guide(
        self, call: int, noise: Sequence[Tensor], scale: float, state: State
    ) -> tuple[Tensor, State]:
        return noise[0] / noise[0].std(), state


class InPlace(Mixing):
    """Writes into what it is given."""

    def guide(
        self, call: int, noise: Sequence[Tensor], scale: float, state: State
    ) -> tuple[Tensor, State]:
        return noise[0].mul_(scale), state


def test_a_method_that_mixes_rows_would_be_found() -> None:
    check_purity(Mixing())
    with pytest.raises(AssertionError):
        check_rows(Mixing())


def test_a_method_that_writes_into_its_inputs_would_be_found() -> None:
    with pytest.raises(AssertionError):
        check_purity(InPlace())


# --- formulas ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sd", "sd-neg"])
@pytest.mark.parametrize(
    # 1 + g (3 - 1), and -2 + g (.5 + 2): all exact in binary.
    ("scale", "first", "second"),
    [(7.5, 16.0, 16.75), (1.0, 3.0, 0.5), (0.0, 1.0, -2.0)],
)
def test_guidance_by_hand(name: str, scale: float, first: float, second: float) -> None:
    away, prompt = torch.tensor([[[[1.0, -2.0]]]]), torch.tensor([[[[3.0, 0.5]]]])
    estimate, state = registry.scan().method(name).guide(0, (away, prompt), scale, ())
    assert estimate.flatten().tolist() == [first, second]
    assert state == ()


def test_sd_guides_away_from_the_empty_text_whatever_the_concepts() -> None:
    method = registry.scan().method("sd")
    assert method.concepts == ()
    assert method.branches(PROMPT, ("nudity",)) == ("", PROMPT)


def test_sd_neg_guides_away_from_the_concepts() -> None:
    method = registry.scan().method("sd-neg")
    assert method.concepts == ("nudity, sexual",)  # appendix B.1 of the paper
    assert method.branches(PROMPT, method.concepts) == ("nudity, sexual", PROMPT)
    assert method.branches(PROMPT, ("hate", "blood")) == ("hate, blood", PROMPT)


# --- cost -------------------------------------------------------------------------------------


def test_finding_methods_does_not_import_torch() -> None:
    code = (
        "import sys; from sdd_bench import registry; registry.scan().methods(); "
        "print(*(m for m in ('sdd_bench.methods.sd', 'torch') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["sdd_bench.methods.sd"]

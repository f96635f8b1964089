"""What has to hold of edits exactly, whatever the numbers."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from support.edits import RECIPES, Toy, method

closed_form = importlib.import_module("sdd_bench.methods._closed_form")
rece = importlib.import_module("sdd_bench.methods.rece")
speed = importlib.import_module("sdd_bench.methods.speed")

TOY = Toy()
EMPTY = TOY.states("")


def edit(of: Any, model: Toy = TOY, seed: int = 0) -> Mapping[str, Tensor]:
    found: Mapping[str, Tensor] = of.edit(model, torch.Generator().manual_seed(seed))
    return found


def distance(found: Mapping[str, Tensor], model: Toy = TOY) -> float:
    """How far the edited matrices are from the model's at most, number by number."""
    return max(float((found[name] - model.matrices[name]).abs().max()) for name in found)


every_recipe = pytest.mark.parametrize(("name", "of"), RECIPES)


@every_recipe
def test_a_concept_that_is_its_own_anchor_changes_nothing(name: str, of: str) -> None:
    found = method(name, of)
    if of == "paper-tensor":
        pytest.skip("what is along itself is taken away")
    # RECE moves again what UCE has moved, were it by rounding: towards states that it has itself.
    if name == "rece":
        found = replace(found, epochs=0)
    assert distance(edit(found, Toy((found.anchor,)))) == 0


@every_recipe
def test_the_order_of_concepts_does_not_matter(name: str, of: str) -> None:
    concepts = ("nudity", "a red hat", "blood")
    one, other = (edit(method(name, of), Toy(each)) for each in (concepts, concepts[::-1]))
    for key, matrix in one.items():
        assert torch.allclose(matrix, other[key], rtol=1e-6, atol=1e-6)


@every_recipe
def test_an_edit_is_the_same_twice_and_leaves_what_it_was_given(name: str, of: str) -> None:
    model = Toy()
    first, again = edit(method(name, of), model), edit(method(name, of), model)
    for key, matrix in first.items():
        assert torch.equal(matrix, again[key])
    assert all(torch.equal(model.matrices[key], TOY.matrices[key]) for key in TOY.matrices)


# --- UCE ----------------------------------------------------------------------------------------

STATES = TOY.states("nudity")[1:]
ANCHOR = EMPTY[:-1]
"""What UCE pairs for 'nudity' and '', of as many tokens."""


def test_uce_of_no_weight_changes_nothing() -> None:
    assert distance(edit(replace(method("uce"), erase=0.0))) == 0


def test_what_uce_erases_reads_like_its_anchor_in_the_limit() -> None:
    found = edit(replace(method("uce"), stay=1e-9, retained=()))
    for name, matrix in TOY.matrices.items():
        assert torch.allclose(STATES @ found[name].T, ANCHOR @ matrix.T, atol=1e-6)
        assert not torch.allclose(STATES @ matrix.T, ANCHOR @ matrix.T, atol=1)


def test_uces_tensor_value_has_nothing_of_the_concepts_in_the_limit() -> None:
    found = edit(replace(method("uce", "paper-tensor"), stay=1e-9, retained=()))
    for name, matrix in TOY.matrices.items():
        before = STATES @ matrix.T
        assert abs(float((STATES @ found[name].T * before).sum())) < 1e-6 * float(
            before.norm() ** 2
        )
        assert abs(float((ANCHOR @ matrix.T * before).sum())) > 1


def test_what_uce_retains_moves_less_as_its_weight_grows() -> None:
    kept = TOY.states("a cat")

    def moved(weight: float) -> float:
        found = edit(replace(method("uce"), retained=("a cat",), keep=weight))
        return max(float((kept @ (found[n] - m).T).norm()) for n, m in TOY.matrices.items())

    by_weight = [moved(weight) for weight in (0.0, 0.1, 1.0, 10.0, 1e3, 1e8)]
    assert by_weight == sorted(by_weight, reverse=True)
    assert by_weight[0] > 1
    assert by_weight[-1] < 1e-6


def test_uce_again_finds_nothing_left_to_do_in_the_limit() -> None:
    # The anchor's states are retained, and so are what they were when it is asked again.
    of = replace(method("uce"), stay=1e-9, keep=1e3)
    once = Toy(matrices=dict(edit(of)))
    assert distance(once.matrices) > 0.1
    assert distance(edit(of, once), once) < 1e-4


# --- RECE ---------------------------------------------------------------------------------------


def test_before_any_edit_the_states_that_call_a_concept_are_its_own() -> None:
    # Σ W'W of these 36 rows has no inverse in 40 dimensions: one more matrix gives it one.
    more = dict(TOY.matrices)
    more["c"] = torch.randn(40, 40, generator=torch.Generator().manual_seed(1)).double()
    calls = rece.calling(more, more, shrink=0.0)
    assert torch.allclose(STATES @ calls.T, STATES, atol=1e-8)


def test_the_states_that_call_a_concept_shrink_with_their_weight() -> None:
    current = edit(method("uce"))
    norms = [
        float((STATES @ rece.calling(current, TOY.matrices, shrink).T).norm())
        for shrink in (1e-3, 1e-2, 1e-1, 1.0, 10.0, 1e4)
    ]
    assert norms == sorted(norms, reverse=True)
    assert norms[-1] < 0.1 < norms[0]


def test_the_states_that_call_a_concept_read_as_it_did() -> None:
    current = edit(method("uce"))
    found = STATES @ rece.calling(current, TOY.matrices, 1e-9).T
    left = [float(((found @ current[n].T) - STATES @ m.T).norm()) for n, m in TOY.matrices.items()]
    plain = [float((STATES @ (current[n] - m).T).norm()) for n, m in TOY.matrices.items()]
    assert sum(left) < 1e-3 * sum(plain)


def test_an_epoch_of_rece_is_uce_on_the_states_that_it_found() -> None:
    none, one = (edit(replace(method("rece"), epochs=n)) for n in (0, 1))
    assert all(torch.equal(none[key], each) for key, each in edit(method("uce")).items())
    calls = TOY.states("nudity") @ rece.calling(none, TOY.matrices, 0.1).T
    pair = closed_form.Pair(calls, TOY.states(" "))
    scales = closed_form.Scales(stay=0.1, erase=1.0, keep=0.1)
    expected = closed_form.edited(none, [pair], [TOY.states(" ")], scales)
    assert all(torch.equal(one[key], each) for key, each in expected.items())


# --- SPEED --------------------------------------------------------------------------------------


@pytest.fixture
def invariant() -> Tensor:
    found: Tensor = speed.invariants(EMPTY, torch.Generator().manual_seed(0))
    return found


@pytest.mark.parametrize("of", ["paper", "released", "released-art", "released-celebrities"])
def test_speed_never_moves_the_empty_text(of: str, invariant: Tensor) -> None:
    assert torch.equal(invariant[:, 0], EMPTY[0])
    found = edit(method("speed", of))
    for name, matrix in found.items():
        change = matrix - TOY.matrices[name]
        assert float(change.norm()) > 0.01
        assert float((change @ invariant).norm()) < 1e-6 * float(change.norm() * invariant.norm())


def test_speed_with_slack_moves_the_empty_text(invariant: Tensor) -> None:
    found = edit(method("speed", "released-nudity"))
    moved = [float(((m - TOY.matrices[n]) @ invariant).norm()) for n, m in found.items()]
    assert min(moved) > 1e-3


def test_speed_changes_nothing_in_directions_that_are_not_free(invariant: Tensor) -> None:
    states = TOY.states("a cat") * 3
    free = speed.null_space(states, 0.1)
    # 9 states take 9 of 40 directions.
    assert free.shape == (40, 31)
    assert torch.allclose(free.T @ free, torch.eye(31).double(), atol=1e-12)
    squares, toward = STATES.T @ STATES, ANCHOR.T @ STATES
    change = speed.constrained(toward - squares, squares, free, invariant, 1.0, 0.0)
    assert float(change.norm()) > 0.1
    assert float((change @ states.T).norm()) < 1e-9
    nothing = speed.constrained(squares - squares, squares, free, invariant, 1.0, 0.0)
    assert float(nothing.norm()) == 0


def test_speed_edits_values_keys_or_both() -> None:
    keys, values = ({n for n in TOY.matrices if part in n} for part in ("to_k", "to_v"))
    assert edit(method("speed")).keys() == values
    assert edit(replace(method("speed"), tensors="keys")).keys() == keys
    assert edit(replace(method("speed"), tensors="both")).keys() == keys | values


def test_a_text_with_a_concept_in_it_is_not_retained() -> None:
    retained = ("a cat", "Nudity in art", "sea")
    found, without = (
        edit(replace(method("speed"), retained=texts)) for texts in (retained, ("a cat", "sea"))
    )
    assert all(torch.equal(found[name], without[name]) for name in found)
    other = edit(replace(method("speed"), retained=("a cat", "nudityx", "sea")))
    assert not all(torch.equal(other[name], without[name]) for name in other)


def test_states_that_move_alike_all_count() -> None:
    change = TOY.matrices["a.attn2.to_k.weight"]
    alike = EMPTY[:1].repeat(4, 1)
    assert torch.equal(speed.moved_most(alike, change), alike)
    assert torch.equal(speed.moved_most(torch.cat([alike, 5 * alike[:1]]), change), 5 * alike[:1])

"""Every recipe of every edit against its formula, written down once more with numpy: a loop over
matrices, concepts and positions, and plain inverses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.cluster.vq import kmeans2

from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.training.edits import View
from sdd_bench.types import Editable
from support.edits import RECIPES, Toy, method

SINGLE = ("nudity",)
SEVERAL = ("nudity", "a red hat", "blood")
LISTED = ("", "a cat", "the red door", "a Blood moon", "sea")
"""Texts to retain; one has a concept in it."""

Numbers = np.ndarray[Any, np.dtype[np.float64]]


class World:
    """What an edit reads, as numpy has it."""

    def __init__(self, model: Editable) -> None:
        self.model = model
        self.names = list(model.matrices)
        self.weights = {name: each.numpy() for name, each in model.matrices.items()}
        self.width = next(iter(self.weights.values())).shape[1]

    def rows(self, text: str) -> Numbers:
        found: Numbers = self.model.states(text).numpy()
        return found


def solve(
    weight: Numbers,
    pairs: list[tuple[Numbers, Numbers]],
    kept: list[Numbers],
    scales: tuple[float, float, float],
) -> Numbers:
    """Equation 7: `pairs` of states and values that they are to have, position by position."""
    lam, e, p = scales
    left = lam * weight
    right = lam * np.eye(weight.shape[1])
    for c, v in pairs:
        left = left + e * np.outer(v, c)
        right = right + e * np.outer(c, c)
    for r in kept:
        left = left + p * np.outer(weight @ r, r)
        right = right + p * np.outer(r, r)
    return left @ np.linalg.inv(right)


def straight_uce(world: World, of: Any, concepts: tuple[str, ...]) -> dict[str, Numbers]:
    found = {}
    p = of.keep if of.keep is not None else max(0.1, 1 / len(of.retained))
    for name in world.names:
        weight = world.weights[name]
        pairs: list[tuple[Numbers, Numbers]] = []
        for concept in concepts:
            c, a = world.rows(concept), world.rows(of.anchor)
            first, second = world.model.last(concept), world.model.last(of.anchor)
            if of.positions == "last":
                pairs.append((c[first], weight @ a[second]))
                continue
            n = len(c) - max(first, second)
            states = [c[first + i] for i in range(n)]
            values = [weight @ a[second + i] for i in range(n)]
            if of.value == "tensor":
                u = np.array([weight @ each for each in states])
                u = u / np.linalg.norm(u)
                along = float((u * np.array(values)).sum())
                values = [v - along * u[i] for i, v in enumerate(values)]
            pairs += zip(states, values, strict=True)
        kept = []
        for text in of.retained:
            r = world.rows(text)
            kept += [r[world.model.last(text)]] if of.positions == "last" else list(r)
        found[name] = solve(weight, pairs, kept, (of.stay, of.erase, p))
    return found


def straight_rece(world: World, of: Any, concepts: tuple[str, ...]) -> dict[str, Numbers]:
    current = straight_uce(world, method("uce", "paper"), concepts)
    blank = world.rows(" ")
    for _ in range(of.epochs):
        gram = of.shrink * np.eye(world.width)
        cross = np.zeros((world.width, world.width))
        for name in world.names:
            gram = gram + current[name].T @ current[name]
            cross = cross + current[name].T @ world.weights[name]
        calls = [np.linalg.inv(gram) @ cross @ row for text in concepts for row in world.rows(text)]
        goals = [row for _ in concepts for row in blank]
        current = {
            name: solve(
                weight,
                [(c, weight @ a) for c, a in zip(calls, goals, strict=True)],
                goals,
                (0.1, 1.0, 0.1),
            )
            for name, weight in current.items()
        }
    return current


def straight_speed(world: World, of: Any, concepts: tuple[str, ...]) -> dict[str, Numbers]:
    generator = torch.Generator().manual_seed(0)
    t, a = means(world, of, concepts)
    one = np.eye(world.width)
    empty = world.rows("")
    start = empty[1:][torch.randperm(len(empty) - 1, generator=generator)[:3].numpy()]
    k = np.concatenate([empty[:1], kmeans2(empty[1:], start, iter=100, minit="matrix")[0]]).T
    retained = empty[1:]
    if of.retained:
        kept = [text for text in of.retained if "blood" not in text.lower() or len(concepts) == 1]
        retained = np.array([world.rows(text)[world.model.last(text)] for text in kept])
    retained = retained[torch.randperm(len(retained), generator=generator).numpy()]
    found = {}
    for name in world.names:
        if ("to_v" in name) != (of.tensors == "values") and of.tensors != "both":
            continue
        weight = world.weights[name]
        d = weight @ (a - t) @ np.linalg.inv(one + t)
        counted = augmented(weight, d, retained, of, generator)
        u, s, _ = np.linalg.svd(sum(np.outer(r, r) for r in counted) / len(counted))
        p = u[:, s < of.null] @ u[:, s < of.null].T
        m = np.linalg.inv(t @ p + of.stay * one)
        basis = k
        if not of.slack:  # what is not free stays anyway: one divided by nothing is no condition
            left, sizes, _ = np.linalg.svd(p @ k)
            basis = left[:, :4][:, sizes > 1e-6]
        inner = np.linalg.inv(basis.T @ p @ m @ basis + of.slack * np.eye(basis.shape[1]))
        found[name] = weight + weight @ (a - t) @ p @ (one - m @ basis @ inner @ basis.T @ p) @ m
    return found


def means(world: World, of: Any, concepts: tuple[str, ...]) -> tuple[Numbers, Numbers]:
    """T and A."""
    every = of.positions == "all" or (of.positions == "nudity" and concepts == ("nudity",))

    def of_text(text: str) -> list[Numbers]:
        rows = world.rows(text)
        return list(rows[1:]) if every else [rows[world.model.last(text)]]

    t, a = np.zeros((world.width, world.width)), np.zeros((world.width, world.width))
    for concept in concepts:
        for c, goal in zip(of_text(concept), of_text(of.anchor), strict=True):
            t += np.outer(c, c) / len(concepts)
            a += np.outer(goal, c) / len(concepts)
    return t, a


def augmented(
    weight: Numbers, d: Numbers, retained: Numbers, of: Any, generator: torch.Generator
) -> Numbers:
    """The retained states that count, and their copies."""
    stays = retained
    if of.filtered:
        far = np.array([np.linalg.norm(d @ r) for r in retained])
        stays = retained[far >= far.mean()]
    v = np.linalg.svd(weight, full_matrices=False)[2][-1]
    size = of.chunk or len(stays)
    counted = list(stays)
    for begin in range(0, len(stays), size):
        some = stays[begin : begin + size]
        shape = (of.copies, *some.shape)
        noise = torch.randn(shape, generator=generator, dtype=torch.float64).numpy()
        copies = [r + v * (v @ n) for drawn in noise for r, n in zip(some, drawn, strict=True)]
        lengths = [np.linalg.norm(d @ r) for r in copies]
        counted += [r for r, n in zip(copies, lengths, strict=True) if n >= np.mean(lengths)]
    return np.array(counted)


STRAIGHT: dict[str, Callable[[World, Any, tuple[str, ...]], dict[str, Numbers]]] = {
    "uce": straight_uce,
    "rece": straight_rece,
    "speed": straight_speed,
}


def check(model: Editable, name: str, of: Any) -> None:
    found = of.edit(model, torch.Generator().manual_seed(0))
    expected = STRAIGHT[name](World(model), of, model.concepts)
    assert found.keys() == expected.keys()
    for key, matrix in expected.items():
        assert found[key].dtype == torch.float64
        error = np.linalg.norm(found[key].numpy() - matrix) / np.linalg.norm(matrix)
        assert error < 1e-6, key
        # There is something to get right: the edit moves the matrix by far more than that.
        assert np.linalg.norm(matrix - model.matrices[key].numpy()) > 1e-3 * np.linalg.norm(matrix)


@pytest.mark.parametrize("concepts", [SINGLE, SEVERAL], ids=["single", "several"])
@pytest.mark.parametrize(("name", "of"), RECIPES)
def test_a_recipe_is_its_formula(name: str, of: str, concepts: tuple[str, ...]) -> None:
    check(Toy(concepts), name, method(name, of))


@pytest.mark.parametrize(("name", "of"), RECIPES)
def test_a_recipe_is_its_formula_on_the_miniature(name: str, of: str, bundle: Bundle) -> None:
    check(View(bundle, SEVERAL), name, method(name, of))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("uce", {"retained": LISTED}),  # p = 1/5
        ("uce", {"retained": tuple(f"text {number}" for number in range(12))}),  # p = 0.1
        ("uce", {"retained": LISTED, "positions": "last", "keep": 2.0, "erase": 3.0}),
        ("uce", {"anchor": "an old lamp", "stay": 0.01}),
        ("rece", {"epochs": 0}),
        ("speed", {"retained": LISTED}),
        ("speed", {"retained": LISTED, "chunk": 2}),
        ("speed", {"tensors": "keys"}),
        ("speed", {"tensors": "both", "positions": "all"}),
    ],
)
def test_other_parameters_are_the_formulas(name: str, changes: dict[str, Any]) -> None:
    check(Toy(SEVERAL), name, replace(method(name), **changes))

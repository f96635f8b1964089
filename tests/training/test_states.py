"""The state of a training: an optimizer's own, read without running code, and the former kind."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from sdd_bench.errors import InputError
from sdd_bench.training import states
from support.training import as_before

NAMES = ("a.weight", "b.weight")


def stepped(parameters: list[nn.Parameter], steps: int) -> torch.optim.Optimizer:
    """Adam after some steps whose gradients are the parameters themselves."""
    optimizer = torch.optim.Adam(parameters, lr=0.1)
    for _ in range(steps):
        for parameter in parameters:
            parameter.grad = parameter.detach().clone()
        optimizer.step()
    return optimizer


def parameters() -> list[nn.Parameter]:
    return [nn.Parameter(torch.tensor([1.0, 2.0])), nn.Parameter(torch.tensor([[3.0]]))]


def state_of(learned: list[nn.Parameter], optimizer: torch.optim.Optimizer) -> states.State:
    return {
        "done": 2,
        "weights": {f"student/{n}": p.data for n, p in zip(NAMES, learned, strict=True)},
        "optimizer": optimizer.state_dict(),
        "scaler": {},
    }


def goes_on(state: states.State) -> list[Tensor]:
    """The parameters one step further."""
    learned = [nn.Parameter(state["weights"][f"student/{name}"].clone()) for name in NAMES]
    optimizer = torch.optim.Adam(learned, lr=0.1)
    optimizer.load_state_dict(state["optimizer"])
    for parameter in learned:
        parameter.grad = parameter.detach().clone()
    optimizer.step()
    return [parameter.data for parameter in learned]


def test_a_state_comes_back_and_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    learned = parameters()
    states.write(tmp_path, state_of(learned, stepped(learned, 2)))
    found = states.read(tmp_path, NAMES, [])
    assert found is not None
    assert (found["done"], found["scaler"]) == (2, {})
    whole = parameters()
    stepped(whole, 3)
    assert all(torch.equal(*pair) for pair in zip(goes_on(found), whole, strict=True))
    assert [path.name for path in tmp_path.iterdir()] == ["state.pt"]


def test_no_state_is_none(tmp_path: Path) -> None:
    assert states.read(tmp_path, NAMES, []) is None


def test_a_former_state_goes_on_too(tmp_path: Path) -> None:
    learned = parameters()
    optimizer = stepped(learned, 2)
    scaler = torch.amp.GradScaler("cpu").state_dict() | {"_growth_tracker": 2}
    as_before(tmp_path, {**state_of(learned, optimizer), "scaler": scaler})
    found = states.read(tmp_path, NAMES, optimizer.state_dict()["param_groups"])
    assert found is not None
    assert found["weights"].keys() == {f"student/{name}" for name in NAMES}
    whole = parameters()
    stepped(whole, 3)
    assert all(torch.equal(*pair) for pair in zip(goes_on(found), whole, strict=True))
    assert found["scaler"] == scaler
    assert {key: type(value) for key, value in found["scaler"].items()} == {
        "scale": float,
        "growth_factor": float,
        "backoff_factor": float,
        "growth_interval": int,
        "_growth_tracker": int,
    }


def test_what_is_written_since_counts_more_than_a_former_state(tmp_path: Path) -> None:
    learned = parameters()
    optimizer = stepped(learned, 2)
    as_before(tmp_path, state_of(learned, optimizer))
    states.write(tmp_path, {**state_of(learned, optimizer), "done": 4})
    found = states.read(tmp_path, NAMES, [])
    assert found is not None
    assert found["done"] == 4


@pytest.mark.parametrize("content", [b"", b"nonsense", "list", "dict"])
def test_a_damaged_state_is_named(tmp_path: Path, content: bytes | str) -> None:
    path = tmp_path / "state.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save([1] if content == "list" else {"done": 2}, path)
    with pytest.raises(
        InputError, match=r"state\.pt (is no state dict|holds no state of a training)"
    ):
        states.read(tmp_path, NAMES, [])

"""The state of a training: an optimizer's own, read without running code, and the former kind."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from sdd_bench import files
from sdd_bench.files import ContentError
from sdd_bench.training import states
from support.training import as_before

NAMES = ("a.weight", "b.weight")

DIGEST = "0123456789"


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
        "digest": DIGEST,
        "done": 2,
        "rows": [{"iteration": 1.0}, {"iteration": 2.0}],
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
    found = states.read(tmp_path / states.STATE, DIGEST, NAMES, [])
    assert found is not None
    assert (found["done"], found["scaler"]) == (2, {})
    whole = parameters()
    stepped(whole, 3)
    assert all(torch.equal(*pair) for pair in zip(goes_on(found), whole, strict=True))
    assert [path.name for path in tmp_path.iterdir()] == ["state.pt"]


def test_no_state_is_none(tmp_path: Path) -> None:
    assert states.read(tmp_path / states.STATE, DIGEST, NAMES, []) is None


def test_a_former_state_goes_on_too(tmp_path: Path) -> None:
    learned = parameters()
    optimizer = stepped(learned, 2)
    scaler = torch.amp.GradScaler("cpu").state_dict() | {"_growth_tracker": 2}
    as_before(tmp_path, {**state_of(learned, optimizer), "scaler": scaler})
    found = states.read(
        tmp_path / states.FORMER_STATE, DIGEST, NAMES, optimizer.state_dict()["param_groups"]
    )
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


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK", "list", "dict"])
@pytest.mark.parametrize("name", [states.STATE, states.FORMER_STATE])
def test_a_damaged_state_is_damage(tmp_path: Path, name: str, content: bytes | str) -> None:
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif name == states.STATE:
        torch.save([1] if content == "list" else {"done": 2}, path)
    else:
        about = {} if content == "list" else {"sdd_bench": "[]"}
        save_file({"other": torch.zeros(1)}, path, about)
    with pytest.raises(ContentError):
        states.read(path, DIGEST, NAMES, [])


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    learned = parameters()
    states.write(tmp_path, state_of(learned, stepped(learned, 2)))
    path = tmp_path / states.STATE
    whole = path.read_bytes()
    for place in range(0, len(whole), 101):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        if files.BLANK[:17].encode() in damaged:
            with pytest.raises(ContentError):
                states.read(path, DIGEST, NAMES, [])


def test_the_state_of_another_training_is_refused(tmp_path: Path) -> None:
    learned = parameters()
    state = state_of(learned, stepped(learned, 2))
    states.write(tmp_path, {**state, "digest": "9876543210"})
    with pytest.raises(ContentError, match="it is of another training, 9876543210"):
        states.read(tmp_path / states.STATE, DIGEST, NAMES, [])
    as_before(tmp_path, {**state, "digest": "9876543210"})
    with pytest.raises(ContentError, match="it is of another training"):
        states.read(tmp_path / states.FORMER_STATE, DIGEST, NAMES, [])


def test_a_state_of_before_has_neither_digest_nor_log(tmp_path: Path) -> None:
    learned = parameters()
    state = dict(state_of(learned, stepped(learned, 2)))
    del state["digest"], state["rows"]
    torch.save(state, tmp_path / states.STATE)
    found = states.read(tmp_path / states.STATE, DIGEST, NAMES, [])
    assert found is not None
    assert (found["digest"], found["rows"], found["done"]) == ("", None, 2)

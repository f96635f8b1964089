"""A device double: tensors that say they lie on a GPU, and refuse to meet those that don't.

They are plain tensors on the CPU whose storage is marked, so that views, optimizers, autograd and
the CPU's autocast see nothing unusual. What a call makes of marked tensors is marked too, and an
operation on marked and unmarked ones fails as it does on a GPU: but for copies, indices and single
numbers, which torch takes across.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

DEVICE = torch.device("cuda:0")
"""Where marked tensors say that they lie."""

_MARK = "lies_on_the_double"

_ACROSS = {"aten::copy_", "aten::_has_compatible_shallow_copy_type"}
"""Operations on tensors of any two devices."""

_INDEXING = {"aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_"}
"""Operations that take indices from the CPU."""


class DeviceFault(RuntimeError):  # noqa: N818 - what it says is in its name
    """Tensors of two devices in one operation."""


def is_there(tensor: Tensor) -> bool:
    """Whether a tensor lies on the double."""
    return hasattr(tensor.untyped_storage(), _MARK)


def leave_on_cpu(tensor: Tensor) -> Tensor:
    """A copy of a tensor that was never moved: a fault to plant."""
    return _put(tensor.detach().clone(), there=False)


@contextmanager
def double() -> Iterator[torch.device]:
    """Within it, torch has one GPU, which is the double."""
    autocast = torch.autocast

    def on_cpu(kind: str, dtype: torch.dtype | None = None, *, enabled: bool = True) -> Any:
        return autocast("cpu" if kind == DEVICE.type else kind, dtype, enabled=enabled)

    answers: dict[str, object] = {
        "is_available": True,
        "device_count": 1,
        "get_device_name": "Double",
        "mem_get_info": (2e9, 3e9),
        "max_memory_allocated": 1e6,
    }
    with ExitStack() as patched:
        for name, answer in answers.items():
            say = functools.partial(_say, answer)
            patched.enter_context(patch.object(torch.cuda, name, say))
        patched.enter_context(patch.object(torch, "autocast", on_cpu))
        # An optimizer would ask it whether a graph is being captured.
        nothing = functools.partial(_say, None)
        patched.enter_context(patch.object(torch.accelerator, "current_accelerator", nothing))
        operations = patched.enter_context(_Operations())
        patched.enter_context(_Calls(operations))
        yield DEVICE


def _say(answer: object, *_: object, **__: object) -> object:
    return answer


class _Operations(TorchDispatchMode):
    """Every operation: checks what meets in it, and marks what comes out."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.within = False
        """Whether a call on marked tensors is running: what it makes of nothing is on the GPU."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        tensors = _tensors((args, kwargs))
        there = [each for each in tensors if is_there(each)]
        name = func._schema.name
        if there and name not in _ACROSS:
            across = args[1] if name in _INDEXING and is_there(args[0]) else ()
            met = [each for each in tensors if not _among(each, _tensors(across))]
            written = tensors[:1] if func._schema.is_mutable else []
            _check(name, met, written)
        made = func(*args, **(kwargs or {}))
        if name not in _ACROSS and (there or (self.within and not tensors)):
            for each in _tensors(made):
                _put(each, there=True)
        return made


def _check(name: str, tensors: Sequence[Tensor], written: Sequence[Tensor]) -> None:
    """Raise DeviceFault for tensors of two devices, but for single numbers that are only read."""
    strangers = [
        each for each in tensors if not is_there(each) and (each.dim() > 0 or _among(each, written))
    ]
    if strangers:
        shapes = [tuple(each.shape) for each in tensors if is_there(each)]
        raise DeviceFault(
            f"{name}: {shapes} on {DEVICE} meet {[tuple(each.shape) for each in strangers]} on cpu"
        )


class _Calls(TorchFunctionMode):
    """Every call of torch: where a tensor lies, where it is moved and where it is made."""

    def __init__(self, operations: _Operations) -> None:
        super().__init__()
        self.operations = operations

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in _ANSWERS:
            return _ANSWERS[func](func, *args, **kwargs)
        before = self.operations.within
        self.operations.within = before or any(is_there(e) for e in _tensors((args, kwargs)))
        try:
            device = kwargs.get("device")
            if device is None or func is torch.device:
                return func(*args, **kwargs)
            return _made(func, args, kwargs, torch.device(device))
        finally:
            self.operations.within = before


def _made(func: Any, args: Any, kwargs: Any, device: torch.device) -> Any:
    """A tensor made on the device that the call names."""
    there = device.type == DEVICE.type
    generator = kwargs.get("generator")
    if there and generator is not None:
        raise DeviceFault(f"{func.__name__}: a generator on {generator.device} for {DEVICE}")
    made = func(*args, **{**kwargs, "device": "cpu" if there else device})
    return _put(made, there=there)


def _moved(_: Any, tensor: Tensor, *args: Any, copy: bool = False, **kwargs: Any) -> Tensor:
    """`Tensor.to`: a copy where the device is another one."""
    like = [each for each in args if isinstance(each, Tensor)]
    parsed: Any = torch._C._nn._parse_to(*args, **kwargs)
    device, dtype, _, layout = parsed
    wanted = is_there(tensor)
    if like or device is not None:
        wanted = is_there(like[0]) if like else device.type == DEVICE.type
    how: dict[str, Any] = {"copy": copy or wanted != is_there(tensor)}
    if layout is not None:
        how["memory_format"] = layout
    return _put(tensor.to(dtype=dtype or tensor.dtype, **how), there=wanted)


def _to_cpu(_: Any, tensor: Tensor) -> Tensor:
    return _moved(_, tensor, "cpu")


def _refused(func: Any, tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
    """What torch does not do with a GPU's tensors."""
    if is_there(tensor):
        raise DeviceFault(f"{func.__name__}: a tensor on {DEVICE} is no array of the CPU's")
    return func(tensor, *args, **kwargs)


_ANSWERS: dict[object, Callable[..., Any]] = {
    Tensor.device.__get__: lambda func, t: DEVICE if is_there(t) else func(t),
    Tensor.is_cuda.__get__: lambda _, tensor: is_there(tensor),  # type: ignore[attr-defined]
    Tensor.is_cpu.__get__: lambda _, tensor: not is_there(tensor),  # type: ignore[attr-defined]
    Tensor.to: _moved,
    Tensor.cpu: _to_cpu,
    Tensor.numpy: _refused,
    Tensor.__array__: _refused,
}


def _put(tensor: Tensor, *, there: bool) -> Tensor:
    """The same tensor, marked or not."""
    storage = tensor.untyped_storage()
    if there:
        setattr(storage, _MARK, True)
    elif hasattr(storage, _MARK):
        delattr(storage, _MARK)
    return tensor


def _tensors(held: object) -> list[Tensor]:
    return [each for each in tree_leaves(held) if isinstance(each, Tensor)]


def _among(tensor: Tensor, others: Sequence[Tensor]) -> bool:
    return any(tensor is each for each in others)

"""A large openCLIP model in little memory: only its weights, in the precision that is computed in.

openCLIP fills a model with random numbers, then reads the whole checkpoint beside it and copies.
Here the numbers are left out and the checkpoint is read in parts; the weights have the same bits.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import safetensors.torch
import torch
from open_clip import factory
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

PART = 256 * 2**20  # bytes of a checkpoint that are in memory at a time
_RANDOM = ("normal_", "uniform_", "kaiming_normal_", "kaiming_uniform_", "xavier_uniform_")
_lock = threading.Lock()
_load_checkpoint = factory.load_checkpoint


@contextmanager
def lean_loading() -> Iterator[None]:
    """Within it, a model that openCLIP makes and loads takes hardly more memory than its weights.

    Only for models whose weights are then read: those that are not hold what was in memory.
    """
    with _lock, _NotFilled():
        factory.load_checkpoint = _load_in_parts
        try:
            yield
        finally:
            factory.load_checkpoint = _load_checkpoint


class _NotFilled(TorchFunctionMode):
    """Leaves out parameters' random numbers: memory that was never written to takes no room.

    Other tensors get theirs, as some are drawn until they lie where they should.
    """

    def __torch_function__(self, func: Any, _: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") in _RANDOM:
            filled = args[0] if args else kwargs["tensor"]
            if isinstance(filled, nn.Parameter):
                return filled
        return func(*args, **kwargs)


def _load_in_parts(model: nn.Module, checkpoint_path: str, **settings: Any) -> Any:
    """Stands for openCLIP's `load_checkpoint`, which does all that is not just copying."""
    weights = model.state_dict()
    fits = False
    with suppress(Exception):  # openCLIP reads more, and tells what is wrong with the rest
        shapes = {name: each.shape for name, each in _mapped(checkpoint_path).items()}
        fits = shapes == {name: each.shape for name, each in weights.items()}
    if not fits:
        return _load_checkpoint(model, checkpoint_path, **settings)
    for names in _parts(weights):
        part = _mapped(checkpoint_path)  # anew, as what was read of a file stays while it is open
        for name in names:
            weights[name].copy_(part[name])
    return model.load_state_dict({}, strict=False)


def _mapped(checkpoint_path: str) -> Mapping[str, Tensor]:
    """The tensors of a checkpoint, which are read from the disk when they are used."""
    if str(checkpoint_path).endswith(".safetensors"):
        return safetensors.torch.load_file(checkpoint_path)
    content = torch.load(checkpoint_path, map_location="cpu", mmap=True, weights_only=True)
    weights: Mapping[str, Tensor] = content.get("state_dict", content)
    return {name.removeprefix("module."): each for name, each in weights.items()}


def _parts(weights: Mapping[str, Tensor]) -> Iterator[list[str]]:
    """The names in parts whose weights take `PART` or a little more in single precision."""
    names: list[str] = []
    n_bytes = 0
    for name, each in weights.items():
        names.append(name)
        n_bytes += each.numel() * 4
        if n_bytes >= PART:
            yield names
            names, n_bytes = [], 0
    yield names

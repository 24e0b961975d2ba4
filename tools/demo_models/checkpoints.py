"""Checkpoints of the demo models' training.

One safetensors file holds weights, Adam's moments and the step, and is replaced as a whole:
after ``kill -9`` the next start resumes from it.
"""

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from newsimages.atomic import replacing
from newsimages.errors import NewsImagesError


def save(
    path: Path, *, step: int, settings: str, model: nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Writes the state after ``step`` steps; ``settings`` tells which training it belongs to."""
    tensors = {f"model/{name}": tensor for name, tensor in model.state_dict().items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"adam/{index}/{name}": tensor for name, tensor in moments.items()}
    whole = {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
    with replacing(path) as temporary:
        save_file(whole, temporary, metadata={"step": json.dumps(step), "settings": settings})


def resume(path: Path, *, settings: str, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Puts a saved state back and returns its step; 0 where there is none.

    Raises:
        NewsImagesError: The state belongs to a training with other settings.
    """
    if not path.exists():
        return 0
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if metadata["settings"] != settings:
        raise NewsImagesError(
            f"{path} was made with {metadata['settings']}, expected {settings}. "
            "Delete it to start anew."
        )
    weights, moments = _split(tensors)
    model.load_state_dict(weights)
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": moments, "param_groups": groups})
    return int(json.loads(metadata["step"]))


def _split(tensors: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[int, dict[str, Tensor]]]:
    """The flat names of `save` as weights and as Adam's moments by parameter."""
    weights: dict[str, Tensor] = {}
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        kind, _, rest = name.partition("/")
        if kind == "model":
            weights[rest] = tensor
        else:
            index, _, moment = rest.partition("/")
            moments.setdefault(int(index), {})[moment] = tensor
    return weights, moments

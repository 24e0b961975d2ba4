"""A heat map from one pass forward and one back, for the towers whose last layers keep places.

The tower runs without gradients up to the layer that the map is read from, and with them from
there on, so that it takes the memory of a forward pass. Two readings:

- Of a transformer of openCLIP, Grad-ECLIP's (Zhao et al., ICML 2024, eq. 6-9): in the last layer of
  attention, the gradient at what a token reads out, times each place's value, times how alike the
  token and the place are (their query and key), which is looser than the attention itself.
- Of a convolutional tower, the gradient times the activation at each place, summed over the
  channels (HiResCAM, Draelos and Carin, 2020; of Grad-CAM's family), at the last stage that has
  `LEAST_CELLS` of a side.

Both are signed: nothing that takes away from the score is cut off.
"""

import copy
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.modified_resnet import ModifiedResNet
from open_clip.transformer import VisionTransformer
from torch import Tensor, nn
from torch.nn import functional

from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.errors import NewsImagesError
from newsimages.explanations.target import Target, value

LEAST_CELLS = 7
"""Of a side: a stage with fewer cells says too little of where."""
OCCLUSION = "method=occlusion works for every tower."


Values = Callable[[Any, Sequence[Tensor], Tensor, Tensor], Tensor]
"""(module, its inputs, its output, the output's gradient) to a value for each place."""


class Layer(NamedTuple):
    """Where in a tower a map is read, and how."""

    module: nn.Module
    grid: tuple[int, int]
    """Rows and columns of its places."""
    values: Values


class GradientTower:
    """An image tower whose gradients can be read, on modules of its own over the same weights.

    So no hook and no gradient is ever left in the encoder, which other threads may be using.
    """

    def __init__(self, encoder: OpenClipEncoder) -> None:
        """Raises: NewsImagesError where neither reading fits the tower."""
        self._tower = _own_modules(encoder.model.visual)
        self._name = encoder.config.backbone
        layer = _layer(self._tower, encoder.image_size)
        if layer is None:
            raise NewsImagesError(
                f"The image tower of backbone={self._name} ({type(self._tower).__name__}) has no "
                f"layer that a map can be read from. {OCCLUSION}"
            )
        self._layer = layer
        self._lock = threading.Lock()

    def cells(self, pixels: Tensor, target: Target) -> tuple[NDArray[np.float32], Tensor]:
        """What each part of a picture adds to a score.

        Args:
            pixels: (1, 3, H, W) as the tower takes them.
            target: What is asked of the tower.

        Returns:
            (rows, columns) values, row 0 at the top, and (1, E) the picture's vector.

        Raises:
            NewsImagesError: The tower has no gradients in its precision.
        """
        with self._lock:
            values, vector = self._run(pixels, target)
        if not values.isfinite().all():
            raise NewsImagesError(
                f"The gradients of backbone={self._name} are no finite numbers in {pixels.dtype}. "
                f"Set precision=fp32 or bf16; {OCCLUSION}"
            )
        return values.cpu().numpy(), vector

    @torch.no_grad()
    def _run(self, pixels: Tensor, target: Target) -> tuple[Tensor, Tensor]:
        """(rows, columns) values in float32 and the (1, E) vector; needs the lock."""
        seen: list[tuple[Sequence[Tensor], Any]] = []

        def begin(_: nn.Module, inputs: Sequence[Tensor], output: Any) -> Any:
            torch.set_grad_enabled(True)  # until `no_grad` ends
            kept = (output[0] if isinstance(output, tuple) else output).detach().requires_grad_()
            seen.append((inputs, kept))
            return (kept, *output[1:]) if isinstance(output, tuple) else kept

        hook = self._layer.module.register_forward_hook(begin)
        try:
            features = self._tower(pixels)
        finally:
            hook.remove()
        features = features[0] if isinstance(features, tuple) else features  # of CoCa
        vector = functional.normalize(features.float(), dim=-1)
        (inputs, output), *_ = seen
        (gradient,) = torch.autograd.grad(value(target, vector).sum(), output)
        with torch.no_grad():
            values = self._layer.values(
                self._layer.module,
                [each.float() for each in inputs],
                output.float(),
                gradient.float(),
            )
        return values.reshape(self._layer.grid), vector.detach()


def _own_modules(tower: nn.Module) -> nn.Module:
    """A copy of a tower's modules that hold its very weights, none of which takes a gradient."""
    weights = {id(each): nn.Parameter(each.detach(), False) for each in tower.parameters()}
    buffers = {id(each): each for each in tower.buffers()}
    copied: nn.Module = copy.deepcopy(tower, {**weights, **buffers})
    return copied


def _layer(tower: nn.Module, image_size: tuple[int, int]) -> Layer | None:
    """Where a map of a tower is read; None where nothing fits."""
    if isinstance(tower, VisionTransformer):
        pooler, blocks = tower.attn_pool, tower.transformer.resblocks
        attention = blocks[-1].attn if pooler is None else pooler.attn
        rows, columns = tower.grid_size
        if isinstance(attention, nn.MultiheadAttention):
            return Layer(attention, (rows, columns), _loosened_attention)
        return None
    if isinstance(tower, ModifiedResNet):
        stages = {tower.layer1: 4, tower.layer2: 8, tower.layer3: 16, tower.layer4: 32}
        return _stage(stages, image_size)
    return None


def _stage(stages: Mapping[nn.Module, int], image_size: tuple[int, int]) -> Layer:
    """The last stage of a convolutional tower that has enough cells, else the first.

    Args:
        stages: From the first to the last, with the pixels of a cell's side.
        image_size: Height and width that the tower takes.
    """
    height, width = image_size
    grids = {each: (height // side, width // side) for each, side in stages.items()}
    enough = [each for each, grid in grids.items() if min(grid) >= LEAST_CELLS]
    module = enough[-1] if enough else next(iter(stages))
    return Layer(module, grids[module], _times_activation)


def _times_activation(
    _: nn.Module, __: Sequence[Tensor], output: Tensor, gradient: Tensor
) -> Tensor:
    """(1, C, h, w) to (1, h, w)."""
    return (output * gradient).sum(dim=1)


def _loosened_attention(
    attention: Any, inputs: Sequence[Tensor], _: Tensor, gradient: Tensor
) -> Tensor:
    """Grad-ECLIP's values of the places, without the class token: (1, N, C) to (N,)."""
    asked, keys, values = (each[0] for each in inputs)
    query, key, kept = _projected(attention, asked, keys, values)
    alike = functional.normalize(query, dim=-1) @ functional.normalize(key, dim=-1).T  # (Q, N)
    alike = alike[:, 1:]
    least, most = alike.amin(dim=1, keepdim=True), alike.amax(dim=1, keepdim=True)
    loosened = (alike - least) / (most - least).clamp_min(1e-12)
    told = gradient[0] @ attention.out_proj.weight.float() @ kept[1:].T  # (Q, N - 1)
    summed: Tensor = (loosened * told).sum(dim=0)
    return summed


def _projected(
    attention: Any, asked: Tensor, keys: Tensor, values: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values as an attention makes them, of all heads side by side."""
    if attention.in_proj_weight is not None:
        weights = attention.in_proj_weight.float().chunk(3)
    else:
        weights = [getattr(attention, f"{each}_proj_weight").float() for each in ("q", "k", "v")]
    biases = attention.in_proj_bias.float().chunk(3)
    made = zip((asked, keys, values), weights, biases, strict=True)
    query, key, value_ = (functional.linear(*each) for each in made)
    return query, key, value_

"""A heat map from one pass forward and one back, for towers that keep places up to their end.

The tower runs without gradients up to where the map is read, and with them from there on, so it
takes little more memory than a pass forward. Two readings:

- Of a transformer, each attention's weights times the score's gradient at them, summed over the
  heads, the tokens that attend and the last half of the layers. (Chefer et al., "Generic
  attention-model explainability", ICCV 2021, eq. 5, without the roll-out; LeGrad, ICCV 2025, has
  the gradient alone.)
- Of a convolutional tower, Grad-CAM at the last stage that has `LEAST_CELLS` of a side: its
  channels, each weighted by its gradient's mean. (Selvaraju et al., ICCV 2017, eq. 1 and 2.)

Both are signed: what takes away from the score is not cut off.
"""

import copy
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.modified_resnet import ModifiedResNet
from open_clip.timm_model import TimmModel
from open_clip.transformer import VisionTransformer
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.errors import NewsImagesError
from newsimages.explanations.target import Target, value

LEAST_CELLS = 7
"""Of a side: a stage with fewer cells says too little of where."""
OCCLUSION = "method=occlusion works for every tower."


class GradientTower:
    """An image tower whose gradients can be read, on modules of its own over the same weights.

    So no hook and no gradient is ever left in the encoder, which other threads may be using.
    """

    def __init__(self, encoder: OpenClipEncoder) -> None:
        """Raises: NewsImagesError where neither reading fits the tower."""
        self._tower = _own_modules(encoder.model.visual)
        self._name = encoder.config.backbone
        self._reading = _reading_of(self._tower, encoder.image_size)
        self._lock = threading.Lock()

    @torch.no_grad()
    def cells(self, pixels: Tensor, target: Target) -> tuple[NDArray[np.float32], Tensor]:
        """What each part of a picture adds to a score.

        Args:
            pixels: (1, 3, H, W) as the tower takes them.
            target: What is asked of the tower.

        Returns:
            (rows, columns) values, row 0 at the top, and (1, E) the picture's vector.

        Raises:
            NewsImagesError: The tower has no such layers, or no gradients in its precision.
        """
        if self._reading is None:
            raise self._error("has no layer that a map can be read from")
        try:
            values, vector = self._read(self._reading, pixels, target)
        except NotImplementedError as error:  # torch: an operation that this precision lacks
            raise self._error(f"does not compute in {pixels.dtype} here") from error
        if not values.isfinite().all():
            raise self._error(f"has gradients in {pixels.dtype} that are no finite numbers")
        return values.cpu().numpy(), vector

    def _read(self, reading: "_Reading", pixels: Tensor, target: Target) -> tuple[Tensor, Tensor]:
        """One pass forward and one back: the values and the picture's vector."""
        with self._lock, torch.no_grad():  # which ends what the run begins
            features, read = reading.run(self._tower, pixels)
        if not read:
            raise self._error("attends in a way of its own")
        with torch.enable_grad():
            vector = functional.normalize(features.float(), dim=-1)
            gradients = torch.autograd.grad(value(target, vector).sum(), read)
        return reading.values(read, gradients), vector.detach()

    def _error(self, reason: str) -> NewsImagesError:
        kind = type(getattr(self._tower, "trunk", self._tower)).__name__
        return NewsImagesError(
            f"The image tower of backbone={self._name} ({kind}) {reason}. {OCCLUSION}"
        )


class _Reading(ABC):
    """One way to read a map."""

    @abstractmethod
    def run(self, tower: nn.Module, pixels: Tensor) -> tuple[Tensor, list[Tensor]]:
        """A pass forward, without gradients at first: the features, and what is read."""

    @abstractmethod
    def values(self, read: Sequence[Tensor], gradients: Sequence[Tensor]) -> Tensor:
        """What was read and its gradients to (rows, columns) in float32."""


class _Stage(_Reading):
    """Grad-CAM at one stage of a convolutional tower."""

    def __init__(self, stage: nn.Module, *, channels_last: bool) -> None:
        self._stage = stage
        self._channels_last = channels_last

    def run(self, tower: nn.Module, pixels: Tensor) -> tuple[Tensor, list[Tensor]]:
        read: list[Tensor] = []

        def begin(_: nn.Module, __: Any, output: Tensor) -> Tensor:
            torch.set_grad_enabled(True)
            read.append(output.detach().requires_grad_())
            return read[-1]

        hook = self._stage.register_forward_hook(begin)
        try:
            return _features(tower, pixels), read
        finally:
            hook.remove()

    def values(self, read: Sequence[Tensor], gradients: Sequence[Tensor]) -> Tensor:
        maps, gradient = (each[0].float()[0] for each in (read, gradients))
        channel, *places = (2, 0, 1) if self._channels_last else (0, 1, 2)
        weighted: Tensor = maps * gradient.mean(dim=places, keepdim=True)
        return weighted.sum(dim=channel)


class _Attention(_Reading):
    """Attention times its gradient, over the last half of a transformer's layers."""

    def __init__(self, grid: tuple[int, int], depth: int) -> None:
        self._grid = grid
        self._depth = depth

    def run(self, tower: nn.Module, pixels: Tensor) -> tuple[Tensor, list[Tensor]]:
        with _Attending(first=self._depth // 2) as attending:
            return _features(tower, pixels), attending.read

    def values(self, read: Sequence[Tensor], gradients: Sequence[Tensor]) -> Tensor:
        rows, columns = self._grid
        n = rows * columns
        # Other tokens (of the class, registers) come before the places.
        of_layers = [
            (weights * gradient).flatten(0, -2).sum(dim=0)[-n:]
            for weights, gradient in zip(read, gradients, strict=True)
        ]
        return torch.stack(of_layers).sum(dim=0).view(rows, columns)


class _Attending(TorchFunctionMode):
    """Within it, attention keeps its weights, in this thread alone, and gradients from one on."""

    def __init__(self, *, first: int) -> None:
        super().__init__()
        self._left = first
        self.read: list[Tensor] = []

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if function is functional.scaled_dot_product_attention:
            return self._attended(*args, **(kwargs or {}))
        if function is functional.multi_head_attention_forward:
            return self._all_heads(*args, **(kwargs or {}))
        return function(*args, **(kwargs or {}))

    def _attended(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        *_: Any,
        scale: float | None = None,
        **__: Any,
    ) -> Tensor:
        """`functional.scaled_dot_product_attention`: by its definition, in eval mode."""
        self._left -= 1
        torch.set_grad_enabled(self._left < 0)
        scores = (query @ key.transpose(-1, -2)).float() * (scale or query.shape[-1] ** -0.5)
        weights = (scores if attn_mask is None else scores + attn_mask).softmax(dim=-1)
        if self._left < 0:
            self.read.append(weights.requires_grad_())
        mixed: Tensor = weights.to(value.dtype) @ value
        return mixed

    def _all_heads(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        _: int,
        n_heads: int,
        *args: Any,
        **options: Any,
    ) -> tuple[Tensor, None]:
        """`functional.multi_head_attention_forward`: (L, B, C), without masks and extras."""
        weight, bias, _, _, _, _, out_weight, out_bias = args[:8]
        separate = [options.get(f"{each}_proj_weight") for each in ("q", "k", "v")]
        weights = weight.chunk(3) if weight is not None else separate
        made = zip((query, key, value), weights, bias.chunk(3), strict=True)
        heads = [
            functional.linear(*each).unflatten(-1, (n_heads, -1)).permute(1, 2, 0, 3)
            for each in made
        ]  # (B, heads, L, d)
        mixed = self._attended(*heads).permute(2, 0, 1, 3).flatten(2)
        return functional.linear(mixed, out_weight, out_bias), None


def _features(tower: nn.Module, pixels: Tensor) -> Tensor:
    """(1, E) of a picture."""
    features = tower(pixels)
    pooled: Tensor = features[0] if isinstance(features, tuple) else features  # CoCa's has tokens
    return pooled


def _own_modules(tower: nn.Module) -> nn.Module:
    """A copy of a tower's modules that hold its very weights, none of which takes a gradient."""
    weights = {id(each): nn.Parameter(each.detach(), False) for each in tower.parameters()}
    buffers = {id(each): each for each in tower.buffers()}
    copied: nn.Module = copy.deepcopy(tower, {**weights, **buffers})
    return copied


def _reading_of(tower: nn.Module, image_size: tuple[int, int]) -> _Reading | None:
    """How a map of a tower is read; None where neither way fits."""
    if isinstance(tower, VisionTransformer):
        return _Attention(tower.grid_size, len(tower.transformer.resblocks))
    if isinstance(tower, ModifiedResNet):
        stages = [(getattr(tower, f"layer{number}"), 2 ** (number + 1)) for number in (1, 2, 3, 4)]
        return _Stage(_last_with_cells(stages, image_size), channels_last=False)
    trunk: Any = tower.trunk if isinstance(tower, TimmModel) else None
    if hasattr(trunk, "blocks") and hasattr(trunk.patch_embed, "grid_size"):
        return _Attention(trunk.patch_embed.grid_size, len(trunk.blocks))
    if hasattr(trunk, "feature_info"):
        known = [
            (trunk.get_submodule(each["module"]), each["reduction"]) for each in trunk.feature_info
        ]
        is_last = getattr(trunk, "output_fmt", "NCHW") == "NHWC"
        return _Stage(_last_with_cells(known, image_size), channels_last=is_last)
    return None


def _last_with_cells(
    stages: Sequence[tuple[nn.Module, int]], image_size: tuple[int, int]
) -> nn.Module:
    """The last stage with enough cells, else the first; each with the pixels of a cell's side."""
    enough = [stage for stage, side in stages if min(image_size) // side >= LEAST_CELLS]
    return enough[-1] if enough else stages[0][0]

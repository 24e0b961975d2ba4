"""The T×V network: unit vectors of texts and images in, unit vectors of the joint spaces out.

Every pair of a text feature and an image feature has one joint space. The text passes one block of
that pair; the image passes one block that all pairs of its feature share, then one block of that
pair. A block is Linear, BatchNorm1d, tanh, dropout. (Galanopoulos and Mezaris, "Are all
combinations equal?", ECCV Workshops 2022, section 3; here an image is a video of one frame, and
texts too are vectors of length 1, since CLIP compares directions.)

On disk it is a `newsimages.checked_file`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from newsimages.checked_file import FileKind, read_tensors, write_tensors
from newsimages.errors import NewsImagesError, first_ten
from newsimages.txv.dropout import Dropout

MAX_WIDTH = 65_536  # of a joint space; its W × W layer takes 16 GiB
TXV_FILE = FileKind(
    noun="T×V file",
    remedy="train again",
    key="txv",
    format=2,  # raise it when what a file holds, or what the network computes, changes
    head=lambda name, tensor: f"{name} {tensor.dtype} {tuple(tensor.shape)}",
)
"""Networks, and the checkpoints of their trainings."""


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """The shape of a T×V network; the paper's NewsImages runs have one feature on each side."""

    text_dimensions: tuple[int, ...] = (1024,)
    """Length of the vectors of each text feature."""
    image_dimensions: tuple[int, ...] = (1024,)
    """Length of the vectors of each image feature."""
    width: int = 2048
    """W, the dimension of every joint space; at most `MAX_WIDTH`."""
    dropout: float = 0.2
    """Share of a block's outputs that are set to 0 in training."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on a side without features, or invalid sizes."""
        sizes = (*self.text_dimensions, *self.image_dimensions)
        if not self.text_dimensions or not self.image_dimensions or min(sizes) < 1:
            raise NewsImagesError(
                f"text_dimensions={self.text_dimensions}, image_dimensions="
                f"{self.image_dimensions}: expected at least one feature on each side and sizes of "
                "at least 1."
            )
        if not 1 <= self.width <= MAX_WIDTH:
            raise NewsImagesError(f"width={self.width}, expected 1 to {MAX_WIDTH:,}.")
        if not 0 <= self.dropout < 1:
            raise NewsImagesError(f"dropout={self.dropout}, expected 0 ≤ dropout < 1.")

    @property
    def n_spaces(self) -> int:
        """S = |T|·|V|, the number of joint spaces."""
        return len(self.text_dimensions) * len(self.image_dimensions)


class TxVNetwork(nn.Module):
    """The network; space t·|V| + v is that of text feature t and image feature v.

    Args:
        config: Its shape.
        seed: Seed of the first weights (Xavier-uniform; biases are 0).
    """

    def __init__(self, config: NetworkConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        generator = torch.Generator().manual_seed(seed)

        def blocks(dimensions: Sequence[int]) -> nn.ModuleList:
            return nn.ModuleList(_block(dimension, config, generator) for dimension in dimensions)

        n_images = len(config.image_dimensions)
        self.text_blocks = blocks(
            [text for text in config.text_dimensions for _ in range(n_images)]
        )
        self.image_blocks = blocks(config.image_dimensions)
        self.image_space_blocks = blocks([config.width] * config.n_spaces)

    @property
    def device(self) -> torch.device:
        """The device of its weights."""
        return next(self.parameters()).device

    def texts(self, features: Sequence[Tensor]) -> Tensor:
        """Maps B texts into the joint spaces.

        Args:
            features: Per text feature (B, its dimension), float32 of length 1.

        Returns:
            (S, B, W) float32 of length 1 along W.
        """
        n_images = len(self.config.image_dimensions)
        blocks = enumerate(self.text_blocks)
        spaces = [block(features[space // n_images]) for space, block in blocks]  # S × (B, W)
        return normalize(torch.stack(spaces), dim=-1)

    def images(self, features: Sequence[Tensor]) -> Tensor:
        """Maps B images into the joint spaces; shapes as for `texts`."""
        pairs = zip(features, self.image_blocks, strict=True)
        shared = [block(feature) for feature, block in pairs]  # |V| × (B, W)
        blocks = enumerate(self.image_space_blocks)
        spaces = [block(shared[space % len(shared)]) for space, block in blocks]  # S × (B, W)
        return normalize(torch.stack(spaces), dim=-1)


def _block(dimension: int, config: NetworkConfig, generator: torch.Generator) -> nn.Sequential:
    """Linear, BatchNorm1d, tanh, dropout: (B, dimension) to (B, W)."""
    # Skips torch's own first weights, which would be drawn from the global generator.
    linear = nn.utils.skip_init(nn.Linear, dimension, config.width)
    nn.init.xavier_uniform_(linear.weight, generator=generator)
    nn.init.zeros_(linear.bias)
    return nn.Sequential(linear, nn.BatchNorm1d(config.width), nn.Tanh(), Dropout(config.dropout))


def save_network(path: Path, network: TxVNetwork) -> None:
    """Writes a network and its configuration. Raises: NewsImagesError if it cannot be written."""
    tensors = {name: each.cpu().contiguous() for name, each in network.state_dict().items()}
    write_tensors(path, tensors, {"network": asdict(network.config)}, TXV_FILE)


def load_network(path: Path) -> TxVNetwork:
    """Reads a network that `save_network` has written, in eval mode.

    Raises:
        NewsImagesError: The file is absent, cut short, altered or of another format, or it holds
            something else or weights that are no finite numbers.
    """
    tensors, about = read_tensors(path, TXV_FILE)
    try:
        settings: dict[str, Any] = about["network"]
        for name in ("text_dimensions", "image_dimensions"):
            settings[name] = tuple(settings[name])
        network = TxVNetwork(NetworkConfig(**settings))
        network.load_state_dict(tensors)
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise NewsImagesError(
            f"{path} holds no T×V network of format {TXV_FILE.format}: {error}. Train it again."
        ) from error
    bad = [name for name, tensor in network.state_dict().items() if not tensor.isfinite().all()]
    if bad:
        raise NewsImagesError(
            f"{path} holds a T×V network with numbers that are not finite, in {first_ten(bad)}. "
            "Train it again, with a smaller learning_rate."
        )
    return network.eval()

"""Step 3: English texts and images to unit vectors, with any openCLIP model.

In come texts and image files, out come float32 vectors of length 1 in one space. `Encoder` is the
seam: `OpenClipEncoder` is what runs, a fake stands in its place in tests.
"""

import difflib
import hashlib
import json
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from torch import Tensor

from newsimages import demo_models, hub
from newsimages.checksums import file_sha256
from newsimages.devices import Device, Precision, resolve_device, resolve_precision
from newsimages.encoding.half_precision import cast_rest
from newsimages.encoding.lean_loading import lean_loading
from newsimages.encoding.model_files import CONFIG, HUB, LOCAL, ModelFiles, model_files
from newsimages.encoding.pixels import Preparation, auto_workers
from newsimages.encoding.stable_products import filled_up, keep_threads, stable_products
from newsimages.encoding.text_tower import TextTower
from newsimages.encoding.variants import variant
from newsimages.encoding.window import Window
from newsimages.errors import NewsImagesError, first_ten, reason_of
from newsimages.foreign_code import refuse_code, without_code
from newsimages.paths import is_file, looked_for
from newsimages.weight_file import add_weights, why_not_loaded

DRAFT = 3  # a JPEG decoded at reduced size keeps at least so many times the model's image size


@dataclass(frozen=True, kw_only=True)
class EncodedImages:
    """A batch of B image files after encoding."""

    vectors: NDArray[np.float32]  # (readable, E) of length 1, in the batch's order
    reasons: tuple[str | None, ...]  # (B,) why a file could not be read; None where it could


@dataclass(frozen=True, kw_only=True, eq=False)
class PlacedImage:
    """An image file as its tower takes it."""

    pixels: Tensor
    """(1, 3, H, W) normalised, in the tower's precision, where it computes."""
    window: Window
    """Where they lie in the upright picture."""
    aspect: float
    """The picture's width by its height."""


class Encoder(Protocol):
    """Maps texts and images into one space of unit vectors."""

    @property
    def key(self) -> str:
        """A fingerprint of all that the vectors depend on, except the input."""

    @property
    def name(self) -> str:
        """A short name for people and folders."""

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(N,) texts to (N, E) vectors of length 1; equal texts get equal vectors."""

    def encode_images(self, batches: Sequence[Sequence[Path]]) -> Iterator[EncodedImages]:
        """Encodes batch after batch, in order."""


@dataclass(frozen=True, kw_only=True)
class OpenClipConfig:
    """Which openCLIP model, and how it computes."""

    backbone: str = "ViT-H-14"
    """An openCLIP model name, or openCLIP's ``local-dir:FOLDER`` or ``hf-hub:ORG/REPO``; ``demo``
    and ``demo-multilingual`` are the small models that come with the project."""
    pretrained: str = "laion2b_s32b_b79k"
    """openCLIP's tag of the weights, or a local checkpoint file (whose activation the backbone's
    name says: ViT-B-32 or ViT-B-32-quickgelu); ignored where the backbone is a folder or a
    repository that holds its own weights."""
    device: Device = "auto"
    """auto, cpu or cuda; auto takes a GPU where there is one."""
    precision: Precision = "auto"
    """auto, fp32, bf16 or fp16; auto is bf16 where the hardware has it, else fp32."""
    batch_size: int = 64
    """Images or texts per step."""
    workers: int | Literal["auto"] = "auto"
    """Threads that decode images; auto is one per core, 0 decodes between the batches."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on invalid sizes."""
        if self.batch_size < 1 or (self.workers != "auto" and self.workers < 0):
            raise NewsImagesError(
                f"batch_size={self.batch_size}, workers={self.workers}: expected a batch_size of "
                "at least 1 and workers of at least 0."
            )

    @property
    def n_workers(self) -> int:
        """How many decode; 0: none beside the one that asks."""
        return auto_workers() if self.workers == "auto" else self.workers


class OpenClipEncoder:
    """An openCLIP model, loaded as openCLIP loads any."""

    def __init__(self, config: OpenClipConfig) -> None:
        """Raises: NewsImagesError where the model cannot be loaded, or there is no such device."""
        self.config = config
        self.device = resolve_device(config.device)
        self.precision = resolve_precision(config.precision, self.device)
        bundled = demo_models.BACKBONES.get(config.backbone)
        self._source = f"{LOCAL}{demo_models.path(bundled)}" if bundled else config.backbone
        self.model, self._transform, self.tokenizer, self._files = _load(
            self._source, config, self.device, self.precision
        )
        self.text_tower = TextTower(self.model, self.tokenizer)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travels as its configuration: a worker loads the model itself, for all that it does."""
        config = replace(self.config, precision=self.precision)
        return _received, (config, self.key, torch.get_num_threads())

    @property
    def used(self) -> OpenClipConfig:
        """The configuration with the resolved device and precision."""
        device: Device = "cuda" if self.device.type == "cuda" else "cpu"
        return replace(self.config, device=device, precision=self.precision)

    @property
    def model_config(self) -> dict[str, Any]:
        """The model's configuration in openCLIP's form: embed_dim, vision_cfg, text_cfg, …."""
        with hub.offline():
            return dict(open_clip.get_model_config(self._source))

    @property
    def name(self) -> str:
        """Backbone, tag and precision, fit for a folder's name."""
        parts = (self.config.backbone, self.config.pretrained, self.precision)
        last = [Path(part.removeprefix(LOCAL)).name for part in parts]
        return "-".join(dict.fromkeys(last)).replace(":", "-")

    @cached_property
    def key(self) -> str:
        """SHA-256 of the weights as they were loaded, and of all else that vectors depend on.

        Of names, it holds the model's and the tag's: they stand for what openCLIP knows of them.
        """
        is_local = self._source.startswith(LOCAL)
        is_tag = ":" not in self._source and not is_file(self.config.pretrained)
        files = {(file.name, file_sha256(file)) for file in self._files.others}
        depends_on = {
            "backbone": "" if is_local else self._source,
            "pretrained": self.config.pretrained if is_tag else "",
            "precision": self.precision,
            "transform": [repr(self._transform), DRAFT],
            "files": sorted(files),
            **variant(self._source, self.config.pretrained),
        }
        digest = hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode())
        add_weights(digest, self.model.state_dict())
        return digest.hexdigest()

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(N,) texts to (N, E) vectors of length 1; cut at the context length as openCLIP does."""
        return self.text_tower.encode(texts, batch_size=self.config.batch_size)

    @torch.inference_mode()
    def encode_images(self, batches: Sequence[Sequence[Path]]) -> Iterator[EncodedImages]:
        """Encodes batch after batch, in order; files are decoded ahead, in threads."""
        preparation = self._preparation
        for decoded in preparation.decoded_batches(batches, self.config.n_workers):
            vectors = np.empty((0, self.text_tower.dimension), np.float32)
            pixels = [each for each in decoded if not isinstance(each, str)]
            if pixels:
                made = self.encode_pixels(preparation.normalised(pixels).to(self.input_dtype))
                vectors = made.cpu().numpy()
            reasons = tuple(each if isinstance(each, str) else None for each in decoded)
            yield EncodedImages(vectors=vectors, reasons=reasons)

    def place_image(self, path: Path) -> PlacedImage:
        """An image file as its tower takes it. Raises: UnreadableImageError as `open_image`."""
        preparation = self._preparation
        decoded, window, aspect = preparation.placed(path)
        pixels = preparation.normalised([decoded]).to(self.input_dtype)
        return PlacedImage(pixels=pixels, window=window, aspect=aspect)

    @torch.inference_mode()
    def encode_pixels(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) normalised pixels to (B, E) float32 of length 1, where it computes."""
        return torch.nn.functional.normalize(self._image_features(pixels).float())

    @property
    def input_dtype(self) -> torch.dtype | None:
        """What its image tower takes; None for fp32."""
        dtype: torch.dtype | None = open_clip.get_input_dtype(self.precision)
        return dtype

    @property
    def _preparation(self) -> Preparation:
        at_least = DRAFT * max(self.image_size)
        return Preparation(self._transform, self.device, at_least=at_least)

    def _image_features(self, pixels: Tensor) -> Tensor:
        """(B, …) to (B, E); in fp32 on a CPU an image gets the same bits alone and in a batch."""
        with stable_products(self.model):
            features: Tensor = self.model.encode_image(filled_up(pixels))
        return features[: len(pixels)]

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width in pixels that the image tower takes."""
        size = self.model.visual.image_size
        return (size, size) if isinstance(size, int) else tuple(size)


@lru_cache(maxsize=1)
def _received(config: OpenClipConfig, key: str, n_threads: int) -> OpenClipEncoder:
    """The encoder of another process, whose key and number of threads are given.

    Raises: NewsImagesError where the same names lead to another model here.
    """
    encoder = OpenClipEncoder(config)
    keep_threads(encoder.precision, n_threads)
    if encoder.key != key:
        raise NewsImagesError(
            f"backbone={config.backbone} with pretrained={config.pretrained} is another model on "
            "this machine than where the work was begun. Give all machines the same files and the "
            "same versions of the libraries."
        )
    return encoder


def _load(
    source: str, config: OpenClipConfig, device: torch.device, precision: str
) -> tuple[Any, Any, Any, ModelFiles]:
    """(model, image transform, tokenizer, files), with openCLIP's errors made useful."""
    check_names(source, config.pretrained)
    if source.startswith(LOCAL):
        refuse_code(Path(source.removeprefix(LOCAL)))
    without_code()
    named = f"Cannot load backbone={config.backbone} with pretrained={config.pretrained}"
    try:
        files = model_files(source, config.pretrained)
    except NewsImagesError as error:
        raise NewsImagesError(f"{named}: {error} {_advice(source, config.pretrained)}") from error
    try:
        with hub.offline(), lean_loading(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="QuickGELU mismatch")  # settled by `variant`
            model, _, transform = open_clip.create_model_and_transforms(
                source,
                pretrained=None if ":" in source else config.pretrained,
                precision=precision,
                device=device,
                require_pretrained=True,  # else a folder without weights gives a random model
                **variant(source, config.pretrained),
            )
    except Exception as error:  # openCLIP, safetensors, pickle and the hub have their own each
        reason = why_not_loaded(files.weights, error) if files.weights else "it has no weights."
        is_given = source.startswith(LOCAL) or is_file(config.pretrained)
        advice = f" {_advice(source, config.pretrained)}" if is_given else ""
        raise NewsImagesError(f"{named}: {reason}{advice}") from error
    try:
        cast_rest(model, open_clip.get_cast_dtype(precision))
        tokenizer = load_tokenizer(source)
        TextTower(model.eval(), tokenizer).try_out()
    except Exception as error:  # the tokenizers and the tower have their own each
        raise NewsImagesError(
            f"{named}: its tokenizer or text tower does not work ({type(error).__name__}: "
            f"{reason_of(error)}). {_advice(source, config.pretrained)}"
        ) from error
    return model, transform, tokenizer, files


def load_tokenizer(source: str) -> Any:
    """The tokenizer of an openCLIP model; code of the model never runs, whatever its files say."""
    with hub.offline():
        text_config = (open_clip.get_model_config(source) or {}).get("text_cfg", {})
        of_transformers = bool(text_config.get("hf_tokenizer_name"))
        return open_clip.get_tokenizer(source, **(without_code() if of_transformers else {}))


def _advice(source: str, pretrained: str) -> str:
    """Advice for a model that could not be loaded."""
    if source.startswith(LOCAL):
        return (
            "Expected a folder as openCLIP saves it: open_clip_config.json, "
            "open_clip_model.safetensors and, where it has its own, the tokenizer's files."
        )
    if is_file(pretrained):
        return f"Expected a checkpoint of a {source}, best as .safetensors."
    repository = source.removeprefix(HUB)
    fetched = (
        f"fetch it on a machine that reaches it (hf download {repository} --local-dir FOLDER) and "
        "set backbone=local-dir:FOLDER, or set pretrained=/path/to/the/file.safetensors with the "
        "name of its model"
        if source.startswith(HUB)
        else "fetch the weights on a machine that reaches it and set "
        "pretrained=/path/to/the/file.safetensors"
    )
    return (
        f"If the model hub cannot be reached, {fetched}, or copy its Hugging Face cache here and "
        "point HF_HOME to it."
    )


def check_names(source: str, pretrained: str) -> None:
    """Checks a backbone and tag without loading anything.

    Raises: NewsImagesError where openCLIP knows no such model or tag and no local file is meant.
    """
    if source.startswith(LOCAL):
        file = f"{source.removeprefix(LOCAL)}/{CONFIG}"
        if not is_file(file):
            raise NewsImagesError(
                f"Cannot load backbone={source}: it has no {CONFIG}{looked_for(file)}. "
                f"{_advice(source, '')}"
            )
        return
    if source.startswith(HUB):
        return
    models = open_clip.list_models()
    if source not in models:
        near = difflib.get_close_matches(source, models, n=5, cutoff=0.4)
        raise NewsImagesError(
            f"backbone={source} is no openCLIP model. Did you mean {first_ten(near or models)}? "
            "`python -c 'import open_clip; print(open_clip.list_models())'` lists all."
        )
    tags = open_clip.list_pretrained_tags_by_model(source)
    if pretrained in tags or is_file(pretrained):
        variant(source, pretrained)  # refuses a file of which it is not known how it was trained
        return
    shown = first_ten(tags) or "none"
    if pretrained == "auto":
        needed = "set pretrained to a checkpoint file or one of"
        raise NewsImagesError(f"backbone={source} needs weights: {needed} {shown}.")
    raise NewsImagesError(
        f"pretrained={pretrained} is neither a checkpoint file nor a tag of {source}, which has: "
        f"{shown}{looked_for(pretrained)}."
    )

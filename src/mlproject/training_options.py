"""The settings of T×V's training, in groups as those in `mlproject.options`."""

import re
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Literal

import tyro

from mlproject.options import flag_name
from mlproject.parsing import MAX_INTEGER
from newsimages.corpora.nytimes800k import TextOf
from newsimages.encoding.models import AUTO
from newsimages.errors import NewsImagesError
from newsimages.paths import is_file, is_folder, looked_for
from newsimages.protocols.parts import Protocol
from newsimages.ranking.spaces import TextField, Tower
from newsimages.txv.network import NetworkConfig, load_network
from newsimages.txv.schedule import TrainingConfig

NO_PAIRS = "none"
NO_CHOICES = "none"
PRETRAINED, SCRATCH = "pretrained", "scratch"
MAX_SEED = MAX_INTEGER
"""The greatest seed that scikit-learn takes."""


@dataclass(frozen=True, kw_only=True)
class PairsOptions:
    """The pairs of a caption and an image that T×V is pre-trained on."""

    pairs: str = AUTO
    """A table of caption,image (or a folder of them), or NYTimes800k's documents as JSON lines;
    auto: the tables of pairs in the corpus, if there are any; none: no pre-training."""
    pairs_images: str = NO_PAIRS
    """NYTimes800k: the folder of its images; none for tables."""
    pairs_text: TextOf = "caption"
    """NYTimes800k: caption (each image and its caption) or headline (a document's first image and
    its title)."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on a path that leads nowhere, or a setting without effect."""
        for name, given in (("pairs", self.pairs), ("pairs_images", self.pairs_images)):
            if given not in (AUTO, NO_PAIRS) and not (is_file(given) or is_folder(given)):
                raise NewsImagesError(
                    f"{name}={given} is neither a file nor a folder{looked_for(given)}. Correct "
                    f"the path, or leave {name} out."
                )
        if self.pairs_images != NO_PAIRS and self.pairs in (AUTO, NO_PAIRS):
            raise NewsImagesError(
                f"pairs_images={self.pairs_images} has no effect, because pairs={self.pairs}. Set "
                "pairs to NYTimes800k's documents, or leave pairs_images out."
            )
        if self.pairs_text != "caption" and self.pairs_images == NO_PAIRS:
            raise NewsImagesError(
                f"pairs_text={self.pairs_text} has no effect without NYTimes800k's images. Set "
                "pairs_images to their folder, or leave pairs_text out."
            )


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """The size of the T×V network."""

    width: int = NetworkConfig.width
    """Dimension of T×V's joint space, at most 65,536."""
    dropout: float = NetworkConfig.dropout
    """Share of a T×V block's outputs that are set to 0 in training."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on sizes that cannot be."""
        self.shape(1, 1)

    def shape(self, text_dimension: int, image_dimension: int) -> NetworkConfig:
        """The paper's network for vectors of these lengths: one text and one image feature."""
        return NetworkConfig(
            text_dimensions=(text_dimension,), image_dimensions=(image_dimension,), **asdict(self)
        )


@dataclass(frozen=True, kw_only=True)
class TrainingOptions(TrainingConfig):
    """The training of T×V."""

    batch_size: Annotated[int, tyro.conf.arg(name="train_batch_size")] = TrainingConfig.batch_size
    """Pairs per training step, at most; of fewer pairs, each step takes all."""
    seed: int = TrainingConfig.seed
    """Seed of the first weights, the splits, the order of the pairs and dropout."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on settings that no training could have, by their names here."""
        try:
            super().__post_init__()
        except NewsImagesError as error:
            words = str(error)
            for each in fields(self):
                words = re.sub(rf"\b{each.name}\b", flag_name(each), words)
            raise NewsImagesError(words) from error
        if self.seed > MAX_SEED:
            raise NewsImagesError(f"seed={self.seed}, expected 0 to {MAX_SEED}.")


@dataclass(frozen=True, kw_only=True)
class PretrainingOptions:
    """The settings in which pre-training on pairs differs from the training on articles."""

    epochs: Annotated[int, tyro.conf.arg(name="pretrain_epochs")] = TrainingConfig.epochs
    """How often pre-training goes through all pairs, at most."""
    learning_rate: Annotated[float, tyro.conf.arg(name="pretrain_learning_rate")] = (
        TrainingConfig.learning_rate
    )
    """Adam's learning rate in the first epoch of pre-training."""


@dataclass(frozen=True, kw_only=True)
class PairTrainingOptions(PretrainingOptions, TrainingOptions):
    """The pre-training of T×V on pairs."""


@dataclass(frozen=True, kw_only=True)
class LearningOptions:
    """The T×V networks: where their training starts, and what is held out to choose them by."""

    initial: str = PRETRAINED
    """Where training starts: pretrained (scratch where there are no pairs), scratch, or the
    file of a T×V network."""
    validation_share: float = 0.2
    """Fraction held out for validation; for protocol internal, also the test fraction."""
    text_run_trained_on: TextField = "text"
    """The text that the network for full texts (run 5) is trained on: text or title."""
    choices: str = NO_CHOICES
    """A table of article and picture as a desk writes it (the artifact taken.json, or CSV), or a
    folder of such, to train on beside the corpus; none: there is none."""
    training: TrainingOptions = field(default_factory=TrainingOptions)
    network: NetworkOptions = field(default_factory=NetworkOptions)
    pairs: PairsOptions = field(default_factory=PairsOptions)
    pretraining: PretrainingOptions = field(default_factory=PretrainingOptions)

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on settings that no training could have, or without effect."""
        self.pair_training()
        if self.choices != NO_CHOICES and not (is_file(self.choices) or is_folder(self.choices)):
            raise NewsImagesError(
                f"choices={self.choices} is neither a file nor a folder{looked_for(self.choices)}. "
                "Correct the path, or leave choices out."
            )
        if not 0 < self.validation_share < 1:
            raise NewsImagesError(
                f"validation_share={self.validation_share}, expected a number between 0 and 1."
            )
        if self.initial == PRETRAINED:
            return
        if self.pairs.pairs not in (AUTO, NO_PAIRS):
            raise NewsImagesError(
                f"pairs={self.pairs.pairs} has no effect, because initial={self.initial}. Leave "
                "one of them out."
            )
        if self.initial != SCRATCH:
            if not is_file(self.initial):
                raise NewsImagesError(
                    f"initial={self.initial}, expected {PRETRAINED}, {SCRATCH} or the file of a "
                    "T×V network (the artifact txv/network.safetensors of a training's run)"
                    f"{looked_for(self.initial)}."
                )
            load_network(Path(self.initial))  # fails now, and not when all is embedded

    @property
    def trained_on(self) -> dict[Tower, TextField]:
        """The text field that each of T×V's towers is trained on."""
        return {"txv": "title", "txv_text": self.text_run_trained_on}

    def pair_training(self) -> TrainingConfig:
        """The settings of pre-training: those of the training, with its own epochs and rate."""
        return PairTrainingOptions(**asdict(self.training) | asdict(self.pretraining))


@dataclass(frozen=True, kw_only=True)
class ScopeOptions:
    """The protocols."""

    protocol: Literal["official", "internal", "both"] = "official"
    """official: trained on 80 % of the training sets, chosen on 20 %, measured on the test sets;
    internal: both inside the 80 %, measured on the 20 %; both: one after the other, internal where
    there are enough training articles."""
    split: Literal["random", "time"] = "random"
    """random, or time: measures also as internal, on the newest 20 % of the training articles."""

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """The protocols that are wanted, in order."""
        wanted: tuple[Protocol, ...] = ("official", "internal")
        if self.protocol != "both":
            wanted = (self.protocol,)
        return (*wanted, "time") if self.split == "time" else wanted

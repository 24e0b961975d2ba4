"""Entry point ``pretrain``: caption–image pairs to a T×V network that training starts from."""

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import mlflow
import pandas as pd

from mlproject import tracking
from mlproject.embed import Embed, embedding_store, encoder_config
from mlproject.preprocess import open_corpus
from mlproject.training import fit
from newsimages.corpora import Corpus
from newsimages.corpora.caption_pairs import CaptionPairs, has_pairs, read_caption_pairs
from newsimages.corpora.nytimes800k import TextOf, read_nytimes800k
from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.encoding.models import AUTO
from newsimages.encoding.vector_file import image_parts, memory_mapped, text_parts
from newsimages.errors import NewsImagesError, first_ten
from newsimages.paths import is_file, is_folder
from newsimages.protocols.splits import split_pairs
from newsimages.txv import NetworkConfig, TrainingConfig, TxVNetwork
from newsimages.txv.loss import Negatives
from newsimages.txv.pairs import Pairs, pair_up

NO_PAIRS = "none"
MAX_SEED = 2**32 - 1
"""The greatest that scikit-learn takes."""
PAIRS_SHARE = 0.02
"""Of pairs without a split of their own, that the best epoch is chosen by."""


@dataclass(frozen=True, kw_only=True)
class Pretrain(Embed):
    """Trains a T×V network on caption–image pairs, for the training on articles to start from."""

    pairs: str = AUTO
    """A table of caption,image (or a folder of them), or NYTimes800k's documents as JSON lines;
    auto: the tables of pairs in the corpus, if there are any; none: no pre-training."""
    pairs_images: str = NO_PAIRS
    """NYTimes800k: the folder of its images; none for tables."""
    pairs_text: TextOf = "caption"
    """NYTimes800k: caption pairs each image with its caption, headline the first with the title."""
    pretrain_epochs: int = 20
    """How often the pairs are gone through, at most."""
    pretrain_learning_rate: float = 1e-4
    """Of Adam, in the first epoch of pre-training."""
    width: int = 2048
    """Dimension of T×V's joint space, at most 65,536."""
    dropout: float = 0.2
    """Share of a T×V block's outputs that are set to 0 in training."""
    train_batch_size: int = 196
    """Pairs per training step; a training needs at least as many."""
    epoch_decay: float = 0.99
    """Factor on the learning rate after every epoch."""
    plateau_decay: float = 0.5
    """Further factor on it after an epoch without gain …"""
    plateau_gap: int = 3
    """… but at most once in so many epochs."""
    patience: int = 10
    """Training stops after more than so many epochs without gain."""
    max_gradient_norm: float = 2.0
    """Longer gradients are cut to this length."""
    margin: float = 0.2
    """By which a pair is to be more similar than its negatives, in units of the cosine."""
    negatives: Negatives = "hardest"
    """hardest: a pair is set apart from its hardest negative in the batch; all: from each."""
    seed: int = 0
    """Of first weights, splits, the order of pairs and dropout."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on settings that no training could have."""
        self.training_config(epochs=self.pretrain_epochs, learning_rate=self.pretrain_learning_rate)
        self.network_config(1, 1)
        for name, given in (("pairs", self.pairs), ("pairs_images", self.pairs_images)):
            if given not in (AUTO, NO_PAIRS) and not (is_file(given) or is_folder(given)):
                raise NewsImagesError(
                    f"{name}={given} is neither a file nor a folder. Correct the path, or leave "
                    f"{name} out."
                )
        if self.seed > MAX_SEED:
            raise NewsImagesError(f"seed={self.seed}, expected 0 to {MAX_SEED}.")

    def training_config(self, *, epochs: int, learning_rate: float) -> TrainingConfig:
        """How to train."""
        return TrainingConfig(
            epochs=epochs,
            learning_rate=learning_rate,
            batch_size=self.train_batch_size,
            epoch_decay=self.epoch_decay,
            plateau_decay=self.plateau_decay,
            plateau_gap=self.plateau_gap,
            patience=self.patience,
            max_gradient_norm=self.max_gradient_norm,
            margin=self.margin,
            negatives=self.negatives,
            seed=self.seed,
        )

    def network_config(self, text_dimension: int, image_dimension: int) -> NetworkConfig:
        """The paper's network: one text feature, one image feature."""
        return NetworkConfig(
            text_dimensions=(text_dimension,),
            image_dimensions=(image_dimension,),
            width=self.width,
            dropout=self.dropout,
        )


def run(config: Pretrain) -> None:
    """The entry point."""
    with tracking.entry_point(config, doing=str(Pretrain.__doc__)):
        corpus = open_corpus(config)
        pairs = read_pairs(config, corpus)
        if pairs is None:
            raise NewsImagesError(
                f"There are no pairs to train on: pairs={config.pairs}, and {corpus.folder} holds "
                "no table of caption,image. Set pairs to a table, a folder of tables, or "
                "NYTimes800k's documents."
            )
        pretrain(config, OpenClipEncoder(encoder_config(config, corpus)), pairs)


def read_pairs(config: Pretrain, corpus: Corpus) -> CaptionPairs | None:
    """The pairs to pre-train on; None where there are none, or none are wanted.

    Raises:
        NewsImagesError: The files that are named cannot be used.
    """
    if config.pairs == NO_PAIRS or (config.pairs == AUTO and not has_pairs(corpus.folder)):
        return None
    if config.pairs == AUTO:
        return read_caption_pairs(corpus.folder)
    if config.pairs_images != NO_PAIRS:
        source, images = Path(config.pairs), Path(config.pairs_images)
        return read_nytimes800k(source, images, text=config.pairs_text)
    return read_caption_pairs(Path(config.pairs))


def pretrain(config: Pretrain, encoder: OpenClipEncoder, pairs: CaptionPairs) -> TxVNetwork:
    """Embeds the pairs and trains on them, or finds both in the workdir.

    Returns:
        The network of the best epoch.

    Raises:
        NewsImagesError: No image can be read, too few pairs, or what training raises.
    """
    with tracking.step("embed-pairs", doing="Embeds the pairs to pre-train on."):
        training, validation = _embedded(config, encoder, pairs)
    network = TxVNetwork(
        config.network_config(training.texts[0].dimension, training.images[0].dimension),
        seed=config.seed,
    )
    return fit(
        network,
        training,
        validation,
        config.training_config(
            epochs=config.pretrain_epochs, learning_rate=config.pretrain_learning_rate
        ),
        name="pretrain",
        doing=f"Trains a T×V network on {len(training)} pairs of a caption and an image.",
        workdir=Path(config.workdir),
        device=config.device,
    )


def _embedded(
    config: Pretrain, encoder: OpenClipEncoder, pairs: CaptionPairs
) -> tuple[Pairs, Pairs]:
    """The pairs to train on and to validate on; their vectors lie in memory-mapped files."""
    store, folder = embedding_store(config, encoder), _folder(config, encoder, pairs)
    files = pairs.pairs.drop_duplicates("image_id")
    unreadable: dict[str, str] = {}
    images = memory_mapped(
        folder / "images.npy",
        image_parts(
            store,
            {
                str(image_id): pairs.folder / str(path)
                for image_id, path in zip(files["image_id"], files["path"], strict=True)
            },
            label="pairs-images",
            unreadable=unreadable,
        ),
    )
    _report(pairs.skipped, unreadable)
    usable = pairs.pairs[~pairs.pairs["image_id"].isin(unreadable)]
    captions = memory_mapped(
        folder / "captions.npy",
        text_parts(
            store,
            dict(zip(usable["pair_id"], usable["caption"], strict=True)),
            label="pairs-captions",
        ),
    )
    part = partial(_pairs, captions, images)
    training, validation = _sides(usable, config.seed)
    print(f"  {len(training)} pairs to train on, {len(validation)} to choose the epoch by")
    return part(training), part(validation)


def _folder(config: Pretrain, encoder: OpenClipEncoder, pairs: CaptionPairs) -> Path:
    """Of the memory-mapped files; others' are elsewhere, as they may be trained on meanwhile."""
    depends_on = [encoder.key, str(pairs.folder.resolve()), pairs.pairs.to_csv()]
    digest = hashlib.sha256("\0".join(depends_on).encode()).hexdigest()
    return Path(config.workdir) / "embeddings" / "pairs" / f"{encoder.name}-{digest[:12]}"


def _pairs(captions: Embeddings, images: Embeddings, rows: pd.DataFrame) -> Pairs:
    return pair_up([captions], [images], dict(zip(rows["pair_id"], rows["image_id"], strict=True)))


def _sides(pairs: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The source's own split where it has one, else a share that is held out."""
    is_training = pairs["split"] == "train"
    is_validation = pairs["split"] == "validation"
    if is_training.any() and is_validation.any():
        return pairs[is_training], pairs[is_validation]
    if is_training.any() or is_validation.any() or (pairs["split"] == "test").all():
        found = ", ".join(f"{n} {name}" for name, n in pairs["split"].value_counts().items())
        raise NewsImagesError(
            f"The pairs' own split has {found}: expected train and validation. Name both, or "
            "leave the column split out to have one made."
        )
    kept, held_out = split_pairs(pairs[pairs["split"] != "test"], share=PAIRS_SHARE, seed=seed)
    return kept, held_out


def _report(skipped: pd.DataFrame, unreadable: dict[str, str]) -> None:
    """Logs, lists and counts the pairs without a usable image or caption."""
    rows = pd.DataFrame(list(unreadable.items()), columns=["pair_id", "reason"])
    table = pd.concat([skipped, rows], ignore_index=True)
    mlflow.log_metric("pairs_skipped", len(table))
    if len(table):
        tracking.log_table(table, "skipped_pairs.csv")
        shown = [f"{row.pair_id} ({row.reason})" for row in table.itertuples()]
        print(f"  {len(table)} pairs or images are left out: {first_ten(shown)}")

"""Entry point ``pretrain``: caption–image pairs to a T×V network that training starts from.

The pairs are compared with the corpus's articles, so these are preprocessed and embedded first.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mlproject import tracking
from mlproject.embed import (
    EmbeddedCorpus,
    embedding_store,
    load_encoders,
    miniature_store,
    prepare_and_embed,
)
from mlproject.options import ArticleOptions
from mlproject.preprocess import open_corpus
from mlproject.training import fit
from mlproject.training_options import NO_PAIRS, NetworkOptions, PairsOptions, PairTrainingOptions
from newsimages.corpora import Corpus
from newsimages.corpora.caption_pairs import CaptionPairs, has_pairs, read_caption_pairs
from newsimages.corpora.nytimes800k import read_nytimes800k
from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.encoding.models import AUTO
from newsimages.encoding.vector_file import image_parts, memory_mapped, text_parts
from newsimages.errors import NewsImagesError, TooFewError, first_ten
from newsimages.protocols.parts import pictures_of, share_title
from newsimages.protocols.sameness import Pictures, is_among
from newsimages.protocols.splits import split_pairs
from newsimages.txv.batches import check_enough
from newsimages.txv.network import TxVNetwork
from newsimages.txv.pairs import Pairs, pair_up
from newsimages.txv.schedule import TrainingConfig

PAIRS_SHARE = 0.02
"""Share held out to choose the best epoch by, of pairs that come without a split."""


@dataclass(frozen=True, kw_only=True)
class Pretrain:
    """Trains a T×V network on caption–image pairs, for the training on articles to start from."""

    articles: ArticleOptions = field(default_factory=ArticleOptions)
    pairs: PairsOptions = field(default_factory=PairsOptions)
    training: PairTrainingOptions = field(default_factory=PairTrainingOptions)
    network: NetworkOptions = field(default_factory=NetworkOptions)


def run(config: Pretrain) -> None:
    """The entry point."""
    with tracking.entry_point(config):
        corpus = open_corpus(config.articles.source)
        pairs = read_pairs(config.pairs, corpus)
        if pairs is None:
            raise NewsImagesError(
                f"There are no pairs to train on: pairs={config.pairs.pairs}, and {corpus.folder} "
                "holds no table of caption,image. Set pairs to a table, a folder of tables, or "
                "NYTimes800k's documents."
            )
        _sides(pairs.pairs, config.training.seed)
        encoders = load_encoders(config.articles, corpus)
        embedded = prepare_and_embed(config.articles, corpus, encoders)
        pretrain(embedded, pairs, config.training, config.network)


def read_pairs(options: PairsOptions, corpus: Corpus) -> CaptionPairs | None:
    """The pairs to pre-train on; None where there are none, or none are wanted.

    Raises:
        NewsImagesError: The files that are named cannot be used.
    """
    if options.pairs == NO_PAIRS or (options.pairs == AUTO and not has_pairs(corpus.folder)):
        return None
    if options.pairs == AUTO:
        return read_caption_pairs(corpus.folder, corpus.encoding)
    if options.pairs_images != NO_PAIRS:
        source, images = Path(options.pairs), Path(options.pairs_images)
        return read_nytimes800k(source, images, text=options.pairs_text)
    return read_caption_pairs(Path(options.pairs), corpus.encoding)


def usable_pairs(options: PairsOptions, corpus: Corpus, *, seed: int) -> CaptionPairs | None:
    """As `read_pairs`; None, with a word, also where the corpus's own pairs are too few.

    Raises:
        NewsImagesError: As `read_pairs`; or pairs that were asked for are too few.
    """
    pairs = read_pairs(options, corpus)
    if pairs is not None:
        try:
            _sides(pairs.pairs, seed)
        except TooFewError as error:
            if options.pairs != AUTO:
                raise
            tracking.not_made("pretrain", str(error))
            return None
    return pairs


def pretrain(
    embedded: EmbeddedCorpus, pairs: CaptionPairs, config: TrainingConfig, network: NetworkOptions
) -> TxVNetwork:
    """Embeds the pairs and trains on them, or finds both in the workdir.

    Pairs that share their caption or their picture with an article of the corpus are left out,
    whatever its part: so the network is the same under every protocol, and has seen nothing that
    is measured on.

    Returns:
        The network of the best epoch.

    Raises:
        TooFewError: Too few pairs are left.
        NewsImagesError: No image can be read, or what training raises.
    """
    with tracking.step("embed-pairs", doing="Embeds the pairs to pre-train on."):
        training, validation = _embedded(embedded, pairs, seed=config.seed)
    shape = network.shape(training.texts[0].dimension, training.images[0].dimension)
    return fit(
        TxVNetwork(shape, seed=config.seed),
        training,
        validation,
        config,
        name="pretrain",
        doing=f"Trains a T×V network on {len(training)} pairs of a caption and an image.",
        workdir=embedded.workdir,
        device=embedded.encoder.device,
    )


def _embedded(embedded: EmbeddedCorpus, pairs: CaptionPairs, *, seed: int) -> tuple[Pairs, Pairs]:
    """The pairs to train on and to validate on; their vectors lie in memory-mapped files."""
    workdir, encoder, engine = embedded.workdir, embedded.encoder, embedded.engine
    store, folder = embedding_store(workdir, encoder, engine), _folder(workdir, encoder, pairs)
    rows = pairs.pairs.drop_duplicates("image_id")
    files = {
        str(image_id): pairs.folder / str(path)
        for image_id, path in zip(rows["image_id"], rows["path"], strict=True)
    }
    unreadable: dict[str, str] = {}
    images = memory_mapped(
        folder / "images.npy",
        image_parts(store, files, label="pairs-images", unreadable=unreadable),
    )
    _report(pairs.skipped, unreadable)
    usable = pairs.pairs[~pairs.pairs["image_id"].isin(unreadable)]
    texts = dict(zip(usable["pair_id"], usable["caption"], strict=True))
    captions = memory_mapped(
        folder / "captions.npy", text_parts(store, texts, label="pairs-captions")
    )
    readable = {key: files[key] for key in images.ids.tolist()}
    store = miniature_store(workdir, engine)
    small = image_parts(store, readable, label="pairs-miniatures", unreadable={})
    miniatures = memory_mapped(folder / "miniatures.npy", small)
    pictures = Pictures(miniatures=miniatures.vectors, files=list(readable.values()))
    apart = _apart(usable, images.ids[is_among(pictures, pictures_of(embedded.sets))], embedded)
    training, validation = (
        pair_up([captions], [images], dict(zip(side["pair_id"], side["image_id"], strict=True)))
        for side in _sides(apart, seed)
    )
    print(f"  {len(training)} pairs to train on, {len(validation)} to choose the epoch by")
    return training, validation


def _apart(
    pairs: pd.DataFrame, pictures: NDArray[np.str_], embedded: EmbeddedCorpus
) -> pd.DataFrame:
    """The pairs that are not also an article's; ``pictures`` are the images that articles have."""
    by_caption = share_title(pairs.rename(columns={"caption": "title"}), embedded.sets)
    by_picture = pairs["image_id"].isin(pictures)
    apart = pairs[~(by_caption | by_picture)]
    n_left_out = len(pairs) - len(apart)
    mlflow.log_metrics(
        {
            "pairs_left_out": n_left_out,
            "pairs_left_out_by_caption": int(by_caption.sum()),
            "pairs_left_out_by_picture": int(by_picture.sum()),
        }
    )
    if n_left_out:
        print(
            f"  {n_left_out} pairs are left out, because an article of the corpus has the same "
            f"title ({by_caption.sum()}) or picture ({by_picture.sum()})"
        )
    if apart.empty:
        raise TooFewError(
            f"All {len(pairs)} pairs have the caption or the picture of an article of the corpus, "
            "so none is left to pre-train on. Set pairs to others, or to none."
        )
    return apart


def _folder(workdir: Path, encoder: OpenClipEncoder, pairs: CaptionPairs) -> Path:
    """The folder of these pairs' files; other pairs', which a run may be reading, have another."""
    depends_on = [encoder.key, str(pairs.folder.resolve()), pairs.pairs.to_csv()]
    digest = hashlib.sha256("\0".join(depends_on).encode()).hexdigest()
    return workdir / "embeddings" / "pairs" / f"{encoder.name}-{digest[:12]}"


def _sides(pairs: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The pairs to train on and to choose the epoch by. Raises: TooFewError."""
    training, validation = _by_split(pairs, seed)
    check_enough(len(training))
    if validation.empty:
        raise TooFewError("No pair is left to choose the epoch by. Give more pairs.")
    return training, validation


def _by_split(pairs: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The source's own split where it has one, else a share that is held out."""
    is_training, is_validation = pairs["split"] == "train", pairs["split"] == "validation"
    if is_training.any() and is_validation.any():
        return pairs[is_training], pairs[is_validation]
    if is_training.any() or is_validation.any() or (pairs["split"] == "test").all():
        found = ", ".join(f"{n} {name}" for name, n in pairs["split"].value_counts().items())
        raise NewsImagesError(
            f"The pairs' own split has {found}: expected train and validation. Name both, or "
            "leave the column split out to have one made."
        )
    return split_pairs(pairs[pairs["split"] != "test"], share=PAIRS_SHARE, seed=seed)


def _report(skipped: pd.DataFrame, unreadable: dict[str, str]) -> None:
    """Logs, lists and counts the pairs without a usable image or caption."""
    rows = pd.DataFrame(list(unreadable.items()), columns=["pair_id", "reason"])
    table = pd.concat([skipped, rows], ignore_index=True)
    mlflow.log_metric("pairs_skipped", len(table))
    if len(table):
        tracking.log_table(table, "skipped_pairs.csv")
        shown = [f"{row.pair_id} ({row.reason})" for row in table.itertuples()]
        print(f"  {len(table)} pairs or images are left out: {first_ten(shown)}")

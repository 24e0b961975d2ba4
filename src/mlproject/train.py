"""Entry point ``train``: articles and their images to the T×V networks of runs 3 to 5."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import mlflow

from mlproject import tracking
from mlproject.embed import Embed, EmbeddedCorpus, embed, encoder_config
from mlproject.preprocess import Preprocess, open_corpus, preprocess
from mlproject.pretrain import Pretrain, pretrain, read_pairs
from mlproject.training import fit
from newsimages.corpora import Corpus
from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.errors import NewsImagesError, first_ten
from newsimages.paths import is_file
from newsimages.protocols.parts import Parts, Protocol, TextField, check_dates, divide, pairs_of
from newsimages.txv import NetworkConfig, TxVNetwork, load_network

PRETRAINED, SCRATCH = "pretrained", "scratch"
Networks = Mapping[TextField, TxVNetwork]
"""The network that is queried with a text field."""


@dataclass(frozen=True, kw_only=True)
class Train(Pretrain):
    """Trains T×V on the merged training sets; the best epoch is chosen on a held-out part."""

    protocol: Literal["official", "internal", "both"] = "official"
    """official: trained on 80 % of the training sets, chosen on 20 %, measured on the test sets;
    internal: both inside the 80 %, measured on the 20 %; both: one after the other."""
    split: Literal["random", "time"] = "random"
    """time: measures on the newest 20 % of the training articles, too (protocol internal)."""
    initial: str = PRETRAINED
    """What training starts from: pretrained (scratch where there are no pairs), scratch, or the
    file of a T×V network."""
    epochs: int = 20
    """How often the articles are gone through, at most."""
    learning_rate: float = 1e-4
    """Of Adam, in the first epoch."""
    validation_share: float = 0.2
    """Of the articles, that is held out."""
    text_run_trained_on: TextField = "text"
    """What the network that is queried with full texts (run 5) is trained on: text or title."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on settings that no training could have."""
        super().__post_init__()
        self.training_config(epochs=self.epochs, learning_rate=self.learning_rate)
        if not 0 < self.validation_share < 1:
            raise NewsImagesError(
                f"validation_share={self.validation_share}, expected a number between 0 and 1."
            )
        if self.initial not in (PRETRAINED, SCRATCH):
            if not is_file(self.initial):
                raise NewsImagesError(
                    f"initial={self.initial}, expected {PRETRAINED}, {SCRATCH} or the file of a "
                    "T×V network (the artifact txv/network.safetensors of a training's run)."
                )
            load_network(Path(self.initial))  # fails now, and not when all is embedded

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """The protocols that are wanted, in order."""
        wanted: dict[str, tuple[Protocol, ...]] = {
            "official": ("official",),
            "internal": ("internal",),
            "both": ("official", "internal"),
        }
        return (*wanted[self.protocol], *(("time",) if self.split == "time" else ()))


def run(config: Train) -> None:
    """The entry point."""
    with tracking.entry_point(config, doing=str(Train.__doc__)):
        corpus = trainable(open_corpus(config))
        if "time" in config.protocols:
            check_dates(each for each in corpus.data_sets if each.split == "train")
        model = encoder_config(config, corpus)
        with tracking.step("preprocess", doing=str(Preprocess.__doc__)):
            prepared = preprocess(config, corpus)
        with tracking.step("embed", doing=str(Embed.__doc__)):
            embedded = embed(config, OpenClipEncoder(model), prepared)
        first = first_network(config, embedded)
        for protocol in config.protocols:
            train(config, divided(config, embedded, protocol), first, ("title", "text"))


def trainable(corpus: Corpus) -> Corpus:
    """The corpus. Raises: NewsImagesError where it has no training set."""
    if not any(data_set.split == "train" for data_set in corpus.data_sets):
        raise NewsImagesError(
            f"{corpus.folder} has no training set, so T×V cannot be trained. Give a table "
            "train.csv (or a NewsImages training file) and its images."
        )
    return corpus


def first_network(config: Train, embedded: EmbeddedCorpus) -> TxVNetwork:
    """The network that every training starts from.

    Raises:
        NewsImagesError: The pairs cannot be used, or a file that holds no T×V network, or one for
            other vectors.
    """
    pairs = read_pairs(config, embedded.corpus) if config.initial == PRETRAINED else None
    if pairs is not None:
        return pretrain(config, embedded.encoder, pairs)
    dimension = embedded.sets[0].images.dimension
    shape = config.network_config(dimension, dimension)
    if config.initial not in (PRETRAINED, SCRATCH):
        return _network_of_file(config, shape)
    return TxVNetwork(shape, seed=config.seed)


def _network_of_file(config: Train, wanted: NetworkConfig) -> TxVNetwork:
    """The network in the file that is named, with a word where its shape is another."""
    network = load_network(Path(config.initial))
    got = network.config
    dimensions = (got.text_dimensions, got.image_dimensions)
    if dimensions != (wanted.text_dimensions, wanted.image_dimensions):
        raise NewsImagesError(
            f"initial={config.initial} takes text vectors of the dimensions {dimensions[0]} and "
            f"image vectors of {dimensions[1]}, but the backbone gives {wanted.text_dimensions} "
            f"and {wanted.image_dimensions}. Name a network that was trained on this backbone's "
            f"vectors, or set initial={SCRATCH}."
        )
    if got != wanted:
        print(
            f"  initial={config.initial}: its width {got.width} and dropout {got.dropout:g} are "
            f"used, not width={wanted.width} and dropout={wanted.dropout:g}"
        )
    return network


def divided(config: Train, embedded: EmbeddedCorpus, protocol: Protocol) -> Parts:
    """The corpus as the protocol divides it, with a word on how much of it goes where."""
    parts = divide(embedded.sets, protocol, share=config.validation_share, seed=config.seed)
    counts = {
        "to train on": sum(len(part.articles) for part in parts.training),
        "to select by": sum(len(part.articles) for part in parts.validation),
        "to measure on": sum(len(part.articles) for part in parts.tests),
        "left out, because what is measured on has the same title or picture": parts.n_left_out,
    }
    shown = ", ".join(f"{n} {what}" for what, n in counts.items() if n)
    print(f"\nProtocol {protocol}: articles {shown}")
    return parts


def why_untrained(parts: Parts) -> str:
    """Why parts without training articles have none."""
    if parts.n_left_out:
        return (
            f"all {parts.n_left_out} training articles are left out, because what is measured on "
            "has the same title or picture"
        )
    return "there is no training article with a readable image"


def train(
    config: Train, parts: Parts, first: TxVNetwork, fields: Collection[TextField]
) -> dict[TextField, TxVNetwork]:
    """Trains the networks that are queried with ``fields``, or finds them in the workdir.

    Raises:
        NewsImagesError: There are no training articles, or what training raises.
    """
    if not parts.training:
        raise NewsImagesError(
            f"T×V cannot be trained: {why_untrained(parts)}. Give a table train.csv (or a "
            "NewsImages training file) of other articles, and its images."
        )
    trained_on: dict[TextField, TextField] = {"title": "title", "text": config.text_run_trained_on}
    networks: dict[TextField, TxVNetwork] = {}
    for field in sorted({trained_on[field] for field in fields}, reverse=True):  # titles first
        training, validation = pairs_of(parts.training, field), pairs_of(parts.validation, field)
        networks[field] = fit(
            first,
            training,
            validation,
            config.training_config(epochs=config.epochs, learning_rate=config.learning_rate),
            name=f"train-{field}-{parts.protocol}",
            doing=f"Trains T×V on the {field}s of {len(training)} articles ("
            f"{first_ten([part.name for part in parts.training])}).",
            workdir=Path(config.workdir),
            device=config.device,
        )
    mlflow.log_metric(f"articles_left_out/{parts.protocol}", parts.n_left_out)
    return {field: networks[trained_on[field]] for field in fields}

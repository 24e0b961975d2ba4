"""Entry point ``train``: articles and their images to the T×V networks of runs 3 to 5."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import mlflow

from mlproject import tracking
from mlproject.embed import EmbeddedCorpus, prepare_and_embed
from mlproject.options import ArticleOptions
from mlproject.preprocess import open_corpus
from mlproject.pretrain import pretrain, read_pairs
from mlproject.training import fit
from mlproject.training_options import PRETRAINED, SCRATCH, LearningOptions, ScopeOptions
from newsimages.corpora import Corpus
from newsimages.errors import NewsImagesError, first_ten
from newsimages.protocols.embedded import pairs_of
from newsimages.protocols.parts import Parts, Protocol, check_dates, divide
from newsimages.ranking.spaces import TextField, Tower
from newsimages.txv.network import NetworkConfig, TxVNetwork, load_network
from newsimages.txv.schedule import TrainingConfig
from newsimages.txv.towers import Networks


@dataclass(frozen=True, kw_only=True)
class Train:
    """Trains T×V on the merged training sets; the best epoch is chosen on a held-out part."""

    articles: ArticleOptions = field(default_factory=ArticleOptions)
    learning: LearningOptions = field(default_factory=LearningOptions)
    scope: ScopeOptions = field(default_factory=ScopeOptions)


def run(config: Train) -> None:
    """The entry point."""
    protocols = config.scope.protocols
    with tracking.entry_point(config):
        corpus = open_corpus(config.articles.source)
        check_trainable(corpus, protocols)
        embedded = prepare_and_embed(config.articles, corpus)
        first = first_network(config.learning, embedded)
        for protocol in protocols:
            parts = divided(config.learning, embedded, protocol)
            train(config.learning.training, embedded, parts, first, config.learning.trained_on)


def check_trainable(corpus: Corpus, protocols: Collection[Protocol]) -> None:
    """Raises: NewsImagesError where the protocols cannot train on the corpus."""
    training = [data_set for data_set in corpus.data_sets if data_set.split == "train"]
    if not training:
        raise NewsImagesError(
            f"{corpus.folder} has no training set, so T×V cannot be trained. Give a table "
            "train.csv (or a NewsImages training file) and its images."
        )
    if "time" in protocols:
        check_dates(training)


def first_network(learning: LearningOptions, embedded: EmbeddedCorpus) -> TxVNetwork:
    """The network that every training starts from.

    Raises:
        NewsImagesError: The pairs cannot be used, or a file that holds no T×V network, or one for
            other vectors.
    """
    initial, network = learning.initial, learning.network
    pairs = read_pairs(learning.pairs, embedded.corpus) if initial == PRETRAINED else None
    if pairs is not None:
        how = learning.pair_training()
        return pretrain(embedded, pairs, how, network)
    dimension = embedded.sets[0].images.dimension
    shape = network.shape(dimension, dimension)
    if initial not in (PRETRAINED, SCRATCH):
        return _network_of_file(initial, shape)
    return TxVNetwork(shape, seed=learning.training.seed)


def _network_of_file(initial: str, wanted: NetworkConfig) -> TxVNetwork:
    """The network in the file that is named, with a word where its shape is another."""
    network = load_network(Path(initial))
    got = network.config
    dimensions = (got.text_dimensions, got.image_dimensions)
    if dimensions != (wanted.text_dimensions, wanted.image_dimensions):
        raise NewsImagesError(
            f"initial={initial} takes text vectors of the dimensions {dimensions[0]} and "
            f"image vectors of {dimensions[1]}, but the backbone gives {wanted.text_dimensions} "
            f"and {wanted.image_dimensions}. Name a network that was trained on this backbone's "
            f"vectors, or set initial={SCRATCH}."
        )
    if got != wanted:
        print(
            f"  initial={initial}: its width {got.width} and dropout {got.dropout:g} are "
            f"used, not width={wanted.width} and dropout={wanted.dropout:g}"
        )
    return network


def divided(learning: LearningOptions, embedded: EmbeddedCorpus, protocol: Protocol) -> Parts:
    """The corpus as the protocol divides it, with a word on how much of it goes where."""
    share, seed = learning.validation_share, learning.training.seed
    parts = divide(embedded.sets, protocol, share=share, seed=seed)
    counts = {
        "to train on": sum(len(part.articles) for part in parts.training),
        "to select by": sum(len(part.articles) for part in parts.validation),
        "to measure on": sum(len(part.articles) for part in parts.tests),
        "left out, because what is measured on has the same title or picture": parts.n_left_out,
    }
    shown = ", ".join(f"{n} {what}" for what, n in counts.items() if n)
    mlflow.log_metric(f"articles_left_out/{protocol}", parts.n_left_out)
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
    config: TrainingConfig,
    embedded: EmbeddedCorpus,
    parts: Parts,
    first: TxVNetwork,
    trained_on: Mapping[Tower, TextField],
) -> Networks:
    """Trains a network for each of T×V's towers, or finds it in the workdir.

    Towers that are trained on the same text field share their network.

    Raises:
        NewsImagesError: There are no training articles, or what training raises.
    """
    if not parts.training:
        raise NewsImagesError(
            f"T×V cannot be trained: {why_untrained(parts)}. Give a table train.csv (or a "
            "NewsImages training file) of other articles, and its images."
        )
    networks: dict[TextField, TxVNetwork] = {}
    for learnt in sorted(set(trained_on.values()), reverse=True):  # titles first
        training, validation = pairs_of(parts.training, learnt), pairs_of(parts.validation, learnt)
        networks[learnt] = fit(
            first,
            training,
            validation,
            config,
            name=f"train-{learnt}-{parts.protocol}",
            doing=f"Trains T×V on the {learnt}s of {len(training)} articles ("
            f"{first_ten([part.name for part in parts.training])}).",
            workdir=embedded.workdir,
            device=embedded.encoder.device,
        )
    return {tower: networks[learnt] for tower, learnt in trained_on.items()}

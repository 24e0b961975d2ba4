"""Entry point ``train``: articles and their images to the T×V networks of runs 3 to 5."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import mlflow

from mlproject import tracking
from mlproject.embed import EmbeddedCorpus, load_encoders, prepare_and_embed
from mlproject.options import ArticleOptions
from mlproject.preprocess import open_corpus
from mlproject.pretrain import pretrain, usable_pairs
from mlproject.training import fit
from mlproject.training_options import (
    NO_CHOICES,
    PRETRAINED,
    SCRATCH,
    LearningOptions,
    ScopeOptions,
)
from newsimages.corpora import Corpus
from newsimages.corpora.caption_pairs import CaptionPairs
from newsimages.corpora.choices import NAME, with_choices
from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.encoding.models import AUTO
from newsimages.errors import NewsImagesError, TooFewError, first_ten
from newsimages.protocols.embedded import pairs_of
from newsimages.protocols.parts import Parts, Protocol, check_dates, divide, undivided
from newsimages.ranking.spaces import TextField, Tower
from newsimages.txv.network import TxVNetwork, load_network
from newsimages.txv.schedule import TrainingConfig
from newsimages.txv.towers import Networks

MORE_ARTICLES = (
    "Give a table train.csv (or a NewsImages training file) of more, or other, articles and their "
    "images."
)


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
        corpus = add_choices(config.learning, open_corpus(config.articles.source))
        check_trainable(config.learning, corpus, protocols)
        start = start_of(config.learning, corpus)
        encoders = load_encoders(config.articles, corpus)
        check_start(config.learning, encoders.clip)
        embedded = prepare_and_embed(config.articles, corpus, encoders)
        first = first_network(config.learning, embedded, start)
        for protocol in protocols:
            parts = divided(config.learning, embedded, protocol)
            train(config.learning.training, embedded, parts, first, config.learning.trained_on)


def add_choices(learning: LearningOptions, corpus: Corpus) -> Corpus:
    """The corpus with what a desk has chosen beside its training sets, where that is given.

    Raises:
        NewsImagesError: As `with_choices`.
    """
    if learning.choices == NO_CHOICES:
        return corpus
    n_skipped = len(corpus.skipped)
    more = with_choices(corpus, Path(learning.choices))
    own = next(each for each in more.data_sets if (each.name, each.split) == (NAME, "train"))
    tracking.log_data_set(own)
    left_out = more.skipped[n_skipped:]
    print(f"  {own.name} {own.split}: {len(own.articles)} articles, {len(own.images)} images")
    if len(left_out):
        tracking.log_table(left_out, "skipped_choices.csv")
        print(f"  {len(left_out)} choices skipped: see skipped_choices.csv of the run")
    return more


def check_trainable(
    learning: LearningOptions, corpus: Corpus, protocols: Collection[Protocol]
) -> None:
    """Raises: NewsImagesError where the protocols cannot train on the corpus."""
    if not any(data_set.split == "train" for data_set in corpus.data_sets):
        raise NewsImagesError(
            f"{corpus.folder} has no training set, so T×V cannot be trained. Give a table "
            "train.csv (or a NewsImages training file) and its images."
        )
    for protocol in protocols:
        check_trained(planned(learning, corpus, protocol))


def planned(learning: LearningOptions, corpus: Corpus, protocol: Protocol) -> Parts:
    """What the protocol divides the corpus into, as far as tables and names of files tell.

    Once the images are seen, and the titles are in English, more may turn out to be the same.

    Raises:
        NewsImagesError: As `divide`; a split by time without dates.
    """
    if protocol == "time":
        check_dates(data_set for data_set in corpus.data_sets if data_set.split == "train")
    sets = [undivided(data_set, number) for number, data_set in enumerate(corpus.data_sets)]
    return divide(sets, protocol, share=learning.validation_share, seed=learning.training.seed)


def start_of(learning: LearningOptions, corpus: Corpus) -> CaptionPairs | None:
    """The pairs that T×V is pre-trained on, if there are any; as `usable_pairs`."""
    if learning.initial != PRETRAINED:
        return None
    return usable_pairs(learning.pairs, corpus, seed=learning.training.seed)


def check_start(learning: LearningOptions, encoder: OpenClipEncoder) -> None:
    """Looks at the network in the file that training is to start from, if it is to.

    Raises:
        NewsImagesError: It is one for other vectors than the encoder's.
    """
    if learning.initial in (PRETRAINED, SCRATCH):
        return
    dimension = encoder.text_tower.dimension
    wanted = learning.network.shape(dimension, dimension)
    got = load_network(Path(learning.initial)).config
    dimensions = (got.text_dimensions, got.image_dimensions)
    if dimensions != (wanted.text_dimensions, wanted.image_dimensions):
        raise NewsImagesError(
            f"initial={learning.initial} takes text vectors of the dimensions {dimensions[0]} and "
            f"image vectors of {dimensions[1]}, but the backbone gives {wanted.text_dimensions} "
            f"and {wanted.image_dimensions}. Name a network that was trained on this backbone's "
            f"vectors, or set initial={SCRATCH}."
        )
    if got != wanted:
        print(
            f"  initial={learning.initial}: its width {got.width} and dropout {got.dropout:g} are "
            f"used, not width={wanted.width} and dropout={wanted.dropout:g}"
        )


def first_network(
    learning: LearningOptions, embedded: EmbeddedCorpus, pairs: CaptionPairs | None
) -> TxVNetwork:
    """The network that every training starts from: pre-trained on the pairs, where there are any.

    Raises:
        NewsImagesError: The pairs cannot be used, or a file that holds no T×V network.
    """
    initial, network = learning.initial, learning.network
    if initial not in (PRETRAINED, SCRATCH):
        return load_network(Path(initial))
    if pairs is not None:
        try:
            return pretrain(embedded, pairs, learning.pair_training(), network)
        except TooFewError as error:
            if learning.pairs.pairs != AUTO:
                raise
            tracking.not_made("pretrain", str(error))
    dimension = embedded.sets[0].images.dimension
    shape = network.shape(dimension, dimension)
    return TxVNetwork(shape, seed=learning.training.seed)


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
    # No metric: the UI's charts would begin with it.
    mlflow.set_tag(f"articles_left_out/{protocol}", str(parts.n_left_out))
    print(f"\nProtocol {protocol}: articles {shown}")
    return parts


def check_trained(parts: Parts) -> None:
    """Raises: NewsImagesError where there are no training articles."""
    if not parts.training:
        raise NewsImagesError(
            f"T×V cannot be trained: {parts.why_untrained} (protocol={parts.protocol}). "
            f"{MORE_ARTICLES}"
        )


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
    check_trained(parts)
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

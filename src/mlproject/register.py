"""Entry point ``register``: the CLIP and the T×V retriever into the MLflow model registry."""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from mlproject import registry, tracking
from mlproject.embed import prologue
from mlproject.embedding import EmbeddedCorpus
from mlproject.gallery import check_gallery, served_images
from mlproject.options import ArticleOptions, RankingOptions, ServingOptions
from mlproject.train import divided, first_network, train, trainable, why_untrained
from mlproject.training_options import LearningOptions
from newsimages.corpora import Corpus
from newsimages.devices import resolve_device
from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.protocols.parts import EmbeddedSet, Parts, TextField, joined
from newsimages.ranking.bank import ImageOffsets, bank_offsets, without_asked
from newsimages.ranking.revision import Revision
from newsimages.retriever.retriever import Retriever, retriever_of
from newsimages.runs.selection import (
    REVISIONS,
    RevisionChoice,
    ValidationPart,
    choose_revision,
)
from newsimages.txv import TxVNetwork, embed_images, embed_texts

Kind = Literal["clip", "txv"]
CANDIDATES = tuple(each for each in REVISIONS if each.method != "sinkhorn")
"""What may be served, simpler ones first; Sinkhorn cannot answer one article alone."""


@dataclass(frozen=True, kw_only=True)
class Register:
    """Registers both retrievers: gallery, query bank and the revision that wins on validation."""

    articles: ArticleOptions = field(default_factory=ArticleOptions)
    learning: LearningOptions = field(default_factory=LearningOptions)
    ranking: RankingOptions = field(default_factory=RankingOptions)
    serving: ServingOptions = field(default_factory=ServingOptions)


def run(config: Register) -> None:
    """The entry point."""
    with tracking.entry_point(config, doing=str(Register.__doc__)):
        embedded = prologue(config.articles, check=partial(_servable, config.serving))
        first = first_network(config.learning, embedded)
        parts = divided(config.learning, embedded, "official")
        trained_on: dict[TextField, TextField] = {"title": "title"}
        networks = train(config.learning.training, embedded, parts, first, trained_on)
        register(config, embedded, parts, networks["title"])


def _servable(serving: ServingOptions, corpus: Corpus) -> Corpus:
    """The corpus. Raises: NewsImagesError where it has no training set or not the gallery."""
    check_gallery(serving.gallery, trainable(corpus), "official")
    return corpus


def register(
    config: Register, embedded: EmbeddedCorpus, parts: Parts, network: TxVNetwork | None
) -> None:
    """Builds, saves and registers the retrievers; T×V's where there is a network.

    Raises:
        NewsImagesError: There is no training article for the query bank, or no gallery.
    """
    if not parts.training:
        raise NewsImagesError(
            "There is neither a query bank nor a validation part to register a model with: "
            f"{why_untrained(parts)}. Give a training set of other articles, and its images."
        )
    with tracking.step("register", doing=str(Register.__doc__)):
        images = served_images(config.serving.gallery, embedded, parts)
        print(f"  gallery: {len(images)} images")
        kinds: dict[Kind, TxVNetwork | None] = {"clip": None}
        if network is not None:
            kinds["txv"] = network
        for kind, head in kinds.items():
            _register_one(config, embedded, parts, images, kind=kind, head=head)


def _register_one(
    config: Register,
    embedded: EmbeddedCorpus,
    parts: Parts,
    images: Embeddings,
    *,
    kind: Kind,
    head: TxVNetwork | None,
) -> None:
    """Chooses the revision on the validation part, saves the retriever and registers it."""
    with tracking.step(f"register-{kind}", doing=f"Registers newsimages-{kind}."):
        bank = _bank(parts)
        choice = choose(config, bank, parts.validation, head)
        tracking.log_table(choice.curve, "revisions.csv")
        revisions = _served(choice)
        about = {
            "retriever": kind,
            "text_field": "title",
            "corpus": embedded.corpus.name,
            "backbone": embedded.encoder.used.backbone,
            "pretrained": embedded.encoder.used.pretrained,
            "gallery": config.serving.gallery,
            "bank": {"data_sets": [part.name for part in parts.training], "queries": len(bank)},
            "validation_articles": sum(len(part.articles) for part in parts.validation),
        }
        mapped = bank if head is None else embed_texts(head, [bank])
        retriever = retriever_of(images, head, revisions=revisions, about=about)
        offsets = tuple(_offsets(config, mapped, retriever.gallery, each) for each in revisions)
        served = replace(retriever, offsets=offsets)
        with tempfile.TemporaryDirectory() as folder:
            registry.log_version(
                f"newsimages-{kind}",
                served,
                embedded.encoder,
                folder=Path(folder) / "retriever",
                sample=_titles(parts.training),
                long_text=config.articles.long_text,
                validation=registry.Validation(
                    mrr=_mrr(choice, revisions[0]),
                    part=_fingerprint(parts.validation),
                    again=lambda champion: _again(config, champion, bank, parts.validation),
                ),
            )


def choose(
    config: Register, bank: Embeddings, sets: Sequence[EmbeddedSet], head: TxVNetwork | None
) -> RevisionChoice:
    """Tries every revision that can answer one article alone on the validation part.

    Returns:
        The winner, which may be plain cosine, and the curve with it.
    """
    part = validation_part(sets, head)
    mapped = bank if head is None else embed_texts(head, [bank])
    return choose_revision(
        part,
        CANDIDATES,
        bank=without_asked(mapped, part.queries),
        memory_mb=config.ranking.memory_mb,
        device=resolve_device(config.articles.encoder.device),
    )


def validation_part(sets: Sequence[EmbeddedSet], head: TxVNetwork | None) -> ValidationPart:
    """All validation articles and their images as one gallery, in the retriever's space."""
    whole = joined(sets)
    queries, images = whole.queries["title"], whole.images
    return ValidationPart(
        queries=queries if head is None else embed_texts(head, [queries]),
        gallery=images if head is None else embed_images(head, [images]),
        truth=whole.truth(),
    )


def _served(choice: RevisionChoice) -> tuple[Revision, ...]:
    """The revision that wins, then the best dual softmax, where that is another."""
    mrr = dict(zip(CANDIDATES, choice.curve["mrr"], strict=True))
    dual = [each for each in CANDIDATES if each.method == "dual_softmax"]
    winners = (max(CANDIDATES, key=mrr.__getitem__), max(dual, key=mrr.__getitem__))
    return tuple(dict.fromkeys(winners))


def _offsets(
    config: Register, bank: Embeddings, gallery: Embeddings, revision: Revision
) -> ImageOffsets:
    device = resolve_device(config.articles.encoder.device)
    return bank_offsets(bank, gallery, revision, memory_mb=config.ranking.memory_mb, device=device)


def _mrr(choice: RevisionChoice, revision: Revision) -> float:
    settings = asdict(revision)
    curve = choice.curve
    rows = curve["method"] == revision.method
    for name in ("scale", "k", "alpha"):
        rows &= curve[name].isna() | (curve[name] == settings[name])
    return float(curve.loc[rows, "mrr"].iloc[0])


def _again(
    config: Register, champion: Retriever, bank: Embeddings, sets: Sequence[EmbeddedSet]
) -> float | None:
    """The champion's MRR on this validation part; None where its vectors are of another kind."""
    expected = sets[0].images.dimension
    takes = champion.head.config.text_dimensions[0] if champion.head else champion.gallery.dimension
    if takes != expected:
        return None
    part = validation_part(sets, champion.head)
    mapped = bank if champion.head is None else embed_texts(champion.head, [bank])
    choice = choose_revision(
        part,
        champion.revisions[:1],
        bank=without_asked(mapped, part.queries),
        memory_mb=config.ranking.memory_mb,
    )
    return float(choice.curve["mrr"].iloc[0])


def _bank(parts: Parts) -> Embeddings:
    """The training headlines, but those that are asked for in a test set."""
    bank = joined(parts.training).queries["title"]
    for test in parts.tests:
        bank = without_asked(bank, test.queries["title"])
    return bank


def _titles(sets: Sequence[EmbeddedSet]) -> list[str]:
    return [str(title) for part in sets for title in part.articles["title_en"]]


def _fingerprint(sets: Sequence[EmbeddedSet]) -> str:
    ids = [f"{part.name}/{article}" for part in sets for article in part.articles["article_id"]]
    return registry.digest("\n".join(sorted(ids)))

"""Entry point ``register``: the CLIP and the T×V retriever into the MLflow model registry."""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from mlproject import registry, tracking
from mlproject.embed import Embed, EmbeddedCorpus, embed, encoder_config
from mlproject.evaluate import Evaluate
from mlproject.gallery import check_gallery, served_images
from mlproject.preprocess import ALL, Preprocess, open_corpus, preprocess
from mlproject.train import divided, first_network, train, trainable, why_untrained
from newsimages.devices import resolve_device
from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.errors import NewsImagesError
from newsimages.lists import names_in
from newsimages.protocols.parts import EmbeddedSet, Parts, TextField, joined
from newsimages.ranking.bank import ImageOffsets, bank_offsets, without_asked
from newsimages.ranking.revision import Method, Revision
from newsimages.retriever.retriever import Retriever, retriever_of
from newsimages.runs.selection import (
    REVISIONS,
    SCALES,
    RevisionChoice,
    ValidationPart,
    choose_revision,
)
from newsimages.txv import TxVNetwork, embed_images, embed_texts

AUTO_SCALE = 0.0
Kind = Literal["clip", "txv"]


@dataclass(frozen=True, kw_only=True)
class Register(Evaluate):
    """Registers both retrievers: gallery, query bank and the revision that wins on validation."""

    gallery: str = ALL
    """Whose images are served: test sets by name, separated by commas, all of them, or a folder
    of image files."""
    serving_revision: Literal["auto", "dual_softmax", "inverted_softmax", "neighbours"] = "auto"
    """What orders the answers where a request does not say; auto: what wins on validation."""
    serving_scale: float = AUTO_SCALE
    """Of the dual softmax that is served; 0: the one that wins on validation."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on settings that cannot be."""
        super().__post_init__()
        if not names_in(self.gallery):
            raise NewsImagesError(
                f"gallery={self.gallery!r}, expected {ALL}, names of test sets or a folder of "
                "images (. for the current one)."
            )
        if self.serving_scale != AUTO_SCALE:
            Revision(scale=self.serving_scale)


def run(config: Register) -> None:
    """The entry point."""
    with tracking.entry_point(config, doing=str(Register.__doc__)):
        corpus = trainable(open_corpus(config))
        check_gallery(config.gallery, corpus, "official")
        model = encoder_config(config, corpus)
        with tracking.step("preprocess", doing=str(Preprocess.__doc__)):
            prepared = preprocess(config, corpus)
        with tracking.step("embed", doing=str(Embed.__doc__)):
            embedded = embed(config, OpenClipEncoder(model), prepared)
        first = first_network(config, embedded)
        parts = divided(config, embedded, "official")
        fields: tuple[TextField, ...] = ("title",)
        networks = train(config, parts, first, fields)
        register(config, embedded, parts, networks["title"])


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
        images = served_images(config, config.gallery, embedded, parts)
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
        revisions = _served(config, choice)
        about = {
            "retriever": kind,
            "text_field": "title",
            "corpus": embedded.corpus.name,
            "backbone": embedded.encoder.used.backbone,
            "pretrained": embedded.encoder.used.pretrained,
            "gallery": config.gallery,
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
                long_text=config.long_text,
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
        _candidates(config),
        bank=without_asked(mapped, part.queries),
        memory_mb=config.memory_mb,
        device=resolve_device(config.device),
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


def _candidates(config: Register) -> list[Revision]:
    """Simpler ones first; Sinkhorn is left to whole batches."""
    scales = SCALES if config.serving_scale == AUTO_SCALE else (config.serving_scale,)
    dual = [Revision(scale=scale) for scale in scales]
    others: tuple[Method, ...] = ("none", "inverted_softmax", "neighbours")
    return [each for each in REVISIONS if each.method in others[:1]] + [
        *dual,
        *(each for each in REVISIONS if each.method in others[1:]),
    ]


def _served(config: Register, choice: RevisionChoice) -> tuple[Revision, ...]:
    """The revision that orders the answers, then dual softmax, where it is another."""
    candidates = _candidates(config)
    mrr = dict(zip(candidates, choice.curve["mrr"], strict=True))

    def best(methods: Sequence[str]) -> Revision:
        return max((each for each in candidates if each.method in methods), key=mrr.__getitem__)

    wanted = config.serving_revision
    first = best([each.method for each in candidates] if wanted == "auto" else [wanted])
    return tuple(dict.fromkeys((first, best(["dual_softmax"]))))


def _offsets(
    config: Register, bank: Embeddings, gallery: Embeddings, revision: Revision
) -> ImageOffsets:
    device = resolve_device(config.device)
    return bank_offsets(bank, gallery, revision, memory_mb=config.memory_mb, device=device)


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
        memory_mb=config.memory_mb,
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

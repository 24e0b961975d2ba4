"""All runs, as data: the five of the paper, and those that go beyond it."""

from dataclasses import dataclass
from typing import Literal

from newsimages.errors import NewsImagesError, first_ten
from newsimages.ranking.revisions import PLAIN, DualSoftmax, Revision
from newsimages.ranking.spaces import Tower, View
from newsimages.retriever.retriever import Against
from newsimages.txv.towers import TXV_FIELDS

ALL, PAPER = "all", "paper"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One row of the table of runs."""

    number: int
    """Its number; those of the paper are 1 to 5."""
    variant: str
    """Its short name, in tags and columns."""
    official_name: str
    """The name under which it was, or would be, handed in."""
    retriever: str
    """What its towers together are called."""
    views: tuple[View, ...]
    """How it compares articles with images; the weights of several are chosen."""
    revision: Revision | None = None
    """What is done to the similarities; None: what wins on the validation part."""
    against: Against = "batch"
    """Whether the revision is over the test articles, or over the training articles, so that each
    article is answered alone."""

    @property
    def family(self) -> Literal["paper", "beyond"]:
        """Whether the paper has it."""
        return "beyond" if self.revision is None else "paper"

    @property
    def text_field(self) -> str:
        """What of an article is the query: ``title``, ``text`` or ``both``."""
        fields = {view.text_field for view in self.views}
        return fields.pop() if len(fields) == 1 else "both"

    def asks(self, tower: Tower) -> bool:
        """Whether the tower is among its views'."""
        return any(view.tower == tower for view in self.views)

    @property
    def words(self) -> str:
        """What it does, for people: ``CLIP on titles, dual softmax``."""
        fields: dict[str, list[str]] = {}
        for tower, text_field in self.views:
            fields.setdefault(TOWERS[tower], []).append(f"{text_field}s")
        towers = [f"{name} on {' and '.join(own)}" for name, own in fields.items()]
        chosen = "chosen revision" if self.revision is None else self.revision.words
        alone = ", one article at a time" if self.against == "bank" else ""
        return f"{' + '.join(towers)}, {chosen}{alone}"

    @property
    def txv_towers(self) -> tuple[Tower, ...]:
        """The towers of its views that are T×V's."""
        return tuple(tower for tower in TXV_FIELDS if self.asks(tower))


TOWERS: dict[Tower, str] = {
    "clip": "CLIP",
    "txv": "T×V",
    "txv_text": "T×V",
    "multilingual": "multilingual CLIP",
}
"""What people call them."""
CLIP = (View("clip", "title"),)
TXV = (View("txv", "title"),)
TXV_TEXT = (View("txv_text", "text"),)
MULTILINGUAL = (View("multilingual", "title"),)
MIX = (*CLIP, View("clip", "text"), *TXV, *TXV_TEXT)
LANGUAGES = (*CLIP, *MULTILINGUAL)
EVERYTHING = (*MIX, *MULTILINGUAL, View("multilingual", "text"))


def _paper(
    number: int, variant: str, name: str, views: tuple[View, ...], revision: Revision
) -> Run:
    return Run(
        number=number,
        variant=variant,
        official_name=f"iti_certh_{name}_run_{number}",
        retriever=variant.split("_", maxsplit=1)[0],
        views=views,
        revision=revision,
    )


def _beyond(number: int, retriever: str, against: Against, views: tuple[View, ...]) -> Run:
    return Run(
        number=number,
        variant=f"{retriever}_{against}",
        official_name=f"newsimages_{retriever}_{against}_run_{number}",
        retriever=retriever,
        views=views,
        against=against,
    )


RUNS: tuple[Run, ...] = (
    _paper(1, "clip", "clip", CLIP, PLAIN),
    _paper(2, "clip_ds", "clip_ds", CLIP, DualSoftmax()),
    _paper(3, "txv", "TxV", TXV, PLAIN),
    _paper(4, "txv_ds", "TxV_ds", TXV, DualSoftmax()),
    _paper(5, "txv_text_ds", "TxV_text_ds", TXV_TEXT, DualSoftmax()),
    _beyond(6, "clip", "batch", CLIP),
    _beyond(7, "clip", "bank", CLIP),
    _beyond(8, "txv", "batch", TXV),
    _beyond(9, "txv", "bank", TXV),
    _beyond(10, "mix", "batch", MIX),
    _beyond(11, "mix", "bank", MIX),
    _beyond(12, "multilingual", "batch", MULTILINGUAL),
    _beyond(13, "multilingual", "bank", MULTILINGUAL),
    _beyond(14, "languages", "batch", LANGUAGES),
    _beyond(15, "languages", "bank", LANGUAGES),
    _beyond(16, "all", "batch", EVERYTHING),
    _beyond(17, "all", "bank", EVERYTHING),
)


def choose_runs(variants: str) -> tuple[Run, ...]:
    """The runs of these variants, separated by commas, in the order of their numbers.

    ``paper`` stands for the paper's five, ``all`` for all.

    Raises:
        NewsImagesError: No such variant, or none at all.
    """
    wanted = {name.strip() for name in variants.split(",") if name.strip()}
    known = [run.variant for run in RUNS]
    unknown = sorted(wanted - {ALL, PAPER, *known})
    if unknown or not wanted:
        raise NewsImagesError(
            f"variants={variants!r}: got {first_ten(unknown) or 'none'}, expected {ALL}, {PAPER} "
            f"or some of {', '.join(known)}, separated by commas."
        )
    return tuple(run for run in RUNS if wanted & {ALL, run.family, run.variant})

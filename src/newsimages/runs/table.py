"""All runs, as data: the five of the paper, and those that go beyond it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from newsimages.errors import NewsImagesError, first_ten
from newsimages.lists import names_in
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
    views: tuple[View, ...]
    """How it compares articles with images; the weights of several are chosen."""
    revision: Revision | None = None
    """What is done to the similarities; None: what wins on the validation part."""
    may_lack: frozenset[Tower] = frozenset()
    """Towers that it does without where a corpus has none."""
    against: Against = "batch"
    """Whether the revision is over the test articles, or over the training articles, so that each
    article is answered alone."""

    @property
    def family(self) -> Literal["paper", "beyond"]:
        """Whether the paper has it."""
        return "beyond" if self.revision is None else "paper"

    @property
    def official_name(self) -> str:
        """The name under which it was, or would be, handed in."""
        if self.family == "paper":
            return f"iti_certh_{self.variant.replace('txv', 'TxV')}_run_{self.number}"
        return f"newsimages_{self.variant}_run_{self.number}"

    @property
    def short_name(self) -> str:
        """A name that begins with what tells it apart, for narrow columns: ``run 1 · clip``."""
        return f"run {self.number} · {self.variant}"

    @property
    def retriever(self) -> str:
        """What its towers together are called: the variant's first word."""
        return self.variant.split("_", maxsplit=1)[0]

    @property
    def text_field(self) -> str:
        """What of an article is the query: ``title``, ``text`` or ``both``."""
        fields = {view.text_field for view in self.views}
        return fields.pop() if len(fields) == 1 else "both"

    def asks(self, tower: Tower) -> bool:
        """Whether the tower is among its views'."""
        return any(view.tower == tower for view in self.views)

    @property
    def fuses_alone(self) -> bool:
        """Whether it combines views and answers one article alone, as newsimages-fused does."""
        return self.against == "bank" and len(self.views) > 1

    def on(self, towers: Collection[Tower]) -> "Run":
        """The run where there are these towers: without the views that it may lack."""
        absent = self.may_lack - {*towers}
        return replace(self, views=tuple(view for view in self.views if view.tower not in absent))

    @property
    def needs_training(self) -> bool:
        """Whether it rests on training articles: by T×V, or as it chooses on a part of them."""
        return self.revision is None or bool(self.txv_towers)

    @property
    def words(self) -> str:
        """What it does, for people: ``CLIP on titles, dual softmax``."""
        fields: dict[str, list[str]] = {}
        for tower, text_field in self.views:
            fields.setdefault(TOWERS[tower], []).append(f"{text_field}s")
        names: dict[str, list[str]] = {}
        for name, own in fields.items():
            names.setdefault(" and ".join(own), []).append(name)
        towers = [f"{' + '.join(own)} on {texts}" for texts, own in names.items()]
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
    "captions": "captions",
}
"""What people call them."""
CLIP = (View("clip", "title"),)
TXV = (View("txv", "title"),)
TXV_TEXT = (View("txv_text", "text"),)
MULTILINGUAL = (View("multilingual", "title"),)
MIX = (*CLIP, View("clip", "text"), *TXV, *TXV_TEXT)
LANGUAGES = (*CLIP, *MULTILINGUAL)
EVERYTHING = (*MIX, *MULTILINGUAL, View("multilingual", "text"))
CAPTIONS = (*EVERYTHING, View("captions", "title"), View("captions", "text"))
OPTIONAL: frozenset[Tower] = frozenset({"multilingual"})


RUNS: tuple[Run, ...] = (
    Run(number=1, variant="clip", views=CLIP, revision=PLAIN),
    Run(number=2, variant="clip_ds", views=CLIP, revision=DualSoftmax()),
    Run(number=3, variant="txv", views=TXV, revision=PLAIN),
    Run(number=4, variant="txv_ds", views=TXV, revision=DualSoftmax()),
    Run(number=5, variant="txv_text_ds", views=TXV_TEXT, revision=DualSoftmax()),
    Run(number=6, variant="clip_batch", views=CLIP),
    Run(number=7, variant="clip_bank", views=CLIP, against="bank"),
    Run(number=8, variant="txv_batch", views=TXV),
    Run(number=9, variant="txv_bank", views=TXV, against="bank"),
    Run(number=10, variant="mix_batch", views=MIX),
    Run(number=11, variant="mix_bank", views=MIX, against="bank"),
    Run(number=12, variant="multilingual_batch", views=MULTILINGUAL),
    Run(number=13, variant="multilingual_bank", views=MULTILINGUAL, against="bank"),
    Run(number=14, variant="languages_batch", views=LANGUAGES),
    Run(number=15, variant="languages_bank", views=LANGUAGES, against="bank"),
    Run(number=16, variant="all_batch", views=EVERYTHING),
    Run(number=17, variant="all_bank", views=EVERYTHING, against="bank"),
    Run(number=18, variant="captions_batch", views=CAPTIONS, may_lack=OPTIONAL),
    Run(number=19, variant="captions_bank", views=CAPTIONS, may_lack=OPTIONAL, against="bank"),
)


def choose_runs(variants: str) -> tuple[Run, ...]:
    """The runs of these variants, separated by commas, in the order of their numbers.

    ``paper`` stands for the paper's five, ``all`` for all.

    Raises:
        NewsImagesError: No such variant, or none at all.
    """
    wanted = set(names_in(variants))
    known = [run.variant for run in RUNS]
    unknown = sorted(wanted - {ALL, PAPER, *known})
    if unknown or not wanted:
        raise NewsImagesError(
            f"variants={variants!r}: got {first_ten(unknown) or 'none'}, expected {ALL}, {PAPER} "
            f"or some of {', '.join(known)}, separated by commas."
        )
    return tuple(run for run in RUNS if wanted & {ALL, run.family, run.variant})

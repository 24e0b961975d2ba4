"""The settings of the entry points, in groups; the command line takes them, MLflow logs them.

An entry point's dataclass holds the groups that it reads. The command line is made from it: a
field's name is the parameter's name, and its docstring the help. A group that derives from a
configuration of the library is handed to it as it is.
"""

from collections.abc import Collection
from dataclasses import Field, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, get_args

import tyro

from newsimages.encoding.encoders import OpenClipConfig
from newsimages.encoding.long_text import LongText
from newsimages.encoding.models import AUTO
from newsimages.engine import LOCAL, Engine
from newsimages.errors import NewsImagesError, first_ten
from newsimages.lists import names_in
from newsimages.paths import is_folder, looked_for
from newsimages.ranking import index
from newsimages.ranking.revisions.base import checked_scale
from newsimages.reports.handing_in.forms import (
    PICTURE_FORMS,
    Naming,
    PictureForm,
    check_approaches,
)
from newsimages.reports.submission import Form
from newsimages.runs.table import ALL, Run, choose_runs
from newsimages.spark import Spark, check_installed

DEMO = "demo"
Promote = Literal["auto", "never", "always"]


def _parse_bool(words: list[str]) -> bool:
    word = words[0].lower()
    if word not in ("true", "false"):
        raise ValueError(f"got {words[0]!r}, expected true or false")
    return word == "true"


# MLflow passes every parameter with a value, so a flag is written as true or false.
Bool: TypeAlias = Annotated[
    bool,
    tyro.constructors.PrimitiveConstructorSpec[bool](
        nargs=1,
        metavar="{true,false}",
        instance_from_str=_parse_bool,
        is_instance=lambda value: isinstance(value, bool),
        str_from_instance=lambda value: [str(value).lower()],
    ),
    tyro.conf.FlagConversionOff,
]


def flat(config: Any) -> dict[str, Any]:
    """The settings of an entry point or a group, by their names on the command line."""
    settings: dict[str, Any] = {}
    for each in fields(config):
        value = getattr(config, each.name)
        settings |= flat(value) if is_dataclass(value) else {flag_name(each): value}
    return settings


def _check_named(name: str, given: str, expected: str) -> None:
    """Raises: NewsImagesError where a list of names, separated by commas, has none in it."""
    if not names_in(given):
        raise NewsImagesError(f"{name}={given!r}, expected {expected}.")


def flag_name(each: Field[Any]) -> str:
    """A field's name on the command line: its own, unless ``tyro.conf.arg`` gives it another."""
    given = (getattr(extra, "name", None) for extra in getattr(each.type, "__metadata__", ()))
    return next((name for name in given if isinstance(name, str)), each.name)


@dataclass(frozen=True, kw_only=True)
class CorpusOptions:
    """The corpus, and the folder that keeps all that is made of it."""

    corpus: str = DEMO
    """The corpus folder (README: Your own corpus), or demo for the one the project draws itself.
    Relative paths start at the current folder, which mlflow run makes that of the project."""
    workdir: str = "work"
    """The folder for tables, caches and embeddings; made if it is not there."""
    dataset: str = ALL
    """Names of the data sets to work on, separated by commas, or all."""
    encoding: str = AUTO
    """What tables that are not UTF-8 are in, such as cp1252 or mac_roman; auto: cp1252 where that
    makes sense."""

    @property
    def said_encoding(self) -> str | None:
        """The encoding, None where it is to be found out."""
        return None if self.encoding == AUTO else self.encoding


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """Where articles are translated and vectors made."""

    engine: Literal["local", "spark"] = "local"
    """local: this process; spark: the workers of Spark (docs/scale.md)."""
    spark_master: str = AUTO
    """Where Spark runs, as spark-submit --master takes it; auto: what spark-submit or
    spark-defaults.conf say, else processes of this machine, one per core."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError where Spark is asked for and not there, or not asked for."""
        if self.engine == "spark":
            check_installed()
        elif self.spark_master != AUTO:
            raise NewsImagesError(
                f"spark_master={self.spark_master} has no effect, because engine={self.engine}. "
                "Set engine=spark, or leave spark_master out."
            )

    def start(self) -> Engine:
        """The engine, ready to work. Raises: NewsImagesError where Spark does not start."""
        return Spark(self.spark_master) if self.engine == "spark" else LOCAL


@dataclass(frozen=True, kw_only=True)
class CaptionOptions:
    """The images' captions."""

    captions: Literal["auto", "none"] = "auto"
    """auto: the runs on captions read those of captions.csv beside the tables (in a gallery that
    grows, of its own) and those in the image files (IPTC, XMP); none leaves them out, as where they
    were written for the articles."""


@dataclass(frozen=True, kw_only=True)
class PreprocessingOptions:
    """The translation of articles into English."""

    languages: str = "en,de"
    """ISO 639-1 codes of the languages that articles may be in, separated by commas."""
    translator: str = AUTO
    """A Marian model of the Hugging Face hub or a local folder; auto: what the corpus
    recommends, else Helsinki-NLP/opus-mt-de-en."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError where no language is named."""
        _check_named("languages", self.languages, "codes of languages, such as en,de")


@dataclass(frozen=True, kw_only=True)
class EncoderOptions(OpenClipConfig):
    """The openCLIP model that makes vectors of texts and images."""

    backbone: str = AUTO
    """An openCLIP model, or local-dir:FOLDER; auto: what the corpus recommends, else ViT-H-14."""
    pretrained: str = AUTO
    """openCLIP's tag of the weights or a checkpoint file; auto: what the corpus recommends, else
    laion2b_s32b_b79k."""


@dataclass(frozen=True, kw_only=True)
class MultilingualOptions:
    """A second openCLIP model, which reads articles as they were written."""

    multilingual_backbone: str = AUTO
    """A multilingual openCLIP model; auto: what the corpus recommends, else none."""
    multilingual_pretrained: str = AUTO
    """Its weights, named as in pretrained; auto: what the corpus recommends, or
    frozen_laion5b_s13b_b90k for xlm-roberta-large-ViT-H-14."""


@dataclass(frozen=True, kw_only=True)
class ArticleOptions:
    """The way from a corpus to the vectors of its English articles and its images."""

    source: CorpusOptions = field(default_factory=CorpusOptions)
    preprocessing: PreprocessingOptions = field(default_factory=PreprocessingOptions)
    encoder: EncoderOptions = field(default_factory=EncoderOptions)
    engine: EngineOptions = field(default_factory=EngineOptions)
    strict: Bool = False
    """true stops at images that cannot be read; false lists them and goes on."""
    long_text: LongText = "cut"
    """Texts beyond the model's context: cut, or mean (the mean of their sentences' vectors)."""


@dataclass(frozen=True, kw_only=True)
class RankingOptions:
    """The ranking of images."""

    memory_mb: int = 512
    """MiB that ranking may take beyond its inputs and outputs."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on less memory than any ranking takes."""
        if self.memory_mb < 1:
            raise NewsImagesError(f"memory_mb is {self.memory_mb}, expected 1 MiB or more.")


@dataclass(frozen=True, kw_only=True)
class MeasuringOptions:
    """The runs that are measured, and what is shown of them."""

    variants: str = ALL
    """Runs to measure, separated by commas: those of the paper (paper: clip, clip_ds, txv, txv_ds,
    txv_text_ds); clip, txv, multilingual, mix, languages, all and captions, each with _batch (whole
    test sets) or _bank (one article alone); or all. Of paper and all, what can be made is made.
    Without T×V's, nothing is trained."""
    scale: float = 1.0
    """Factor of the similarities in the dual softmax of the paper's runs (the paper: 1)."""
    explained: int = 24
    """Articles of each test set that are explained on its contact sheet (words, heat maps): half of
    them those that the first of its runs was most wrong about, half most right; 0: none."""
    sheet_articles: int = 1500
    """Articles on a contact sheet, at most (a sample of more); 0 makes none."""
    components: Bool = True
    """Whether to measure what each component of the widest of these runs that combine views adds
    (Shapley values, from 2^n rankings of each test set for n components)."""
    paper_corpus: Bool = False
    """true: the corpus is the paper's (NewsImages 2022), whose figures are put beside ours."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on settings that no evaluation could have."""
        checked_scale(self.scale)
        choose_runs(self.variants)
        if self.sheet_articles < 0:
            raise NewsImagesError(f"sheet_articles is {self.sheet_articles}, expected 0 or more.")
        if self.explained < 0:
            raise NewsImagesError(f"explained is {self.explained}, expected 0 or more.")

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that are wanted."""
        return choose_runs(self.variants)

    @property
    def named(self) -> tuple[Run, ...]:
        """Those that are asked for by their own names, not as part of ``all`` or ``paper``."""
        return tuple(run for run in self.runs if run.variant in names_in(self.variants))


@dataclass(frozen=True, kw_only=True)
class SubmissionOptions:
    """What is handed in: lists of images, or since 2025 a picture per article."""

    submission_form: Form | PictureForm = "2023"
    """The year whose submission form is written: lists as in 2021 (articles by id) or 2023 (by
    url), or a ZIP of pictures as in 2025 or 2026."""
    group: str = ""
    """2025, 2026: the name that your group is registered by."""
    approach: str = ""
    """2025, 2026: the name of what is handed in; of several runs each has its variant behind it."""
    article_list: str = ""
    """2025: the list of SMALL's articles; 2026: that of the articles to hand in; none: LARGE alone,
    or all."""
    images_once: Literal["auto", "always", "never"] = "auto"
    """2025, 2026: whether no image goes to two articles; auto: in 2026, whose rules say so."""
    crop: Literal["centre", "heat_map"] = "centre"
    """2025, 2026: what of an image is shown: its centre, or where most of its score comes from."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on settings that the form does not take, or names it cannot."""
        if self.pictures is None:
            given = [each.name for each in fields(self) if getattr(self, each.name) != each.default]
            if given := [name for name in given if name != "submission_form"]:
                raise NewsImagesError(
                    f"{first_ten(given)} has no effect, because submission_form="
                    f"{self.submission_form}. Set submission_form=2025 or 2026, or leave it out."
                )
            return
        missing = [name for name in ("group", "approach") if not getattr(self, name)]
        if missing:
            raise NewsImagesError(
                f"submission_form={self.submission_form} needs {' and '.join(missing)}: names that "
                "the files get."
            )
        Naming(form=self.pictures, group=self.group)
        check_approaches([self.approach])

    @property
    def pictures(self) -> PictureForm | None:
        """The form of a ZIP of pictures; None where lists are handed in."""
        return next((form for form in PICTURE_FORMS if form == self.submission_form), None)

    @property
    def lists(self) -> Form | None:
        """The form of lists; None where pictures are handed in."""
        return next((form for form in get_args(Form) if form == self.submission_form), None)

    @property
    def is_once(self) -> bool:
        """Whether no image goes to two articles."""
        return self.images_once == "always" or (
            self.images_once == "auto" and self.submission_form == "2026"
        )


Action = Literal["add", "remove", "verify"]


@dataclass(frozen=True, kw_only=True)
class GrowingOptions:
    """A gallery that grows, and what is done to it."""

    action: Action = "add"
    """add, remove or verify (looks for rows that were altered, and for files that are others)."""
    gallery: str = "gallery"
    """The gallery: a folder, made if it is not there, or an address such as s3://bucket/gallery."""
    images: str = ""
    """The folder of the image files, to add those below it; verify compares them."""
    table: str = ""
    """A table of image_id or file, and any of caption, credit, rights and date: those images are
    added, or removed."""
    ids: str = ""
    """Ids of images to remove, separated by commas."""
    replace: Bool = False
    """Whether an image that is there with another picture, caption, credit, date or rights is
    replaced; otherwise it is an error, and nothing is added."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on settings that the action does not take."""
        takes = {"add": ("images", "table"), "remove": ("table", "ids"), "verify": ("images",)}
        given = [name for name in ("images", "table", "ids") if getattr(self, name)]
        odd = [name for name in given if name not in takes[self.action]]
        if odd or (self.replace and self.action != "add"):
            raise NewsImagesError(
                f"action={self.action} does not take {first_ten(odd or ['replace'])}; it takes "
                f"{first_ten(takes[self.action])}."
            )

    def check_given(self) -> None:
        """Raises: NewsImagesError where it is not said which images to add or to remove."""
        if self.action == "add" and not self.images:
            raise NewsImagesError("action=add, but no images: set images to their folder.")
        if self.action == "remove" and not (self.table or self.ids):
            raise NewsImagesError("action=remove, but no images: set table or ids to them.")


@dataclass(frozen=True, kw_only=True)
class GalleryOptions:
    """The images that test articles are ranked among."""

    gallery: str = ALL
    """all: those of each test set; or a folder of images that take their place, so that right
    images are not known and nothing is measured."""

    def own_gallery(self, protocols: Collection[str]) -> Path | None:
        """The folder; None for the test sets' own images.

        Raises:
            NewsImagesError: It is no folder, or no test set is ranked under these protocols.
        """
        if self.gallery == ALL:
            return None
        if not is_folder(self.gallery):
            raise NewsImagesError(
                f"gallery={self.gallery} is no folder of images{looked_for(self.gallery)}. Give "
                "one, or leave gallery out to rank each test set's own images."
            )
        if "official" not in protocols:
            raise NewsImagesError(
                f"gallery={self.gallery} has no effect under protocol={first_ten(protocols)}, which"
                " ranks training articles among their own images. Set protocol=official."
            )
        return Path(self.gallery)


@dataclass(frozen=True, kw_only=True)
class ServingOptions(GalleryOptions):
    """The images that a registered model serves."""

    gallery: str = ALL
    """Test sets whose images are served (separated by commas), all, a folder of images, or a
    gallery that grows (a folder or an address; see the entry point gallery)."""
    index: Literal["none", "ivf"] = "none"
    """ivf: an index over the images answers, approximately and without probabilities, which pays
    above some two million images; none: every answer is exact."""
    serving_translator: Bool = True
    """Whether registered models carry the translator, where the corpus needed one; without it they
    are smaller, and read other languages by their multilingual view alone, if they have one."""
    promote: Promote = "auto"
    """Whether a new version becomes champion: auto, where it is compared with the champion on equal
    terms and not below; never; or always, whatever the comparison says."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on a gallery without a name, or an index without faiss."""
        _check_named(
            "gallery",
            self.gallery,
            f"{ALL}, names of test sets or a folder of images (. for the current one)",
        )
        if self.index != "none":
            index.check_installed()

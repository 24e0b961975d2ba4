"""Hands in pictures: a run's images out of a gallery in, the ZIP that NewsImages asks for out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd

from mlproject import tracking
from mlproject.options import SubmissionOptions
from newsimages.corpora import DataSet
from newsimages.corpora.article_list import article_list
from newsimages.encoding.encoders import OpenClipEncoder
from newsimages.errors import NewsImagesError, first_ten
from newsimages.explanations.regions import Regions
from newsimages.protocols.embedded import EmbeddedSet
from newsimages.protocols.sameness import Pictures, picture_groups
from newsimages.ranking.spaces import Tower
from newsimages.reports.handing_in.archive import write_archive
from newsimages.reports.handing_in.forms import Naming, Part, check_article_ids
from newsimages.reports.handing_in.picture import Heat
from newsimages.reports.handing_in.pictures import Source, make_pictures
from newsimages.reports.handing_in.validator import check_archive
from newsimages.runs.choice import Chooser
from newsimages.runs.leading import Role
from newsimages.runs.table import Run

Images = dict[str, str]
"""The image that an article gets, by their ids."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Of which articles of a test set pictures are handed in."""

    articles: list[str]
    """In the test set's order."""
    small: list[str]
    """Those that are handed in as SMALL (2025), too."""

    @classmethod
    def of(cls, options: SubmissionOptions, articles: Sequence[str]) -> "Asked":
        """Raises: NewsImagesError as `article_list`."""
        listed = set(article_list(Path(options.article_list)) if options.article_list else ())
        some = [one for one in articles if one in listed]
        if options.submission_form == "2025" or not listed:
            return cls(articles=list(articles), small=some)
        return cls(articles=some, small=[])


def check_handing_in(options: SubmissionOptions, tests: Sequence[DataSet], n_runs: int) -> None:
    """Finds out, before the work, whether a submission can be made.

    Args:
        options: What is handed in.
        tests: The test sets.
        n_runs: How many runs are handed in, at least.

    Raises:
        NewsImagesError: An article's id is no name of a file, a listed article is in no test set,
            or there are fewer images than articles that need one each.
    """
    if not tests:
        raise NewsImagesError(
            f"submission_form={options.submission_form} hands in pictures for test articles, but "
            "there are none. Give a test set and protocol=official."
        )
    if options.article_list:
        known = {one for test in tests for one in test.articles["article_id"]}
        if unknown := [one for one in article_list(Path(options.article_list)) if one not in known]:
            raise NewsImagesError(
                f"{options.article_list} lists articles that are in no test set: "
                f"{first_ten(unknown)}. Expected some of the {len(known)} that are."
            )
    for test in tests:
        asked = Asked.of(options, test.articles["article_id"].tolist())
        check_article_ids(asked.articles)
        needed = len(asked.articles) * (n_runs if options.is_once else 1)
        has_images = int(test.images["path"].notna().sum())
        if options.is_once and has_images < needed:
            each = f", each in {n_runs} runs" if n_runs > 1 else ""
            raise NewsImagesError(
                f"{test.name}: {len(asked.articles)} articles need an image of their own{each}, "
                f"but there are {has_images} image files: {needed - has_images} are missing. Add "
                "images (gallery=FOLDER), hand in fewer articles (article_list), or, where the "
                "rules allow an image twice, set images_once=never."
            )


def to_hand_in(named: Sequence[Run], ahead: Mapping[Role, Run], made: Sequence[Run]) -> list[Run]:
    """The runs that are handed in: all that are asked for by name, else the leading one."""
    variants = {run.variant for run in named}
    if variants:
        return [run for run in made if run.variant in variants]
    return [ahead[role] for role in ("champion", "paper") if role in ahead][:1]


def hand_in(
    options: SubmissionOptions,
    tests: Sequence[EmbeddedSet],
    chooser: Chooser,
    runs: Sequence[Run],
    rankings: Mapping[str, Mapping[str, pd.DataFrame]],
    *,
    encoders: Mapping[Tower, OpenClipEncoder],
) -> None:
    """Logs a ZIP of pictures per test set, with a folder for each of the runs.

    Args:
        options: What is handed in.
        tests: The test sets.
        chooser: What the runs go by.
        runs: Those that are handed in.
        rankings: By test set and variant the lists, for where images may go to several articles.
        encoders: What the towers' vectors were made by, for heat maps.
    """
    form = options.pictures
    if form is None:
        return
    if not runs:
        tracking.not_made("submissions", "no run is made that could be handed in")
        return
    naming = Naming(form=form, group=options.group)
    with tracking.announced("hand-in", doing=f"Makes the pictures of {naming.zip_name}."):
        for test in tests:
            asked = Asked.of(options, test.articles["article_id"].tolist())
            if not asked.articles:
                continue
            try:
                own = rankings[test.name]
                images = _images(options, test, asked, chooser, runs, rankings=own)
                heat: dict[str, HeatMaps] = {}
                if options.crop == "heat_map":
                    of_run = zip(images, runs, strict=True)
                    heat = {key: HeatMaps(test, chooser, run, encoders) for key, run in of_run}
                workers = encoders["clip"].config.n_workers
                _log(naming, test, asked, images, heat, workers=workers)
            except NewsImagesError as error:  # which costs the ZIP, not the figures
                tracking.not_made(f"submissions/{test.name}", str(error))


def _images(
    options: SubmissionOptions,
    test: EmbeddedSet,
    asked: Asked,
    chooser: Chooser,
    runs: Sequence[Run],
    *,
    rankings: Mapping[str, pd.DataFrame],
) -> dict[str, Images]:
    """The images of each run, by its approach.

    Raises:
        NewsImagesError: As `_assigned`.
    """
    free = _distinct(test) if options.is_once else []
    images: dict[str, Images] = {}
    for run in runs:
        first = _first(rankings[run.variant], asked.articles)
        own = _assigned(test, asked.articles, free, chooser, run) if options.is_once else first
        used = set(own.values())
        free = [image for image in free if image not in used]
        behind = f"-{run.variant}" if len(runs) > 1 else ""
        images[f"{options.approach}{behind}"] = own
        _measure(test, run, own, first)
    _say_if_original(options, test, images)
    return images


def _say_if_original(
    options: SubmissionOptions, test: EmbeddedSet, images: Mapping[str, Images]
) -> None:
    """Says how many pictures are their articles' own, where the rules do not take these."""
    truth = test.truth()
    pairs = [pair for own in images.values() for pair in own.items()]
    n = sum(truth.get(article) == image for article, image in pairs)
    if n and options.submission_form == "2026":
        print(
            f"  {test.name}: {n} of {len(pairs)} pictures are the articles' own, which the rules "
            "of 2026 do not take; gallery=FOLDER hands in others"
        )


class HeatMaps:
    """Draws the heat maps of a run's scores."""

    def __init__(
        self,
        test: EmbeddedSet,
        chooser: Chooser,
        run: Run,
        encoders: Mapping[Tower, OpenClipEncoder],
    ) -> None:
        """The arguments are those of `hand_in`."""
        retriever = chooser.retriever(run, test.gallery, chooser.bank_of(run, [test.queries]))
        self._test, self._regions = test, Regions(encoders, retriever)
        self.failed: dict[str, str] = {}
        """Why there is no map, by article."""

    def of(self, article: str, image: str) -> Heat | None:
        """The map of an article over an image; None where there is none."""
        try:
            queries, path = self._test.queries.select([article]), self._test.files[image]
            return self._regions.heat_map(queries, path, image_id=image).values
        except NewsImagesError as error:
            self.failed[article] = str(error)
            return None


def _log(
    naming: Naming,
    test: EmbeddedSet,
    asked: Asked,
    images: Mapping[str, Images],
    heat: Mapping[str, HeatMaps],
    *,
    workers: int,
) -> None:
    """Logs the ZIP, what the validator says of it, and which image went to which article."""
    place = f"submissions/{test.name}"
    rows = [(approach, *pair) for approach, own in images.items() for pair in own.items()]
    handed = pd.DataFrame(rows, columns=["approach", "article_id", "image_id"])
    tracking.log_table(handed, f"{place}/pictures.csv")
    with tracking.artifact(f"{place}/{naming.zip_name}") as path:
        n = write_archive(path, _entries(naming, test, asked, images, heat, workers=workers))
        if not n:
            raise NewsImagesError(
                f"{test.name}: not one of the {len(rows)} pictures can be made, as their files "
                "cannot be read any more. Put them back, and evaluate again."
            )
        report = check_archive(path, form=naming.form, articles=asked.articles, small=asked.small)
        print(f"  {test.name}: {naming.zip_name}, {path.stat().st_size / 1e6:.1f} MB")
    print("\n".join(f"    {line}" for line in report.lines))
    mlflow.log_text("\n".join(report.lines) + "\n", f"{place}/report.txt")
    figures = {"pictures": n, "faults": len(report.faults)}
    mlflow.log_metrics({f"{test.name}/submission_{name}": n for name, n in figures.items()})


def _distinct(test: EmbeddedSet) -> list[str]:
    """The images that have a file, one of those that show the same picture."""
    ids = test.images.ids.tolist()
    files = [test.files.get(image) for image in ids]
    groups = picture_groups(Pictures(miniatures=test.miniatures.vectors, files=files))
    _, first = np.unique(groups, return_index=True)
    return [ids[at] for at in sorted(first.tolist()) if files[at] is not None]


def _first(ranking: pd.DataFrame, articles: Sequence[str]) -> Images:
    """Each article's first image."""
    first = ranking[ranking["rank"] == 1]
    image_of = dict(zip(first["article_id"], first["image_id"], strict=True))
    return {article: image_of[article] for article in articles}


def _assigned(
    test: EmbeddedSet, articles: Sequence[str], images: Sequence[str], chooser: Chooser, run: Run
) -> Images:
    """One of the images for each article, none twice, best in total."""
    if len(images) < len(articles):
        raise NewsImagesError(
            f"{test.name}: {len(articles)} articles need an image of their own, but {len(images)} "
            f"different ones are left for {run.variant}: {len(articles) - len(images)} are "
            "missing. Add images, or hand in fewer runs or articles."
        )
    queries = test.queries.select(articles)
    gallery = {tower: own.select(images) for tower, own in test.gallery.items()}
    retriever = chooser.retriever(run, gallery, chooser.bank_of(run, [queries]))
    given = retriever.assign(queries, against=run.against)
    return dict(zip(given.article_ids.tolist(), given.image_ids.tolist(), strict=True))


def _measure(test: EmbeddedSet, run: Run, own: Images, first: Images) -> None:
    """Says how many right images are handed in, and how many were first in the run's lists."""
    truth = {article: image for article, image in test.truth().items() if article in own}
    if not truth:
        return
    shares = {
        name: sum(given[article] == image for article, image in truth.items()) / len(truth)
        for name, given in {"handed_in": own, "first": first}.items()
    }
    mlflow.log_metrics(
        {f"{test.name}/{name}_recall_at_1_{run.variant}": v for name, v in shares.items()}
    )
    print(
        f"  {test.name} {run.variant}: R@1 {shares['handed_in']:.3f} of what is handed in, "
        f"{shares['first']:.3f} of each article's first image"
    )


def _entries(
    naming: Naming,
    test: EmbeddedSet,
    asked: Asked,
    images: Mapping[str, Images],
    heat: Mapping[str, HeatMaps],
    *,
    workers: int,
) -> Iterator[tuple[str, bytes]]:
    """The files of the ZIP, made as they are asked for; what cannot be made is reported."""
    parts: dict[Part, list[str]] = {"LARGE": asked.articles, "SMALL": asked.small}
    wanted = [
        (approach, part, article)
        for approach in images
        for part, articles in parts.items()
        for article in articles
    ]
    made = make_pictures(
        (_source(test, article, images[key][article], heat.get(key)) for key, _, article in wanted),
        total=len(wanted),
        workers=workers,
        doing=f"{test.name}: pictures",
    )
    odd: list[tuple[str, str]] = []
    for (approach, part, article), picture in zip(wanted, made, strict=True):
        if picture.notice:
            odd.append((images[approach][article], picture.notice))
        if picture.content is not None:
            yield (
                f"{naming.folder(approach, part)}/{naming.file(article, approach)}",
                picture.content,
            )
    failed = {article: why for maps in heat.values() for article, why in maps.failed.items()}
    if failed:
        why = next(iter(failed.values()))
        print(f"  {test.name}: {len(failed)} pictures show the middle, as there is no map: {why}")
    if odd:
        table = pd.DataFrame(odd, columns=["image_id", "notice"])
        tracking.log_table(table, f"submissions/{test.name}/notices.csv")
        shown = [f"{image} ({notice})" for image, notice in odd]
        print(f"  {test.name}: {len(odd)} pictures are missing or odd: {first_ten(shown)}")


def _source(test: EmbeddedSet, article: str, image: str, heat: HeatMaps | None) -> Source:
    return Source(test.files[image], heat.of(article, image) if heat else None)

"""Entry point ``validate``: a ZIP of pictures in, all that is wrong with it out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import mlflow

from mlproject import tracking
from newsimages.corpora.article_list import article_list
from newsimages.corpora.image_folder import image_files
from newsimages.errors import NewsImagesError
from newsimages.paths import is_folder, looked_for
from newsimages.reports.handing_in.forms import PICTURE_FORMS
from newsimages.reports.handing_in.stretched import Sources
from newsimages.reports.handing_in.validator import check_archive


@dataclass(frozen=True, kw_only=True)
class Validate:
    """Says all that is wrong with a ZIP of pictures that is to be handed in."""

    file: str = "submission.zip"
    """The ZIP, of NewsImages 2025 or 2026, whoever made it."""
    articles: str = ""
    """A table or list of the articles, to find missing and unknown ones; none: not checked."""
    article_list: str = ""
    """2025: the list of SMALL's articles; none: not checked."""
    pictures: str = ""
    """The folder of the pictures that those in the ZIP were made of, to find stretched ones; none:
    not checked."""
    form: Literal["auto", "2025", "2026"] = "auto"
    """2025 or 2026; auto: as the names of the ZIP and its folders say."""
    workdir: str = "work"
    """The folder for what the project keeps; made if it is not there."""


def run(config: Validate) -> None:
    """The entry point. Raises: NewsImagesError where something is wrong, or files are not there."""
    with tracking.entry_point(config):
        if config.pictures and not is_folder(config.pictures):
            raise NewsImagesError(
                f"pictures={config.pictures} is no folder{looked_for(config.pictures)}. Give that "
                "of the images, or leave pictures out."
            )
        path = Path(config.file)
        with tracking.announced("validate", doing=f"Looks at all of {path.name}."):
            report = check_archive(
                path,
                form=next((form for form in PICTURE_FORMS if form == config.form), None),
                articles=article_list(Path(config.articles)) if config.articles else (),
                small=article_list(Path(config.article_list)) if config.article_list else (),
                sources=_sources(config.pictures),
            )
        print("\n".join(f"  {line}" for line in report.lines))
        mlflow.log_text("\n".join(report.lines) + "\n", "report.txt")
        n = sum(report.pictures.values())
        mlflow.log_metrics({"submission_pictures": n, "submission_faults": len(report.faults)})
        if report.faults:
            raise NewsImagesError(
                f"{path} would be refused: {len(report.faults)} faults, which the lines above name."
            )


def _sources(folder: str) -> Sources | None:
    return Sources.of(list(image_files(Path(folder)).values())) if folder else None

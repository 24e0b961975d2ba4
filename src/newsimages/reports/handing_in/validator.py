"""A ZIP that is to be handed in, in; all that is wrong with it out.

Nothing of it is trusted, nothing is unpacked to the disk, and one picture is in memory at a time.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from newsimages.progress import progress
from newsimages.reports.handing_in.contents import Seen, seen
from newsimages.reports.handing_in.entries import (
    UnreadableEntryError,
    checked_entries,
    content_of,
    opened_archive,
)
from newsimages.reports.handing_in.faults import Faults
from newsimages.reports.handing_in.forms import Part, PictureForm
from newsimages.reports.handing_in.layout import Run, check_articles, form_of, group_of, runs_in
from newsimages.reports.handing_in.stretched import Sources

FEW = 200  # pictures that are looked at without a bar


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a ZIP holds, and what is wrong with it."""

    form: PictureForm
    group: str
    pictures: dict[str, int]
    """How many each run holds, by its folder."""
    faults: Faults
    notices: Faults
    """What is worth knowing and no fault."""
    unchecked: tuple[str, ...]
    """What could not be checked, and what that would take."""

    @property
    def lines(self) -> list[str]:
        """The report in words, a line each."""
        lines = [f"form of {self.form}, group {self.group}"]
        lines += [f"{folder}: {n} pictures" for folder, n in self.pictures.items()]
        lines += [f"FAULT: {line}" for line in self.faults.lines]
        lines += [f"notice: {line}" for line in self.notices.lines]
        lines += [f"not checked: {each}" for each in self.unchecked]
        lines.append("nothing is wrong" if not self.faults else f"{len(self.faults)} faults")
        return lines


def check_archive(
    path: Path,
    *,
    form: PictureForm | None = None,
    articles: Collection[str] = (),
    small: Collection[str] = (),
    sources: Sources | None = None,
) -> Report:
    """Looks at all of a ZIP.

    Args:
        path: The ZIP.
        form: Which year's; None: as its name and its folders say.
        articles: The ids of all articles; none where they are not known.
        small: Those of the list for SMALL (2025); none where they are not known.
        sources: The pictures that those in it were made of, to find stretched ones.

    Raises:
        NewsImagesError: It is no ZIP, or its list of files is damaged or absurdly long.
    """
    faults, notices = Faults(), Faults()
    with opened_archive(path) as archive:
        infos = checked_entries(archive, path.stat().st_size, faults)
        names = [info.filename for info in infos]
        form = form or form_of(path, names)
        group = group_of(path, form, names, faults)
        runs = runs_in(infos, form, group, faults)
        if not runs:
            faults.add("no run: not one picture lies where the form says", path.name)
        parts: dict[Part, Collection[str]] = {"LARGE": articles, "SMALL": small}
        known = {part: frozenset(ids) for part, ids in parts.items() if ids}
        check_articles(runs, known, form, faults, notices)
        look = _Look(form, faults, notices, sources)
        total, doing = sum(len(run.pictures) for run in runs), f"looks at {path.name}"
        with progress(total=total, unit="pictures", doing=doing, hide=total < FEW) as bar:
            for run in runs:
                for article_id, info in run.pictures.items():
                    try:
                        found = seen(content_of(archive, info))
                    except UnreadableEntryError as error:
                        found = Seen([str(error)], None)
                    look.at(run, article_id, info.filename, found)
                    bar.update()
    return Report(
        form=form,
        group=group,
        pictures={run.folder: len(run.pictures) for run in runs},
        faults=faults,
        notices=notices,
        unchecked=_unchecked(runs, known, form, sources),
    )


class _Look:
    """Compares pictures within a run, between runs, and with what they were made of."""

    def __init__(
        self, form: PictureForm, faults: Faults, notices: Faults, sources: Sources | None
    ) -> None:
        self._form, self._faults, self._notices, self._sources = form, faults, notices, sources
        self._in_run: dict[tuple[str, bytes], str] = {}
        self._of_article: dict[tuple[str, bytes], str] = {}
        self._of_approach: dict[tuple[str, str], bytes] = {}

    def at(self, run: Run, article_id: str, name: str, found: Seen) -> None:
        """Looks at the picture of an article."""
        for kind in found.faults:
            self._faults.add(kind, name)
        if not (digest := found.digest):
            return
        first = self._in_run.setdefault((run.folder, digest), name)
        if first != name:  # in 2025 no rule forbids it
            kept = self._faults if self._form == "2026" else self._notices
            kept.add("pictures that are in a run twice", f"{name} as {first}")
        if self._form == "2026":
            other = self._of_article.setdefault((article_id, digest), run.folder)
            if other != run.folder:
                self._faults.add("articles with one picture in two runs", f"{name} as in {other}")
        elif self._of_approach.setdefault((run.whole, article_id), digest) != digest:
            self._faults.add("pictures that SMALL and LARGE of an approach have otherwise", name)
        if self._sources and found.picture and (path := self._sources.stretched(found.picture)):
            self._faults.add("stretched pictures", f"{name} from {path.name}")


def _unchecked(
    runs: Collection[Run],
    known: Collection[Part],
    form: PictureForm,
    sources: Sources | None,
) -> tuple[str, ...]:
    said = []
    if "LARGE" not in known and any(run.part == "LARGE" for run in runs):
        said.append("whether articles are missing or unknown (articles=TABLE tells them)")
    if "SMALL" not in known and any(run.part == "SMALL" for run in runs):
        said.append("whether SMALL is complete (article_list=LIST tells its articles)")
    if sources is None:
        said.append("whether pictures are stretched (pictures=FOLDER of those they were made of)")
    if form == "2026":
        said.append("whether a picture is the news article's own, or from no open archive")
    return tuple(said)

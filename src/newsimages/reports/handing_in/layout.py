"""Names of a ZIP's files in, its runs out: which picture is whose, and which names are wrong."""

import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from newsimages.reports.handing_in.faults import Faults
from newsimages.reports.handing_in.forms import ENDING, Part, PictureForm

_SUBMISSION = "_Submission"
_FOLDER_2025 = re.compile(r"(RET|GEN)_(?P<approach>.+)_(?P<part>LARGE|SMALL)")
_OF_MANAGERS = {".ds_store", "thumbs.db", "desktop.ini", "__macosx"}


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run as it lies in the ZIP."""

    folder: str
    approach: str
    part: Part
    pictures: dict[str, zipfile.ZipInfo] = field(default_factory=dict)
    """Its files, by article id."""

    @property
    def whole(self) -> str:
        """What its folder shares with that of the other part of the same run."""
        return self.folder.removesuffix(self.part)


def form_of(path: Path, names: Iterable[str]) -> PictureForm:
    """The form that a ZIP is of, by its name, else by its folders."""
    if path.stem.endswith(_SUBMISSION):
        return "2026"
    folders = {part for name in names for part in name.split("/")[:-1]}
    return "2025" if any(map(_FOLDER_2025.fullmatch, folders)) else "2026"


def group_of(path: Path, form: PictureForm, names: Iterable[str], faults: Faults) -> str:
    """The group by the ZIP's name; else by most of its folders, and the name is a fault."""
    own = path.stem.removesuffix(_SUBMISSION)
    if path.suffix.lower() == ".zip" and own and (form == "2025" or own != path.stem):
        return own
    expected = "[group].zip" if form == "2025" else "[group]_Submission.zip"
    faults.add(f"name of the ZIP that is not {expected}", path.name)
    tops = Counter(name.split("/")[0] for name in names if "/" in name)
    top = tops.most_common(1)[0][0] if tops else path.stem
    return top if form == "2025" else top.partition("_")[0]


def runs_in(
    infos: Iterable[zipfile.ZipInfo], form: PictureForm, group: str, faults: Faults
) -> list[Run]:
    """The runs of a ZIP, by the names of its files; names that break the form are added."""
    runs: dict[str, Run] = {}
    for info in infos:
        *folders, name = info.filename.split("/")
        if _is_of_manager(info.filename):
            faults.add("files of a file manager, such as .DS_Store (leave them out)", info.filename)
        elif run := _run_of(folders, form, group, info.filename, faults):
            _add(runs.setdefault(run.folder, run), name, group, info, faults)
    return list(runs.values())


def _is_of_manager(path: str) -> bool:
    parts = path.casefold().split("/")
    return not _OF_MANAGERS.isdisjoint(parts) or parts[-1].startswith("._")


def _run_of(
    folders: list[str], form: PictureForm, group: str, path: str, faults: Faults
) -> Run | None:
    """The run that a file in these folders belongs to."""
    depth = 2 if form == "2025" else 1
    expected = f"{group}/RET_[approach]_LARGE/" if form == "2025" else f"{group}_[approach]/"
    if len(folders) != depth:
        where = "deep" if len(folders) > depth else "high"
        faults.add(f"files that lie too {where} (expected in {expected})", path)
        return None
    found = _FOLDER_2025.fullmatch(folders[-1]) if form == "2025" else None
    own = folders[0].removeprefix(f"{group}_")
    if form == "2025" and found and folders[0] == group:
        part: Part = "LARGE" if found["part"] == "LARGE" else "SMALL"
        return Run(folder="/".join(folders), approach=found["approach"], part=part)
    if form == "2026" and own and own != folders[0]:
        return Run(folder=folders[0], approach=own, part="LARGE")
    faults.add(f"files in folders of other names (expected {expected})", path)
    return None


def _add(run: Run, name: str, group: str, info: zipfile.ZipInfo, faults: Faults) -> None:
    ending = f"_{group}_{run.approach}{ENDING}"
    article_id = name.removesuffix(ending)
    if article_id in ("", name):
        is_picture = name.lower().endswith((".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"))
        said = f"pictures of other names (expected [article_id]{ending})"
        faults.add(said if is_picture else "files that are no pictures", info.filename)
    else:
        run.pictures[article_id] = info


def check_articles(
    runs: Iterable[Run],
    articles: Mapping[Part, frozenset[str]],
    form: PictureForm,
    faults: Faults,
    notices: Faults,
) -> None:
    """Adds the articles without a picture in each run, and pictures of articles that are unknown.

    Args:
        runs: The runs of the ZIP.
        articles: The articles that a run has, by its part; those of unknown parts are not checked.
        form: In 2025 the articles that LARGE lacks are no fault, but get the lowest rating.
        faults: What is found.
        notices: What is found and is no fault.
    """
    for run in runs:
        if run.part not in articles:
            continue
        known, there = articles[run.part], run.pictures.keys()
        missing = sorted(known - there)
        if form == "2025" and run.part == "LARGE":
            said = f"articles without a picture in {run.folder}, which get the lowest rating"
            notices.add(said, *missing)
        else:
            faults.add(f"articles without a picture in {run.folder}", *missing)
        faults.add(f"unknown articles in {run.folder}", *sorted(there - known))

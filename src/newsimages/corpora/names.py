"""Names of data sets: paths of tables in, a checked name for each out.

A name becomes part of file names and of metric names, and is checked to be fit for both.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path

from newsimages.corpora.parts import stem_of
from newsimages.errors import NewsImagesError, first_ten
from newsimages.plain_text import encodable

_NAME_AND_SPLIT = re.compile(
    r"(.+?)[-_. ](?:train(?:ing)?|test)(?:[-_. ](?:text|img|images|articles))?", re.IGNORECASE
)


def names_of(tables: Sequence[Path], place: Path, root: Path) -> list[str]:
    """The data set of each table in ``place``: the folder, unless the file names name several.

    Tables directly in the corpus folder ``root`` go by their file names even where these tell
    one only.
    """
    told = [_NAME_AND_SPLIT.fullmatch(stem_of(path)) for path in tables]
    names = [composed(match.group(1)) if match else "" for match in told]
    spelling = {name.casefold(): name for name in reversed(names)}  # the first one stays
    several = len(spelling) > 1 or (place == root and len(spelling) == 1)
    if several and "" not in spelling:
        return [spelling[name.casefold()] for name in names]
    return [composed(place.resolve().name)] * len(tables)


def composed(name: str) -> str:
    """``name`` in NFC: a Mac writes ``ü`` as ``u`` and two dots."""
    return unicodedata.normalize("NFC", name)


def is_text(name: str) -> bool:
    """Whether the bytes of a file's name are text, so that tables and reports can hold it."""
    return encodable(name) == name


def reason_not_to_follow(path: Path, root: Path) -> str:
    """Why a file or folder below ``root`` is not read, whatever it holds; "" where it may be."""
    if not is_text(path.name):
        return "its name is not UTF-8; rename it"
    if path.is_symlink() and not path.exists():
        return "a link that leads nowhere or to itself; not followed"
    if not path.resolve().is_relative_to(root.resolve()):
        return "a link that leaves the folder; not followed"
    return ""


def check_wanted(folder: Path, wanted: Collection[str], known: Collection[str]) -> None:
    """Raises NewsImagesError where a name in ``wanted`` is not among the ``known``."""
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        raise NewsImagesError(
            f"dataset={','.join(wanted)}: {folder} has no {first_ten(unknown) or 'such data set'}; "
            f"its data sets are {first_ten(sorted(known))}."
        )


def check_names(folder: Path, names: Collection[str]) -> None:
    """Raises NewsImagesError where a name cannot stand in file names, or two would be the same."""
    odd = sorted(repr(name) for name in set(names) if not _is_fit(name))
    if odd:
        raise NewsImagesError(
            f"{folder}: data set names become names of files and metrics and may hold up to 100 "
            f"letters, digits and _ - . / and blanks only; got {first_ten(odd)}. "
            "Rename the folder or file."
        )
    alike: dict[str, list[str]] = defaultdict(list)
    for name in sorted({name.casefold(): name for name in names}.values()):
        alike[re.sub("[ /]", "-", name.casefold())].append(name)
    same = [" and ".join(map(repr, group)) for group in alike.values() if len(group) > 1]
    if same:
        raise NewsImagesError(
            f"{folder} holds data sets whose names differ only in blanks, slashes and hyphens, "
            f"which file names do not tell apart: {first_ten(same)}. Rename one of the folders."
        )


def _is_fit(name: str) -> bool:
    """Whether all characters are letters with their marks, digits or separators."""
    kinds = [unicodedata.category(letter)[0] for letter in name]
    fit = all(k in "LMN" or letter in "_ .-/" for k, letter in zip(kinds, name, strict=True))
    return fit and 0 < len(name) <= 100 and (kinds[0] in "LN" or name[0] == "_")


def check_unique(folder: Path, names_and_splits: Sequence[tuple[str, str]]) -> None:
    """Raises NewsImagesError where two data sets have the same name and split."""
    counts = Counter((name.casefold(), split) for name, split in names_and_splits)
    twice = {name for name, split in names_and_splits if counts[name.casefold(), split] > 1}
    if twice:
        raise NewsImagesError(
            f"{folder} holds more than one data set of the same name: {first_ten(sorted(twice))}. "
            "Rename one of the folders."
        )

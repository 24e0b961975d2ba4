"""What the ZIP, its folders and its files are called, in the forms of NewsImages 2025 and 2026.

- 2025: ``[group].zip`` of ``[group]/RET_[approach]_LARGE/[article_id]_[group]_[approach].png``;
  LARGE is for all articles, SMALL for those of a given list.
- 2026: ``[group]_Submission.zip`` of ``[group]_[approach]/[article_id]_[group]_[approach].png``,
  one picture per article and run, none twice within a run.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from newsimages.errors import NewsImagesError, first_ten, shortened

PictureForm = Literal["2025", "2026"]
PICTURE_FORMS: tuple[PictureForm, ...] = get_args(PictureForm)
Part = Literal["LARGE", "SMALL"]
ENDING = ".png"
_GROUP = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.()+-]{0,58}[A-Za-z0-9()+])?")
_APPROACH = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.()+_-]{0,78}[A-Za-z0-9()+])?")
_LONGEST_ID = 100  # bytes
_NO_FILE_NAME = re.compile(r'[<>:"/\\|?*]')


@dataclass(frozen=True, kw_only=True)
class Naming:
    """The names of a group's files."""

    form: PictureForm
    group: str

    def __post_init__(self) -> None:
        """Raises: NewsImagesError where the group's name cannot stand in those of files."""
        if not _GROUP.fullmatch(self.group):
            raise NewsImagesError(
                f"group={shortened(self.group)!r} cannot stand in the names of the files. Allowed "
                "are up to 60 letters A to Z, digits and . ( ) + - (no blank, slash or _), from a "
                "letter or digit to none of . and -: the name that the group is registered by."
            )

    @property
    def zip_name(self) -> str:
        """The name of the ZIP."""
        return f"{self.group}.zip" if self.form == "2025" else f"{self.group}_Submission.zip"

    def folder(self, approach: str, part: Part = "LARGE") -> str:
        """The folder of a run."""
        if self.form == "2025":
            return f"{self.group}/RET_{approach}_{part}"
        return f"{self.group}_{approach}"

    def file(self, article_id: str, approach: str) -> str:
        """The file of a picture in its folder."""
        return f"{article_id}_{self.group}_{approach}{ENDING}"


def check_approaches(approaches: Collection[str]) -> None:
    """Raises: NewsImagesError where these cannot name the runs of one ZIP."""
    for approach in approaches:
        if not _APPROACH.fullmatch(approach):
            raise NewsImagesError(
                f"approach={shortened(approach)!r} cannot stand in the names of the files. Allowed "
                "are up to 80 letters A to Z, digits and . ( ) + _ - (no blank or slash), from a "
                "letter or digit to none of . _ and -."
            )
    if same := alike(approaches):
        raise NewsImagesError(
            f"Several runs of one ZIP have the same approach: {first_ten(same)}. Expected a name "
            "of its own for each; large and small letters are the same."
        )


def check_article_ids(ids: Collection[str]) -> None:
    """Raises: NewsImagesError where an id cannot begin a file's name, or two would be one file."""
    if odd := [repr(shortened(one, 50)) for one in ids if why_no_file_name(one)]:
        raise NewsImagesError(
            f"Article ids become the names of files, but {first_ten(odd)} cannot. Expected up to "
            f'{_LONGEST_ID} bytes without control characters, < > : " / \\ | ? * and blanks or '
            "full stops at their beginning. Give these articles other ids."
        )
    if same := alike(ids):
        raise NewsImagesError(
            "Article ids become the names of files, where large and small letters are the same on "
            f"many computers, but there are {first_ten(same)}. Give these articles other ids."
        )


def why_no_file_name(article_id: str) -> str:
    """Why an article's id cannot begin the name of a file; "" where it can."""
    if not article_id or article_id[0] in ". ":
        return "it is empty, or begins with a blank or a full stop"
    if not article_id.isprintable() or _NO_FILE_NAME.search(article_id):
        return "it has letters that no file's name has"
    return "it is too long" if len(article_id.encode()) > _LONGEST_ID else ""


def alike(names: Iterable[str]) -> list[str]:
    """The names that a computer which knows no large and small letters takes for others of them."""
    names = list(names)
    counts = Counter(map(folded, names))
    return [name for name in names if counts[folded(name)] > 1]


def folded(name: str) -> str:
    """What names share that a Mac or Windows takes for one."""
    return unicodedata.normalize("NFC", name).casefold()

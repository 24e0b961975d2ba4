"""What the page may send: stories, which pictures are wanted, and what was chosen.

Whatever has another form is refused, before a model sees it.
"""

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from newsimages.desk.stories import MAX_STORIES
from newsimages.errors import NewsImagesError
from newsimages.plain_text import encodable, readable
from newsimages.retriever.parameters import MAX_CHARACTERS
from newsimages.retriever.retriever import MAX_MINUS_WEIGHT, MINUS_WEIGHT

MAX_SHOWN = 200  # pictures of a story
MAX_RANK = 1_000_000_000


class Story(BaseModel):
    """A headline, and optionally the story below it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    title: str
    text: str = ""

    def check(self) -> None:
        """Raises: NewsImagesError where it is blank or too long."""
        for name, value in (("headline", self.title), ("story", self.text)):
            if len(value) > MAX_CHARACTERS:
                raise NewsImagesError(
                    f"The {name} has {len(value):,} characters; up to {MAX_CHARACTERS:,} are read. "
                    "Give its beginning."
                )
        if not readable(self.title):
            raise NewsImagesError("The headline is blank: type one.")

    @property
    def article(self) -> dict[str, str]:
        """As a model is asked."""
        return {"title": encodable(self.title), "text": encodable(self.text)}


class Narrowing(BaseModel):
    """Which pictures are wanted."""

    model_config = ConfigDict(extra="forbid", strict=True)
    filter: dict[str, Any] = {}
    minus: str = ""
    """What the pictures should not show."""
    minus_weight: Annotated[float, Field(ge=0, le=MAX_MINUS_WEIGHT)] = MINUS_WEIGHT

    @property
    def parameters(self) -> dict[str, Any]:
        """A request's, without those that say nothing."""
        given: dict[str, Any] = {}
        wanted = {name: own for name, own in self.filter.items() if own not in ("", [], None)}
        if wanted:
            given["filter"] = json.dumps(wanted)
        if readable(self.minus):
            given |= {"minus": encodable(self.minus), "minus_weight": float(self.minus_weight)}
        return given


class Asked(Story, Narrowing):
    """A story, and how many pictures are wanted."""

    top_k: Annotated[int, Field(ge=1, le=MAX_SHOWN)] = 24
    like: str = ""
    """An image whose likes are wanted, in the place of the story's own."""

    @property
    def parameters(self) -> dict[str, Any]:
        """A request's."""
        own = {"like": encodable(self.like)} if self.like else {}
        return {"top_k": self.top_k, **super().parameters, **own}


class Questioned(Asked):
    """A story, and one of its pictures."""

    image_id: str


class Named(Story):
    """A story that may have an id."""

    article_id: Annotated[str, Field(max_length=MAX_CHARACTERS)] = ""


class Several(Narrowing):
    """Stories, each of which is to get a picture."""

    stories: list[Named]


class Swap(Story, Narrowing):
    """A story, and the pictures that it is not to get."""

    without: list[str] = []


class Choice(Named):
    """A picture that was chosen for a story."""

    image_id: Annotated[str, Field(max_length=MAX_CHARACTERS)]
    rank: Annotated[int, Field(ge=1, le=MAX_RANK)]
    score: Annotated[float, Field(allow_inf_nan=False)]


class Taking(BaseModel):
    """What was chosen at a time."""

    model_config = ConfigDict(extra="forbid", strict=True)
    choices: Annotated[list[Choice], Field(min_length=1, max_length=MAX_STORIES)]

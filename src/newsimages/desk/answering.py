"""What the desk answers: what the page has sent in, what it shows out, as JSON has it."""

import base64
import time
from typing import Any

import numpy as np

from newsimages.desk.asked import Asked, Questioned, Several, Swap, Taking
from newsimages.desk.models import Model, Row
from newsimages.desk.pictures import Pictures, Thumbnails, tag_of
from newsimages.desk.stories import check_number, first_of, none_twice
from newsimages.desk.taken import Keep, taken_row
from newsimages.encoding.images import UnreadableImageError
from newsimages.errors import NewsImagesError
from newsimages.gallery.filters import NothingLeftError
from newsimages.plain_text import encodable
from newsimages.retriever.parameters import MAX_CHARACTERS
from newsimages.retriever.retriever import MAX_MINUS_WEIGHT, MINUS_WEIGHT


class Desk:
    """What the application answers with."""

    def __init__(self, model: Model, keep: Keep) -> None:
        self.model, self.keep = model, keep
        self.thumbnails = Thumbnails()

    @property
    def answered_by(self) -> dict[str, Any]:
        """The model, as answers name it."""
        model = self.model
        named = {"model": model.name, "version": model.version, "n_images": model.n_images}
        return {**named, "notice": model.notice}

    def about(self) -> dict[str, Any]:
        """What the page has to know before anything is asked."""
        fields = self.model.pictures.fields
        return {
            **self.answered_by,
            "fields": list(fields.names),
            "rights": list(fields.rights),
            "max_characters": MAX_CHARACTERS,
            "minus_weight": {"default": MINUS_WEIGHT, "most": MAX_MINUS_WEIGHT},
        }

    def ask(self, asked: Asked) -> dict[str, Any]:
        """The pictures of a story."""
        asked.check()
        start = time.perf_counter()
        row: Row = {"image_ids": [], "scores": []}
        said = ""
        try:
            [row] = self.model.answer([asked.article], asked.parameters)
        except NothingLeftError as error:
            said = str(error)
        english = None if asked.like else self.model.english(**asked.article)
        return {
            **self.answered_by,
            "language": "" if asked.like else row.get("language", ""),
            "english": english._asdict() if english else None,
            "none_fits": row.get("none_fits"),
            "approximate": bool(row.get("approximate")),
            "nothing_left": said,
            "images": [self._at(row, place) for place in range(len(row["image_ids"]))],
            "seconds": round(time.perf_counter() - start, 4),
        }

    def why(self, asked: Questioned) -> dict[str, Any]:
        """What each view, and each word, adds to the score of one of a story's pictures."""
        asked.check()
        given = {**asked.parameters, "explain": True, "words": True}
        [row] = self.model.answer([asked.article], given)
        if asked.image_id not in row["image_ids"]:
            raise NewsImagesError(
                "This picture is not among the story's any more: the gallery, or the model, is "
                "another one by now. Ask again."
            )
        place = row["image_ids"].index(asked.image_id)
        shares = row.get("contributions") or {}
        words = row.get("words")
        if words:
            parts = [{**part, "adds": part["adds"][place]} for part in words["parts"]]
            words = {**words, "parts": parts}
        return {
            **self.answered_by,
            "score": row["scores"][place],
            "contributions": {name: values[place] for name, values in shares.items()},
            "words": words,
        }

    def heat(self, asked: Questioned) -> dict[str, Any]:
        """Which parts of a picture its score comes from, or why that is not known."""
        asked.check()
        try:
            path = self.model.pictures.path(asked.image_id)
            self.model.pictures.check(asked.image_id, path)
            values = self.model.heat_map(asked.article, asked.parameters, asked.image_id, path)
        except (UnreadableImageError, NewsImagesError) as error:
            return {"why_not": f"No heat map: {error}"}
        most = float(np.abs(values).max()) or 1.0
        cells = np.round(values * (127 / most) + 128).astype(np.uint8)
        return {
            "width": values.shape[1],
            "height": values.shape[0],
            "values": base64.b64encode(cells.tobytes()).decode(),
        }

    def several(self, asked: Several) -> dict[str, Any]:
        """A picture for each story, none twice."""
        check_number(len(asked.stories))
        for story in asked.stories:
            story.check()
        top_k = len(asked.stories)
        articles = [story.article for story in asked.stories]
        rows = self.model.answer(articles, {**asked.parameters, "top_k": top_k})
        told = [
            {
                "language": row["language"],
                "none_fits": row.get("none_fits"),
                "image": self._at(row, place),
            }
            for row, place in zip(rows, none_twice(rows), strict=True)
        ]
        return {**self.answered_by, "stories": told}

    def swap(self, asked: Swap) -> dict[str, Any]:
        """The best picture of a story without those that it is not to get."""
        asked.check()
        top_k = len({*asked.without}) + 1
        [row] = self.model.answer([asked.article], {**asked.parameters, "top_k": top_k})
        return {**self.answered_by, "image": self._at(row, first_of(row, asked.without))}

    def _at(self, row: Row, place: int | None) -> dict[str, Any] | None:
        return None if place is None else at(row, place, self.model.pictures)

    def take(self, taking: Taking) -> dict[str, Any]:
        """Writes down what was chosen."""
        rows = []
        for choice in taking.choices:
            choice.check()
            about = of_image(choice.image_id, self.model.pictures)
            story = {**choice.article, "article_id": choice.article_id}
            chosen = {
                "image_id": encodable(choice.image_id),
                "image": about["path"],
                "credit": about["credit"],
                "rank": choice.rank,
                "score": choice.score,
            }
            rows.append(taken_row(story, chosen, model=self.model.name, version=self.model.version))
        self.keep(rows)
        return {"taken": rows}

    def picture(self, image_id: str, size: str) -> bytes | None:
        """A small picture; None where there is none, which is no error of who asks."""
        try:
            return self.thumbnails(self.model.pictures, image_id, size)
        except UnreadableImageError:
            return None

    def why_not(self, image_id: str) -> str:
        """Why an image has no picture; "" where it has one."""
        try:
            self.thumbnails(self.model.pictures, image_id, "tile")
        except UnreadableImageError as error:
            return str(error)
        return ""


def at(row: Row, place: int, pictures: Pictures) -> dict[str, Any]:
    """The image at a place of an answer's list, with what is said of it, as the page shows it."""
    image_id, sure = row["image_ids"][place], row.get("confidence")
    return {
        "id": image_id,
        "rank": place + 1,
        "score": row["scores"][place],
        "confidence": sure[place] if sure else None,
        **of_image(image_id, pictures),
    }


def of_image(image_id: str, pictures: Pictures) -> dict[str, Any]:
    """What is said of an image, and the tag of its file or the reason why it has none."""
    said = pictures.said(image_id)
    tag, path, why = "", "", ""
    try:
        file = pictures.path(image_id)
        path, tag = str(file.absolute()), tag_of(file)
    except UnreadableImageError as error:
        why = str(error)
    return {**vars(said), "path": path, "tag": tag, "why_not": why}

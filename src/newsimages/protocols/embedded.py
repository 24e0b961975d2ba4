"""A data set as vectors: its articles and images in the spaces of several towers.

In come what the towers made of articles and images, out comes an `EmbeddedSet`: queries per view
and a gallery per tower, each made once and shared by all runs.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from newsimages.corpora.parts import Split
from newsimages.embeddings import Embeddings
from newsimages.errors import NewsImagesError
from newsimages.ranking.captions import captions_tower, with_zero
from newsimages.ranking.spaces import Gallery, Queries, TextField, Tower, View
from newsimages.txv.pairs import Pairs, merged, pair_up
from newsimages.txv.projection import embed_texts
from newsimages.txv.towers import TXV_FIELDS, Networks, txv_gallery


@dataclass(frozen=True, kw_only=True)
class TowerVectors:
    """Articles and images as one tower embeds them."""

    queries: Mapping[TextField, Embeddings]
    """Per text field a vector per article, in the articles' order."""
    images: Embeddings
    """A vector per readable image."""


@dataclass(frozen=True, kw_only=True)
class EmbeddedSet:
    """Articles of a data set and the images to find theirs among, as vectors."""

    name: str
    """The data set's name, such as RSS."""
    split: Split
    """``train`` or ``test``, as the corpus has it."""
    articles: pd.DataFrame
    """As `articles.preprocess` gives them; the columns read here are article_id, title, title_en,
    text_en, image_id and, to split by time, date."""
    towers: Mapping[Tower, TowerVectors]
    """The same articles and images in each; ``clip`` is always there."""
    miniatures: Embeddings
    """What copies of the same picture share, per image, as `newsimages.encoding.miniature`."""
    files: Mapping[str, Path]
    """The file of each image that has one, by its id."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError where the towers saw other articles or images."""
        clip = self.towers["clip"]
        if not np.array_equal(self.miniatures.ids, clip.images.ids):
            raise NewsImagesError(
                f"{self.name}: {len(self.miniatures)} miniatures are not of the "
                f"{len(clip.images)} images. The files have changed in between: run it again."
            )
        for name, tower in self.towers.items():
            if not np.array_equal(tower.images.ids, clip.images.ids) or any(
                not np.array_equal(queries.ids, clip.queries[field].ids)
                for field, queries in tower.queries.items()
            ):
                raise NewsImagesError(
                    f"{self.name}: the {name} backbone's {len(tower.images)} images, or its "
                    f"articles, are not the {len(clip.images)} images and the articles of the "
                    "other backbone. The files have changed in between: run it again."
                )

    @property
    def label(self) -> str:
        """Name and split, fit for a file name."""
        return label_of(self.name, self.split)

    @property
    def images(self) -> Embeddings:
        """The images in CLIP's space."""
        return self.towers["clip"].images

    @property
    def gallery(self) -> Gallery:
        """The images in the space of each tower."""
        return {name: tower.images for name, tower in self.towers.items()}

    @property
    def queries(self) -> Queries:
        """The articles in every view."""
        return Queries(
            views={
                View(name, field): vectors
                for name, tower in self.towers.items()
                for field, vectors in tower.queries.items()
            },
            has_text=(self.articles["text_en"].str.strip() != "").to_numpy(np.bool_),
        )

    def subset(self, article_ids: Collection[str]) -> "EmbeddedSet":
        """Some of the articles, in their order here, with the images that are theirs."""
        chosen = self.articles[self.articles["article_id"].isin(set(article_ids))]
        is_own = np.isin(self.images.ids, chosen["image_id"].dropna().unique())
        ids, own = chosen["article_id"].tolist(), self.images.ids[is_own].tolist()
        towers = {
            name: TowerVectors(
                queries={field: vectors.select(ids) for field, vectors in tower.queries.items()},
                images=tower.images.select(own),
            )
            for name, tower in self.towers.items()
        }
        return replace(
            self,
            articles=chosen.reset_index(drop=True),
            towers=towers,
            miniatures=self.miniatures.select(own),
        )

    def truth(self) -> dict[str, str]:
        """The right image of each article for which it is known; it may be absent here."""
        known = self.articles.dropna(subset="image_id")
        return dict(zip(known["article_id"], known["image_id"], strict=True))


def with_txv(part: EmbeddedSet, networks: Networks) -> EmbeddedSet:
    """The set with T×V's towers beside its own; towers of one network share their images."""
    clip = part.towers["clip"]
    images = txv_gallery(clip.images, networks)
    towers = {
        tower: TowerVectors(
            queries={TXV_FIELDS[tower]: embed_texts(network, [clip.queries[TXV_FIELDS[tower]]])},
            images=images[tower],
        )
        for tower, network in networks.items()
    }
    return replace(part, towers={**part.towers, **towers})


def with_captions(
    part: EmbeddedSet, captions: Embeddings | None, neutral: NDArray[np.float32]
) -> EmbeddedSet:
    """The set with the tower of captions beside its own.

    Args:
        part: Asked with the vectors of its tower ``clip``.
        captions: Of those of its images that have one, by the same text tower; None: none has.
        neutral: The vector of all other images, as `newsimages.ranking.captions.neutral_vector`.
    """
    clip = part.towers["clip"]
    queries = {field: with_zero(vectors) for field, vectors in clip.queries.items()}
    images = captions_tower(captions, part.images.ids, neutral)
    tower = TowerVectors(queries=queries, images=images)
    return replace(part, towers={**part.towers, "captions": tower})


def asked_with(
    part: EmbeddedSet, queries: Mapping[TextField, Embeddings], networks: Networks
) -> EmbeddedSet:
    """The set, asked with other vectors of CLIP in its tower and in those that are made of it.

    Args:
        part: Whose images, and whose queries in the other towers, stay as they are.
        queries: Of its articles, maybe of others too, per text field.
        networks: Of T×V's towers that it has.
    """
    own = {
        f: vectors.select(part.articles["article_id"].tolist()) for f, vectors in queries.items()
    }
    asked: dict[Tower, Mapping[TextField, Embeddings]] = {"clip": own}
    if "captions" in part.towers:
        asked["captions"] = {field: with_zero(vectors) for field, vectors in own.items()}
    for tower in part.towers.keys() & networks.keys():
        field = TXV_FIELDS[tower]
        asked[tower] = {field: embed_texts(networks[tower], [own[field]])}
    changed = {tower: replace(part.towers[tower], queries=own) for tower, own in asked.items()}
    return replace(part, towers={**part.towers, **changed})


def pairs_of(sets: Sequence[EmbeddedSet], field: TextField) -> Pairs:
    """The articles of several data sets with their images, under the ids ``NAME/id``.

    Raises:
        NewsImagesError: There is no data set, or their vectors do not fit each other.
    """
    whole = joined(sets)
    return pair_up([whole.towers["clip"].queries[field]], [whole.images], whole.truth())


def joined(sets: Sequence[EmbeddedSet]) -> EmbeddedSet:
    """Several data sets as one, with one gallery, in the towers that all have; ids are ``NAME/id``.

    Raises:
        NewsImagesError: There is no data set, or their vectors do not fit each other.
    """
    if not sets:
        raise NewsImagesError("No data set to join: give at least one.")
    articles = [
        part.articles.assign(
            article_id=part.name + "/" + part.articles["article_id"],
            image_id=part.name + "/" + part.articles["image_id"],
        )
        for part in sets
    ]
    return EmbeddedSet(
        name="+".join(part.name for part in sets),
        split=sets[0].split,
        articles=pd.concat(articles, ignore_index=True),
        towers=_merged({part.name: part.towers for part in sets}),
        miniatures=merged({part.name: part.miniatures for part in sets}),
        files={f"{part.name}/{key}": path for part in sets for key, path in part.files.items()},
    )


def label_of(name: str, split: Split) -> str:
    """What files about a data set are called."""
    return f"{name}-{split}".replace("/", "-").replace(" ", "-")


def _merged(sets: Mapping[str, Mapping[Tower, TowerVectors]]) -> dict[Tower, TowerVectors]:
    """The towers that all data sets have; those that share their images still do."""
    first = next(iter(sets.values()))
    galleries: dict[tuple[int, ...], Embeddings] = {}
    joint: dict[Tower, TowerVectors] = {}
    for tower in [tower for tower in first if all(tower in towers for towers in sets.values())]:
        vectors = {name: towers[tower] for name, towers in sets.items()}
        images = {name: each.images for name, each in vectors.items()}
        same = tuple(id(each) for each in images.values())
        if same not in galleries:
            galleries[same] = merged(images)
        queries = {
            field: merged({name: each.queries[field] for name, each in vectors.items()})
            for field in first[tower].queries
        }
        joint[tower] = TowerVectors(queries=queries, images=galleries[same])
    return joint

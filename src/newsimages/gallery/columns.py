"""What a gallery holds: the columns of its table, and which model's vectors stand in it.

A row is an image: its id, where its file lies, the SHA-256 of the file's content, its caption,
credit, rights and date (all but the id and the SHA-256 may be absent), and per tower a vector. One
of the towers may be `CAPTIONS`, in which images without a caption have none. The table's schema
says of each tower by which model its vectors were made, so that others are refused.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from newsimages.embeddings import UNIT_TOLERANCE
from newsimages.errors import NewsImagesError, first_ten, shortened

MAX_ID = 200  # letters
FORMAT = 1  # raise it when what a table holds, or its meaning, changes
TEXTS = ("caption", "credit", "rights")
SAID = (*TEXTS, "date")
"""What is said of an image; what is not said is null."""
_KEY = {
    b"lance-schema:unenforced-primary-key": b"true",
    b"lance-schema:unenforced-primary-key:position": b"1",
}
"""Lance's: of two writers that add the same id at the same moment, only one comes to add it."""
ABOUT = pa.schema(
    [
        pa.field("image_id", pa.string(), nullable=False, metadata=_KEY),
        pa.field("file", pa.string()),
        pa.field("sha256", pa.string(), nullable=False),
        *(pa.field(name, pa.string()) for name in TEXTS),
        pa.field("date", pa.timestamp("us")),
    ]
)
"""All of a row but its vectors."""
CAPTIONS = "captions"
"""The tower of the captions' own vectors: of an image without one null in the table, 0s here."""
CHECKSUM = "checksum"
"""The column of a number that tells every change of a row."""
_ABOUT_GALLERY = b"newsimages"
_TOWER = re.compile("[a-z][a-z_]{0,40}")


@dataclass(frozen=True, kw_only=True)
class TowerModel:
    """The model by which the vectors of a tower were made."""

    backbone: str
    """openCLIP's name of it."""
    pretrained: str
    """The tag of its weights."""
    precision: str
    """In which it computed."""
    key: str
    """A fingerprint of all that the vectors depend on, except the images."""
    dimension: int
    """E, the length of the vectors."""

    @property
    def words(self) -> str:
        """Its names, for people."""
        return (
            f"{self.backbone} {self.pretrained} in {self.precision} ({self.dimension} dimensions, "
            f"key {self.key[:8]})"
        )


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a gallery is told apart by, from its making on."""

    uid: str
    """Given once, so that another gallery at the same place is not taken for this one."""
    towers: Mapping[str, TowerModel]

    @classmethod
    def new(cls, towers: Mapping[str, TowerModel]) -> "Kind":
        """That of a new gallery. Raises: NewsImagesError on towers that no table can have."""
        odd = [name for name in towers if not _TOWER.fullmatch(name) or name in ABOUT.names]
        if odd or not towers:
            raise NewsImagesError(
                f"A gallery of the towers {first_ten(list(towers)) or 'none'}: expected at least "
                "one, with a name of small letters that is no other column."
            )
        return cls(uid=secrets.token_hex(16), towers=dict(towers))

    @property
    def schema(self) -> pa.Schema:
        """The table's."""
        told = {
            "format": FORMAT,
            "uid": self.uid,
            "towers": {name: asdict(model) for name, model in self.towers.items()},
        }
        vectors = [
            pa.field(name, pa.list_(pa.float32(), model.dimension), nullable=name == CAPTIONS)
            for name, model in self.towers.items()
        ]
        checksum = pa.field(CHECKSUM, pa.int64(), nullable=False)
        return pa.schema([*ABOUT, checksum, *vectors]).with_metadata(
            {_ABOUT_GALLERY: json.dumps(told).encode()}
        )

    @classmethod
    def of(cls, schema: pa.Schema, where: str) -> "Kind":
        """That of the table at ``where``.

        Raises:
            NewsImagesError: It is no gallery's, one of another format, or has other columns.
        """
        try:
            told = json.loads((schema.metadata or {})[_ABOUT_GALLERY])
            found = told["format"]
            if found == FORMAT:
                towers = {str(name): TowerModel(**of) for name, of in told["towers"].items()}
                kind = cls(uid=str(told["uid"]), towers=towers)
                kind._check_columns(schema, where)
                return kind
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            if isinstance(error, NewsImagesError):
                raise
            raise NewsImagesError(
                f"{where} is no gallery: its table does not say by which models its vectors were "
                f"made ({type(error).__name__}: {error}). Expected a table that the entry point "
                "gallery has made."
            ) from error
        raise NewsImagesError(
            f"{where} is a gallery of format {found!r}, but this code reads format {FORMAT}. Use "
            "the version of the project that made it, or make it anew."
        )

    def _check_columns(self, schema: pa.Schema, where: str) -> None:
        expected = {field.name: field.type for field in self.schema}
        got = {field.name: field.type for field in schema}
        wrong = [f"{name} (unknown)" for name in got if name not in expected]
        for name, kind in expected.items():
            if name not in got:
                wrong.append(f"{name} (missing)")
            elif got[name] != kind:
                wrong.append(f"{name} ({got[name]}, expected {kind})")
        if wrong:
            raise NewsImagesError(
                f"{where} has columns that a gallery's table has not, or lacks some: "
                f"{first_ten(wrong)}. Take them out of it, or make the gallery anew."
            )

    def check_towers(self, towers: Mapping[str, TowerModel], where: str) -> None:
        """Raises: NewsImagesError where vectors of these models do not belong into the gallery.

        A gallery without `CAPTIONS`, as they were made once, takes images with them, and leaves
        them out.
        """
        for name, model in self.towers.items():
            other = towers.get(name)
            if other is None:
                raise NewsImagesError(
                    f"The gallery {where} has vectors of the tower {name}, by {model.words}, but "
                    "none are given. Encode with that model, too."
                )
            if other != model:
                raise NewsImagesError(
                    f"The vectors of the tower {name} are by {other.words}, those of the gallery "
                    f"{where} by {model.words}: they cannot be compared. Encode with the "
                    "gallery's model (backbone, pretrained and precision), or make another "
                    "gallery."
                )
        if more := [name for name in towers if name not in (*self.towers, CAPTIONS)]:
            raise NewsImagesError(
                f"The gallery {where} has no vectors of the towers {first_ten(more)}, only of "
                f"{first_ten(list(self.towers))}. Leave them out, or make another gallery."
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """N images, as they are added to a gallery."""

    about: pa.Table
    """With the columns of `ABOUT`."""
    vectors: Mapping[str, NDArray[np.float32]]
    """(N, E) unit vectors by tower; of `CAPTIONS`, 0s for those without one."""

    def __post_init__(self) -> None:
        """Raises: NewsImagesError on an id that is empty or occurs twice, or on odd vectors."""
        ids = self.about["image_id"]
        counted = pc.value_counts(ids)
        twice = counted.field("values").filter(pc.greater(counted.field("counts"), 1))
        if len(twice):
            raise NewsImagesError(
                f"Images that are given more than once: {first_ten(twice.to_pylist())}. Give each "
                "id once."
            )
        lengths = np.asarray(pc.utf8_length(ids))
        if len(odd := np.flatnonzero((lengths < 1) | (lengths > MAX_ID))):
            shown = first_ten([shortened(each, 40) for each in ids.take(odd).to_pylist()])
            raise NewsImagesError(
                f"Image ids of 0 letters or of more than {MAX_ID}: {shown}. Give shorter ones."
            )
        for tower, vectors in self.vectors.items():
            if vectors.dtype != np.float32 or vectors.ndim != 2 or len(vectors) != len(ids):
                raise NewsImagesError(
                    f"{len(ids)} images with vectors of the tower {tower} of the shape "
                    f"{vectors.shape} and {vectors.dtype}: expected one row of float32 each."
                )
            if len(wrong := not_unit(tower, vectors)):
                raise NewsImagesError(
                    f"Vectors of the tower {tower} that are not of length 1 (or hold NaN): "
                    f"{first_ten(ids.take(wrong).to_pylist())}. Divide each by its length."
                )

    def __len__(self) -> int:
        return len(self.about)

    def take(self, rows: NDArray[np.int64]) -> "Rows":
        """Some of them."""
        return Rows(
            about=self.about.take(rows),
            vectors={tower: vectors[rows] for tower, vectors in self.vectors.items()},
        )

    def table(self, kind: Kind) -> pa.Table:
        """As a table of the gallery's schema, with each row's checksum."""
        vectors = {tower: np.ascontiguousarray(self.vectors[tower]) for tower in kind.towers}
        columns = {name: self.about[name] for name in ABOUT.names}
        columns[CHECKSUM] = pa.array(checksums(self.about, vectors))
        for tower, each in vectors.items():
            flat, none = pa.array(each.reshape(-1)), ~each.any(axis=1)
            columns[tower] = pa.FixedSizeListArray.from_arrays(
                flat, each.shape[1], mask=pa.array(none) if none.any() else None
            )
        return pa.table(columns, schema=kind.schema)


def not_unit(tower: str, vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """The rows of a tower whose length is not 1, as it has to be where there is a vector."""
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    wrong = ~(np.abs(lengths - 1) < UNIT_TOLERANCE)
    return np.flatnonzero(wrong & (lengths != 0) if tower == CAPTIONS else wrong)


def checksums(about: pa.Table, vectors: Mapping[str, NDArray[np.float32]]) -> NDArray[np.int64]:
    """(N,) a number of all that a row holds."""
    told = about.select(ABOUT.names).set_column(
        ABOUT.get_field_index("date"), "date", about["date"].cast(pa.int64())
    )
    rows = zip(*(column.to_pylist() for column in told.columns), strict=True)
    numbers = np.empty(len(about), np.int64)
    for row, values in enumerate(rows):
        digest = hashlib.blake2b(json.dumps(values).encode(), digest_size=8)
        for each in vectors.values():
            digest.update(each[row].data)
        numbers[row] = int.from_bytes(digest.digest(), "little", signed=True)
    return numbers


def matrix(column: pa.ChunkedArray, dimension: int) -> NDArray[np.float32]:
    """(N, E) the vectors of a column; 0s where it has none."""
    flat = column.combine_chunks().flatten() if len(column) else pa.array([], pa.float32())
    if isinstance(flat, pa.ChunkedArray):
        flat = flat.combine_chunks()
    vectors: NDArray[np.float32] = flat.to_numpy(zero_copy_only=False).reshape(-1, dimension)
    if column.null_count:
        known, vectors = vectors, np.zeros((len(column), dimension), np.float32)
        vectors[np.asarray(column.is_valid())] = known
    return vectors

"""A gallery that grows, to which models point: the parameter in, its newest version out."""

from mlproject.embed import Encoders
from mlproject.growing import tower_model
from newsimages.errors import NewsImagesError
from newsimages.gallery.columns import CAPTIONS
from newsimages.gallery.snapshot import Snapshot, open_snapshot
from newsimages.gallery.storage import is_gallery
from newsimages.gallery.table import Gallery, placed
from newsimages.ranking.spaces import Tower
from newsimages.runs.table import Run
from newsimages.txv.towers import TXV_FIELDS


def check_models(gallery: str, encoders: Encoders) -> None:
    """Raises: NewsImagesError where a gallery that grows is not of the corpus's models."""
    if not is_gallery(placed(gallery)):
        return
    growing = Gallery.open(gallery)
    by_tower = {"clip": encoders.clip, "multilingual": encoders.originals}
    towers = {name: tower_model(each) for name, each in by_tower.items() if each}
    there = growing.kind.towers
    growing.kind.check_towers({name: towers.get(name, there[name]) for name in there}, growing.uri)


def pointed_to(gallery: str) -> Snapshot | None:
    """Its newest version, which is kept from being cleaned up; None where it is no such gallery.

    Raises:
        NewsImagesError: It cannot be read, or has no images.
    """
    if not is_gallery(placed(gallery)):
        return None
    growing = Gallery.open(gallery)
    snapshot = open_snapshot(gallery, growing.version, uid=growing.kind.uid)
    try:
        growing.keep()
    except NewsImagesError as error:  # a storage that only lets itself be read
        print(f"  version {growing.version} is not kept from being cleaned up: {error}")
    return snapshot


def why_not_on(snapshot: Snapshot | None, run: Run) -> str:
    """Why a run cannot rank the images of a gallery that grows; "" where it can."""
    for tower in dict.fromkeys(_ground(view.tower) for view in run.views):
        if snapshot and tower not in snapshot.towers:
            why = f"the gallery {snapshot.uri} has no vectors of the tower {tower}"
            return f"{why} (make it anew to have them)" if tower == CAPTIONS else why
    return ""


def _ground(tower: Tower) -> Tower:
    return "clip" if tower in TXV_FIELDS else tower

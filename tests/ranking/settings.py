"""A setting of every revision at which it changes lists, for tests that hold for all of them."""

from newsimages.ranking.revisions import (
    REVISIONS,
    DualSoftmax,
    InvertedSoftmax,
    Neighbours,
    Revision,
    Sinkhorn,
)

_OF_OWN: dict[str, Revision] = {
    each.name: each
    for each in (
        DualSoftmax(scale=100.0),
        InvertedSoftmax(scale=37.0),
        Neighbours(),
        Sinkhorn(scale=20.0, rounds=5),
    )
}
SHARP: tuple[Revision, ...] = tuple(
    _OF_OWN.get(name, revision.candidates()[0]) for name, revision in REVISIONS.items()
)
"""One of each name, in the order of `REVISIONS`."""

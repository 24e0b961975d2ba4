"""Revisions of the similarities, each in the form that needs one number per image.

In come similarities Z (C queries, D images) in tiles, out comes an **offset** per image. Every
revision orders the images of an article by

    score_ij = slope · z_ij − offset_j

The queries of the offsets may be the articles that are ranked or others (a fixed query bank, see
`newsimages.ranking.bank`); no second (articles, images) matrix ever exists.

| name             | slope | offset_j                                                    |
|------------------|-------|-------------------------------------------------------------|
| none             | 1     | 0                                                           |
| dual_softmax     | 2·s   | logsumexp_i(s·z_ij)                                         |
| inverted_softmax | s     | logsumexp_i(s·z_ij)                                         |
| neighbours       | 1     | α · the mean of image j's k greatest similarities           |
| sinkhorn         | s     | −v_j, the image's potential (see `sinkhorn`)                |

Each file names the source of its formula. A new revision is a file with a dataclass like these and
its line in `REVISIONS`.
"""

from newsimages.ranking.revisions.base import Revision
from newsimages.ranking.revisions.dual_softmax import DualSoftmax
from newsimages.ranking.revisions.inverted_softmax import InvertedSoftmax
from newsimages.ranking.revisions.neighbours import Neighbours
from newsimages.ranking.revisions.plain import Plain
from newsimages.ranking.revisions.sinkhorn import Sinkhorn

REVISIONS: dict[str, type[Revision]] = {
    revision.name: revision
    for revision in (
        Plain,
        DualSoftmax,
        InvertedSoftmax,
        Neighbours,
        Sinkhorn,
    )
}
"""Every revision by its name, the simplest first."""
PLAIN = Plain()

__all__ = [
    "PLAIN",
    "REVISIONS",
    "DualSoftmax",
    "InvertedSoftmax",
    "Neighbours",
    "Plain",
    "Revision",
    "Sinkhorn",
]

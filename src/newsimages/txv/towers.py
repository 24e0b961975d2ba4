"""T×V's towers: articles and images of CLIP's space in, the same in the spaces of T×V out."""

from collections.abc import Mapping
from dataclasses import replace

from newsimages.embeddings import Embeddings
from newsimages.ranking.spaces import Queries, TextField, Tower, View
from newsimages.txv.network import TxVNetwork
from newsimages.txv.projection import embed_images, embed_texts

Networks = Mapping[Tower, TxVNetwork]
"""The T×V network of each of its towers; several towers may have the same one."""
TXV_FIELDS: dict[Tower, TextField] = {"txv": "title", "txv_text": "text"}
"""What each of T×V's towers is asked with."""


def txv_gallery(images: Embeddings, networks: Networks) -> dict[Tower, Embeddings]:
    """Images of CLIP's space in the space of each of T×V's towers."""
    mapped = {id(net): embed_images(net, [images]) for net in networks.values()}
    return {tower: mapped[id(network)] for tower, network in networks.items()}


def txv_queries(queries: Queries, networks: Networks) -> Queries:
    """The articles in T×V's views beside their own."""
    views = dict(queries.views)
    for tower, network in networks.items():
        field = TXV_FIELDS[tower]
        views[View(tower, field)] = embed_texts(network, [queries.of(View("clip", field))])
    return replace(queries, views=views)

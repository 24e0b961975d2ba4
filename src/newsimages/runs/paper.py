"""The figures that the paper published, to stand beside ours where the corpus is the paper's.

Galanopoulos and Mezaris, "Cross-modal Networks and Dual Softmax Operation for MediaEval NewsImages
2022", tables 1 (the official test sets) and 2 (a random 80–20 split of the training sets).
"""

from pathlib import Path
from typing import cast

import pandas as pd

from newsimages.protocols.parts import Protocol


def published(protocol: Protocol) -> dict[tuple[str, int], dict[str, float]]:
    """The published metrics by (test set, run number): recall_at_5, …, recall_at_100, mrr."""
    table = pd.read_csv(Path(__file__).with_name("paper.csv"))
    own = table[table["protocol"] == protocol].drop(columns="protocol")
    return cast(
        dict[tuple[str, int], dict[str, float]],
        own.set_index(["data_set", "run"]).to_dict("index"),
    )

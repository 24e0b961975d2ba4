"""The figures that the paper published, to stand beside ours where the corpus is the paper's.

Galanopoulos and Mezaris, "Cross-modal Networks and Dual Softmax Operation for MediaEval NewsImages
2022", tables 1 (the official test sets) and 2 (a random 80–20 split of the training sets).
"""

from newsimages.metrics.metrics import METRICS
from newsimages.protocols.parts import Protocol

_TABLES: dict[Protocol, str] = {
    "official": """
1 RSS .61000 .68267 .82067 .86533 .49013
1 RT  .42733 .52267 .71800 .80667 .30875
1 TW  .65667 .72867 .86000 .91200 .54209
2 RSS .62133 .69333 .82667 .87400 .49800
2 RT  .46200 .54667 .75533 .83400 .33370
2 TW  .66267 .73200 .86333 .91133 .54645
3 RSS .59933 .68267 .80800 .86067 .47901
3 RT  .43933 .53733 .74667 .82533 .31131
3 TW  .66133 .74133 .86600 .90933 .53554
4 RSS .60067 .68267 .80800 .85667 .47664
4 RT  .43933 .53733 .75200 .82333 .31039
4 TW  .65333 .74133 .86467 .91000 .53268
5 RSS .59267 .68000 .81267 .85400 .46889
5 RT  .37267 .46200 .65667 .72667 .27638
5 TW  .65733 .74600 .86333 .91267 .53920
""",
    "internal": """
1 RSS .8125 .8375 .9250 1.000 .7590
1 RT  .6234 .7247 .8649 .9377 .4800
1 TW  .6826 .7630 .8957 .9444 .5540
2 RSS .8125 .8375 .9500 1.000 .7730
2 RT  .6390 .7559 .8857 .9325 .5040
2 TW  .6882 .7664 .9070 .9501 .5610
3 RSS .8750 .9250 .9875 1.000 .8014
3 RT  .6546 .7377 .9039 .9455 .5065
3 TW  .7030 .7721 .9036 .9431 .5695
4 RSS .8750 .9375 .9875 1.000 .8147
4 RT  .6442 .7507 .9039 .9481 .5045
4 TW  .7075 .7721 .9116 .9422 .5748
5 RSS .8125 .8875 .9875 1.000 .7672
5 RT  .6364 .7325 .8987 .9507 .4885
5 TW  .6916 .7710 .9048 .9410 .5678
""",
    "time": "",
}


def published(protocol: Protocol) -> dict[tuple[str, int], dict[str, float]]:
    """The published metrics by (test set, run number): recall_at_5, …, recall_at_100, mrr."""
    rows = (line.split() for line in _TABLES[protocol].split("\n") if line)
    return {
        (name, int(number)): dict(zip(METRICS, map(float, figures), strict=False))  # its five
        for number, name, *figures in rows
    }

"""Charts of the results: each function returns a matplotlib figure and the table behind it.

- ``recall``: Recall@K over K; ``ranks``: ranks of the right images.
- ``hubness``: how often an image stands in a top ten, before and after dual softmax.
- ``training``: T×V's training curves; ``intervals``: MRR with 95 % intervals per data set.
- ``variants``: the one place that gives a variant its colour; ``canvas``: their common style.
"""

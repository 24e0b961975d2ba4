"""Step 9: rankings in, figures out: Recall@K, mean reciprocal rank, intervals, paired tests.

Open `metrics` first; `comparison` tells which variants differ beyond chance.
"""

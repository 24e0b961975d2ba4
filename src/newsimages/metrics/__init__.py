"""Step 9: rankings in, figures out: Recall@K, mean reciprocal rank, intervals, paired tests.

In: lists of images and the right image of each article. Out: numbers from 0 to 1.
Open `metrics` first; `comparison` tells which variants differ beyond chance.
"""

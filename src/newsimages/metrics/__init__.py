"""Step 9: rankings in, figures out: Recall@K, mean reciprocal rank, intervals, paired tests.

In: lists of images and the right image of each article. Out: numbers from 0 to 1.
Open `metrics` first; `comparison` tells which variants differ beyond chance; `ratings` measures
what people think of pictures, from what `rating_tables` reads, by the model of `bradley_terry`.
"""

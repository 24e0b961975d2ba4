"""Step 6: query and gallery vectors in, the images of each article in order out.

In: the vectors of articles and images. Out: the first 100 images of each article.
Open `ranking` first; `spaces` makes several views one, `similarity` has the tiles, `revisions` the
formulas, `bank` the query bank.
"""

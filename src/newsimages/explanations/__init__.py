"""Why this picture: what of an article, and what of an image, an image's score comes from.

In: a retriever, an article and images. Out: what words and sentences add, heat maps over a picture.
Open `words` or `regions` first; ``gradients`` and ``occlusion`` are the two methods of the latter.
"""

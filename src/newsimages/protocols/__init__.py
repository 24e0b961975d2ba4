"""Step 4: embedded data sets in, training, validation and test parts out.

In: articles and images as vectors. Out: three parts that share no article, title or picture.
Open `parts` first; `splits` holds the 80–20 split, `embedded` a data set in several towers.
"""

"""Step 4: embedded data sets in, training, validation and test parts out.

In: articles and images as vectors. Out: three parts that share no article, title or picture.
Open `parts` first; `sameness` says what is the same title or picture, `splits` holds the 80–20
split, `embedded` a data set in several towers.
"""

"""Step 2: articles in any language in, the same articles in English out.

In: a data set's articles. Out: their language, and titles and texts in English.
Open `articles` first; `language` detects, `translation` translates.
"""

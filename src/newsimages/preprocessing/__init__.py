"""Step 2: articles in any language in, the same articles in English out.

Open `articles` first; `language` detects, `translation` translates.
"""

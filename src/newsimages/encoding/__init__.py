"""Step 3: texts and image files in, unit vectors in the space of an openCLIP model out.

In: texts and image files by id. Out: `newsimages.embeddings.Embeddings`, kept on disk.
Open `encoders` first; `text_tower` encodes texts, `images` reads files, `store` keeps vectors.
"""

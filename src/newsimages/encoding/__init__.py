"""Step 3: texts and image files in, unit vectors in the space of an openCLIP model out.

Open `encoders` first; `text_tower` encodes texts, `images` reads files, `store` keeps vectors.
"""

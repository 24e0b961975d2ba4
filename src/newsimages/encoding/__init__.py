"""Step 3: texts and image files in, unit vectors in the space of an openCLIP model out.

Open `encoders` first; `text_tower` encodes texts, `images` reads files (`as_seen`, as people see
them), `store` keeps vectors, `miniature` tells copies of a picture.
"""

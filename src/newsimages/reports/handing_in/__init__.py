"""What is handed in since 2025: one picture per article, in a ZIP of named PNGs.

- ``crop``, ``colours``, ``picture``: an image file to a PNG of 460 × 260 pixels; ``pictures``: many
  of them, in worker processes.
- ``forms``: what the files are called; ``archive``: writes the ZIP; ``faults``, ``names``,
  ``contents``, ``validator``: read any such ZIP and say what is wrong with it.
"""

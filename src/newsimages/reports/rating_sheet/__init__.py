"""A rating sheet: two runs' pictures for an article side by side, blind, for people to rate.

- ``sheet``: `rating_sheet`, which writes it, and the key to it; ``pairs``: which pairs it shows;
  ``page``: the HTML file.
- ``template.html``, ``sheet.css``, ``table.js``, ``memory.js``, ``rating.js``: the page itself.
  What it exports is read by `newsimages.metrics.rating_tables`.
"""

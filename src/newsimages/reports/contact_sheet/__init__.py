"""A contact sheet of what the variants rank first: one HTML file for people who know pictures.

- ``sheet``: `contact_sheet`, which writes it; ``content``: the values it shows; ``thumbnails``:
  the pictures; ``page``: all of it in one file.
- ``template.html``, ``sheet.css``, ``search.js``, ``rows.js``, ``sheet.js``: the page itself.
"""

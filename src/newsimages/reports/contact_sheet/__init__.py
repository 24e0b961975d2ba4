"""A contact sheet: what the variants rank first, in one HTML file for picture editors.

It opens on the three leading variants; others are shown on demand.

- ``sheet``: `contact_sheet`, which writes it; ``content``: its values, ``explained`` of them
  those that explain; ``thumbnails``: its pictures; ``page``: all in one file.
- ``template.html``, ``sheet.css``, ``search.js``, ``rows.js``, ``why.js``, ``sheet.js``: the page
  itself.
"""

"""The picture desk: a page for editors, who ask a model with a story and take a picture.

In come a model that answers and the picture files of its gallery, out comes a web application.
`app` has what the page can ask, `answering` what it is told; `page/` holds the page itself.
"""

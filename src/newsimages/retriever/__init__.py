"""Step 7: articles in, ranked images out: the one path of evaluation and of serving.

In: a gallery and what a run goes by. Out: a retriever, in memory, on disk and over HTTP.
Open `retriever` first; `folder` saves and loads one, `requests` answers a table of articles.
"""

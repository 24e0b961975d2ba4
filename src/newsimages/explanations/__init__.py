"""Why a picture was found for an article: what people see of an answer's reasons.

In: a retriever, an article and images. Out: what words, sentences and regions add to their scores.
Open `words` first.
"""

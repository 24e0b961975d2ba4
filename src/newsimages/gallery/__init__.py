"""A gallery that grows: images with vectors, captions, credits, dates and rights, in versions.

In: rows of images, added and removed. Out: a version's rows on this machine, and those of a filter.
Open `table` first; `snapshot` is a version's local copy, `filters` says which of its rows may be
listed, `columns` what a row holds, `storage` is all that knows Lance.
"""

"""Step 8: the runs as data, and what they choose on the validation part.

In: a run and the validation part. Out: its weights and its revision.
Open `table` first: every run is a row of it.
"""

"""Step 10: rankings and metrics in, tables, charts, contact sheets and submission files out.

In: rankings and metrics. Out: tables, figures, contact sheets, submission files.
Open `tables` first; `contact_sheet/` shows pictures, `rating_sheet/` has people rate them,
`figures/` draws, `submission` writes files.
"""

"""Step 10: rankings and figures in, what people look at and hand in out.

In: what was ranked and measured. Out: tables, figures, contact sheets, submission files.
Open `tables` first; `contact_sheet/` shows pictures, `figures/` draws, `submission` writes files.
"""

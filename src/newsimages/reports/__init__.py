"""Step 10: rankings and metrics in, tables, charts, contact sheets and submission files out.

Open `tables` first; `contact_sheet/` shows pictures, `figures/` draws, `submission` writes files.
"""

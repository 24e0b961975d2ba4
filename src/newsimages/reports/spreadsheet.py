"""Tables in, CSV for people out: no text of a corpus in it is run as a formula.

Spreadsheets run a cell that begins with ``=``, ``+``, ``-`` or ``@``, behind blanks, too. Such a
text gets an apostrophe in front. What programs read, Parquet and submissions, keeps its cells.
"""

import re

import pandas as pd
from pandas.api.types import is_numeric_dtype

_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\n]")  # in both widths, as some locales run both


def spreadsheet_csv(table: pd.DataFrame) -> str:
    """The table as CSV with a header; numbers stay as they are."""
    shown = pd.DataFrame(
        {
            position: values if is_numeric_dtype(values) else values.map(_as_text)
            for position, (_, values) in enumerate(table.items())
        }
    )
    header = [str(_as_text(name)) for name in table.columns]
    return shown.to_csv(index=False, header=header, lineterminator="\n")


def _as_text(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    cell = re.sub("\r\n?", "\n", cell)  # the writer would not quote \r, which begins a row
    return f"'{cell}" if _FORMULA.match(cell) else cell

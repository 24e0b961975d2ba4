"""Shows a comparison of variants: the table of `compare` in, sentences, Markdown, HTML out.

`compare` is that of `newsimages.metrics.comparison`.
"""

import html

import numpy as np
import pandas as pd

from newsimages.reports.tables import markdown


def comparison_sentences(table: pd.DataFrame, *, confidence: float = 0.95) -> list[str]:
    """Sentences on which variants of each data set differ and which do not.

    Args:
        table: As from `compare`.
        confidence: The confidence that `compare` was given.
    """
    sentences = []
    for name, pairs in table.groupby("data set", sort=False):
        differ = pairs["p corrected"] < 1 - confidence
        sentences += [f"{name}: {_summary(pairs, confidence)}"]
        sentences += [f"{name}: {_difference(row)}" for _, row in pairs[differ].iterrows()]
        sentences += [f"{name}: {_alike(pairs[~differ])}"] if not differ.all() else []
    return sentences


def comparison_markdown(table: pd.DataFrame) -> str:
    """The table as Markdown, as people read it."""
    return markdown(_readable(table))


def comparison_html(table: pd.DataFrame, *, confidence: float = 0.95) -> str:
    """A self-contained page: for each data set a summary and a table with drawn intervals.

    Args:
        table: As from `compare`.
        confidence: The confidence that `compare` was given.
    """
    reach = max(table[["low", "high"]].abs().to_numpy(np.float64).max(initial=0), 1e-9)
    sections = [
        _section(str(name), pairs, confidence, reach)
        for name, pairs in table.groupby("data set", sort=False)
    ]
    return _PAGE.format(sections="\n".join(sections), confidence=confidence)


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the interval in one column, and no more digits than mean something."""
    return pd.DataFrame(
        {
            "data set": table["data set"],
            "variant": table["variant"],
            "against": table["against"],
            "MRR": table["MRR"].map("{:.5f}".format),
            "MRR against": table["MRR against"].map("{:.5f}".format),
            "difference": table["difference"].map("{:+.5f}".format),
            "interval": [_interval(row) for _, row in table.iterrows()],
            "p corrected": table["p corrected"].map("{:.4f}".format),
            "won": table["won"],
            "lost": table["lost"],
            "tied": table["tied"],
        }
    )


def _interval(row: "pd.Series[float]") -> str:
    return f"{row['low']:+.4f} to {row['high']:+.4f}"


def _summary(pairs: pd.DataFrame, confidence: float) -> str:
    n = int((pairs["p corrected"] < 1 - confidence).sum())
    return (
        f"{n or 'none'} of {len(pairs)} {'pair' if len(pairs) == 1 else 'pairs'} of variants "
        f"{'differ' if n > 1 else 'differs'} in MRR beyond chance ({pairs['articles'].iloc[0]:,} "
        f"articles, paired randomisation test, p < {1 - confidence:.2g} after Holm's correction)."
    )


def _difference(row: "pd.Series[float]") -> str:
    return (
        f"{row['variant']} is {'better' if row['difference'] > 0 else 'worse'} than "
        f"{row['against']} by {abs(row['difference']):.4f} (interval {_interval(row)}, p = "
        f"{row['p corrected']:.4f}), ahead on {row['won']:,} articles and behind on "
        f"{row['lost']:,}."
    )


def _alike(pairs: pd.DataFrame) -> str:
    named = [f"{row['variant']} and {row['against']}" for _, row in pairs.iterrows()]
    return f"no difference beyond chance between {'; '.join(named)}."


def _section(name: str, pairs: pd.DataFrame, confidence: float, reach: float) -> str:
    differ = pairs["p corrected"] < 1 - confidence
    said = [_summary(pairs, confidence)]
    said += [] if differ.all() else [_alike(pairs[~differ])]
    text = " ".join(sentence[0].upper() + sentence[1:] for sentence in said)
    readable = _readable(pairs).drop(columns="data set")
    head = "".join(f'<th scope="col">{heading}</th>' for heading in readable.columns)
    rows = [
        f"<tr{' class=differs' if row['p corrected'] < 1 - confidence else ''}>"
        + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells)
        + f"<td>{_drawn(row, reach)}</td></tr>"
        for cells, (_, row) in zip(
            readable.itertuples(index=False, name=None), pairs.iterrows(), strict=True
        )
    ]
    name = html.escape(name)
    return (
        f"<h2>{name}</h2>\n<p>{html.escape(text)}</p>\n"
        f'<div class="wide" tabindex="0" role="region" aria-label="Pairs of variants on {name}">\n'
        f'<table><thead><tr>{head}<th scope="col">−{reach:.3f} to +{reach:.3f}</th></tr></thead>\n'
        f"<tbody>{''.join(rows)}</tbody></table>\n</div>"
    )


def _drawn(row: "pd.Series[float]", reach: float) -> str:
    """The interval as a line with a dot, on an axis from −reach to +reach with a mark at 0."""
    low, middle, high = (80 + 74 * row[name] / reach for name in ("low", "difference", "high"))
    return (
        f'<svg viewBox="0 0 160 14" role="img" aria-label="{row["difference"]:+.4f}, interval '
        f'{_interval(row)}"><path class="zero" d="M80 0V14"/>'
        f'<path d="M{low:.1f} 7H{high:.1f}"/><circle cx="{middle:.1f}" cy="7" r="3.2"/></svg>'
    )


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Comparison of variants</title>
<style>
:root {{ color-scheme: light dark; --quiet: #5f5f59; --line: #dcdcd8; }}
body {{ margin: 0 auto; padding: 24px; max-width: 1100px; background: #f6f6f4; color: #1b1b19;
  font: 14px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --quiet: #a5a59d; --line: #30302d; }}
  body {{ background: #161615; color: #ecece8; }}
}}
h1 {{ margin: 0 0 4px; font-size: 22px; line-height: 1.2; font-weight: 650; }}
h2 {{ margin: 32px 0 4px; font-size: 16px; font-weight: 650; }}
p {{ margin: 0 0 10px; max-width: 95ch; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: 13px; white-space: nowrap; }}
th, td {{ padding: 4px 16px 4px 0; border-bottom: 1px solid var(--line); text-align: right; }}
th {{ font-weight: 400; }}
th, .note, tr:not(.differs) td {{ color: var(--quiet); }}
:is(th, td):nth-child(-n+2) {{ text-align: left; }}
.differs td:nth-child(5) {{ font-weight: 650; }}
svg {{ display: block; width: 160px; height: 14px; fill: currentColor; stroke: currentColor;
  stroke-width: 1.6; }}
.zero {{ stroke: var(--quiet); stroke-width: 1; stroke-dasharray: 2 2; }}
</style>
</head>
<body>
<h1>Comparison of variants</h1>
<p class="note">Difference: MRR minus MRR against, with its interval of {confidence:.0%} (paired
bootstrap). p: paired randomisation test, corrected by Holm's method for the pairs of the data set.
Won, lost, tied: articles. What differs beyond chance stands out.</p>
{sections}
</body>
</html>
"""

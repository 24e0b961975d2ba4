"""The table of `newsimages.metrics.comparison.compare` in, sentences, Markdown and HTML out."""

import html
from pathlib import Path
from string import Template

import numpy as np
import pandas as pd

from newsimages.metrics.comparison import CONFIDENCE
from newsimages.reports.tables import markdown

_FORMATS = {"MRR": ".5f", "MRR against": ".5f", "difference": "+.5f", "p corrected": ".4f"}


def comparison_sentences(table: pd.DataFrame) -> list[str]:
    """Sentences on which variants of each data set differ."""
    sentences = []
    for name, pairs in table.groupby("data set", sort=False):
        differ = _differ(pairs)
        said = [_difference(row) for _, row in pairs[differ].iterrows()]
        sentences += [f"{name}: {one}" for one in (_summary(pairs), *said, *_alike(pairs[~differ]))]
    return sentences


def comparison_markdown(table: pd.DataFrame) -> str:
    """The table as Markdown, as people read it."""
    return markdown(_readable(table))


def comparison_html(table: pd.DataFrame) -> str:
    """A self-contained page: for each data set a summary and a table with drawn intervals."""
    reach = max(table[["low", "high"]].abs().to_numpy(np.float64).max(initial=0), 1e-9)
    by_set = table.groupby("data set", sort=False)
    sections = [_section(str(name), pairs, reach) for name, pairs in by_set]
    page = Template(Path(__file__).with_suffix(".html").read_text("utf-8"))
    return page.substitute(sections="\n".join(sections), confidence=f"{CONFIDENCE:.0%}")


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the interval in one column, and no more digits than mean something."""
    formatted = {
        name: [format(one, spec) for one in table[name]] for name, spec in _FORMATS.items()
    }
    intervals = [_interval(row) for _, row in table.iterrows()]
    readable = table.assign(**formatted, low=intervals).rename(columns={"low": "interval"})
    return readable.drop(columns=["articles", "high", "p"])


def _interval(row: "pd.Series[float]") -> str:
    return f"{row['low']:+.4f} to {row['high']:+.4f}"


def _differ(pairs: pd.DataFrame) -> "pd.Series[bool]":
    return pairs["p corrected"] < 1 - CONFIDENCE


def _summary(pairs: pd.DataFrame) -> str:
    n = int(_differ(pairs).sum())
    return (
        f"{n or 'none'} of {len(pairs)} {'pair' if len(pairs) == 1 else 'pairs'} of variants "
        f"{'differ' if n > 1 else 'differs'} in MRR beyond chance ({pairs['articles'].iloc[0]:,} "
        f"articles, paired randomisation test, p < {1 - CONFIDENCE:.2g} after Holm's correction)."
    )


def _difference(row: "pd.Series[float]") -> str:
    return (
        f"{row['variant']} is {'better' if row['difference'] > 0 else 'worse'} than "
        f"{row['against']} by {abs(row['difference']):.4f} (interval {_interval(row)}, p = "
        f"{row['p corrected']:.4f}), ahead on {row['won']:,} articles and behind on "
        f"{row['lost']:,}."
    )


def _alike(pairs: pd.DataFrame) -> list[str]:
    named = [f"{row['variant']} and {row['against']}" for _, row in pairs.iterrows()]
    return [f"no difference beyond chance between {'; '.join(named)}."] if named else []


def _section(name: str, pairs: pd.DataFrame, reach: float) -> str:
    said = [_summary(pairs), *_alike(pairs[~_differ(pairs)])]
    text = " ".join(sentence[0].upper() + sentence[1:] for sentence in said)
    readable = _readable(pairs).drop(columns="data set")
    head = "".join(f'<th scope="col">{heading}</th>' for heading in readable.columns)
    rows = []
    for shown, (_, row) in zip(readable.to_numpy().tolist(), pairs.iterrows(), strict=True):
        cells = "".join(f"<td>{html.escape(str(cell))}</td>" for cell in shown)
        look = " class=differs" if row["p corrected"] < 1 - CONFIDENCE else ""
        rows.append(f"<tr{look}>{cells}<td>{_drawn(row, reach)}</td></tr>")
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

"""The table of `newsimages.metrics.comparison.compare` in, sentences, Markdown and HTML out."""

import html
import itertools
import string
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import Template

import numpy as np
import pandas as pd

from newsimages.metrics.comparison import CONFIDENCE, beyond_chance, groups, mrr_of
from newsimages.reports.figures.variants import VariantStyle, variant_styles
from newsimages.reports.tables import markdown

_FORMATS = {"MRR": ".5f", "MRR against": ".5f", "difference": "+.5f", "p corrected": ".4f"}


def comparison_sentences(table: pd.DataFrame) -> list[str]:
    """Sentences on which variants of each data set differ, and which groups nothing separates."""
    sentences = []
    for name, pairs in table.groupby("data set", sort=False):
        said = [_difference(row) for _, row in pairs[beyond_chance(pairs)].iterrows()]
        alike = [f"nothing separates {_listed(own)}." for own in groups(pairs) if len(own) > 1]
        sentences += [f"{name}: {one}" for one in (_summary(pairs), *alike, *said)]
    return sentences


def comparison_markdown(table: pd.DataFrame) -> str:
    """The table as Markdown, as people read it."""
    return markdown(_readable(table))


def comparison_html(table: pd.DataFrame, words: Mapping[str, str] | None = None) -> str:
    """A self-contained page: for each data set groups, a matrix, and a table with drawn intervals.

    ``words`` say what variants do, for people.
    """
    reach = max(table[["low", "high"]].abs().to_numpy(np.float64).max(initial=0), 1e-9)
    styles = variant_styles(list(dict.fromkeys([*table["against"], *table["variant"]])))
    by_set = table.groupby("data set", sort=False)
    sections = [_section(str(name), own, reach, styles, words or {}) for name, own in by_set]
    page = Template(Path(__file__).with_suffix(".html").read_text("utf-8"))
    return page.substitute(
        sections="\n".join(sections), confidence=f"{CONFIDENCE:.0%}", p=f"{1 - CONFIDENCE:.2g}"
    )


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


def _listed(names: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _summary(pairs: pd.DataFrame) -> str:
    n = int(beyond_chance(pairs).sum())
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


def _section(
    name: str,
    pairs: pd.DataFrame,
    reach: float,
    styles: Mapping[str, VariantStyle],
    words: Mapping[str, str],
) -> str:
    summary = _summary(pairs)
    name = html.escape(name)
    return (
        f"<section>\n<h2>{name}</h2>\n<p>{summary[0].upper()}{summary[1:]}</p>\n"
        f"<h3>Groups that nothing separates</h3>\n{_grouped(pairs, name, styles, words)}\n"
        f"<h3>Every two variants</h3>\n{_matrix(pairs, name, styles)}\n"
        f"<details><summary>All {len(pairs):,} pairs with intervals and p</summary>\n"
        f"{_table(pairs, name, reach)}\n</details>\n</section>"
    )


def _letters() -> Iterator[str]:
    """``a`` to ``z``, ``aa``, ``ab`` and so on."""
    for length in itertools.count(1):
        for letters in itertools.product(string.ascii_lowercase, repeat=length):
            yield "".join(letters)


def _grouped(
    pairs: pd.DataFrame,
    name: str,
    styles: Mapping[str, VariantStyle],
    words: Mapping[str, str],
) -> str:
    """The groups as sentences, and a line per variant with the letters of its groups."""
    lettered = list(zip(_letters(), groups(pairs), strict=False))
    items, rows = [], []
    for letter, own in lettered:
        named = f"{own[0]} alone" if len(own) == 1 else _listed(own)
        items.append(f"<li><b>{letter}</b> <span>{html.escape(named)}</span></li>")
    for variant, mrr in mrr_of(pairs).items():
        cells = "".join(f"<td>{letter if variant in own else ''}</td>" for letter, own in lettered)
        does = html.escape(words.get(variant, ""))
        head = _named(variant, styles)
        rows.append(f"<tr>{head}<td class=does>{does}</td><td>{mrr:.3f}</td>{cells}</tr>")
    return (
        f"<ul class=groups>\n{''.join(items)}\n</ul>\n"
        f'<div class="wide" tabindex="0" role="region" aria-label="Variants of {name} by MRR">\n'
        "<table class=ranking><caption>Variants that share a letter are not told apart.</caption>"
        '<thead><tr><th scope="col">variant</th><th scope="col" class=does>what it does</th>'
        f'<th scope="col">MRR</th><th scope="colgroup" colspan="{len(lettered)}">groups</th></tr>'
        f"</thead>\n<tbody>{''.join(rows)}</tbody></table>\n</div>"
    )


def _matrix(pairs: pd.DataFrame, name: str, styles: Mapping[str, VariantStyle]) -> str:
    """The difference of every two variants, the better ones first, coloured if beyond chance."""
    differences: dict[tuple[str, str], tuple[float, bool]] = {}
    keys = zip(pairs["variant"], pairs["against"], strict=True)
    for (one, other), by, differs in zip(
        keys, pairs["difference"], beyond_chance(pairs), strict=True
    ):
        differences[one, other], differences[other, one] = (by, differs), (-by, differs)
    largest = max(pairs["difference"].abs().max(), 1e-9)
    variants = list(mrr_of(pairs))
    columns = "".join(
        f'<th scope="col"><span>{html.escape(variant)}</span></th>' for variant in variants
    )
    rows = []
    for one in variants:
        cells = "".join(
            _cell(*differences[one, other], largest) if other != one else "<td class=self>–</td>"
            for other in variants
        )
        rows.append(f"<tr>{_named(one, styles)}{cells}</tr>")
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="Differences on {name}">\n'
        "<table class=matrix><caption>MRR of the row minus MRR of the column.</caption><thead><tr>"
        f"<td></td>{columns}</tr></thead>\n<tbody>{''.join(rows)}</tbody></table>\n</div>"
    )


def _cell(difference: float, differs: bool, largest: float) -> str:
    """A difference; its colour is the stronger the larger it is, and none if it may be chance."""
    shown = f"{difference:+.3f}".replace("0.", ".", 1).replace("-", "−")
    if not differs:
        return f"<td>{shown}<i>, may be chance</i></td>"
    strength = round(20 + 80 * abs(difference) / largest)
    side = "better" if difference > 0 else "worse"
    return f'<td class={side} style="--strength:{strength}%">{shown}<i>, beyond chance</i></td>'


def _named(variant: str, styles: Mapping[str, VariantStyle]) -> str:
    chip = f'<span class=chip style="background:{styles[variant].colour}"></span>'
    return f'<th scope="row">{chip}{html.escape(variant)}</th>'


def _table(pairs: pd.DataFrame, name: str, reach: float) -> str:
    readable = _readable(pairs).drop(columns="data set")
    head = "".join(f'<th scope="col">{heading}</th>' for heading in readable.columns)
    rows, differs = [], beyond_chance(pairs)
    shown_rows = readable.to_numpy().tolist()
    for shown, (_, row), is_told in zip(shown_rows, pairs.iterrows(), differs, strict=True):
        cells = "".join(f"<td>{html.escape(str(cell))}</td>" for cell in shown)
        look = " class=differs" if is_told else ""
        rows.append(f"<tr{look}>{cells}<td>{_drawn(row, reach)}</td></tr>")
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="Pairs of variants on {name}">\n'
        f"<table class=pairs><thead><tr>{head}"
        f'<th scope="col">−{reach:.3f} to +{reach:.3f}</th></tr></thead>\n'
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

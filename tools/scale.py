"""Works out what 100 million images and 10,000 articles an hour take, into docs/scale.md.

`make scale`; it takes a moment and measures nothing: `RATES` says where each rate comes from.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pandas as pd

from newsimages.reports.tables import markdown
from tools.pages import replace_block

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
IMAGES, ARTICLES_AN_HOUR, BANK, LIST = 100_000_000, 10_000, 10_000, 100
CLIP, FUSED = 1024, 1024 + 2048 + 1024  # numbers of a vector: ViT-H-14; with T×V, multilingual
SPEED = "docs/speed.md"
MILLION = "measured at 1,000,000 × 512"


@dataclass(frozen=True)
class Rate:
    """How much there is of something, and who says so."""

    value: float
    of_what: str
    source: str


RATES = {
    "hashing": Rate(1.18e9, "bytes of files fingerprinted, a core", "SHA-256, measured"),
    "files500": Rate(468, "images of 500 pixels, one H100 with 16 cores", SPEED),
    "files1920": Rate(237, "images of 1,920 pixels, one H100 with 16 cores", SPEED),
    "pixels": Rate(1108, "images in memory, one H100", SPEED),
    "peak": Rate(800e12 / 335e9, "images, a card at its peak", "published: 335 GFLOP, 800 TFLOP/s"),
    "decoding500": Rate(1025 / 16, "images of 500 pixels decoded, a core", SPEED),
    "titles": Rate(5856, "headlines, one H100", SPEED),
    "titles_cpu": Rate(55 / 2, "headlines, a core with AMX", SPEED),
    "detection": Rate(1157 / 2, "articles whose language is found, a core", "measured, busy"),
    "translation": Rate(8 / 9.57 / 2, "articles translated with 6 beams, a core", SPEED),
    "product": Rate(1e8 * CLIP / 1.48 / 2, "products in ranking, a core", SPEED),
    "scan": Rate(1e6 * 512 / 0.019, "numbers scanned in bf16, 100 together, a core", MILLION),
    "scan_alone": Rate(1e6 * 512 / 0.127, "numbers scanned in bf16, one alone, a core", MILLION),
    "index": Rate(1e6 * 512 / 0.017, "numbers behind an index of recall .990, a core", MILLION),
    "gpu_hour": Rate(3.0, "$, one H100 with 16 cores", "assumed, an hour"),
    "core_hour": Rate(0.04, "$, a core", "assumed, an hour"),
    "storage": Rate(0.02, "$, a GB of object storage", "assumed, a month"),
}


def main() -> None:
    """Works the tables out and writes them."""
    rates = pd.DataFrame(
        [(each.of_what, number(each.value), each.source) for each in RATES.values()],
        columns=["of what", "a second (prices: see there)", "source"],
    )
    tables = {
        f"Once, for {IMAGES:,} images": once(),
        f"Each hour, for {ARTICLES_AN_HOUR:,} articles": hourly(),
        "Kept": kept(),
        "From these rates": rates,
    }
    content = "\n\n".join(f"**{name}**\n\n{markdown(table)}" for name, table in tables.items())
    replace_block(PAGE, "scale", told="written by `make scale`, not by hand", content=content)


def once() -> pd.DataFrame:
    """The work on the gallery, in hours of a machine."""
    rows = [
        on_gpus("images of 500 pixels, as 16 cores can feed a card", IMAGES, "files500"),
        on_gpus("images of 1,920 pixels, likewise", IMAGES, "files1920"),
        on_gpus("images of any size, were they decoded in time", IMAGES, "pixels"),
        on_gpus("the same at the card's peak", IMAGES, "peak"),
        on_cores("decoding 500 pixels alone", IMAGES, "decoding500"),
        on_cores("fingerprints of the files (100 kB each)", IMAGES * 100e3, "hashing"),
        on_gpus("a caption for every image", IMAGES, "titles"),
        on_cores(f"offsets over a bank of {BANK:,}", float(IMAGES) * BANK * CLIP, "product"),
    ]
    columns = ["step", "machine", "hours", "machines, for a day", "cost"]
    return pd.DataFrame(rows, columns=columns)


def hourly() -> pd.DataFrame:
    """The work on the articles, in machines that are always busy with it."""
    scans = float(ARTICLES_AN_HOUR) * IMAGES
    steps = [
        ("language", ARTICLES_AN_HOUR, "detection"),
        ("translation, were all of them German", ARTICLES_AN_HOUR, "translation"),
        ("title and text to vectors", 2 * ARTICLES_AN_HOUR, "titles_cpu"),
        ("exact search, 100 articles together, CLIP", scans * CLIP, "scan"),
        ("the same, fused", scans * FUSED, "scan"),
        ("exact search, each article alone, CLIP", scans * CLIP, "scan_alone"),
        ("index, each article alone, CLIP", scans * CLIP, "index"),
    ]
    rows = []
    for step, amount, rate in steps:
        cores = amount / RATES[rate].value / 3600
        cost = cores * RATES["core_hour"].value
        rows.append((step, f"{cores:.2g}" if cores < 10 else f"{cores:.0f}", money(cost)))
    return pd.DataFrame(rows, columns=["step", "cores, always busy", "cost an hour"])


def kept() -> pd.DataFrame:
    """What lies on disks and in memory."""
    per_list = LIST * 20  # bytes; measured: a row of a ranking takes about 20 in Parquet
    things = [
        ("pictures of 100 kB", IMAGES * 100e3, "object storage"),
        ("CLIP's vectors, fp32", IMAGES * CLIP * 4, "object storage, and a disk of each searcher"),
        ("the same in bf16, for the exact scan", IMAGES * CLIP * 2, "memory of each searcher"),
        ("the same in 8 bits, for the index", IMAGES * CLIP, "memory of each searcher"),
        ("fused vectors, fp32", IMAGES * FUSED * 4, "a disk of each searcher"),
        ("fused, bf16", IMAGES * FUSED * 2, "memory of each searcher"),
        ("one number per image and revision", IMAGES * 4, "memory of each searcher"),
        ("rankings of a year, lists of 100", 8760 * ARTICLES_AN_HOUR * per_list, "object storage"),
    ]
    price = RATES["storage"].value
    rows = [
        (name, f"{size / 1e9:,.0f}" if size >= 1e9 else f"{size / 1e9:.1g}", where,
         money(size / 1e9 * price))
        for name, size, where in things
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["what", "GB", "where", "a month"])


def on_gpus(step: str, amount: float, rate: str) -> tuple[str, ...]:
    """A row of work for machines with a GPU."""
    return _row(step, "one H100, 16 cores", amount / RATES[rate].value / 3600, "gpu_hour")


def on_cores(step: str, amount: float, rate: str) -> tuple[str, ...]:
    """A row of work for cores."""
    return _row(step, "a core", amount / RATES[rate].value / 3600, "core_hour")


def _row(step: str, machine: str, hours: float, price: str) -> tuple[str, ...]:
    machines = f"{-(-hours // 24):,.0f}"
    cost = hours * RATES[price].value
    return step, machine, f"{hours:,.1f}", machines, money(cost)


def money(dollars: float) -> str:
    """Two digits at least."""
    return f"{dollars:,.0f} $" if dollars >= 10 else f"{dollars:.2g} $"


def number(value: float) -> str:
    """Three digits of a number, or all that stand before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    main()

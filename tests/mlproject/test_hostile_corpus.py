"""A corpus whose files mean harm: the run goes on with what is sound, and reports the rest."""

import json
import os
import struct
import time
import zlib
from pathlib import Path

import mlflow
import pandas as pd

from mlproject import cli


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header claims a size, with the data of a few rows."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1 + 3 * width) * 2)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def make_hostile(corpus: Path, outside: Path) -> None:
    """Adds to a sound corpus what would run code, lead out of it, hang, or fill the memory."""
    outside.mkdir()
    (outside / "secret.csv").write_text("article_id,title,image\nsecret,Secret,secret.png\n")
    (outside / "secret.png").write_bytes((corpus / "RSS" / "images" / "test0.png").read_bytes())
    images = corpus / "RSS" / "images"
    (corpus / "RSS" / "stolen-train.csv").symlink_to(outside / "secret.csv")
    (corpus / "Stolen").symlink_to(outside)
    (images / "stolen.png").symlink_to(outside / "secret.png")
    os.mkfifo(corpus / "RSS" / "pipe-train.csv")
    os.mkfifo(images / "pipe.png")
    (images / "bomb.png").write_bytes(png_of(60_000, 60_000))
    (images / "short.png").write_bytes(png_of(300, 5_000))
    (images / "page.png").write_text("<html><script>alert(1)</script>")
    Path(os.fsdecode(os.fsencode(images) + b"/caf\xe9.png")).write_bytes(b"x")
    (corpus / "RSS" / "corpus.py").write_text("raise SystemExit('run')")
    rows = [
        ("stolen", "A link out of the corpus", "stolen.png"),
        ("up", "A path out of the corpus", "../../outside/secret.png"),
        ("encoded", "An encoded path", "..%2f..%2foutside%2fsecret.png"),
        ("absolute", "An absolute path", str(outside / "secret.png")),
        ("pipe", "A pipe", "pipe.png"),
        ("bomb", "A bomb", "bomb.png"),
        ("short", "A picture that lacks rows", "short.png"),
        ("page", "A page", "page.png"),
        ("=1+1", "=HYPERLINK(0)", "=absent.png"),
        ("long", "word " * 100_000, "test1.png"),
        ("odd", "Half an emoji \ud83d, \u00ad&#0;&bogus;\x07", "test2.png"),
        ("nothing", "\u00ad\u200b", "test3.png"),
    ]
    documents = [dict(zip(("article_id", "title", "image"), row, strict=True)) for row in rows]
    table = pd.DataFrame(json.loads(json.dumps(documents)), dtype="object")
    text = "\n".join(",".join(f'"{cell}"' for cell in row) for row in table.to_numpy())
    (corpus / "Trap").mkdir()
    (corpus / "Trap" / "images").symlink_to(images)
    (corpus / "Trap" / "test.csv").write_bytes(
        f"article_id,title,image\n{text}\n".encode(errors="replace")
    )


def test_it_does_nothing_but_produce_a_report(store: Path, arguments: list[str]) -> None:
    make_hostile(store / "squares", store / "outside")
    before = {path: path.read_bytes() for path in (store / "outside").iterdir()}
    started = time.perf_counter()
    assert cli.run(["embed", *arguments]) == 0
    assert time.perf_counter() - started < 60
    assert {path: path.read_bytes() for path in (store / "outside").iterdir()} == before

    articles = pd.read_parquet(store / "work" / "articles" / "Trap-test.parquet")
    assert "secret" not in set(articles["article_id"])
    assert "nothing" not in set(articles["article_id"])
    found = mlflow.search_runs(search_all_experiments=True, output_format="list")
    steps = {run.data.tags.get("step"): run.info.run_id for run in found}
    skipped = pd.read_csv(mlflow.artifacts.download_artifacts(
        run_id=steps["corpus"], artifact_path="skipped.csv", dst_path=str(store / "got")
    ))  # fmt: skip
    reasons = dict(zip(skipped["id"], skipped["reason"], strict=True))
    assert "leaves the folder" in reasons["stolen-train.csv"]
    assert "leaves the folder" in reasons["Stolen"]
    assert "pipe" in reasons["pipe-train.csv"]
    assert "leaves the corpus folder" in reasons["../../outside/secret.png"]
    assert "not UTF-8" in reasons["images/caf\ufffd.png"]
    assert "no image file" in reasons["'=absent.png"]  # no formula in a spreadsheet
    unreadable = mlflow.load_table("unreadable_images.json", run_ids=[steps[None]])
    assert {"bomb.png", "short.png", "page.png"} <= set(unreadable["image_id"])

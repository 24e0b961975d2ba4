"""Blocks of a page that a program writes: what stands between two marks is replaced.

A block named ``results`` lies between ``<!-- results: … -->`` and ``<!-- end of results -->``.
"""

import re
from pathlib import Path


def replace_block(page: Path, name: str, *, told: str, content: str) -> None:
    """Puts ``content`` into a page's block.

    Args:
        page: The Markdown file; it has the block already, with whatever in it.
        name: The block's.
        told: How it is written, for whoever reads the source.
        content: Markdown.

    Raises:
        SystemExit: The page has no such block, or several.
    """
    block = re.compile(rf"<!-- {name}:.*?<!-- end of {name} -->", re.DOTALL)
    text = page.read_text(encoding="utf-8")
    if len(block.findall(text)) != 1:
        raise SystemExit(f"{page} has no block {name}, or several: expected one.")
    written = f"<!-- {name}: {told} -->\n\n{content.strip()}\n\n<!-- end of {name} -->"
    page.write_text(block.sub(lambda _: written, text), encoding="utf-8")

"""Every family of backbones against openCLIP itself; `tests/conformance.py` says what is compared.

The page docs/backbones.md has the same as a table (`make backbones`).
"""

from pathlib import Path

import pytest

from newsimages.devices import Precision
from newsimages.encoding.encoders import LOCAL
from newsimages.encoding.stable_products import HAS_ONEDNN
from tests.conformance import TEXTS, check, encoder, is_served, least_cosine, save_pictures
from tests.families import FAMILIES, Family, save_small
from tools.backbones import PAGE

IMAGES_DIFFER = {"MobileCLIP2"}  # in their last bits, with the number of images in a batch
READ_TO_THE_END = {
    "CLIPA", "CoCa", "SigLIP", "SigLIP 2", "MobileCLIP2", "MobileCLIP2, plain ViT",
}  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.backbone)
def test_a_family_conforms(tmp_path: Path, family: Family) -> None:
    found = check(family, tmp_path)
    assert min(found.text_cosine, found.image_cosine) >= 0.9999
    assert found.tells_apart < 0.9995
    assert found.is_cut == (family.name not in READ_TO_THE_END)
    assert found.is_served
    if HAS_ONEDNN:
        assert found.same_text_bits
        assert found.same_image_bits or family.name in IMAGES_DIFFER


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
@pytest.mark.parametrize("name", ["CLIP", "CoCa", "SigLIP 2", "mT5", "NLLB"])
def test_half_precision_is_near_single_and_served(
    tmp_path: Path, name: str, precision: Precision
) -> None:
    family = next(each for each in FAMILIES if each.name == name)
    source = f"{LOCAL}{save_small(tmp_path / 'model', family)}"
    single, half = encoder(source, ""), encoder(source, "", precision)
    pictures = save_pictures(tmp_path)[:5]
    images = [next(each.encode_images([pictures])).vectors for each in (single, half)]
    assert least_cosine(single.encode_texts(TEXTS), half.encode_texts(TEXTS)) > 0.998
    assert least_cosine(*images) > 0.998
    assert is_served(half, tmp_path / "tower")


def test_the_page_has_every_family() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in lines]
    assert all([family.name, f"`{family.backbone}`"] in rows for family in FAMILIES)

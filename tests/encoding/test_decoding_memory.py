"""What decoding takes is told before: measured in a process of its own, no less than it takes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

MEASURE = """
import json, sys
from pathlib import Path
from newsimages.encoding import images

def peak(): return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024

answers, told = [], []
images.MAX_BYTES = 10**10
images._check_memory = told.append
for warm, measured in json.loads(sys.argv[1]):
    images.open_image(Path(warm))
    Path("/proc/self/clear_refs").write_text("5")
    before = peak()
    images.open_image(Path(measured), at_least=224)
    answers.append((peak() - before, told[-1]))
print(json.dumps(answers))
"""
SPARE = 12_000_000  # of what lies between, and of what the allocator keeps
FILES: dict[str, tuple[str, dict[str, Any]]] = {
    "a.jpg": ("RGB", {"progressive": True, "subsampling": 0}),
    "alpha.png": ("RGBA", {"compress_level": 1}),
    "deep.png": ("I;16", {}),
    "a.webp": ("RGBA", {"method": 0}),
    "a.tif": ("RGB", {"compression": "tiff_lzw"}),
}


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak is read on Linux")
def test_decoding_takes_no_more_than_told(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    noise = Image.fromarray(generator.integers(0, 255, (60, 80, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    pairs = []
    for name, (mode, options) in FILES.items():
        for size in ((80, 60), (2000, 1500)):
            image = noise.resize(size).convert("L" if mode == "I;16" else mode)
            if mode == "I;16":
                image = Image.fromarray(np.asarray(image, np.uint16) * 257)
            turned = {"exif": exif} if mode == "RGBA" else {}
            image.save(tmp_path / f"{size[0]}-{name}", **options, **turned)
        pairs.append([str(tmp_path / f"{width}-{name}") for width in (80, 2000)])
    process = subprocess.run(
        [sys.executable, "-c", MEASURE, json.dumps(pairs)],
        capture_output=True, text=True, check=True, env={"PYTHONPATH": "src"},
    )  # fmt: skip
    answers = json.loads(process.stdout)
    assert len(answers) == len(FILES)
    for name, (taken, told) in zip(FILES, answers, strict=True):
        assert taken <= told + SPARE, name

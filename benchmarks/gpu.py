"""Prints what a GPU does with this project: images and headlines a second, and an epoch of T×V.

`PYTHONPATH=src python benchmarks/gpu.py` measures ViT-H-14 with random weights in bf16, beside the
same model in a plain openCLIP loop; it fetches nothing. With ``--model ViT-B-32 --device cpu`` and
small numbers it runs anywhere.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.headlines import headlines
from benchmarks.images import draw
from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import DRAFT, OpenClipConfig, OpenClipEncoder
from newsimages.encoding.pixels import Preparation, auto_workers
from newsimages.txv.network import NetworkConfig, TxVNetwork
from newsimages.txv.pairs import Pairs
from newsimages.txv.schedule import TrainingConfig
from newsimages.txv.training import train

PEAKS = {"H100 PCIe": 756, "H100": 989, "H200": 989, "A100": 312, "L40S": 362, "L4": 121}
"""Peak of bf16 in TFLOP/s, dense, as NVIDIA states it; the first name that fits."""
N_FILES = 64  # drawn, and read over and over
SIZES = {"500": (500, 375), "1,920": (1920, 1280)}  # pixels of the JPEG files
N_VALIDATION = 1000
Row = tuple[str, float, float | None, str]
"""What was measured, ours a second, the plain loop's a second, and what else there is to say."""


class Bench:
    """One encoder, its plain loops, and how many of what they are measured on."""

    def __init__(self, encoder: OpenClipEncoder, given: argparse.Namespace) -> None:
        """``given``: the command line."""
        self.encoder, self.given = encoder, given
        self.device, self.model = encoder.device, encoder.model
        self.dtype = open_clip.get_input_dtype(encoder.precision)
        self.transform = encoder._transform
        self.preparation = Preparation(
            self.transform, self.device, at_least=DRAFT * max(encoder.image_size)
        )

    def rows(self, folder: Path) -> Iterator[Row]:
        """Measures one after the other."""
        yield self._tower()
        for name, size in SIZES.items():
            files = draw(folder / name, min(N_FILES, self.given.n_images), [size])
            yield from self._files(name, files)
        yield self._headlines()
        yield self._epoch()

    @torch.inference_mode()
    def _tower(self) -> Row:
        """Pixels in memory to vectors: 8-bit ours, float32 the plain loop's."""
        height, width = self.encoder.image_size
        shape = (self.given.batch_size, height, width, 3)
        pixels = list(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
        floats = self.preparation.normalised(pixels).cpu()
        n_batches = -(-self.given.n_images // len(pixels))
        n = n_batches * len(pixels)

        def ours() -> None:
            for _ in range(n_batches):
                batch = self.preparation.normalised(pixels).to(dtype=self.dtype)
                functional.normalize(self.model.encode_image(batch).float()).cpu()

        def plain() -> None:
            for _ in range(n_batches):
                self._plain_images(floats)

        ours_s, plain_s = self._best(ours, plain)
        per_image = self._flops(floats[:1].clone())
        tflops = per_image * n / ours_s / 1e12
        peak = next((p for name, p in PEAKS.items() if name in _card(self.device)), None)
        share = f", {tflops / peak:.0%} of the card's {peak}" if peak else ""
        told = (
            f"{tflops:.2f} TFLOP/s{share}; a large matrix product {self._product():.2f}; "
            f"{per_image / 1e9:.1f} GFLOP an image"
        )
        return ("images, from pixels in memory", n / ours_s, n / plain_s, told)

    def _files(self, name: str, files: list[Path]) -> Iterator[Row]:
        """JPEG files to pixels, and to vectors."""
        size, n = self.given.batch_size, self.given.n_images
        paths = [files[i % len(files)] for i in range(n)]
        batches = [paths[start : start + size] for start in range(0, n, size)]
        workers = self.encoder.config.workers
        threads = auto_workers() if workers == "auto" else workers

        def decode() -> None:
            for _ in self.preparation.decoded_batches(batches, threads):
                pass

        def ours() -> None:
            for _ in self.encoder.encode_images(batches):
                pass

        @torch.inference_mode()
        def plain() -> None:
            for batch in batches[: max(1, len(batches) // 8)]:  # it is slow
                opened = [self.transform(Image.open(path)) for path in batch]
                self._plain_images(torch.stack(opened))

        decode_s, ours_s, plain_s = self._best(decode, ours, plain)
        n_plain = sum(len(batch) for batch in batches[: max(1, len(batches) // 8)])
        files_of = f"JPEG files of {name} pixels"
        yield (f"{files_of} decoded, {threads} threads", n / decode_s, None, "")
        yield (f"images, from {files_of}", n / ours_s, n_plain / plain_s, f"{threads} threads")

    def _headlines(self) -> Row:
        """Headlines to vectors."""
        texts, size = headlines(self.given.n_headlines), self.given.batch_size
        tokenizer = self.encoder.tokenizer

        @torch.inference_mode()
        def plain() -> NDArray[np.float32]:
            made = []
            for start in range(0, len(texts), size):
                tokens = tokenizer(texts[start : start + size]).to(self.device)
                made.append(functional.normalize(self.model.encode_text(tokens).float()).cpu())
            vectors: NDArray[np.float32] = torch.cat(made).numpy()
            return vectors

        cosine = float((self.encoder.encode_texts(texts) * plain()).sum(axis=1).min())
        ours_s, plain_s = self._best(lambda: self.encoder.encode_texts(texts), plain)
        n = len(texts)
        return ("headlines", n / ours_s, n / plain_s, f"least cosine of the two {cosine:.5f}")

    def _epoch(self) -> Row:
        """An epoch of T×V in the paper's size, as `train` and `pretrain` run it."""
        n, config = self.given.n_pairs, TrainingConfig(epochs=1)
        training, validation = _pairs(n), _pairs(min(n, N_VALIDATION))
        first = _pairs(config.batch_size)
        train(TxVNetwork(NetworkConfig()), first, first, config, device=self.device)  # warms up
        start = time.perf_counter()
        train(TxVNetwork(NetworkConfig()), training, validation, config, device=self.device)
        seconds = time.perf_counter() - start
        told = f"{seconds:.1f} s, with {len(validation):,} pairs of validation"
        return (f"an epoch of T×V over {n:,} pairs", n / seconds, None, told)

    @torch.inference_mode(False)
    def _flops(self, pixels: Tensor) -> int:
        """Of the tower; with gradients, as torch's short cut without them is not counted."""
        with torch.enable_grad(), FlopCounterMode(display=False) as counter:
            self.model.encode_image(pixels.clone().to(self.device, self.dtype))
        return int(counter.get_total_flops())

    def _plain_images(self, pixels: Tensor) -> Tensor:
        features = self.model.encode_image(pixels.to(self.device, self.dtype))
        return functional.normalize(features.float()).cpu()

    def _product(self) -> float:
        """TFLOP/s of a large matrix product in the encoder's precision."""
        n = 8192 if self.device.type == "cuda" else 1024
        matrix = torch.randn(n, n, device=self.device, dtype=self.dtype)

        def products() -> None:
            for _ in range(20):
                torch.mm(matrix, matrix)

        (seconds,) = self._best(products)
        return 20 * 2 * n**3 / seconds / 1e12

    def _best(self, *runs: Callable[[], object]) -> list[float]:
        """Seconds of each, the better of two times after one that warms up."""
        seconds = []
        for run in runs:
            times = []
            for _ in range(3):
                self._wait()
                start = time.perf_counter()
                run()
                self._wait()
                times.append(time.perf_counter() - start)
            seconds.append(min(times[1:]))
        return seconds

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def main() -> None:
    """Makes the model, then prints a row as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="ViT-H-14", help="an openCLIP model")
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--precision", default="bf16", choices=("bf16", "fp16", "fp32"))
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--workers", type=int, help="threads that decode; one per core if absent")
    parser.add_argument("--n-images", type=int, default=4096)
    parser.add_argument("--n-headlines", type=int, default=20_000)
    parser.add_argument("--n-pairs", type=int, default=100_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        encoder = _encoder(given, folder / "random.safetensors")
        print(
            f"{_card(encoder.device)}, {os.cpu_count()} cores; torch {torch.__version__}; "
            f"{given.model}, random weights, {given.precision}, batches of {given.batch_size}\n\n"
            "| | ours, a second | plain openCLIP | ratio | |\n| --- | ---: | ---: | ---: | --- |",
            flush=True,
        )
        for what, ours, plain, told in Bench(encoder, given).rows(folder):
            beside = f"{plain:,.0f} | {ours / plain:.2f}" if plain else " | "
            print(f"| {what} | {ours:,.0f} | {beside} | {told} |", flush=True)


def _encoder(given: argparse.Namespace, file: Path) -> OpenClipEncoder:
    torch.manual_seed(0)
    state = open_clip.create_model(given.model, precision="bf16", device=given.device).state_dict()
    save_file({name: each.contiguous() for name, each in state.items()}, file)
    del state
    return OpenClipEncoder(
        OpenClipConfig(
            backbone=given.model,
            pretrained=str(file),
            device=given.device,
            precision=given.precision,
            batch_size=given.batch_size,
            workers="auto" if given.workers is None else given.workers,
        )
    )


def _card(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "no GPU"


def _pairs(n: int) -> Pairs:
    """Random unit vectors of the paper's length."""
    sides = []
    for seed, side in enumerate("ti"):
        vectors = torch.randn(n, 1024, generator=torch.Generator().manual_seed(seed))
        ids = np.array([f"{side}{i:07d}" for i in range(n)])
        sides.append(Embeddings(ids, functional.normalize(vectors).numpy()))
    rows = np.arange(n)
    return Pairs(texts=(sides[0],), images=(sides[1],), text_rows=rows, image_rows=rows)


if __name__ == "__main__":
    main()

"""`mlflow models serve`: requests that are worked on together, beside each for itself.

The same model on the demo's tower in two servers, asked in turn by many clients at once; one goes
past the batching. A third server's model returns a constant, which tells MLflow's own share.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import torch
from mlflow.models import infer_signature

from benchmarks.load import ask, megabytes
from benchmarks.timing import Row, cost, gain
from newsimages.embeddings import Embeddings
from newsimages.encoding.encoders import OpenClipConfig, OpenClipEncoder
from newsimages.ranking.confidence import Confidence
from newsimages.ranking.revisions import DualSoftmax
from newsimages.ranking.spaces import Queries, View
from newsimages.retriever.folder import save_retriever
from newsimages.retriever.retriever import Retriever

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "registry" / "retriever.py"
TITLE = View("clip", "title")
REVISION = DualSoftmax(scale=50)
CONSTANT = """
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

NUMBERS = [float(number) / 7 for number in range(100)]
ANSWER = pd.DataFrame({
    "article_id": ["0"], "language": ["en"], "image_ids": [[f"RSS/{n}.jpg" for n in range(100)]],
    "scores": [NUMBERS], "similarities": [NUMBERS], "confidence": [NUMBERS], "none_fits": [0.5],
})


class Constant(PythonModel):
    def predict(self, context, model_input, params=None):
        return ANSWER


set_model(Constant())
"""


def run() -> list[Row]:
    """1 and 8 clients on the demo's number of images, and 32 and 64 on 100,000."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        rows = []
        for n_images, settings in ((900, ((1, 300), (8, 800))), (100_000, ((32, 600),))):
            models = _models(folder / str(n_images), n_images)
            with ExitStack() as stack:
                ours, apart, constant = (stack.enter_context(_served(m)) for m in models)
                for clients, n in settings:
                    rows.append(_row(n_images, clients, n, (ours, apart, constant)))
                if n_images > 900:
                    rows.append(_many(n_images, ours))
        return rows


def _row(n_images: int, clients: int, n: int, servers: tuple[tuple[str, int], ...]) -> Row:
    """The best of two rounds of each server."""
    seconds: list[float] = []
    for url, _ in servers:
        ask(url, 2 * clients, clients=clients)
    rounds = [[_round(url, n, clients) for url, _ in servers] for _ in range(2)]
    seconds = [min(each) for each in zip(*rounds, strict=True)]
    name = f"{n:,} headlines by {clients} clients over HTTP, {n_images:,} images, and not batched"
    words = f"{n / seconds[0]:.0f} a second; a constant {n / seconds[2]:.0f}"
    if clients == 1:
        return cost(name, (seconds[0], seconds[1]), 1.1, words, True)
    return gain(name, (seconds[0], seconds[1]), 2 if clients == 8 else 8, words, True)


def _round(url: str, n: int, clients: int) -> float:
    start = time.perf_counter()
    _, failures = ask(url, n, clients=clients)
    if failures:
        raise RuntimeError(f"{failures} of {n} requests were not answered by {url}")
    return time.perf_counter() - start


def _many(n_images: int, server: tuple[str, int]) -> Row:
    """64 clients: nobody is turned away, and memory stays flat."""
    url, pid = server
    first_s = _round(url, 1000, 64)
    before = megabytes(pid)
    second_s = _round(url, 1000, 64)
    more = megabytes(pid) - before
    name = f"1,000 headlines by 64 clients over HTTP, {n_images:,} images, and the thousand before"
    return cost(name, (second_s, first_s), 1.5, f"{more:.0f} MB more (≤ 50)", more <= 50)


def _models(folder: Path, n_images: int) -> list[Path]:
    """Three models: ours, the same past the batching, and one that returns a constant."""
    encoder = OpenClipEncoder(OpenClipConfig(backbone="demo", pretrained="demo", device="cpu"))
    dimension = encoder.text_tower.dimension
    bank = _random("b", 500, dimension)
    retriever = Retriever(
        gallery={"clip": _random("i", n_images, dimension)},
        weights={TITLE: 1.0},
        revisions=(REVISION,),
        confidences={REVISION.name: Confidence(temperature=0.5, nothing=-3)},
    ).with_bank(Queries(views={TITLE: bank}, has_text=np.ones(len(bank), np.bool_)))
    save_retriever(folder / "retriever", retriever, {"clip": encoder}, sample=["Storm"])
    (folder / "apart.py").write_text(_apart())
    (folder / "constant.py").write_text(CONSTANT)
    paths = [folder / name for name in ("ours", "apart", "constant_")]
    for path, source in zip(
        paths, (MODEL, folder / "apart.py", folder / "constant.py"), strict=True
    ):
        mlflow.pyfunc.save_model(
            path,
            python_model=str(source),
            artifacts={"retriever": str(folder / "retriever")},
            code_paths=[str(ROOT / "src" / "newsimages")],
            signature=infer_signature(pd.DataFrame({"title": ["Storm"]})),
            pip_requirements=str(ROOT / "registry" / "requirements.txt"),
        )
    return paths


def _apart() -> str:
    """The model's code without what lets requests share a batch: each thread works on its own."""
    code = MODEL.read_text()
    direct = "self.answers._together = self.answers._apart = self.answers._answers"
    apart = code.replace("self.let_in = cache(_let_requests_in)", direct)
    apart = apart.replace("        self.let_in()\n", "")
    if apart.count("self.let_in") or direct not in apart:
        raise RuntimeError(f"{MODEL} is not what this benchmark expects")
    return apart


def _random(letter: str, n: int, dimension: int) -> Embeddings:
    vectors = torch.nn.functional.normalize(torch.randn(n, dimension))
    return Embeddings(np.array([f"{letter}{i:06d}" for i in range(n)]), vectors.numpy())


@contextmanager
def _served(model: Path) -> Iterator[tuple[str, int]]:
    """(address, process id) of a server of the model."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(model)]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # where uvicorn is
    server = subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--env-manager", "local", "--host", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PATH": path, "HF_HUB_OFFLINE": "1", "MLFLOW_DISABLE_TELEMETRY": "true"},
    )
    try:
        _wait(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}", server.pid
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def _wait(url: str, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError(f"no server at {url}")

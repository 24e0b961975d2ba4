"""Training: what it learns, which epoch it keeps, and that a kill changes nothing."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from newsimages.checked_file import read_tensors, write_tensors
from newsimages.errors import NewsImagesError
from newsimages.txv import training
from newsimages.txv.checkpoint import EpochReport
from newsimages.txv.network import TXV_FILE, NetworkConfig, TxVNetwork
from newsimages.txv.schedule import TrainingConfig, learning_rate
from newsimages.txv.training import TrainedNetwork, train
from newsimages.txv.validation import recalls
from tests.txv.fake_pairs import fake_pairs
from tests.txv.train_until_killed import train_in

ROOT = Path(__file__).parents[2]
SHAPE = NetworkConfig(text_dimensions=(8,), image_dimensions=(8,), width=32)
CONFIG = TrainingConfig(epochs=5, batch_size=16, learning_rate=3e-3)
PAIRS, VALIDATION = fake_pairs(50, per_image=2), fake_pairs(20, seed=5)


def trained(config: TrainingConfig = CONFIG, **settings: object) -> TrainedNetwork:
    return train(TxVNetwork(SHAPE, seed=1), PAIRS, VALIDATION, config, **settings)


def assert_same_weights(one: TxVNetwork, other: TxVNetwork) -> None:
    others = other.state_dict()
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, others[name]), name


def test_64_pairs_are_learnt() -> None:
    shape = NetworkConfig(text_dimensions=(16,), image_dimensions=(16,), width=128)
    pairs = fake_pairs(64, dimension=16)
    config = TrainingConfig(epochs=30, batch_size=64, learning_rate=2e-3, patience=30)
    result = train(TxVNetwork(shape), pairs, pairs, config)
    best = result.epochs[result.best_epoch - 1]
    assert best.recalls["text_to_image_recall_at_1"] == 1
    assert best.recalls["image_to_text_recall_at_1"] == 1
    assert best.loss < result.epochs[0].loss / 3


def test_it_keeps_the_first_epoch_with_the_greatest_score(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = [1.0, 3.0, 2.0, 3.0, 2.5]  # the greatest in epochs 2 and 4
    seen: list[dict[str, torch.Tensor]] = []

    def scripted(network: TxVNetwork, pairs: object) -> dict[str, float]:
        seen.append({name: tensor.clone() for name, tensor in network.state_dict().items()})
        return {"text_to_image_recall_at_1": scores[len(seen) - 1]}

    monkeypatch.setattr(training, "recalls", scripted)
    result = trained()
    assert result.best_epoch == 2
    for name, tensor in result.network.state_dict().items():
        assert torch.equal(tensor, seen[1][name])
    assert not result.network.training
    rates = [report.learning_rate for report in result.epochs]
    assert rates == [learning_rate(CONFIG, scores[:epoch]) for epoch in range(5)]
    assert rates[3] == pytest.approx(3e-3 * 0.99**3 * 0.5)  # after epoch 3, without gain


def test_it_stops_after_more_than_patience_epochs_without_gain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training, "recalls", lambda network, pairs: {"recall": 1.0})
    result = trained(dataclasses.replace(CONFIG, epochs=10, patience=2))
    assert len(result.epochs) == 4
    assert result.best_epoch == 1


def test_the_kept_network_has_the_recalls_that_were_reported() -> None:
    result = trained()
    best = result.epochs[result.best_epoch - 1]
    assert recalls(result.network, VALIDATION) == best.recalls
    assert best.score == max(report.score for report in result.epochs)


def test_the_first_step_is_adam_s_on_the_clipped_gradient_of_the_loss() -> None:
    shape = dataclasses.replace(SHAPE, dropout=0.0)
    config = dataclasses.replace(CONFIG, epochs=1, batch_size=50, max_gradient_norm=0.5)
    start = TxVNetwork(shape, seed=1)
    result = train(start, PAIRS, VALIDATION, config)
    network = TxVNetwork(shape, seed=1).train()
    texts = torch.from_numpy(PAIRS.texts[0].vectors[PAIRS.text_rows])
    images = torch.from_numpy(PAIRS.images[0].vectors[PAIRS.image_rows])
    s = network.texts([texts])[0] @ network.images([images])[0].T
    positive, same = s.diag(), PAIRS.image_rows[:, None] == PAIRS.image_rows
    others = s.masked_fill(torch.from_numpy(same), -9)
    loss = sum((0.2 + others.amax(d) - positive).clamp(min=0).sum() for d in (0, 1))
    loss.backward()
    gradients = [weight.grad for weight in network.parameters()]
    norm = torch.sqrt(sum((gradient**2).sum() for gradient in gradients))
    assert norm > 0.5
    assert result.epochs[0].loss == pytest.approx(loss.item() / 50, rel=1e-5)
    for before, after, gradient in zip(
        start.parameters(), result.network.parameters(), gradients, strict=True
    ):
        clipped = gradient * 0.5 / norm
        large = clipped.abs() > 1e-4  # Adam's first step is the sign of all that is not tiny
        expected = before - 3e-3 * clipped / (clipped.abs() + 1e-8)
        torch.testing.assert_close(after[large], expected[large], atol=2e-6, rtol=0)


def test_the_start_and_torch_s_generator_are_left_as_they_were() -> None:
    start = TxVNetwork(SHAPE, seed=1)
    before = torch.get_rng_state()
    train(start, PAIRS, VALIDATION, dataclasses.replace(CONFIG, epochs=1))
    assert torch.equal(before, torch.get_rng_state())
    assert_same_weights(start, TxVNetwork(SHAPE, seed=1))


def test_equal_seeds_give_equal_bits_and_another_seed_others() -> None:
    first, second = trained(), trained()
    assert_same_weights(first.network, second.network)
    assert first.epochs == second.epochs
    other = trained(dataclasses.replace(CONFIG, seed=1))
    assert other.epochs[0].loss != first.epochs[0].loss


@pytest.mark.parametrize("last", [1, 3, 5])
def test_a_resumed_training_ends_with_the_same_bits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, last: int
) -> None:
    class Stop(Exception):
        pass

    def stop(report: EpochReport) -> None:
        if report.epoch == last:
            raise Stop

    path = tmp_path / "checkpoint.safetensors"
    with pytest.raises(Stop):
        trained(checkpoint_path=path, on_epoch=stop)
    reports: list[EpochReport] = []
    resumed = trained(checkpoint_path=path, on_epoch=reports.append)
    assert not caplog.records  # it went on, and did not start anew
    whole = trained()
    assert_same_weights(resumed.network, whole.network)
    assert resumed.epochs == whole.epochs == tuple(reports)
    assert resumed.best_epoch == whole.best_epoch


def test_killed_at_any_moment_and_resumed_it_leaves_the_same_files(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train_in(whole)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    environment["OMP_NUM_THREADS"] = str(torch.get_num_threads())
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.txv.train_until_killed", str(killed), "0.3"],
        env=environment,
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not (killed / "checkpoint.safetensors").exists() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(np.random.default_rng().uniform(0, 1))
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (killed / "network.safetensors").exists()
    train_in(killed)
    for name in ("network.safetensors", "checkpoint.safetensors"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.mark.parametrize("kept", [slice(0), slice(-7), slice(2000)])
def test_a_damaged_checkpoint_is_overwritten_by_the_same_training_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kept: slice
) -> None:
    path = tmp_path / "checkpoint.safetensors"
    whole = trained(checkpoint_path=path)
    before = path.read_bytes()
    path.write_bytes(before[kept])
    again = trained(checkpoint_path=path)
    assert [record.getMessage() for record in caplog.records] == [
        f"{path} was cut short or altered, or is of another format: training starts anew."
    ]
    assert_same_weights(again.network, whole.network)
    assert again.epochs == whole.epochs
    assert path.read_bytes() == before


@pytest.mark.parametrize("part", ["weights", "best", "optimiser"])
@pytest.mark.parametrize("change", ["absent", "reshaped", "of another dtype"])
def test_a_checkpoint_whose_tensors_do_not_fit_the_network_is_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, part: str, change: str
) -> None:
    path = tmp_path / "checkpoint.safetensors"
    whole = trained(checkpoint_path=path)
    tensors, about = read_tensors(path, TXV_FILE)
    name = max(name for name in tensors if name.startswith(part))
    tensor = tensors.pop(name)
    if change != "absent":
        tensors[name] = tensor[None] if change == "reshaped" else tensor.to(torch.float64)
    write_tensors(path, tensors, about, TXV_FILE)
    again = trained(checkpoint_path=path)
    assert "training starts anew" in caplog.text
    assert_same_weights(again.network, whole.network)


def test_a_checkpoint_of_another_training_says_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    trained(dataclasses.replace(CONFIG, epochs=1), checkpoint_path=path)
    message = r"epochs: 1 there, 2 here, margin: 0.2 there, 0.3 here\. Set these"
    with pytest.raises(NewsImagesError, match=message):
        trained(dataclasses.replace(CONFIG, epochs=2, margin=0.3), checkpoint_path=path)
    with pytest.raises(NewsImagesError, match="first_weights: .* training_pairs: "):
        train(
            TxVNetwork(SHAPE, seed=2),
            fake_pairs(48),
            VALIDATION,
            dataclasses.replace(CONFIG, epochs=1),
            checkpoint_path=path,
        )


def test_another_number_of_threads_is_another_training(tmp_path: Path) -> None:
    path, before = tmp_path / "checkpoint.safetensors", torch.get_num_threads()
    whole = trained(checkpoint_path=path)
    try:
        torch.set_num_threads(before + 1)
        message = f"threads: {before} there, {before + 1} here"
        with pytest.raises(NewsImagesError, match=message):
            trained(checkpoint_path=path)
    finally:
        torch.set_num_threads(before)
    assert trained(checkpoint_path=path).epochs == whole.epochs


def test_on_a_gpu_the_threads_of_the_cpu_play_no_part() -> None:
    def of(device: str) -> dict[str, object]:
        return training.identity(
            TxVNetwork(SHAPE, seed=1), PAIRS, VALIDATION, CONFIG, device=device
        )

    before = torch.get_num_threads()
    one, one_gpu = of("cpu"), of("cuda")
    try:
        torch.set_num_threads(before + 1)
        assert of("cpu") != one
        assert of("cuda") == one_gpu
    finally:
        torch.set_num_threads(before)


def test_progress_shows_epoch_loss_and_best_score(capfd: pytest.CaptureFixture[str]) -> None:
    trained(doing="fine-tune")
    shown = capfd.readouterr().err
    assert "fine-tune" in shown
    assert "epoch 5/5, loss " in shown
    assert ", best " in shown


def test_several_features_are_trained_in_all_their_spaces() -> None:
    both = dataclasses.replace(PAIRS, texts=PAIRS.texts * 2, images=PAIRS.images * 2)
    validation = dataclasses.replace(
        VALIDATION, texts=VALIDATION.texts * 2, images=VALIDATION.images * 2
    )
    shape = NetworkConfig(text_dimensions=(8, 8), image_dimensions=(8, 8), width=16)
    result = train(TxVNetwork(shape), both, validation, CONFIG)
    assert result.epochs[-1].loss < result.epochs[0].loss
    start = TxVNetwork(shape).state_dict()
    moved = [
        name for name, w in result.network.named_parameters() if not torch.equal(w, start[name])
    ]
    assert len(moved) == len(list(result.network.parameters()))


def test_fewer_pairs_than_a_batch_are_trained_on_as_with_a_batch_of_their_number() -> None:
    wide = trained(dataclasses.replace(CONFIG, batch_size=196))
    own = trained(dataclasses.replace(CONFIG, batch_size=len(PAIRS)))
    assert_same_weights(wide.network, own.network)


def test_bad_input_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(NewsImagesError, match="3 pairs are too few to train on"):
        train(TxVNetwork(SHAPE), PAIRS.subset(PAIRS.text_ids[:3].tolist()), VALIDATION, CONFIG)
    with pytest.raises(NewsImagesError, match="validation part is empty"):
        train(TxVNetwork(SHAPE), PAIRS, VALIDATION.subset([]), CONFIG)
    wide = NetworkConfig(text_dimensions=(9,), image_dimensions=(8,), width=4)
    with pytest.raises(NewsImagesError, match=r"text vectors of the dimensions \(9,\), got \(8,\)"):
        train(TxVNetwork(wide), PAIRS, VALIDATION, CONFIG)


def test_a_loss_that_is_no_number_is_an_error() -> None:
    broken = TxVNetwork(SHAPE)
    broken.text_blocks[0][0].bias.data.fill_(float("nan"))
    with pytest.raises(NewsImagesError, match="loss became nan in epoch 1"):
        train(broken, PAIRS, VALIDATION, CONFIG)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")
def test_on_a_gpu_it_learns_and_resumes_as_well(tmp_path: Path) -> None:
    shape = NetworkConfig(text_dimensions=(16,), image_dimensions=(16,), width=128)
    pairs = fake_pairs(64, dimension=16)
    config = TrainingConfig(epochs=30, batch_size=64, learning_rate=2e-3, patience=30)
    path = tmp_path / "checkpoint.safetensors"
    settings = {"checkpoint_path": path, "device": "cuda"}
    result = train(TxVNetwork(shape), pairs, pairs, config, **settings)
    assert result.epochs[result.best_epoch - 1].recalls["text_to_image_recall_at_1"] == 1
    again = train(TxVNetwork(shape), pairs, pairs, config, **settings)
    assert again.epochs == result.epochs

"""Networks and checkpoints on disk: the same back, or an error that helps."""

from pathlib import Path

import pytest
import safetensors.numpy
import torch

from newsimages.errors import NewsImagesError
from newsimages.txv import NetworkConfig, TxVNetwork, load_network, save_network
from newsimages.txv.checkpoint import Checkpoint, load_checkpoint, save_checkpoint

SHAPE = NetworkConfig(text_dimensions=(3, 2), image_dimensions=(4,), width=5)


@pytest.fixture
def network_path(tmp_path: Path) -> Path:
    path = tmp_path / "models" / "network.safetensors"
    save_network(path, TxVNetwork(SHAPE, seed=3))
    return path


@pytest.fixture
def checkpoint() -> Checkpoint:
    return Checkpoint(
        identity={"sizes": (3, 2), "rate": 1e-4},
        epochs=[{"epoch": 1, "loss": 0.1 + 0.2}],
        weights={"a.b": torch.arange(3.0)},
        best_weights={"a.b": torch.ones(3)},
        optimiser={"a.b/step": torch.tensor(7.0)},
    )


def test_a_network_comes_back_as_it_was_in_eval_mode(network_path: Path) -> None:
    loaded, saved = load_network(network_path), TxVNetwork(SHAPE, seed=3)
    assert loaded.config == SHAPE
    assert not loaded.training
    for name, tensor in saved.state_dict().items():
        assert torch.equal(tensor, loaded.state_dict()[name])


def test_equal_networks_make_equal_files(network_path: Path, tmp_path: Path) -> None:
    save_network(tmp_path / "again.safetensors", load_network(network_path))
    assert (tmp_path / "again.safetensors").read_bytes() == network_path.read_bytes()


def test_a_file_that_was_cut_short_is_an_error(network_path: Path) -> None:
    network_path.write_bytes(network_path.read_bytes()[:-5])
    with pytest.raises(NewsImagesError, match=r"cannot be read as a T×V file.*remove it"):
        load_network(network_path)


def test_an_absent_or_foreign_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NewsImagesError, match="It is absent"):
        load_network(tmp_path / "none.safetensors")
    safetensors.numpy.save_file({}, tmp_path / "other.safetensors")
    with pytest.raises(NewsImagesError, match="something else"):
        load_network(tmp_path / "other.safetensors")


def test_a_checkpoint_is_no_network_and_a_network_no_checkpoint(
    network_path: Path, tmp_path: Path, checkpoint: Checkpoint
) -> None:
    save_checkpoint(tmp_path / "c", checkpoint)
    with pytest.raises(NewsImagesError, match="holds no T×V network"):
        load_network(tmp_path / "c")
    with pytest.raises(NewsImagesError, match="is no checkpoint of a training"):
        load_checkpoint(network_path, {})


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path, checkpoint: Checkpoint) -> None:
    save_checkpoint(tmp_path / "c", checkpoint)
    found = load_checkpoint(tmp_path / "c", checkpoint.identity)
    assert found is not None
    assert found.epochs == checkpoint.epochs
    for part in ("weights", "best_weights", "optimiser"):
        expected, got = getattr(checkpoint, part), getattr(found, part)
        assert list(got) == list(expected)
        assert all(torch.equal(got[name], expected[name]) for name in expected)


def test_no_checkpoint_yet_is_none(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path / "c", {}) is None


def test_differences_are_named_also_of_fields_that_one_side_lacks(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    save_checkpoint(tmp_path / "c", checkpoint)
    with pytest.raises(
        NewsImagesError, match=r"new: absent there, 1 here, rate: 0\.0001 there, absent here"
    ):
        load_checkpoint(tmp_path / "c", {"new": 1, "sizes": (3, 2)})


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NewsImagesError, match="Cannot write"):
        save_network(tmp_path / "file" / "network.safetensors", TxVNetwork(SHAPE))


@pytest.mark.parametrize("about", ["[1]", "3", '"x"', "null"])
def test_metadata_of_another_kind_is_an_error(tmp_path: Path, about: str) -> None:
    path = tmp_path / "network.safetensors"
    tensors = {"a": torch.zeros(1).numpy()}
    path.write_bytes(safetensors.numpy.save(tensors, metadata={"txv": about}))
    with pytest.raises(NewsImagesError, match="cannot be read as a T×V file"):
        load_network(path)

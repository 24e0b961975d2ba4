"""Networks and checkpoints on disk: the same back, or an error or a warning that helps."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import safetensors
import safetensors.torch
import torch

from newsimages.errors import NewsImagesError
from newsimages.txv.checkpoint import EpochReport, TrainingState
from newsimages.txv.network import NetworkConfig, TxVNetwork, load_network, save_network

SHAPE = NetworkConfig(text_dimensions=(3, 2), image_dimensions=(4,), width=5)
REPORT = EpochReport(
    epoch=1, loss=0.1 + 0.2, learning_rate=1e-4, recalls={"recall_at_1": 0.5}, score=0.5
)
BIAS = "text_blocks.0.0.bias"
PARTS = (f"weights/{BIAS}", f"best/{BIAS}", f"optimiser/{BIAS}/step")
IDENTITY = {"sizes": (3, 2), "rate": 1e-4}
Content = tuple[dict[str, torch.Tensor], dict[str, Any]]


@pytest.fixture
def network_path(tmp_path: Path) -> Path:
    path = tmp_path / "models" / "network.safetensors"
    save_network(path, TxVNetwork(SHAPE, seed=3))
    return path


def a_state(seed: int = 0, identity: dict[str, Any] = IDENTITY) -> TrainingState:
    return TrainingState(TxVNetwork(SHAPE, seed=seed), identity)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A checkpoint after one epoch."""
    state = a_state(seed=3)
    for weight in state.network.parameters():
        weight.grad = torch.ones_like(weight)
    state.optimiser.step()
    state.add(REPORT)
    state.save(tmp_path / "c")
    return tmp_path / "c"


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
    for metadata in (None, {"format": "pt"}):
        safetensors.torch.save_file({}, tmp_path / "other.safetensors", metadata=metadata)
        with pytest.raises(NewsImagesError, match="something else"):
            load_network(tmp_path / "other.safetensors")


def test_a_checkpoint_is_no_network_and_a_network_no_checkpoint(
    network_path: Path, path: Path
) -> None:
    with pytest.raises(NewsImagesError, match="holds no T×V network"):
        load_network(path)
    with pytest.raises(NewsImagesError, match="is no checkpoint of a training, but a T×V network"):
        a_state().resume(network_path)


def test_a_checkpoint_comes_back_as_it_was(path: Path, tmp_path: Path) -> None:
    state = a_state()
    state.resume(path)
    assert state.reports == [REPORT]
    names = [name for name, _ in state.network.named_parameters()]
    for name, tensor in content(path)[0].items():
        part, _, rest = name.partition("/")
        if part == "optimiser":
            weight, _, item = rest.rpartition("/")
            got = state.optimiser.state_dict()["state"][names.index(weight)][item]
        else:
            got = (state.network.state_dict() if part == "weights" else state.best_weights)[rest]
        assert torch.equal(got, tensor), name
    state.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_no_checkpoint_yet_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = a_state()
    state.resume(tmp_path / "none")
    assert state.reports == []
    assert not caplog.records


def test_differences_are_named_also_of_fields_that_one_side_lacks(path: Path) -> None:
    with pytest.raises(
        NewsImagesError, match=r"new: absent there, 1 here, rate: 0\.0001 there, absent here"
    ):
        a_state(identity={"new": 1, "sizes": (3, 2)}).resume(path)


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NewsImagesError, match="Cannot write"):
        save_network(tmp_path / "file" / "network.safetensors", TxVNetwork(SHAPE))


def content(path: Path) -> Content:
    """The tensors of a file, and what its metadata tells."""
    with safetensors.safe_open(path, framework="pt") as file:
        about = json.loads(json.loads(file.metadata()["txv"])["about"])
        return {name: file.get_tensor(name) for name in file.keys()}, about  # noqa: SIM118


def checksum(tensors: dict[str, torch.Tensor], told: str) -> str:
    """As the format has it, written out."""
    whole = told.encode()
    for name in sorted(tensors):
        values = tensors[name].numpy()
        whole += f"{name} {tensors[name].dtype} {values.shape}".encode() + values.tobytes()
    return hashlib.sha256(whole).hexdigest()


def write(path: Path, tensors: dict[str, torch.Tensor], about: object, **others: object) -> None:
    """Writes a file whose checksum is right, or what ``others`` says."""
    told = about if isinstance(about, str) else json.dumps(about)
    written = {"format": 2, "about": told, "sha256": checksum(tensors, told), **others}
    safetensors.torch.save_file(tensors, path, metadata={"txv": json.dumps(written)})


def test_the_checksum_is_over_names_dtypes_shapes_bytes_and_metadata(
    network_path: Path, path: Path
) -> None:
    for each in (network_path, path):
        before = each.read_bytes()
        write(each, *content(each))
        assert each.read_bytes() == before


@pytest.mark.parametrize(
    "about",
    ["[1]", "3", '"x"', "null", pytest.param("[" * 100_000, id="nested deeply"), "{"],
)
@pytest.mark.parametrize("place", ["all of it", "what it tells"])
def test_metadata_of_another_kind_is_an_error(tmp_path: Path, place: str, about: str) -> None:
    path, tensors = tmp_path / "network.safetensors", {"a": torch.zeros(1)}
    if place == "all of it":
        safetensors.torch.save_file(tensors, path, metadata={"txv": about})
    else:
        write(path, tensors, about)
    with pytest.raises(NewsImagesError, match="cannot be read as a T×V file"):
        load_network(path)


def one_bit(path: Path) -> None:
    """Changes one bit in the last tensor's values."""
    before = path.read_bytes()
    path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))


def a_figure(path: Path) -> None:
    """Changes a figure of the metadata to another of the same length."""
    before = path.read_bytes()
    after = before.replace(b"0.2}", b"0.3}").replace(b"0.0001", b"0.0002")
    assert after != before
    path.write_bytes(after)


def with_old_checksum(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[..., None]:
    """A change of the tensors that leaves the checksum as it was."""

    def damage(path: Path) -> None:
        tensors, about = content(path)
        before = checksum(tensors, json.dumps(about))
        change(tensors)
        write(path, tensors, about, sha256=before)

    return damage


def swap(tensors: dict[str, torch.Tensor]) -> None:
    """Gives the first tensor and the last each other's name."""
    first, last = min(tensors), max(tensors)
    tensors[first], tensors[last] = tensors[last], tensors[first]


ALTERED = {
    "bit": one_bit,
    "figure": a_figure,
    "names": with_old_checksum(swap),
    "dtype": with_old_checksum(
        lambda tensors: tensors.update({max(tensors): tensors[max(tensors)].view(torch.int32)})
    ),
    "shape": with_old_checksum(
        lambda tensors: tensors.update({max(tensors): tensors[max(tensors)][None]})
    ),
    "one too many": with_old_checksum(lambda tensors: tensors.update(x=torch.zeros(0))),
    "no checksum": lambda path: write(path, *content(path), sha256=None),
}


@pytest.mark.parametrize("damage", ALTERED.values(), ids=ALTERED.keys())
def test_an_altered_network_is_an_error(network_path: Path, damage: Callable[[Path], None]) -> None:
    message = r"network\.safetensors cannot be read as a T×V file: .*checksum.* altered"
    damage(network_path)
    with pytest.raises(NewsImagesError, match=message):
        load_network(network_path)


def test_a_network_of_another_format_says_so(network_path: Path) -> None:
    write(network_path, *content(network_path), format=1, sha256="")
    with pytest.raises(NewsImagesError, match=r"is of format 1, expected 2: .* train again\."):
        load_network(network_path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", ["text_blocks.1.0.weight", "image_blocks.0.1.running_var"])
def test_a_network_of_numbers_that_are_not_finite_is_refused(
    tmp_path: Path, name: str, value: float
) -> None:
    network = TxVNetwork(SHAPE)
    network.state_dict()[name].view(-1)[-1] = value
    save_network(tmp_path / "n", network)
    with pytest.raises(NewsImagesError, match=f"numbers that are not finite, in {name}. Train it"):
        load_network(tmp_path / "n")


def rewritten(change: Callable[[Content], object]) -> Callable[[Path], None]:
    """A change of the content after which the checksum is right again."""

    def damage(path: Path) -> None:
        both = content(path)
        change(both)
        write(path, *both)

    return damage


def with_epochs(epochs: object) -> Callable[[Path], None]:
    return rewritten(lambda both: both[1].update(epochs=epochs))


def told(about: str) -> Callable[[Path], None]:
    return lambda path: write(path, content(path)[0], about)


DAMAGES: dict[str, Callable[[Path], object]] = {
    **ALTERED,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-5]),
    "cut to its header": lambda path: path.write_bytes(path.read_bytes()[:40]),
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("no checkpoint at all"),
    "no metadata": lambda path: safetensors.torch.save_file(content(path)[0], path),
    "metadata of others": lambda path: safetensors.torch.save_file(
        content(path)[0], path, metadata={"format": "pt"}
    ),
    "format 1": lambda path: write(path, *content(path), format=1),
    "no format": lambda path: write(path, *content(path), format=None),
    "metadata no JSON": told("{"),
    "metadata a list": told("[1]"),
    "metadata a number": told("3"),
    "metadata null": told("null"),
    "metadata nested deeply": told("[" * 100_000),
    "no identity": rewritten(lambda both: both[1].pop("identity")),
    "identity a list": rewritten(lambda both: both[1].update(identity=[1])),
    "identity null": rewritten(lambda both: both[1].update(identity=None)),
    "no epochs": rewritten(lambda both: both[1].pop("epochs")),
    "epochs null": with_epochs(None),
    "epochs a number": with_epochs(3),
    "epochs none": with_epochs([]),
    "epochs numbers": with_epochs([1]),
    "epochs of other fields": with_epochs([{"epoch": 1, "loss": 0.3}]),
    "epochs from 2": with_epochs([{**asdict(REPORT), "epoch": 2}]),
    "loss a word": with_epochs([{**asdict(REPORT), "loss": "0.3"}]),
    "score nan": with_epochs([{**asdict(REPORT), "score": float("nan")}]),
    "rate huge": with_epochs([{**asdict(REPORT), "learning_rate": 10**400}]),
    "recalls a list": with_epochs([{**asdict(REPORT), "recalls": [0.5]}]),
    "a recall null": with_epochs([{**asdict(REPORT), "recalls": {"recall_at_1": None}}]),
    **{f"no {name}": rewritten(lambda both, name=name: both[0].pop(name)) for name in PARTS},
    "tensor of another part": rewritten(lambda both: both[0].update(x=torch.zeros(1))),
    "tensor of another shape": rewritten(
        lambda both: both[0].update({PARTS[0]: torch.arange(4.0)})
    ),
    "tensor of another dtype": rewritten(
        lambda both: both[0].update({PARTS[1]: torch.ones(5).half()})
    ),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_checkpoint_is_passed_over_with_a_warning(
    path: Path, damage: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    damage(path)
    state = a_state()
    state.resume(path)
    assert state.reports == []
    fresh = a_state().network.state_dict()
    assert all(torch.equal(each, fresh[n]) for n, each in state.network.state_dict().items())
    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage() == (
        f"{path} was cut short or altered, or is of another format: training starts anew."
    )


def test_a_checkpoint_that_the_system_does_not_let_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NewsImagesError, match="the system does not let it be read"):
        a_state().resume(tmp_path)

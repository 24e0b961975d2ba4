"""Spark as an engine: parts apart, a killed worker's once more, errors as sentences."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from newsimages import spark as module
from newsimages.engine import in_parts, singly
from newsimages.errors import NewsImagesError
from newsimages.spark import Spark, check_installed


def squares(tally: Path, numbers: Sequence[int]) -> Iterator[tuple[int, int, str]]:
    """Squares, with the process and its folder; each number that is begun is noted."""
    for number in numbers:
        with tally.open("a") as file:
            file.write(f"{number}\n")
        yield number**2, os.getpid(), str(Path.cwd())


def begun(tally: Path) -> list[int]:
    return sorted(map(int, tally.read_text().split()))


def test_parts_are_worked_on_in_other_processes_and_in_this_folder(
    spark: Spark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    work = partial(squares, Path("tally"))
    results = list(spark.run(work, list(range(7)), cut=in_parts(3)))
    assert sorted(square for square, _, _ in results) == [n**2 for n in range(7)]
    assert begun(tmp_path / "tally") == list(range(7))
    assert os.getpid() not in {process for _, process, _ in results}
    assert {folder for _, _, folder in results} == {str(tmp_path)}
    assert list(spark.run(work, [], cut=singly)) == []


def test_a_killed_workers_part_is_done_once_more_and_nothing_else(
    spark: Spark, tmp_path: Path
) -> None:
    tally, killed = tmp_path / "tally", tmp_path / "killed"

    def dying(numbers: Sequence[int]) -> Iterator[int]:
        for square, process, _ in squares(tally, numbers):
            if square == 9 and not killed.exists():
                killed.touch()
                os.kill(process, signal.SIGKILL)
            yield square

    results = list(spark.run(dying, list(range(6)), cut=singly))
    assert sorted(results) == [n**2 for n in range(6)]
    assert begun(tally) == [0, 1, 2, 3, 3, 4, 5]


def refusing(tally: Path, numbers: Sequence[int]) -> Iterator[int]:
    list(squares(tally, numbers))
    raise NewsImagesError(f"{numbers[0]} is no article.")


def failing(tally: Path, numbers: Sequence[int]) -> Iterator[int]:
    list(squares(tally, numbers))
    raise ZeroDivisionError("by nothing")


@pytest.mark.parametrize(
    ("work", "message", "tries"),
    [(refusing, "^5 is no article.$", 1), (failing, "^Spark has given up: .*by nothing.$", 4)],
)
def test_what_is_refused_is_not_tried_again_and_what_fails_is(
    spark: Spark, tmp_path: Path, work: Callable[..., Iterator[int]], message: str, tries: int
) -> None:
    with pytest.raises(NewsImagesError, match=message):
        list(spark.run(partial(work, tmp_path / "tally"), [5], cut=singly))
    assert begun(tmp_path / "tally") == [5] * tries


def test_a_folder_that_workers_do_not_see_is_named(
    spark: Spark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "only here"
    monkeypatch.setattr(module.Path, "cwd", lambda: folder)
    with pytest.raises(NewsImagesError, match="cannot enter .*only here: No such file"):
        list(spark.run(partial(squares, tmp_path / "tally"), [1], cut=singly))


def test_a_handler_of_signals_stays(spark: Spark) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert Spark("local[2,4]")._context is spark._context
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


class Worker:
    """Spark's task with a GPU, or without."""

    def __init__(self, addresses: list[str] | None) -> None:
        self.addresses = addresses

    def get(self) -> "Worker":
        return self

    def resources(self) -> dict[str, "Worker"]:
        return {} if self.addresses is None else {"gpu": self}


@pytest.mark.parametrize(("given", "seen"), [(["3"], "3"), (None, "all")])
def test_a_worker_sees_the_gpu_that_it_was_given(
    spark: Spark, monkeypatch: pytest.MonkeyPatch, given: list[str] | None, seen: str
) -> None:
    assert spark
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "all")
    monkeypatch.setattr("pyspark.TaskContext", Worker(given))
    module._take_gpu()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == seen


@pytest.mark.parametrize("name", ["spark.executor.resource.gpu.amount"])
def test_executors_with_several_gpus_are_refused(
    spark: Spark, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    conf = spark._context.getConf().set(name, "2")
    monkeypatch.setattr(spark._context, "getConf", lambda: conf)
    with pytest.raises(NewsImagesError, match=f"{name} is 2, expected 1"):
        Spark("local[2,4]")


def test_without_java_the_error_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda _: object())
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(NewsImagesError, match="needs Java, 17 or newer: it is not on the PATH"):
        check_installed()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(NewsImagesError, match=f"JAVA_HOME is {tmp_path}, which holds no bin/java"):
        check_installed()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").touch(mode=0o755)
    check_installed()


def test_without_pyspark_the_error_names_its_requirements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(NewsImagesError, match="pip install -r requirements-spark.txt"):
        check_installed()

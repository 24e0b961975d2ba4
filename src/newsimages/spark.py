"""Spark as an `Engine`: parts of the items to Python workers of a cluster, results as they come.

The project, its environment, the corpus, the models and the workdir lie in folders that all
machines see under the same names. A part is a task: one whose worker was killed is done once more.
What a worker loads, such as a model, it keeps for the parts that follow.
"""

import importlib.util
import os
import pickle
import secrets
import shutil
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from newsimages.errors import NewsImagesError, shortened

if TYPE_CHECKING:
    from pyspark import SparkContext

REQUIREMENTS = "requirements-spark.txt"
LOCAL_MASTER = "local[*,4]"
"""Spark in this machine's processes, one per core; of a part's tries, four may fail."""
AUTO = "auto"
_ALONE = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
}
"""Settings of a Spark in this machine's processes: nobody else has to reach it."""
_LOOK_EVERY_S = 0.2

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Refused(NamedTuple):
    """The sentence of a `NewsImagesError`, which another try would raise again."""

    why: str


class Spark:
    """The workers of a Spark application."""

    def __init__(self, master: str = AUTO) -> None:
        """Starts Spark, or finds it started.

        Args:
            master: As ``spark-submit --master`` takes it; auto: what spark-submit or
                spark-defaults.conf say, else `LOCAL_MASTER`.

        Raises:
            NewsImagesError: PySpark or Java is not there, or Spark does not start.
        """
        check_installed()
        self._context = _context(master)

    def run(
        self,
        function: Callable[[Sequence[Item]], Iterable[Result]],
        items: Sequence[Item],
        *,
        cut: Callable[[Sequence[Item]], Iterable[Sequence[Item]]],
    ) -> Iterator[Result]:
        """As `newsimages.engine.Engine` has it; the function, items and results are pickled.

        Raises:
            NewsImagesError: As the function does; or a part has failed as often as Spark tries.
        """
        from pyspark import cloudpickle  # noqa: PLC0415 - an extra

        parts = [list(part) for part in cut(items)]
        if not parts:
            return
        # The pickle of a function may load a model: not before the worker knows its GPU.
        pickled: bytes = cloudpickle.dumps(function)
        results = self._context.accumulator([], _appending())
        task = partial(_work, pickled, str(Path.cwd()), results)
        group, n_seen = f"newsimages-{secrets.token_hex(8)}", 0
        with ThreadPoolExecutor(1) as pool:
            job = pool.submit(self._submit, group, task, parts)
            try:
                is_done = False
                while not is_done:
                    is_done = bool(wait([job], timeout=_LOOK_EVERY_S).done)
                    made = results.value[n_seen:]
                    n_seen += len(made)
                    for each in made:
                        if isinstance(each, _Refused):
                            raise NewsImagesError(each.why)
                        yield each
            except BaseException:
                with suppress(Exception):  # Spark may be gone as well
                    self._context.cancelJobGroup(group)
                raise
            with _told("Spark has given up"):
                job.result()

    def _submit(self, group: str, task: Callable[[Any], None], parts: Sequence[Any]) -> None:
        self._context.setJobGroup(group, "newsimages", interruptOnCancel=True)
        self._context.parallelize(parts, len(parts)).foreach(task)


def check_installed() -> None:
    """Raises: NewsImagesError where PySpark or Java is not there."""
    if importlib.util.find_spec("pyspark") is None:
        raise NewsImagesError(
            f"engine=spark needs PySpark, which is not installed: pip install -r {REQUIREMENTS}, "
            "or leave engine=spark out."
        )
    home = os.environ.get("JAVA_HOME")
    java = Path(home, "bin", "java") if home else Path("java")
    if "PYSPARK_GATEWAY_PORT" not in os.environ and shutil.which(java) is None:
        where = f"JAVA_HOME is {home}, which holds no bin/java" if home else "it is not on the PATH"
        raise NewsImagesError(
            f"engine=spark needs Java, 17 or newer: {where}. Install it (Debian: apt-get install "
            "openjdk-17-jre-headless), set JAVA_HOME, or leave engine=spark out."
        )


def _context(master: str) -> "SparkContext":
    """Spark's context, started in the first call."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of pandas, which is not used through it
        from pyspark import SparkConf, SparkContext  # noqa: PLC0415 - an extra

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    on_signal = signal.getsignal(signal.SIGINT)
    with _told(f"Spark does not start with spark_master={master} (it needs Java 17 or newer)"):
        conf = SparkConf().setAppName("newsimages")
        if master == AUTO:
            conf.setIfMissing("spark.master", LOCAL_MASTER)
        else:
            conf.setMaster(master)
        if conf.get("spark.master", "").startswith("local"):
            for name, value in _ALONE.items():
                conf.setIfMissing(name, value)
        conf.setIfMissing("spark.log.level", "ERROR")
        conf.setIfMissing("spark.ui.showConsoleProgress", "false")  # there is a bar of our own
        own = (path for path in sys.path if not path.startswith((sys.prefix, sys.base_prefix)))
        paths = os.pathsep.join(str(Path(path).absolute()) for path in own)
        conf.setIfMissing("spark.executorEnv.PYTHONPATH", paths)
        # Threads that wait give way to other workers', of which there may be more than cores.
        conf.setIfMissing("spark.executorEnv.OMP_WAIT_POLICY", "PASSIVE")
        conf.setIfMissing("spark.executorEnv.PYTHONWARNINGS", "ignore::FutureWarning")
        context = SparkContext.getOrCreate(conf)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, on_signal)  # Spark has put its own there
    _check_gpus(context)
    return context


def _check_gpus(context: "SparkContext") -> None:
    """Raises: NewsImagesError where workers of one executor could be given each other's GPU."""
    for whose in ("executor", "driver"):
        name = f"spark.{whose}.resource.gpu.amount"
        n_gpus = context.getConf().get(name, "1")
        if n_gpus not in ("0", "1"):
            raise NewsImagesError(
                f"{name} is {n_gpus}, expected 1: a worker keeps its model on the GPU that it was "
                "given first. Start one executor for each GPU."
            )


def _appending() -> Any:
    """What gathers lists of results in the order in which they come."""
    from pyspark.accumulators import AccumulatorParam  # noqa: PLC0415 - an extra

    class Appending(AccumulatorParam[list[Any]]):
        def zero(self, value: list[Any]) -> list[Any]:
            return []

        def addInPlace(self, value1: list[Any], value2: list[Any]) -> list[Any]:  # noqa: N802
            value1.extend(value2)
            return value1

    return Appending()


def _work(pickled: bytes, folder: str, results: Any, part: Sequence[Any]) -> None:
    """A task, in a worker."""
    try:
        _take_gpu()
        _enter(folder)
        made = list(pickle.loads(pickled)(part))  # noqa: S301 - Spark's own way
    except NewsImagesError as error:
        made = [_Refused(str(error))]
    results.add(made)


def _take_gpu() -> None:
    """Makes the GPU that Spark has given to this task the only one that the process sees."""
    from pyspark import TaskContext  # noqa: PLC0415 - an extra

    task = TaskContext.get()
    given = task.resources().get("gpu") if task else None
    if given:
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(given.addresses)


def _enter(folder: str) -> None:
    """Goes to the driver's folder, so that relative paths mean what they mean there."""
    try:
        os.chdir(folder)
    except OSError as error:
        raise NewsImagesError(
            f"A worker on {os.uname().nodename} cannot enter {folder}: {error.strerror}. Start in "
            "a folder that all machines of the cluster see under the same name."
        ) from error


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Turns Spark's errors into a `NewsImagesError` that says ``what`` and the reason."""
    try:
        yield
    except NewsImagesError:
        raise
    except Exception as error:  # Java's, Py4J's and PySpark's own
        raise NewsImagesError(f"{what}: {shortened(_reason(error), 600)}.") from error


def _reason(error: Exception) -> str:
    """The first line of what Spark says, and the last of a worker's traceback, if there is one."""
    java = getattr(error, "java_exception", None)
    lines = str(java.getMessage() if java is not None else error).strip().splitlines()
    first = lines[0] if lines else type(error).__name__
    is_code = [line.startswith(("Traceback", "  ", "\t")) for line in lines]
    last = [line for at, line in enumerate(lines) if at and is_code[at - 1] and not is_code[at]]
    return " ".join([first, *last[:1]]).strip().rstrip(".")

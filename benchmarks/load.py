"""Load test of a served model: response times, and whether its memory stays flat.

`python benchmarks/load.py http://127.0.0.1:5001 --pid PID`, where PID is the server's process. It
prints a Markdown table: answers, and the times within which half and 99 % of them came.
"""

import argparse
import json
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

HEADLINES = (
    "Flood cuts off villages, thousands flee",
    "Central bank raises rates again",
    "Train derails near the station, no one hurt",
    "Team wins the cup after a long night",
)


def main() -> None:
    """One client, then eight; then the memory over the last thousand requests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--pid", type=int, help="of the server, for its memory")
    parser.add_argument("--requests", type=int, default=2000)
    arguments = parser.parse_args()
    print("| clients | answers | failures | p50 (ms) | p99 (ms) | per second |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    ask(arguments.url, 50, clients=1)  # warm-up
    _report(arguments.url, min(200, arguments.requests), clients=1)
    half = arguments.requests // 2
    _report(arguments.url, half, clients=8)
    before = megabytes(arguments.pid)
    _report(arguments.url, half, clients=8)
    if arguments.pid:
        after = megabytes(arguments.pid)
        print(f"\nmemory over the last {half}: {before:.0f} MB before, {after:.0f} MB after")


def _report(url: str, n: int, *, clients: int) -> None:
    start = time.perf_counter()
    seconds, failures = ask(url, n, clients=clients)
    rate = n / (time.perf_counter() - start)
    p50, p99 = np.quantile(seconds, [0.5, 0.99]) * 1000
    print(f"| {clients} | {len(seconds)} | {failures} | {p50:.1f} | {p99:.1f} | {rate:.0f} |")


def ask(url: str, n: int, *, clients: int) -> tuple[list[float], int]:
    """(seconds of each answer, how many requests were not answered)."""
    with ThreadPoolExecutor(clients) as pool:
        times = list(pool.map(lambda number: _one(url, number), range(n)))
    return [seconds for seconds in times if seconds is not None], times.count(None)


def _one(url: str, number: int) -> float | None:
    title = f"{HEADLINES[number % len(HEADLINES)]} {number}"
    body = json.dumps({"dataframe_records": [{"title": title}]}).encode()
    request = urllib.request.Request(  # noqa: S310 - the address is the caller's own server
        f"{url}/invocations", data=body, headers={"Content-Type": "application/json"}
    )
    start = time.perf_counter()
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            answer.read()
    except OSError:
        return None
    return time.perf_counter() - start


def megabytes(pid: int | None) -> float:
    """Resident memory of a process and of its children, in MB."""
    if pid is None:
        return float("nan")
    total, waiting = 0.0, [pid]
    while waiting:
        each = waiting.pop()
        status = Path(f"/proc/{each}/status").read_text()
        total += next(int(r.split()[1]) for r in status.splitlines() if r.startswith("VmRSS"))
        children = Path(f"/proc/{each}/task/{each}/children").read_text().split()
        waiting += [int(child) for child in children]
    return total / 1024


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Compares one rank of two threads with two ranks of one thread: training speed, and the cost of exchanging gradients.

Needs Open MPI's mpirun and a build with MPI. Runs of both kinds alternate, so that a disturbance affects both. A signal
stops each run after some seconds, which avoids the evaluation at the end.

    scripts/bench_ranks.py cifar10 --arch resnet32 revnet110 --rounds 3 --seconds 25
"""
import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

KINDS = {  # name: (mpirun's arguments, threads per rank)
    "1 rank x 2 threads": (["-n", "1", "--bind-to", "none"], 2),
    "2 ranks x 1 thread": (["-n", "2", "--bind-to", "core"], 1),
}
INTERRUPTED = 3  # revnet-train's exit code
# Without these, Open MPI refuses to run as root.
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


def run(arguments, architecture, kind):
    """Returns images per second, and the all-reduce line of the summary ("" for one rank)."""
    placing, threads = KINDS[kind]
    with tempfile.TemporaryDirectory() as folder:
        command = ["timeout", "--preserve-status", "--signal=USR1", str(arguments.seconds), "mpirun", *placing,
                   str(arguments.revnet_train), arguments.dataset, "--arch", architecture,
                   "--batch", str(arguments.batch), "--threads", str(threads), "--batch-norm", arguments.batch_norm,
                   "--run-dir", folder + "/run"]
        done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    if done.returncode != INTERRUPTED:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}, not {INTERRUPTED}\n{done.stderr}")
    speed = re.search(r"([\d.]+) images/s", done.stdout)
    exchange = re.search(r"^all-reduce +(.*)$", done.stdout, re.MULTILINE)
    if not speed:
        sys.exit(f"{' '.join(command)}: stopped before its first step; use a longer --seconds")
    return float(speed.group(1)), exchange.group(1) if exchange else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=["cifar10", "cifar100", "synthetic"])
    parser.add_argument("--arch", nargs="+", default=["resnet32", "revnet110"], metavar="NAME")
    parser.add_argument("--batch", type=int, default=100, metavar="N", help="of all ranks together (default 100)")
    parser.add_argument("--batch-norm", choices=["local", "synchronized"], default="local")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="runs of each kind (default 3)")
    parser.add_argument("--seconds", type=int, default=25, metavar="S", help="for each run (default 25)")
    parser.add_argument("--revnet-train", type=pathlib.Path, default="build/bin/revnet-train", metavar="PATH")
    arguments = parser.parse_args()
    if min(arguments.batch, arguments.rounds, arguments.seconds) < 1:
        parser.error("--batch, --rounds and --seconds must be positive")
    for architecture in arguments.arch:
        speeds = {kind: [] for kind in KINDS}
        for _ in range(arguments.rounds):
            for kind, results in speeds.items():
                speed, exchange = run(arguments, architecture, kind)
                results.append(speed)
                details = f"; {exchange}" if exchange else ""
                print(f"{architecture}, {kind}: {speed:.0f} images/s{details}", flush=True)
        one, two = speeds.values()
        ratio = statistics.median(b / a for a, b in zip(one, two))
        print(f"{architecture}: {statistics.median(one):.0f} and {statistics.median(two):.0f} images/s (medians); "
              f"two ranks make {ratio:.3f} of one rank's speed (median over pairs)", flush=True)


if __name__ == "__main__":
    main()

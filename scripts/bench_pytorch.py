#!/usr/bin/python3
"""Times training steps of revnet and PyTorch in turn, so that noise affects both, and prints the ratio.

Each round times a few steps of revnet and then of PyTorch; the result is the median of the rounds' ratios.
PyTorch runs the same networks (torch_model.py) with channels_last and the recipe's SGD.
Takes any PyTorch: Debian's python3-torch, or a newer one in a virtual environment. --compile also times the
networks as torch.compile makes them; it needs PyTorch 2 and a C++ compiler.

  bench_pytorch.py [--bin build/bin] [--arch NAME]... [--activations stored|reconstructed]... [--batch N]
                   [--threads N] [--rounds N] [--steps N] [--compile]
"""
import argparse
import csv
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time

try:
    import torch
    from torch.nn import functional as F

    from torch_model import CIFAR, SPECS, Network, initialise, paper_sgd
except ModuleNotFoundError as missing:
    sys.exit(f"bench_pytorch.py: {missing}: apt-get install python3-torch, or use the Python of another PyTorch")


class Torch:
    def __init__(self, arch, mode, batch, compiled=False):
        torch.manual_seed(1)
        classes, side = (10, 32) if arch in CIFAR else (1000, 224)
        self.network = Network(SPECS[arch], classes, reconstructs=mode == "reconstructed")
        initialise(self.network)
        self.network = self.network.to(memory_format=torch.channels_last).train()
        self.forward = torch.compile(self.network) if compiled else self.network
        self.optimizer = paper_sgd(self.network, 0.01)
        self.images = (torch.randn(batch, 3, side, side) * 60).to(memory_format=torch.channels_last)
        self.labels = torch.randint(0, classes, (batch,))

    def step(self):
        self.optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(self.forward(self.images), self.labels).backward()
        self.optimizer.step()
        self.network.commit_statistics()

    def milliseconds(self, steps):
        times = []
        for _ in range(steps):
            start = time.perf_counter()
            self.step()
            times.append(1e3 * (time.perf_counter() - start))
        return statistics.median(times)


def revnet_milliseconds(arguments, arch, mode, folder):
    command = [os.path.join(arguments.bin, "revnet-compare"), "speed", "--arch", arch, "--activations", mode,
               "--batch", str(arguments.batch), "--threads", str(arguments.threads), "--steps",
               str(arguments.steps), "--format", "csv", "--output", os.path.join(folder, "speed.h5"), "--force"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        sys.exit(f"bench_pytorch.py: {command[0]}: {error.strerror}; --bin is the folder that holds revnet-compare")
    if done.returncode != 0:
        sys.exit(f"bench_pytorch.py: {' '.join(command)}\n{done.stderr}")
    return 1e3 * float(next(csv.DictReader(io.StringIO(done.stdout)))["seconds"])


def compare(arguments, arch, mode, folder):
    peers = {kind: Torch(arch, mode, arguments.batch, compiled=kind == "compiled") for kind in arguments.kinds}
    for peer in peers.values():
        for _ in range(2):
            peer.step()
    ours, theirs = [], {kind: [] for kind in peers}
    for _ in range(arguments.rounds):
        ours.append(revnet_milliseconds(arguments, arch, mode, folder))
        for kind, peer in peers.items():
            theirs[kind].append(peer.milliseconds(arguments.steps))
    for kind, times in theirs.items():
        ratios = sorted(t / o for o, t in zip(ours, times))
        print(f"{arch:10} {mode:14} {kind:9} {statistics.median(ours):9.1f} {statistics.median(times):11.1f} "
              f"{statistics.median(ratios):7.2f}   {ratios[0]:.2f} to {ratios[-1]:.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--bin", default=os.path.join(here, "..", "build", "bin"), metavar="DIR",
                        help="folder of revnet-compare")
    parser.add_argument("--arch", action="append", choices=SPECS, metavar="NAME",
                        help="repeatable; default: the six for CIFAR; those for ImageNet take 224x224 pixels")
    parser.add_argument("--activations", action="append", choices=("stored", "reconstructed"),
                        help="repeatable; default: both")
    parser.add_argument("--batch", type=int, default=100, metavar="N")
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--steps", type=int, default=5, metavar="N", help="steps per round")
    parser.add_argument("--compile", action="store_true", help="torch.compile beside eager execution")
    arguments = parser.parse_args()
    if min(arguments.batch, arguments.threads, arguments.rounds, arguments.steps) < 1:
        parser.error("--batch, --threads, --rounds and --steps must be positive")
    if arguments.compile and not hasattr(torch, "compile"):
        parser.error(f"--compile needs PyTorch 2, and this is {torch.__version__}")
    modes = arguments.activations or ("stored", "reconstructed")
    cases = [(arch, mode) for arch in arguments.arch or CIFAR for mode in ("stored", "reconstructed")
             if mode in modes and (mode == "stored" or SPECS[arch].reversible)]
    if not cases:
        parser.error("nothing to measure: a ResNet's activations cannot be reconstructed")
    arguments.kinds = ("eager", "compiled") if arguments.compile else ("eager",)
    torch.set_num_threads(arguments.threads)
    print(f"PyTorch {torch.__version__}, batch {arguments.batch}, "
          f"{arguments.threads} thread{'s' if arguments.threads != 1 else ''}")
    print("network    activations    PyTorch   revnet ms  PyTorch ms   ratio   of the rounds")
    with tempfile.TemporaryDirectory() as folder:
        for arch, mode in cases:
            compare(arguments, arch, mode, folder)


if __name__ == "__main__":
    main()

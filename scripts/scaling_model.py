"""A model of a training step on several nodes, based on measured constants. scripts/scaling.py measures and draws.

A node computes its shard of the batch in the time measured on a single node. Gradients are summed in buckets, each as
soon as the backward pass has made it final. The network transfers one bucket after the other, so

    end of a bucket = max(its gradients are final, the bucket before has ended) + its all-reduce
    all-reduce      = 2 log2(n) latency + 2 (n - 1) / n bytes / bandwidth      (n ranks, halving and doubling)
    step            = max(compute, end of the last bucket) + copying + one all-reduce of the loss

The model assumes that all nodes are equally fast and that no other traffic shares the network.
"""
import math
from dataclasses import dataclass

FLOAT_BYTES = 4
LOSS_BYTES = 8 * 3
BUCKET_BYTES = 256 << 10  # as in lib/train/gradient_exchange.cpp; run.h5 records it as all_reduce/bucket_bytes


@dataclass
class Wire:
    """The connection between any two nodes."""
    latency: float    # seconds per message
    bandwidth: float  # bytes per second in each direction


@dataclass
class Network:
    """The cost of training a network on one node."""
    seconds: dict            # seconds per step, by images per node
    backward_share: float    # share of multiply-adds: 2/3 with stored activations, 3/4 with recomputed ones
    buckets: list            # (bytes, share of the backward pass after which it starts), in the order of starts
    copying: float = 0.0     # seconds per byte for copying to and from buckets and driving the exchange

    def bytes(self):
        return sum(size for size, _ in self.buckets)

    def compute(self, images):
        """Interpolates linearly between measured batches, and extrapolates beyond them."""
        points = sorted((int(batch), seconds) for batch, seconds in self.seconds.items())
        after = next((i for i, (batch, _) in enumerate(points) if batch >= images), len(points) - 1)
        if points[after][0] == images or len(points) == 1:
            return points[after][1]
        (left, low), (right, high) = points[max(after, 1) - 1], points[max(after, 1)]
        return low + (high - low) * (images - left) / (right - left)


@dataclass
class Step:
    seconds: float
    compute: float
    exchange: float  # the exchange of all buckets on its own

    def hidden(self):
        """Returns the share of the exchange that does not lengthen the step."""
        return max(0.0, 1 - (self.seconds - self.compute) / self.exchange) if self.exchange > 0 else 0.0


def all_reduce(size, ranks, wire):
    if ranks == 1:
        return 0.0
    return 2 * math.ceil(math.log2(ranks)) * wire.latency + 2 * (ranks - 1) / ranks * size / wire.bandwidth


def step(network, images, ranks, wire, overlap=True):
    """Models a step of ranks with `images` each. Without overlap, the exchange starts after the backward pass."""
    compute = network.compute(images)
    if ranks == 1:
        return Step(compute, compute, 0.0)
    forward, backward = (1 - network.backward_share) * compute, network.backward_share * compute
    end = 0.0 if overlap else compute
    for size, share in network.buckets:
        end = max(end, forward + share * backward) + all_reduce(size, ranks, wire)
    exchange = sum(all_reduce(size, ranks, wire) for size, _ in network.buckets)
    copying = network.copying * network.bytes()
    seconds = max(compute, end) + copying + all_reduce(LOSS_BYTES, ranks, wire)
    return Step(seconds, compute, exchange + copying)


def buckets(checkpoint, bucket_bytes=BUCKET_BYTES):
    """Fills buckets as lib/train/gradient_exchange.cpp does, from a checkpoint's arrays (revnet_files.Checkpoint)."""
    def unit(name):
        parts = name.split("/")
        if parts[0] in ("stem", "head"):
            return (0, 0) if parts[0] == "stem" else (math.inf, 0)
        return int(parts[0].removeprefix("stage")), int(parts[1].removeprefix("unit"))

    units = sorted({unit(name) for name in checkpoint.parameters}, reverse=True)
    statistics = sum(mean.size + variance.size for mean, variance in checkpoint.running.values())
    result = [(statistics * FLOAT_BYTES, 0.0)]
    size = 0
    for name in sorted(checkpoint.parameters, key=unit, reverse=True):
        size += checkpoint.parameters[name].size * FLOAT_BYTES
        if size >= bucket_bytes:
            result.append((size, units.index(unit(name)) / (len(units) - 1)))
            size = 0
    if size > 0:
        result.append((size, 1.0))
    return result


def fit_wire(rows):
    """Fits a wire to (bytes, seconds) of all-reduces between two ranks, as timed by revnet-compare exchange: the latency
    is half the time of the smallest, the bandwidth that of the largest."""
    rows = sorted(rows)
    latency = rows[0][1] / 2
    size, seconds = rows[-1]
    return Wire(latency, size / max(seconds - 2 * latency, 1e-9))

#!/usr/bin/python3
"""Trains a network on CIFAR-10 with the paper's recipe in PyTorch, to compare error rates.

The training set's mean image is subtracted from all images; training images are zero-padded to 36x36,
cropped and flipped at random. SGD has momentum 0.9, weight decay 2e-4 on convolution and dense weights, and
a learning rate of 0.1, which is divided by 10 at 1/2 and 3/4 of the iterations. Epochs are shuffled and drop
their last incomplete batch. RevNets store their activations. All arithmetic is float32, without TF32 on CUDA.
Initial weights, shuffling, crops and flips are drawn on the CPU, so a seed means the same on any device.

Usage: train_pytorch.py --arch revnet38 --iterations 1000 --batch 100 --seed 1 --data-dir DIR
           [--seeds 1 2 3] [--device cuda] [--threads N] [--log-every 100] [--eval-every N]
DIR holds cifar-10-batches-bin. Each run ends with a line that begins with test_error_percent=; a summary follows
if there are several seeds.
"""
import argparse
import math
import os
import statistics
import time

try:
    import numpy as np
    import torch
    from torch.nn import functional as F

    from torch_model import CIFAR, Network, initialise, paper_sgd
except ModuleNotFoundError as missing:
    raise SystemExit(f"train_pytorch.py: {missing}: apt-get install python3-torch, "
                     "or use the Python of another PyTorch") from missing

CLASSES = 10
SIZE, PADDING = 32, 2
EVALUATION_BATCH = 500
AVERAGED = 100  # the final training cross entropy is the mean over this many iterations


def fail(message):
    raise SystemExit(f"train_pytorch.py: {message}")


def records(path):
    """Returns the file's records, of a label and an image each, as uint8 [N, 3073]."""
    raw, record = np.fromfile(path, np.uint8), 1 + 3 * SIZE * SIZE
    if len(raw) == 0 or len(raw) % record != 0:
        fail(f"{path} is cut short: {len(raw)} bytes are no whole records of {record}")
    return raw.reshape(-1, record)


class Split:
    """Images as uint8 [N, 3, 32, 32] and their labels, on the device."""

    def __init__(self, directory, files, device):
        raw = torch.from_numpy(np.concatenate([records(os.path.join(directory, f)) for f in files]))
        self.images = raw[:, 1:].reshape(-1, 3, SIZE, SIZE).contiguous().to(device)
        self.labels = raw[:, 0].long().to(device)

    def __len__(self):
        return len(self.labels)


def load(data_dir, device):
    directory = os.path.join(data_dir, "cifar-10-batches-bin")
    training = Split(directory, [f"data_batch_{i}.bin" for i in range(1, 6)], device)
    test = Split(directory, ["test_batch.bin"], device)
    mean = sum(part.double().sum(0) for part in training.images.split(10000)) / len(training)
    return training, test, mean.float()


def training_batches(split, mean, batch, seed):
    """Yields augmented batches endlessly, epoch after epoch."""
    generator = torch.Generator().manual_seed(seed)
    device, n = split.images.device, len(split)
    pixels, channels = torch.arange(SIZE, device=device), torch.arange(3, device=device)
    images = torch.arange(batch, device=device)[:, None, None, None]
    while True:
        order = torch.randperm(n, generator=generator).to(device)
        top, left = torch.randint(0, 2 * PADDING + 1, (2, n, 1), generator=generator).to(device)
        flip = torch.randint(0, 2, (n, 1), generator=generator).bool().to(device)
        rows = top + pixels
        columns = left + torch.where(flip, SIZE - 1 - pixels, pixels)
        for start in range(0, n - batch + 1, batch):
            chosen = order[start:start + batch]
            padded = F.pad(split.images[chosen].float() - mean, (PADDING,) * 4)
            r, c = rows[start:start + batch], columns[start:start + batch]
            yield (padded[images, channels[:, None, None], r[:, None, :, None], c[:, None, None, :]],
                   split.labels[chosen])


@torch.no_grad()
def evaluate(network, split, mean):
    """Returns error in percent and mean cross entropy on images without augmentation, with running statistics."""
    network.eval()
    wrong = torch.zeros((), dtype=torch.long, device=mean.device)
    loss = torch.zeros((), dtype=torch.float64, device=mean.device)
    for images, labels in zip(split.images.split(EVALUATION_BATCH), split.labels.split(EVALUATION_BATCH)):
        logits = network(images.float() - mean)
        wrong += (logits.argmax(1) != labels).sum()
        loss += F.cross_entropy(logits.double(), labels, reduction="sum")
    network.train()
    return 100 * wrong.item() / len(split), loss.item() / len(split)


def learning_rate(iteration, iterations):
    return 0.1 * 0.1 ** ((2 * iteration >= iterations) + (4 * iteration >= 3 * iterations))


def train(options, seed, training, test, mean):
    start = time.perf_counter()
    torch.manual_seed(seed)
    network = Network(CIFAR[options.arch], CLASSES)
    initialise(network)
    network.to(mean.device).train()
    optimiser = paper_sgd(network, 0.1, foreach=mean.device.type == "cuda")
    losses = torch.zeros(options.iterations, device=mean.device)
    logged = 0
    for iteration, (images, labels) in zip(range(options.iterations),
                                           training_batches(training, mean, options.batch, seed)):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(iteration, options.iterations)
        optimiser.zero_grad(set_to_none=True)
        loss = F.cross_entropy(network(images), labels)
        loss.backward()
        optimiser.step()
        network.commit_statistics()
        losses[iteration] = loss.detach()
        done = iteration + 1
        if done % options.log_every == 0 or done == options.iterations:
            mean_loss = losses[logged:done].double().mean().item()
            logged = done
            print(f"iteration={done} cross_entropy={mean_loss:.4f} "
                  f"learning_rate={optimiser.param_groups[0]['lr']:g} seconds={time.perf_counter() - start:.1f}",
                  flush=True)
            if not math.isfinite(mean_loss):
                raise SystemExit("diverged")
        if options.eval_every and done % options.eval_every == 0 and done < options.iterations:
            error, cross_entropy = evaluate(network, test, mean)
            print(f"iteration={done} test_error_percent={error:.2f} test_cross_entropy={cross_entropy:.4f}", flush=True)
    error, cross_entropy = evaluate(network, test, mean)
    final = losses[-AVERAGED:].double().mean().item()
    print(f"test_error_percent={error:.2f} test_cross_entropy={cross_entropy:.4f} train_cross_entropy={final:.4f} "
          f"seconds={time.perf_counter() - start:.1f} arch={options.arch} iterations={options.iterations} "
          f"batch={options.batch} seed={seed}", flush=True)
    return error, cross_entropy, final


def device_of(name):
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as error:
        fail(f"--device {name}: {str(error).splitlines()[0][:200]}")
    return device


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arch", default="revnet38", choices=CIFAR)
    parser.add_argument("--iterations", type=int, default=80000)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, nargs="+", help="train once with each of these seeds")
    parser.add_argument("--data-dir", default=os.environ.get("REVNET_DATA") or "data",
                        help="folder of cifar-10-batches-bin (default: $REVNET_DATA or data)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=0, help="number of CPU threads (default: PyTorch's choice)")
    parser.add_argument("--log-every", type=int, default=100)
    parser.add_argument("--eval-every", type=int, default=0)
    options = parser.parse_args()
    if min(options.iterations, options.batch, options.log_every) < 1:
        parser.error("--iterations, --batch and --log-every must be positive")
    if options.threads < 0:
        parser.error("--threads must not be negative")
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    device = device_of(options.device)
    try:
        training, test, mean = load(options.data_dir, device)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}; --data-dir is the folder that holds cifar-10-batches-bin")
    if options.batch > len(training):
        fail(f"--batch {options.batch} is larger than the training set of {len(training)} images")
    seeds = options.seeds or [options.seed]
    results = [train(options, seed, training, test, mean) for seed in seeds]
    if len(seeds) > 1:
        print(f"summary over seeds {' '.join(map(str, seeds))}: mean, standard deviation (n-1), minimum, maximum")
        for name, values in zip(("test_error_percent", "test_cross_entropy", "train_cross_entropy"), zip(*results)):
            print(f"{name} {statistics.mean(values):.4f} {statistics.stdev(values):.4f} "
                  f"{min(values):.4f} {max(values):.4f}")


if __name__ == "__main__":
    main()

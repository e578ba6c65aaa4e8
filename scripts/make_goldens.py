#!/usr/bin/python3
"""Writes tests/goldens/goldens.h5, the reference values for testing the C++ networks.

Inputs and parameters are not stored. Both sides compute them from one formula, in uint64 arithmetic
modulo 2^64; element i (row-major index, from 0) of the array NAME under a seed is

    stream = FNV-1a 64 of NAME's bytes        h = 0xCBF29CE484222325; each byte: h = (h ^ byte) * 0x100000001B3
    z = (stream ^ (seed * 0xD1B54A32D192ED03)) + (i + 1) * 0x9E3779B97F4A7C15
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB
    z = z ^ (z >> 31)
    u = (z >> 40) * 2^-23 - 1                 in [-1, 1), exact in float32

and in float32 arithmetic, each operation rounded once (no fused multiply-add):

    convolution    a * u,  a = float32(sqrt(2.0 / (kh * kw * out)) * sqrt(3.0)), the square roots in double
    bn scale       1 + 0.25 * u
    bn shift       0.25 * u
    dense weight   a * u,  a = float32(sqrt(3.0 / in))
    dense bias     float32(0.1) * u
    images         64 * u, NAME "images", shape [batch, 3, image_size, image_size]
    label[n]       (7 * n + 3) mod classes
    probe          u, NAME "probe/" + the parameter's NAME

All stored values are computed in float64 from these float32 values. The loss is the mean softmax cross
entropy without weight decay. A ReLU input that float32 rounds across zero would spoil a comparison, so
the script chooses the seed among 1, 2, ... with the largest headroom. Over all ReLU input tensors x of
the forward pass, each with all images and channels,

    margin = min of min|x| / rms(x)        headroom = min of min|x| / rms(x - the same in float32)

Max pooling adds one more x: the difference between the two largest values of each window that is not all
zero.

File layout (strings are fixed-length, zero-padded):
    /formula                       attribute text; datasets name, seed, index, stream, z, u: worked samples
    /narrow/ARCH/CLASSES           widths / 4, units 2-2-2, 16x16 images
        logits, loss               float64 [batch, classes] and scalar, training mode
        evaluation_logits          float64, running statistics after that one training batch (decay 0.99
                                   from mean 0, variance 1)
        gradients/NAME             float32, in full; with 100 classes the head's only
    /full/ARCH/CLASSES             the paper's widths and depths, 8x8 images
    /imagenet/ARCH/CLASSES         ImageNet's networks with widths / 8, units 2-2-2-2, 64x64 images
        logits, loss               as above
        gradient_digest/{name, norm, probe}   per parameter: NAME, L2 norm, dot product with its probe
    attributes of each CLASSES group: seed, batch, image_size, classes, reversible, bottleneck, units, stem,
        widths (Table 2's numbers, before the factor 4), strides, stem_kernel, stem_stride, stem_pool, margin,
        headroom, parameter_count, parameter_sum

Usage: make_goldens.py [--output FILE] [--seeds N]       takes a few minutes
"""
import argparse
import dataclasses
import math
import os

import h5py
import numpy as np
import torch
from torch.nn import functional as F

from torch_model import CIFAR, IMAGENET, MaxPool, Network, named_gradients, named_parameters

BATCH = 2
FORMULA = __doc__[__doc__.index("Inputs and"):__doc__.index("All stored")]
SAMPLES = [("images", 1, 0), ("images", 1, 1), ("images", 2, 0), ("images", 123456789, 1535),
           ("stem/conv/weight", 1, 0), ("stem/conv/weight", 1, 26), ("stage1/unit1/f/bn2/scale", 3, 2),
           ("head/bn/shift", 1, 5), ("head/dense/weight", 7, 100), ("head/dense/bias", 1, 9),
           ("probe/stem/conv/weight", 1, 0), ("", 0, 0)]


def fnv1a(name):
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001B3 % 2**64
    return h


def mixed(name, seed, index):
    """Returns z for an array of indices."""
    z = np.uint64(fnv1a(name) ^ seed * 0xD1B54A32D192ED03 % 2**64)
    z = z + (index.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniform(name, seed, shape):
    z = mixed(name, seed, np.arange(math.prod(shape)))
    return ((z >> np.uint64(40)) * 2.0**-23 - 1).astype(np.float32).reshape(shape)


def parameter(name, seed, shape):
    u = uniform(name, seed, shape)
    if len(shape) == 4:
        return np.float32(math.sqrt(2.0 / (shape[2] * shape[3] * shape[0])) * math.sqrt(3.0)) * u
    if name.endswith("dense/weight"):
        return np.float32(math.sqrt(3.0 / shape[1])) * u
    if name.endswith("dense/bias"):
        return np.float32(0.1) * u
    quarter = np.float32(0.25) * u
    return np.float32(1) + quarter if name.endswith("/scale") else quarter


def images(seed, size):
    return np.float32(64) * uniform("images", seed, (BATCH, 3, size, size))


def build(spec, classes, seed, dtype):
    network = Network(spec, classes).to(dtype)
    with torch.no_grad():
        for name, p in named_parameters(network).items():
            p.copy_(torch.from_numpy(parameter(name, seed, tuple(p.shape))))
    return network


def choices(x):
    """Returns how far the largest pixel of each 3x3 window exceeds the next, or 1 if all are zero."""
    windows = F.unfold(F.pad(x.detach(), (0, 1, 0, 1)), 3, stride=2).reshape(*x.shape[:2], 9, -1)
    largest = windows.topk(2, dim=2).values
    return torch.where(largest[:, :, 0] > 0, largest[:, :, 0] - largest[:, :, 1], torch.ones((), dtype=x.dtype))


def watch_relus(network, seen):
    for module in network.modules():
        if isinstance(module, torch.nn.ReLU):
            module.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
        if isinstance(module, MaxPool):
            module.register_forward_pre_hook(lambda _, inputs: seen.append(choices(inputs[0])))


def rms(x):
    return x.square().mean().sqrt()


def margin(exact):
    return min(float(x.abs().min() / rms(x)) for x in exact)


def headroom(exact, single):
    return min(float(x.abs().min() / rms(x - y)) for x, y in zip(exact, single))


def forward_headroom(spec, seed, size):
    """Returns the headroom of the forward pass. The number of classes does not matter, as no ReLU follows the head."""
    relu_inputs = []
    for dtype in (torch.float64, torch.float32):
        network = build(spec, 10, seed, dtype)
        relu_inputs.append([])
        watch_relus(network, relu_inputs[-1])
        with torch.no_grad():
            network(torch.from_numpy(images(seed, size)).to(dtype))
    return headroom(*relu_inputs)


def evaluate(spec, classes, seed, size, dtype):
    network, relu_inputs = build(spec, classes, seed, dtype), []
    watch_relus(network, relu_inputs)
    x = torch.from_numpy(images(seed, size)).to(dtype)
    logits = network(x)
    loss = F.cross_entropy(logits, torch.tensor([(7 * n + 3) % classes for n in range(BATCH)]))
    loss.backward()
    training_relu_inputs = list(relu_inputs)
    network.commit_statistics()
    with torch.no_grad():
        evaluation_logits = network.eval()(x)
    return dict(logits=logits.detach(), loss=loss.detach(), evaluation_logits=evaluation_logits,
                gradients=named_gradients(network), relu_inputs=training_relu_inputs,
                parameters=named_parameters(network))


def compare(exact, single):
    """Compares float32 with float64: flipped ReLUs, relative error of the whole gradient and of the worst parameter."""
    flips = sum(int(((x > 0) != (y > 0)).sum()) for x, y in zip(exact["relu_inputs"], single["relu_inputs"]))
    names = exact["gradients"]
    error = {n: float((single["gradients"][n].double() - names[n]).norm()) for n in names}
    norm = {n: float(names[n].norm()) for n in names}
    whole = math.hypot(*error.values()) / math.hypot(*norm.values())
    worst = max(names, key=lambda n: error[n] / norm[n])
    return flips, whole, error[worst] / norm[worst], worst


def write_formula(group):
    group.attrs["text"] = np.bytes_(FORMULA)
    group["name"] = np.array([name for name, _, _ in SAMPLES], dtype="S32")
    group["seed"] = np.array([seed for _, seed, _ in SAMPLES], dtype=np.uint64)
    group["index"] = np.array([index for _, _, index in SAMPLES], dtype=np.uint64)
    group["stream"] = np.array([fnv1a(name) for name, _, _ in SAMPLES], dtype=np.uint64)
    group["z"] = np.array([mixed(name, seed, np.array([index]))[0] for name, seed, index in SAMPLES])
    group["u"] = np.array([uniform(name, seed, (index + 1,))[index] for name, seed, index in SAMPLES])


def write_case(group, family, spec, classes, seed, size):
    result = evaluate(spec, classes, seed, size, torch.float64)
    single = evaluate(spec, classes, seed, size, torch.float32)
    parameters = [p.detach() for p in result["parameters"].values()]
    group.attrs["seed"] = np.int64(seed)
    group.attrs["batch"] = np.int64(BATCH)
    group.attrs["image_size"] = np.int64(size)
    group.attrs["classes"] = np.int64(classes)
    for key, value in dataclasses.asdict(spec).items():
        group.attrs[key] = np.array(value, dtype=np.int64)
    group.attrs["margin"] = margin(result["relu_inputs"])
    group.attrs["headroom"] = headroom(result["relu_inputs"], single["relu_inputs"])
    group.attrs["parameter_count"] = np.int64(sum(p.numel() for p in parameters))
    group.attrs["parameter_sum"] = float(sum(p.sum() for p in parameters))
    group["logits"] = result["logits"].numpy()
    group["loss"] = result["loss"].numpy()
    gradients = {name: g.numpy() for name, g in result["gradients"].items()}
    if family == "narrow":
        group["evaluation_logits"] = result["evaluation_logits"].numpy()
        for name, gradient in gradients.items():
            if classes == 10 or name.startswith("head/"):
                group[f"gradients/{name}"] = gradient.astype(np.float32)
    else:
        digest = group.create_group("gradient_digest")
        digest["name"] = np.array(list(gradients), dtype="S32")
        digest["norm"] = np.array([np.linalg.norm(g) for g in gradients.values()])
        digest["probe"] = np.array([np.vdot(g, uniform("probe/" + name, seed, g.shape).astype(np.float64))
                                    for name, g in gradients.items()])
    return compare(result, single)


def main():
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "goldens", "goldens.h5")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default=os.path.normpath(default))
    parser.add_argument("--seeds", type=int, default=128, help="seeds tried for the largest headroom")
    options = parser.parse_args()
    os.makedirs(os.path.dirname(os.path.abspath(options.output)), exist_ok=True)
    print(f"{'case':<22} {'seed':>4} {'margin':>9} {'headroom':>8} {'flips':>5} {'gradient':>9}  worst parameter")
    # The earliest file format stores no times, so the same values give the same file.
    with h5py.File(options.output, "w", libver="earliest") as file:
        write_formula(file.create_group("formula"))
        smaller = {arch: IMAGENET[arch] for arch in ("resnet50", "revnet56")}
        for family, size, specs, divisor in (("narrow", 16, CIFAR, 4), ("full", 8, CIFAR, 1), ("imagenet", 64, smaller, 8)):
            for arch, spec in specs.items():
                if divisor > 1:
                    spec = dataclasses.replace(spec, units=(2,) * len(spec.units), stem=spec.stem // divisor,
                                               widths=tuple(w // divisor for w in spec.widths))
                seed = max(range(1, options.seeds + 1), key=lambda s: forward_headroom(spec, s, size))
                for classes in (10, 100):
                    group = file.create_group(f"{family}/{arch}/{classes}")
                    flips, whole, worst, name = write_case(group, family, spec, classes, seed, size)
                    print(f"{group.name[1:]:<22} {seed:>4} {group.attrs['margin']:>9.2e} "
                          f"{group.attrs['headroom']:>8.1f} {flips:>5} {whole:>9.2e}  {worst:.2e} {name}", flush=True)
    print(f"{options.output}: {os.path.getsize(options.output)} bytes")


if __name__ == "__main__":
    main()

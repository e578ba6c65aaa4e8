"""The ResNets and RevNets of the RevNet paper as PyTorch modules, with revnet's parameter names.

They are the reference for the C++ networks (make_goldens.py), error rates (train_pytorch.py) and speed
(bench_pytorch.py). RevNets use ordinary autograd and store every activation, unless `reconstructs` is set. A
parameter's NAME is its module path with slashes: stage1/unit1/f/bn1/scale. The modules work in float32 and float64, on
any device, with PyTorch 1.13 to 2.x.
"""
from dataclasses import dataclass
from typing import Tuple

import torch
from torch import nn
from torch.nn import functional as F

EPSILON = 1e-3
DECAY = 0.99


@dataclass(frozen=True)
class Spec:
    """A network: a row of the paper's Table 2. Bottleneck stages are 4 times as wide as `widths` says."""
    reversible: bool
    bottleneck: bool
    units: Tuple[int, ...]
    stem: int
    widths: Tuple[int, ...]
    strides: Tuple[int, ...] = (1, 2, 2)
    stem_kernel: int = 3
    stem_stride: int = 1
    stem_pool: bool = False


def imagenet(reversible, units):
    widths = (128, 256, 512, 832) if reversible else (64, 128, 256, 512)
    return Spec(reversible, True, units, widths[0], widths, (1, 2, 2, 2), 7, 2, True)


CIFAR = {
    "resnet32": Spec(False, False, (5, 5, 5), 16, (16, 32, 64)),
    "revnet38": Spec(True, False, (3, 3, 3), 32, (32, 64, 112)),
    "resnet110": Spec(False, False, (18, 18, 18), 16, (16, 32, 64)),
    "revnet110": Spec(True, False, (9, 9, 9), 32, (32, 64, 128)),
    "resnet164": Spec(False, True, (18, 18, 18), 16, (16, 32, 64)),
    "revnet164": Spec(True, True, (9, 9, 9), 32, (32, 64, 128)),
}
IMAGENET = {
    "resnet50": imagenet(False, (3, 4, 6, 3)),
    "resnet101": imagenet(False, (3, 4, 23, 3)),
    "resnet152": imagenet(False, (3, 8, 36, 3)),
    "revnet56": imagenet(True, (2, 2, 3, 2)),
    "revnet104": imagenet(True, (2, 2, 11, 2)),
}
SPECS = {**CIFAR, **IMAGENET}


def same_padding(size, kernel, stride):
    """Returns TensorFlow's SAME padding (before, after): (0, 1) for a 3x3 kernel at stride 2 on even sizes."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class Conv(nn.Module):
    """Convolution without bias, weight [out, in, k, k]."""

    def __init__(self, in_channels, out_channels, kernel, stride=1):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(out_channels, in_channels, kernel, kernel))
        self.stride = stride

    def forward(self, x):
        kernel = self.weight.shape[2]
        top, bottom = same_padding(x.shape[2], kernel, self.stride)
        left, right = same_padding(x.shape[3], kernel, self.stride)
        if (top, left) == (bottom, right):
            return F.conv2d(x, self.weight, None, self.stride, (top, left))
        return F.conv2d(F.pad(x, (left, right, top, bottom)), self.weight, None, self.stride)


class BatchNorm(nn.Module):
    """Uses batch statistics in training and running ones in evaluation; Network.commit_statistics() updates the latter.

    PyTorch averages the unbiased variance, but the paper averages the population variance. Therefore
    forward only records the batch's statistics (momentum 1), and commit_statistics() averages them.
    """

    def __init__(self, channels):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_variance", torch.ones(channels))
        self.register_buffer("batch_mean", torch.zeros(channels), persistent=False)
        self.register_buffer("batch_unbiased_variance", torch.ones(channels), persistent=False)
        self.count = 0  # values per channel in the last training batch

    def forward(self, x):
        if not self.training:
            return F.batch_norm(x, self.running_mean, self.running_variance, self.scale, self.shift,
                                False, 0.0, EPSILON)
        self.count = x.numel() // x.shape[1]
        return F.batch_norm(x, self.batch_mean, self.batch_unbiased_variance, self.scale, self.shift,
                            True, 1.0, EPSILON)


class Residual(nn.Module):
    """F or G: (BN, ReLU, convolution) two or three times, optionally without the first BN and ReLU."""

    def __init__(self, in_channels, out_channels, stride, bottleneck, leading):
        super().__init__()
        inner = out_channels // 4 if bottleneck else out_channels
        kernels = (1, 3, 1) if bottleneck else (3, 3)
        channels = [in_channels] + [inner] * (len(kernels) - 1) + [out_channels]
        steps = []
        for i, kernel in enumerate(kernels):
            if i > 0 or leading:
                self.add_module(f"bn{i + 1}", BatchNorm(channels[i]))
                self.add_module(f"relu{i + 1}", nn.ReLU())
                steps += [f"bn{i + 1}", f"relu{i + 1}"]
            self.add_module(f"conv{i + 1}",
                            Conv(channels[i], channels[i + 1], kernel, stride if i == 0 else 1))
            steps.append(f"conv{i + 1}")
        self.steps = steps

    def forward(self, x):
        for step in self.steps:
            x = self._modules[step](x)
        return x


class PoolShortcut(nn.Module):
    """Average pooling (kernel = stride), then zero channels half before and half after."""

    def __init__(self, in_channels, out_channels, stride):
        super().__init__()
        extra = out_channels - in_channels
        self.stride, self.channels = stride, (extra // 2, extra - extra // 2)

    def forward(self, x):
        if self.stride > 1:
            x = F.avg_pool2d(x, self.stride, self.stride)
        return F.pad(x, (0, 0, 0, 0) + self.channels) if any(self.channels) else x


def shortcut(in_channels, out_channels, stride, bottleneck):
    if bottleneck and (stride > 1 or in_channels != out_channels):
        return Conv(in_channels, out_channels, 1, stride)
    return PoolShortcut(in_channels, out_channels, stride)


class ResNetUnit(nn.Module):
    def __init__(self, in_channels, out_channels, stride, bottleneck, leading, first):
        super().__init__()
        self.f = Residual(in_channels, out_channels, stride, bottleneck, leading)
        self.shortcut = shortcut(in_channels, out_channels, stride, bottleneck) if first else nn.Identity()

    def forward(self, x):
        return self.shortcut(x) + self.f(x)


class RevNetUnit(nn.Module):
    """y1 = s1(x1) + F(x2), y2 = s2(x2) + G(y1); s1 and s2 are the identity after a stage's first unit."""

    def __init__(self, in_channels, out_channels, stride, bottleneck, leading, first):
        super().__init__()
        i, o = in_channels // 2, out_channels // 2
        self.f = Residual(i, o, stride, bottleneck, leading)
        self.g = Residual(o, o, 1, bottleneck, True)
        self.shortcut1 = shortcut(i, o, stride, bottleneck) if first else nn.Identity()
        self.shortcut2 = shortcut(i, o, stride, bottleneck) if first else nn.Identity()

    def forward(self, x):
        x1, x2 = x
        y1 = self.shortcut1(x1) + self.f(x2)
        y2 = self.shortcut2(x2) + self.g(y1)
        return y1, y2


class ReversibleChain(torch.autograd.Function):
    """All units of a stage but the first, of which it keeps only the last output: Algorithm 1 of the paper."""

    @staticmethod
    def forward(context, x1, x2, units, *parameters):
        context.units, context.parameters = units, len(parameters)
        with torch.no_grad():
            for unit in units:
                x1 = x1 + unit.f(x2)
                x2 = x2 + unit.g(x1)
        context.save_for_backward(x1, x2)
        return x1, x2

    @staticmethod
    def backward(context, d1, d2):
        def recompute(function, x, d):
            """Returns function(x) and the gradients with respect to x and the parameters."""
            x = x.detach().requires_grad_()
            with torch.enable_grad():
                value = function(x)
            gradients = torch.autograd.grad(value, [x, *function.parameters()], d)
            return value.detach(), gradients[0], list(gradients[1:])

        y1, y2 = context.saved_tensors
        gradients = []
        for unit in reversed(context.units):
            g, by_input, by_g = recompute(unit.g, y1, d2)
            y2, d1 = y2 - g, d1 + by_input
            f, by_input, by_f = recompute(unit.f, y2, d1)
            y1, d2 = y1 - f, d2 + by_input
            gradients = by_f + by_g + gradients
        return (d1, d2, None, *gradients)


class MaxPool(nn.Module):
    """3x3 max pooling with stride 2 and SAME padding."""

    def forward(self, x):
        (top, bottom), (left, right) = (same_padding(size, 3, 2) for size in x.shape[2:])
        return F.max_pool2d(F.pad(x, (left, right, top, bottom), value=-float("inf")), 3, 2)


class Stem(nn.Module):
    def __init__(self, spec):
        super().__init__()
        self.conv = Conv(3, spec.stem, spec.stem_kernel, spec.stem_stride)
        self.bn, self.relu = BatchNorm(spec.stem), nn.ReLU()
        self.pool = MaxPool() if spec.stem_pool else nn.Identity()

    def forward(self, x):
        return self.pool(self.relu(self.bn(self.conv(x))))


class Head(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.bn, self.relu, self.dense = BatchNorm(channels), nn.ReLU(), nn.Linear(channels, classes)

    def forward(self, x):
        return self.dense(self.relu(self.bn(x)).mean((2, 3)))


class Network(nn.Module):
    def __init__(self, spec, classes, reconstructs=False):
        super().__init__()
        self.reversible, self.reconstructs = spec.reversible, reconstructs
        unit_type = RevNetUnit if spec.reversible else ResNetUnit
        self.stem = Stem(spec)
        channels = spec.stem
        for s, (units, width, stride) in enumerate(zip(spec.units, spec.widths, spec.strides)):
            out_channels = width * (4 if spec.bottleneck else 1)
            stage = nn.Sequential()
            for u in range(units):
                stage.add_module(f"unit{u + 1}",
                                 unit_type(channels, out_channels, stride if u == 0 else 1, spec.bottleneck,
                                           leading=(s, u) != (0, 0), first=u == 0))
                channels = out_channels
            self.add_module(f"stage{s + 1}", stage)
        self.stages = len(spec.units)
        self.head = Head(channels, classes)
        self.norms = [m for m in self.modules() if isinstance(m, BatchNorm)]

    def forward(self, x):
        x = self.stem(x)
        if self.reversible:
            x = torch.chunk(x, 2, 1)
        for s in range(self.stages):
            stage = self._modules[f"stage{s + 1}"]
            if not (self.reconstructs and self.training):
                x = stage(x)
                continue
            first, *others = stage
            parameters = [p for unit in others for part in (unit.f, unit.g) for p in part.parameters()]
            x = ReversibleChain.apply(*first(x), others, *parameters)
        return self.head(torch.cat(x, 1) if self.reversible else x)

    @torch.no_grad()
    def commit_statistics(self):
        """Updates the running averages with the last training batch; called once per step."""
        running_mean = [m.running_mean for m in self.norms]
        running_variance = [m.running_variance for m in self.norms]
        variance = torch._foreach_mul([m.batch_unbiased_variance for m in self.norms],
                                      [(m.count - 1) / m.count for m in self.norms])
        torch._foreach_mul_(running_mean + running_variance, DECAY)
        torch._foreach_add_(running_mean, [m.batch_mean for m in self.norms], alpha=1 - DECAY)
        torch._foreach_add_(running_variance, variance, alpha=1 - DECAY)


def named_parameters(network):
    """Returns {NAME: parameter}; within a residual function, in forward order."""
    return {name.replace(".", "/"): p for name, p in network.named_parameters()}


def named_gradients(network):
    return {name: p.grad for name, p in named_parameters(network).items()}


def decays(name):
    """Returns whether weight decay applies, as it does to convolution and dense weights but not to BN and biases."""
    return name.endswith("/weight")


def paper_sgd(network, learning_rate, **options):
    """Returns torch.optim.SGD with the recipe's momentum and weight decay."""
    parameters = named_parameters(network)
    return torch.optim.SGD(
        [{"params": [p for name, p in parameters.items() if decays(name)], "weight_decay": 2e-4},
         {"params": [p for name, p in parameters.items() if not decays(name)], "weight_decay": 0.0}],
        lr=learning_rate, momentum=0.9, **options)


def initialise(network):
    """Draws the paper's initial weights from PyTorch's global generator."""
    with torch.no_grad():
        for name, p in named_parameters(network).items():
            if p.dim() == 4:  # normal, truncated at two standard deviations
                std = (2 / (p.shape[0] * p.shape[2] * p.shape[3])) ** 0.5
                nn.init.trunc_normal_(p, 0.0, std, -2 * std, 2 * std)
            elif p.dim() == 2:
                nn.init.uniform_(p, -(3 / p.shape[1]) ** 0.5, (3 / p.shape[1]) ** 0.5)
            else:
                p.fill_(1.0 if name.endswith("/scale") else 0.0)

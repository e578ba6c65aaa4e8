#!/usr/bin/python3
"""Converts checkpoints to and from other formats. Needs python3-h5py and, for all conversions but to-safetensors,
python3-torch, which builds the networks of torch_model.py.

  convert_checkpoint.py to-torch CHECKPOINT.h5 MODEL.pt
  convert_checkpoint.py from-torch MODEL.pt CHECKPOINT.h5 [--config FILE.yaml]
  convert_checkpoint.py to-safetensors CHECKPOINT.h5 MODEL.safetensors
  convert_checkpoint.py from-safetensors MODEL.safetensors CHECKPOINT.h5 [--config FILE.yaml]
  convert_checkpoint.py to-onnx CHECKPOINT.h5 MODEL.onnx

MODEL.pt, for torch.load, is a dict of

  spec, classes           for torch_model.Network(torch_model.Spec(**spec), classes)
  architecture            its name in the settings
  model                   its state dict: parameters and running averages
  momentum                by parameter name: the momentum_buffer of torch.optim.SGD
  average                 by parameter name: the average of the weights; empty if none is kept
  iteration, config, progress   as in the checkpoint

from-torch also accepts a bare state dict, as written by torch.save(network.state_dict(), ...). In that case --config
names the settings it belongs to (config.yaml of a run directory), and momentum and iteration are zero. Placed in that
run directory as checkpoint.h5, the result is the state from which --resume starts. Values keep their bits both ways.

MODEL.safetensors holds the state dict, with architecture, iteration and config as metadata. from-safetensors treats it
like a bare state dict, with the settings in the metadata unless --config names others.

MODEL.onnx computes `logits` [batch, classes] from `images` [batch, 3, side, side] as an evaluation does, normalised by
the running averages. It expects images as the network receives them: for CIFAR, bytes (0 to 255) minus the training
set's mean image; for photographs, as dataset.values specifies.
"""
import argparse
import dataclasses
import json
import re
import sys
import warnings

import numpy as np

from revnet_files import Checkpoint, FileError, read_checkpoint, write_checkpoint

try:
    import torch
    from torch_model import EPSILON, SPECS, Network, Spec
except ImportError:
    torch = None

RUNNING = ("running_mean", "running_variance")
PROGRESS = ("window_cross_entropy", "window_errors", "window_images", "seconds")


def setting(config, section, key):
    """Returns a scalar from the YAML that revnet writes, without needing a YAML package."""
    value = optional_setting(config, section, key)
    if value is None:
        raise FileError(f"the settings have no {section}.{key}")
    return value


def optional_setting(config, section, key):
    found = re.search(rf"^{section}:\n(?:  .*\n)*?  {key}: (.+)$", config, re.MULTILINE)
    return found and found.group(1)


def spec_of(config):
    """Returns the network that the settings describe: a named one with their changes, or a custom one."""
    changes = {}
    for field in dataclasses.fields(Spec):
        key = {"stem": "stem_width"}.get(field.name, field.name)
        value = optional_setting(config, "network", key)
        if value in (None, "auto", "0", "[]"):  # unchanged, or written before the setting existed
            continue
        value = json.loads(value)
        changes[field.name] = tuple(value) if isinstance(value, list) else value
    architecture = setting(config, "network", "architecture")
    if architecture == "custom":
        widths = changes["widths"]
        plain = dict(reversible=False, bottleneck=False, stem=widths[0], strides=(1,) + (2,) * (len(widths) - 1))
        return Spec(**{**plain, **changes})
    if architecture not in SPECS:
        raise FileError(f"{architecture} is not an architecture of torch_model.py")
    return dataclasses.replace(SPECS[architecture], **changes)


def check_fits(config, state, momentum):
    """Checks that no array is missing, left over or of another shape, and returns the number of classes."""
    if float(setting(config, "batch_norm", "epsilon")) != EPSILON:
        raise FileError(f"batch_norm.epsilon is not {EPSILON}, as it is in torch_model.py")
    own = state["head.dense.bias"].numel() if "head.dense.bias" in state else 10  # a data set of image folders
    classes = {"cifar10": 10, "cifar100": 100, "imagenet": 1000}.get(setting(config, "dataset", "name"), own)
    network = Network(spec_of(config), classes)
    architecture = setting(config, "network", "architecture")
    parameters = {name: p.shape for name, p in network.named_parameters()}
    for what, given, expected in (("model", state, {name: v.shape for name, v in network.state_dict().items()}),
                                  ("momentum", momentum, parameters)):
        for name in sorted(given.keys() ^ expected.keys()):
            raise FileError(f"{what}: {name} is {'missing' if name in expected else 'left over'}: this is not a whole "
                            f"{architecture} with {classes} classes")
        for name, shape in expected.items():
            if given[name].shape != shape:
                raise FileError(f"{what}: {name} has shape {list(given[name].shape)} instead of {list(shape)} as in "
                                f"{architecture} with {classes} classes")
    return classes


def state_of(checkpoint):
    """Returns the checkpoint's state dict, with NumPy arrays."""
    state = dict(checkpoint.parameters)
    for name, averages in checkpoint.running.items():
        state.update({f"{name}/{buffer}": values for buffer, values in zip(RUNNING, averages)})
    return {name.replace("/", "."): values for name, values in state.items()}


def to_torch(checkpoint):
    """Returns the dict described above."""
    state = {name: torch.from_numpy(values) for name, values in state_of(checkpoint).items()}
    momentum = {name.replace("/", "."): torch.from_numpy(values) for name, values in checkpoint.momentum.items()}
    classes = check_fits(checkpoint.config, state, momentum)
    return dict(architecture=setting(checkpoint.config, "network", "architecture"),
                spec=dataclasses.asdict(spec_of(checkpoint.config)), classes=classes, model=state,
                momentum=momentum,
                average={name.replace("/", "."): torch.from_numpy(values) for name, values in checkpoint.average.items()},
                iteration=checkpoint.iteration, config=checkpoint.config,
                progress=checkpoint.progress)


def from_torch(saved, config=None):
    """Makes a checkpoint of such a dict, or of a bare state dict and a run's settings."""
    if "model" not in saved:
        if config is None:
            raise FileError("this is a bare state dict: name the settings it belongs to with --config")
        saved = dict(model=saved, config=config, iteration=0, progress=dict.fromkeys(PROGRESS, 0.0),
                     momentum={name: torch.zeros_like(value) for name, value in saved.items()
                               if not name.endswith(RUNNING)})
    elif config is not None:
        raise FileError("this file has settings of its own: leave --config out")
    check_fits(saved["config"], saved["model"], saved["momentum"])
    arrays = {name.replace(".", "/"): value.detach().cpu().float().numpy() for name, value in saved["model"].items()}
    norms = [name.rpartition("/")[0] for name in arrays if name.endswith(RUNNING[0])]
    return Checkpoint(saved["iteration"], saved["config"],
                      {name: values for name, values in arrays.items() if not name.endswith(RUNNING)},
                      {name.replace(".", "/"): value.detach().cpu().float().numpy()
                       for name, value in saved["momentum"].items()},
                      {norm: tuple(arrays[f"{norm}/{buffer}"] for buffer in RUNNING) for norm in norms},
                      saved["progress"],
                      {name.replace(".", "/"): value.detach().cpu().float().numpy()
                       for name, value in saved.get("average", {}).items()})


def load_torch(path):
    """Reads a file of torch.save that holds one of the dicts described above."""
    with open(path, "rb"):  # raises FileNotFoundError, which torch.load would hide
        pass
    try:
        saved = torch.load(path, map_location="cpu")
    except Exception as error:  # unpickling arbitrary bytes may raise anything
        raise FileError(f"{path} is no file of torch.save: {str(error).splitlines()[0][:100]}") from error
    state = saved.get("model", saved) if isinstance(saved, dict) else None
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise FileError(f"{path} holds no state dict: see convert_checkpoint.py --help")
    missing = {"momentum", "iteration", "config", "progress"} - saved.keys()
    if "model" in saved and missing:
        raise FileError(f"{path} has a model, but no {', '.join(sorted(missing))}")
    return saved


def save_torch(saved, path):
    try:
        with open(path, "wb") as file:
            torch.save(saved, file)
    except RuntimeError as error:  # raised by torch if the disk is full
        raise FileError(f"cannot write {path}: {str(error).splitlines()[0]}") from error


def to_safetensors(checkpoint, path):
    """Writes 8 bytes with the header's length, the header in JSON, and the values of all arrays."""
    state = state_of(checkpoint)
    header = {"__metadata__": dict(format="pt", architecture=setting(checkpoint.config, "network", "architecture"),
                                   iteration=str(checkpoint.iteration), config=checkpoint.config)}
    end = 0
    for name, values in state.items():
        begin, end = end, end + values.nbytes
        header[name] = dict(dtype="F32", shape=values.shape, data_offsets=(begin, end))
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for values in state.values():
            file.write(values.astype("<f4").tobytes())


def load_safetensors(path):
    """Returns the state dict and the settings in the metadata."""
    with open(path, "rb") as file:
        content = file.read()
    try:
        begin = 8 + int.from_bytes(content[:8], "little")
        header = json.loads(content[8:begin])
        config = header.pop("__metadata__", {}).get("config")
        state = {}
        for name, entry in header.items():
            first, end = entry["data_offsets"]
            if entry["dtype"] != "F32" or not first <= end <= len(content) - begin:
                raise FileError(f"{path}: {name} is cut short, or not of float32")
            state[name] = torch.from_numpy(np.frombuffer(content[begin + first:begin + end], "<f4")
                                           .reshape(entry["shape"]).copy())
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FileError(f"{path} is no safetensors file: {' '.join(str(error).split())[:100]}") from error
    return state, config


def to_onnx(checkpoint, path):
    saved = to_torch(checkpoint)
    network = Network(Spec(**saved["spec"]), saved["classes"])
    network.load_state_dict(saved["model"])
    side = int(optional_setting(checkpoint.config, "dataset", "image_size") or 0)
    if side == 0:
        side = 224 if setting(checkpoint.config, "dataset", "name") in ("imagenet", "images") else 32
    with warnings.catch_warnings():
        # torch warns that it infers some shapes and folds some constants less well. Neither changes a result.
        warnings.filterwarnings("ignore", category=UserWarning, module="torch.onnx")
        torch.onnx.export(network.eval(), torch.zeros(1, 3, side, side), path, opset_version=13,
                          input_names=["images"], output_names=["logits"],
                          dynamic_axes={"images": {0: "batch"}, "logits": {0: "batch"}})


DIRECTIONS = {
    "to-torch": ("convert a checkpoint to a file of torch.save", "MODEL.pt"),
    "from-torch": ("convert a file of torch.save to a checkpoint", "MODEL.pt"),
    "to-safetensors": ("export weights and running averages as safetensors", "MODEL.safetensors"),
    "from-safetensors": ("convert safetensors to a checkpoint", "MODEL.safetensors"),
    "to-onnx": ("export the network for inference", "MODEL.onnx"),
}


def convert(direction, source, target, config):
    if direction == "to-torch":
        save_torch(to_torch(read_checkpoint(source)), target)
    elif direction == "to-safetensors":
        to_safetensors(read_checkpoint(source), target)
    elif direction == "to-onnx":
        to_onnx(read_checkpoint(source), target)
    elif direction == "from-torch":
        write_checkpoint(target, from_torch(load_torch(source), config))
    else:
        state, written = load_safetensors(source)
        write_checkpoint(target, from_torch(state, config or written))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    directions = parser.add_subparsers(dest="direction", required=True)
    for direction, (purpose, model) in DIRECTIONS.items():
        command = directions.add_parser(direction, help=purpose)
        names = ("CHECKPOINT.h5", model)
        for place, name in zip(("source", "target"), names if direction.startswith("to-") else names[::-1]):
            command.add_argument(place, metavar=name)
        if direction.startswith("from-"):
            command.add_argument("--config", metavar="FILE.yaml", help="settings that a bare state dict belongs to")
    arguments = parser.parse_args()
    if torch is None and arguments.direction != "to-safetensors":
        sys.exit(f"convert_checkpoint.py: {arguments.direction} needs PyTorch: apt-get install python3-torch")
    try:
        config = None
        if getattr(arguments, "config", None):
            with open(arguments.config, encoding="utf-8") as file:
                config = file.read()
        convert(arguments.direction, arguments.source, arguments.target, config)
    except (FileError, OSError) as error:
        sys.exit(f"convert_checkpoint.py: {error}")


if __name__ == "__main__":
    main()

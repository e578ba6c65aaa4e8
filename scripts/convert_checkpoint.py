#!/usr/bin/python3
"""Converts checkpoints to and from other formats. Needs python3-h5py and, for all conversions but to-safetensors,
python3-torch, which builds the networks of torch_model.py.

  convert_checkpoint.py to-torch CHECKPOINT.h5 MODEL.pt
  convert_checkpoint.py from-torch MODEL.pt CHECKPOINT.h5 [--config FILE.yaml]
  convert_checkpoint.py to-safetensors CHECKPOINT.h5 MODEL.safetensors [--average]
  convert_checkpoint.py from-safetensors MODEL.safetensors CHECKPOINT.h5 [--config FILE.yaml]
  convert_checkpoint.py to-onnx CHECKPOINT.h5 MODEL.onnx [--average]

An existing file is replaced only with --force.

MODEL.pt, for torch.load, is a dict of

  spec, classes           for torch_model.Network(torch_model.Spec(**spec), classes)
  architecture            its name in the settings
  model                   its state dict: parameters and running averages
  momentum                by parameter name: the momentum_buffer of torch.optim.SGD
  average                 by parameter name: the average of the weights; empty if none is kept
  iteration, config, progress   as in the checkpoint

from-torch also accepts a bare state dict, as written by torch.save(network.state_dict(), ...). In that case --config
names the settings it belongs to (config.yaml of a run directory), momentum and iteration are zero, and the average of
the weights, if the settings keep one, starts from the weights. Placed in that run directory as checkpoint.h5, the
result is the state from which --resume starts. Values keep their bits both ways.

MODEL.safetensors holds the state dict, with architecture, iteration and config as metadata. from-safetensors treats it
like a bare state dict, with the settings in the metadata unless --config names others.

MODEL.onnx computes `logits` [batch, classes] from `images` [batch, 3, side, side] as an evaluation does, normalised by
the running averages. It expects images as the network receives them: for CIFAR, bytes (0 to 255) minus the training
set's mean image; for photographs, as dataset.values specifies.

Both hold the checkpoint's weights, or with --average the average of the weights. The running averages beside them are
those of the weights in both cases. But revnet evaluates the average, and with batch_norm.evaluation recalibrated the
weights too, with statistics that it measures on training batches and does not keep, so that its logits differ from
those of these files. Nor does MODEL.onnx round to the grid of network.coupling exact. A warning says what applies.
"""
import argparse
import contextlib
import dataclasses
import io
import json
import os
import re
import sys
import warnings

try:
    import numpy as np
    from revnet_files import Checkpoint, FileError, read_checkpoint, replace_file, write_checkpoint
except ModuleNotFoundError as missing:
    sys.exit(f"convert_checkpoint.py: {missing}: apt-get install python3-h5py")

try:
    import torch
    from torch_model import EPSILON, SPECS, Network, Spec
except ModuleNotFoundError:
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


def parsed(config, section, key, default=None):
    """Returns the value of a setting; `default` is the text of one that was written before the setting existed."""
    text = (optional_setting(config, section, key) or default) if default else setting(config, section, key)
    try:
        return json.loads(text)
    except ValueError as error:
        raise FileError(f"{section}.{key}: {text} is not a valid value") from error


def keeps_average(config):
    return parsed(config, "training", "average_decay", "0") != 0


def spec_of(config):
    """Returns the network that the settings describe: a named one with their changes, or a custom one."""
    changes = {}
    for field in dataclasses.fields(Spec):
        key = {"stem": "stem_width"}.get(field.name, field.name)
        if optional_setting(config, "network", key) in (None, "auto", "0", "[]"):
            continue  # unchanged, or written before the setting existed
        value = parsed(config, "network", key)
        changes[field.name] = tuple(value) if isinstance(value, list) else value
    architecture = setting(config, "network", "architecture")
    if architecture == "custom":
        for key in ("units", "widths"):
            if key not in changes:
                raise FileError(f"the settings have no network.{key}, which a custom network needs")
        widths = changes["widths"]
        plain = dict(reversible=False, bottleneck=False, stem=widths[0], strides=(1,) + (2,) * (len(widths) - 1))
        return Spec(**{**plain, **changes})
    if architecture not in SPECS:
        raise FileError(f"{architecture} is not an architecture of torch_model.py")
    return dataclasses.replace(SPECS[architecture], **changes)


def network_of(config, classes):
    try:
        return Network(spec_of(config), classes)
    except (TypeError, ValueError, LookupError, ArithmeticError, RuntimeError) as error:
        raise FileError(f"the settings describe no network: {first_line(error)}") from error


def check_fits(config, state, momentum, average):
    """Checks that no array is missing, left over or of another shape, and returns the number of classes."""
    if parsed(config, "batch_norm", "epsilon") != EPSILON:
        raise FileError(f"batch_norm.epsilon is not {EPSILON}, as it is in torch_model.py")
    own = state["head.dense.bias"].numel() if "head.dense.bias" in state else 10  # photographs have any number
    classes = {"cifar10": 10, "cifar100": 100}.get(setting(config, "dataset", "name"), own)
    network = network_of(config, classes)
    architecture = setting(config, "network", "architecture")
    parameters = {name: p.shape for name, p in network.named_parameters()}
    for what, given, expected in (("model", state, {name: v.shape for name, v in network.state_dict().items()}),
                                  ("momentum", momentum, parameters),
                                  ("average", average, parameters if keeps_average(config) else {})):
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
    momentum, average = ({name.replace("/", "."): torch.from_numpy(values) for name, values in arrays.items()}
                         for arrays in (checkpoint.momentum, checkpoint.average))
    classes = check_fits(checkpoint.config, state, momentum, average)
    return dict(architecture=setting(checkpoint.config, "network", "architecture"),
                spec=dataclasses.asdict(spec_of(checkpoint.config)), classes=classes, model=state, momentum=momentum,
                average=average, iteration=checkpoint.iteration, config=checkpoint.config, progress=checkpoint.progress)


def from_torch(saved, config=None):
    """Makes a checkpoint of such a dict, or of a bare state dict and a run's settings."""
    if "model" not in saved:
        if config is None:
            raise FileError("this is a bare state dict: name the settings it belongs to with --config")
        parameters = {name: value for name, value in saved.items() if not name.endswith(RUNNING)}
        saved = dict(model=saved, config=config, iteration=0, progress=dict.fromkeys(PROGRESS, 0.0),
                     momentum={name: torch.zeros_like(value) for name, value in parameters.items()},
                     average=parameters if keeps_average(config) else {})
    elif config is not None:
        raise FileError("this file has settings of its own: leave --config out")
    check_fits(saved["config"], saved["model"], saved["momentum"], saved["average"])
    model, momentum, average = ({name.replace(".", "/"): value.detach().cpu().float().numpy()
                                 for name, value in saved[arrays].items()}
                                for arrays in ("model", "momentum", "average"))
    norms = [name.rpartition("/")[0] for name in model if name.endswith(RUNNING[0])]
    return Checkpoint(saved["iteration"], saved["config"],
                      {name: values for name, values in model.items() if not name.endswith(RUNNING)}, momentum,
                      {norm: tuple(model[f"{norm}/{buffer}"] for buffer in RUNNING) for norm in norms},
                      saved["progress"], average)


def first_line(error):
    """Returns what the error says, at most 100 characters, or its type if it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0][:100]


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_dict(value, is_item):
    return isinstance(value, dict) and all(isinstance(name, str) and is_item(item) for name, item in value.items())


def is_state(value):
    return is_dict(value, lambda item: isinstance(item, torch.Tensor))


# What a file of to-torch must hold beside its model.
CONTENT = {"momentum": is_state, "average": is_state, "progress": lambda value: is_dict(value, is_number),
           "iteration": lambda value: isinstance(value, int) and 0 <= value < 1 << 63,
           "config": lambda value: isinstance(value, str)}


def load_torch(path):
    """Reads a file of torch.save that holds one of the dicts described above."""
    with open(path, "rb"):  # raises FileNotFoundError, which torch.load would hide
        pass
    try:
        saved = torch.load(path, map_location="cpu")
    except Exception as error:  # unpickling arbitrary bytes may raise anything
        raise FileError(f"{path} is no file of torch.save: {first_line(error)}") from error
    if not is_state(saved.get("model", saved) if isinstance(saved, dict) else None):
        raise FileError(f"{path} holds no state dict: see convert_checkpoint.py --help")
    if "model" in saved:
        saved.setdefault("average", {})  # files of earlier versions have none
        missing = CONTENT.keys() - saved.keys()
        if missing:
            raise FileError(f"{path} has a model, but no {', '.join(sorted(missing))}")
        for key, is_valid in CONTENT.items():
            if not is_valid(saved[key]):
                raise FileError(f"{path} has a model, but its {key} is not what to-torch writes")
    return saved


def torch_bytes(saved):
    """Returns what torch.save would write. If it wrote the file itself, a full disk would abort the process."""
    content = io.BytesIO()
    torch.save(saved, content)
    return content.getbuffer()


def safetensors_bytes(checkpoint):
    """Returns 8 bytes with the header's length, the header in JSON, and the values of all arrays."""
    state = state_of(checkpoint)
    header = {"__metadata__": dict(format="pt", architecture=setting(checkpoint.config, "network", "architecture"),
                                   iteration=str(checkpoint.iteration), config=checkpoint.config)}
    end = 0
    for name, values in state.items():
        begin, end = end, end + values.nbytes
        header[name] = dict(dtype="F32", shape=values.shape, data_offsets=(begin, end))
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text,
                     *(values.astype("<f4").tobytes() for values in state.values())])


def load_safetensors(path):
    """Returns the state dict and the settings in the metadata."""
    with open(path, "rb") as file:
        content = file.read()
    try:
        begin = 8 + int.from_bytes(content[:8], "little")
        header = json.loads(content[8:begin])
        config = header.pop("__metadata__", {}).get("config")
        if not isinstance(config, (str, type(None))):
            raise TypeError("its config is no text")
        state = {}
        for name, entry in header.items():
            first, end = entry["data_offsets"]
            if entry["dtype"] != "F32" or not first <= end <= len(content) - begin:
                raise FileError(f"{path}: {name} is cut short, or not of float32")
            state[name] = torch.from_numpy(np.frombuffer(content[begin + first:begin + end], "<f4")
                                           .reshape(entry["shape"]).copy())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FileError(f"{path} is no safetensors file: {first_line(error)}") from error
    return state, config


def with_average(checkpoint):
    """Returns the checkpoint with the average of the weights in place of the weights."""
    if not checkpoint.average:
        raise FileError("it has no average of the weights (training.average_decay)")
    return dataclasses.replace(checkpoint, parameters=checkpoint.average)


def warn_of_differences(direction, config, average):
    """Says where logits from an exported file differ from those of revnet's evaluation."""
    if average or optional_setting(config, "batch_norm", "evaluation") == "recalibrated":
        print(f"convert_checkpoint.py: warning: revnet evaluates {'this average' if average else 'this run'} with "
              "recalibrated statistics; the file has the running averages of the weights instead", file=sys.stderr)
    if direction == "to-onnx" and optional_setting(config, "network", "coupling") == "exact":
        print("convert_checkpoint.py: warning: the file does not round to the grid of network.coupling exact",
              file=sys.stderr)


def onnx_bytes(checkpoint):
    saved = to_torch(checkpoint)
    network = Network(Spec(**saved["spec"]), saved["classes"])
    network.load_state_dict(saved["model"])
    content = io.BytesIO()
    side = parsed(checkpoint.config, "dataset", "image_size", "0")
    if side == 0:
        side = 224 if setting(checkpoint.config, "dataset", "name") in ("imagenet", "images") else 32
    with warnings.catch_warnings():
        # torch warns that it infers some shapes and folds some constants less well. Neither changes a result.
        warnings.filterwarnings("ignore", category=UserWarning, module="torch.onnx")
        torch.onnx.export(network.eval(), torch.zeros(1, 3, side, side), content, opset_version=13,
                          input_names=["images"], output_names=["logits"],
                          dynamic_axes={"images": {0: "batch"}, "logits": {0: "batch"}})
    return content.getbuffer()


DIRECTIONS = {
    "to-torch": ("convert a checkpoint to a file of torch.save", "MODEL.pt"),
    "from-torch": ("convert a file of torch.save to a checkpoint", "MODEL.pt"),
    "to-safetensors": ("export weights and running averages as safetensors", "MODEL.safetensors"),
    "from-safetensors": ("convert safetensors to a checkpoint", "MODEL.safetensors"),
    "to-onnx": ("export the network for inference", "MODEL.onnx"),
}


@contextlib.contextmanager
def naming(path):
    """Names the file in messages about its content."""
    try:
        yield
    except FileError as error:
        raise FileError(f"{path}: {error}") from error


def export(direction, source, target, average=False):
    checkpoint = read_checkpoint(source)
    with naming(source):
        checkpoint = with_average(checkpoint) if average else checkpoint
        content = (torch_bytes(to_torch(checkpoint)) if direction == "to-torch" else
                   onnx_bytes(checkpoint) if direction == "to-onnx" else safetensors_bytes(checkpoint))
    replace_file(target, content)
    if direction != "to-torch":
        warn_of_differences(direction, checkpoint.config, average)


def read_settings(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is no text in UTF-8") from error


def make_checkpoint(direction, source, target, config_file):
    config = read_settings(config_file) if config_file else None
    saved, written = (load_torch(source), None) if direction == "from-torch" else load_safetensors(source)
    with naming(f"{source} with {config_file}" if config_file else source):
        checkpoint = from_torch(saved, written if config is None else config)
    write_checkpoint(target, checkpoint)


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
        elif direction != "to-torch":
            command.add_argument("--average", action="store_true", help="the average of the weights in their place")
        command.add_argument("--force", action="store_true", help="replace an existing file")
    arguments = parser.parse_args()
    if os.path.lexists(arguments.target) and not arguments.force:
        sys.exit(f"convert_checkpoint.py: {arguments.target} already exists: replace it with --force, or choose "
                 "another name")
    if torch is None and arguments.direction != "to-safetensors":
        sys.exit(f"convert_checkpoint.py: {arguments.direction} needs PyTorch: apt-get install python3-torch")
    try:
        if arguments.direction.startswith("from-"):
            make_checkpoint(arguments.direction, arguments.source, arguments.target, arguments.config)
        else:
            export(arguments.direction, arguments.source, arguments.target, getattr(arguments, "average", False))
    except (FileError, OSError) as error:
        sys.exit(f"convert_checkpoint.py: {error}")
    print(f"wrote {arguments.target}")


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Converts checkpoints to and from PyTorch, for the networks of torch_model.py. Needs python3-h5py and python3-torch.

  convert_checkpoint.py to-torch CHECKPOINT.h5 MODEL.pt
  convert_checkpoint.py from-torch MODEL.pt CHECKPOINT.h5 [--config FILE.yaml]

MODEL.pt, for torch.load, is a dict of

  spec, classes           for torch_model.Network(torch_model.Spec(**spec), classes)
  architecture            what the settings call it
  model                   its state dict: parameters and running averages
  momentum                by the names of parameters there: what torch.optim.SGD keeps as momentum_buffer
  average                 likewise the average of the weights; empty where none is kept
  iteration, config, progress   as in the checkpoint

from-torch also takes a bare state dict, as torch.save(network.state_dict(), ...) writes it. Then --config says which
settings the checkpoint is of (config.yaml of a run directory), momentum is zero and so is the iteration: put into
that run directory as checkpoint.h5, it is what --resume starts from. Values are the same bits on both sides.
"""
import argparse
import dataclasses
import json
import re
import sys

import torch

from revnet_files import Checkpoint, FileError, read_checkpoint, write_checkpoint
from torch_model import SPECS, Network, Spec

RUNNING = ("running_mean", "running_variance")
PROGRESS = ("window_cross_entropy", "window_errors", "window_images", "seconds")


def setting(config, section, key):
    """A plain value from the YAML that revnet writes (to spare a YAML package)."""
    value = optional_setting(config, section, key)
    if value is None:
        raise FileError(f"the settings have no {section}.{key}")
    return value


def optional_setting(config, section, key):
    found = re.search(rf"^{section}:\n(?:  .*\n)*?  {key}: (.+)$", config, re.MULTILINE)
    return found and found.group(1)


def spec_of(config):
    """The network that the settings describe: a named one with what they change of it, or a custom one."""
    changes = {}
    for field in dataclasses.fields(Spec):
        key = {"stem": "stem_width"}.get(field.name, field.name)
        value = optional_setting(config, "network", key)
        if value in (None, "auto", "0", "[]"):  # left as it is, or from before there was such a setting
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


def build(config):
    """The network of these settings, and its number of classes."""
    classes = {"cifar100": 100, "imagenet": 1000}.get(setting(config, "dataset", "name"), 10)
    return Network(spec_of(config), classes), classes


def check_fits(config, state, momentum):
    """Refuses arrays that are missing, left over or of another shape. Returns the number of classes."""
    network, classes = build(config)
    architecture = setting(config, "network", "architecture")
    parameters = {name: p.shape for name, p in network.named_parameters()}
    for what, given, expected in (("model", state, {name: v.shape for name, v in network.state_dict().items()}),
                                  ("momentum", momentum, parameters)):
        for name in sorted(given.keys() ^ expected.keys()):
            raise FileError(f"{what}: {name} is {'missing' if name in expected else 'left over'}: it is not a whole "
                            f"{architecture} of {classes} classes")
        for name, shape in expected.items():
            if given[name].shape != shape:
                raise FileError(f"{what}: {name} has shape {list(given[name].shape)}, in {architecture} of {classes} "
                                f"classes it is {list(shape)}")
    return classes


def to_torch(checkpoint):
    """The dict described above."""
    module_path = lambda name: name.replace("/", ".")  # noqa: E731
    state = {module_path(name): torch.from_numpy(values) for name, values in checkpoint.parameters.items()}
    for name, averages in checkpoint.running.items():
        state.update({f"{module_path(name)}.{buffer}": torch.from_numpy(values)
                      for buffer, values in zip(RUNNING, averages)})
    momentum = {module_path(name): torch.from_numpy(values) for name, values in checkpoint.momentum.items()}
    classes = check_fits(checkpoint.config, state, momentum)
    return dict(architecture=setting(checkpoint.config, "network", "architecture"),
                spec=dataclasses.asdict(spec_of(checkpoint.config)), classes=classes, model=state,
                momentum=momentum,
                average={module_path(name): torch.from_numpy(values) for name, values in checkpoint.average.items()},
                iteration=checkpoint.iteration, config=checkpoint.config,
                progress=checkpoint.progress)


def from_torch(saved, config=None):
    """The checkpoint of such a dict, or of a bare state dict and a run's settings."""
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
    """What torch.save wrote, if that is one of the dicts described above."""
    with open(path, "rb"):  # so that a file that is not there says so itself
        pass
    try:
        saved = torch.load(path, map_location="cpu")
    except Exception as error:  # of many kinds: whatever unpickling makes of other bytes
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
    except RuntimeError as error:  # of torch, when a disk is full
        raise FileError(f"cannot write {path}: {str(error).splitlines()[0]}") from error


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    directions = parser.add_subparsers(dest="direction", required=True)
    command = directions.add_parser("to-torch", help="a checkpoint as a file of torch.save")
    command.add_argument("source", metavar="CHECKPOINT.h5")
    command.add_argument("target", metavar="MODEL.pt")
    command = directions.add_parser("from-torch", help="and back")
    command.add_argument("source", metavar="MODEL.pt")
    command.add_argument("target", metavar="CHECKPOINT.h5")
    command.add_argument("--config", metavar="FILE.yaml", help="settings that a bare state dict belongs to")
    arguments = parser.parse_args()
    try:
        if arguments.direction == "to-torch":
            save_torch(to_torch(read_checkpoint(arguments.source)), arguments.target)
            return
        config = None
        if arguments.config:
            with open(arguments.config, encoding="utf-8") as file:
                config = file.read()
        write_checkpoint(arguments.target, from_torch(load_torch(arguments.source), config))
    except (FileError, OSError) as error:
        sys.exit(f"convert_checkpoint.py: {error}")


if __name__ == "__main__":
    main()

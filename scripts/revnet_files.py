"""Reads (and writes) revnet's HDF5 files from Python. Needs python3-h5py; README.md describes the files.

    import revnet_files

    run = revnet_files.read_run("runs/cifar10-revnet38-seed1")
    run.attributes["architecture"], run.train["cross_entropy"], run.evaluation["error_percent"]

    checkpoint = revnet_files.read_checkpoint("runs/cifar10-revnet38-seed1/checkpoint.h5")
    checkpoint.iteration, checkpoint.parameters["stem/conv/weight"].shape

Every file carries the attribute format_version. What cannot be read, a file of a newer version too, is a FileError
of one line.
"""
import os
import re
import zlib
from dataclasses import dataclass, field

import h5py
import numpy as np

FORMAT_VERSION = 1


class FileError(Exception):
    pass


@dataclass
class Run:
    """RUN/run.h5. Tables are dicts of columns, all of one length."""
    attributes: dict  # status, architecture, seed, ...
    config: str       # YAML
    train: dict       # iteration, cross_entropy, error_percent, learning_rate, seconds
    evaluation: dict  # iteration, cross_entropy, error_percent
    bytes: dict       # the most alive at one time, by purpose


@dataclass
class Checkpoint:
    """RUN/checkpoint.h5. Arrays are float32, by NAME."""
    iteration: int
    config: str  # YAML
    parameters: dict
    momentum: dict
    running: dict = field(default_factory=dict)   # NAME: (mean, variance)
    progress: dict = field(default_factory=dict)  # of the row of run.h5 that is under way, and seconds so far


def check_bytes(path):
    """Refuses a file that is not as it was written, by the checksum behind it (lib/record/checksums.h), where it has one."""
    last = re.compile(rb"revnet-crc32 ([0-9a-f]{8}) [0-9]{10}\n")
    with open(path, "rb") as file:
        content = file.read()
    found = last.fullmatch(content[-33:])
    if found and zlib.crc32(content[:-33]) != int(found[1], 16):
        raise FileError(f"{path} is damaged: its bytes are not those that were written")


def open_file(path):
    """An h5py.File to read from, as it was written and of a version known here."""
    try:
        check_bytes(path)
        file = h5py.File(path, "r")
    except OSError as error:
        raise FileError(f"cannot read {path}: {error}") from error
    version = file.attrs.get("format_version")
    if version is None:
        raise FileError(f"{path} is not revnet's: it has no format_version")
    if version > FORMAT_VERSION:
        raise FileError(f"{path} has format version {version}, newer than this script's {FORMAT_VERSION}; "
                        "use the scripts of a newer revnet")
    return file


def read_run(path):
    """Of a run directory, or of the file itself."""
    path = os.path.join(path, "run.h5") if os.path.isdir(path) else path
    with open_file(path) as file:
        try:
            return Run(dict(file.attrs), _text(file["config"]), _columns(file["train"]), _columns(file["eval"]),
                       dict(file["bytes"].attrs))
        except KeyError as error:
            raise FileError(f"{path} is no run.h5: {error.args[0]}") from error


def read_checkpoint(path):
    with open_file(path) as file:
        try:
            running = _arrays(file["running"])
            names = sorted({name.rpartition("/")[0] for name in running})
            return Checkpoint(int(file.attrs["iteration"]), _text(file["config"]), _arrays(file["parameters"]),
                              _arrays(file["momentum"]),
                              {name: (running[f"{name}/mean"], running[f"{name}/variance"]) for name in names},
                              {name: float(value) for name, value in file["progress"].attrs.items()})
        except KeyError as error:
            raise FileError(f"{path} is no checkpoint: {error.args[0]}") from error


def write_checkpoint(path, checkpoint):
    """Replaces the file in one step, as revnet does."""
    temporary = f"{path}.tmp"
    try:
        with h5py.File(temporary, "w") as file:
            file.attrs["format_version"] = np.int64(FORMAT_VERSION)
            file.attrs["iteration"] = np.int64(checkpoint.iteration)
            file["config"] = checkpoint.config
            progress = file.create_group("progress")
            for name, value in checkpoint.progress.items():
                progress.attrs[name] = np.float64(value)
            for group, arrays in (("parameters", checkpoint.parameters), ("momentum", checkpoint.momentum)):
                for name, values in arrays.items():
                    file[f"{group}/{name}"] = np.asarray(values, np.float32)
            for name, (mean, variance) in checkpoint.running.items():
                file[f"running/{name}/mean"] = np.asarray(mean, np.float32)
                file[f"running/{name}/variance"] = np.asarray(variance, np.float32)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise FileError(f"cannot write {path}: {error}") from error


def _text(dataset):
    value = dataset[()]
    return value.decode() if isinstance(value, bytes) else str(value)


def _columns(group):
    return {name: data[()] for name, data in group.items()}


def _arrays(group):
    """All datasets below a group, by their path from there."""
    arrays = {}
    group.visititems(lambda name, item: arrays.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return arrays

"""Reads (and writes) revnet's HDF5 files from Python. Needs python3-h5py; lib/record/README.md describes the files.

    import revnet_files

    run = revnet_files.read_run("runs/cifar10-revnet38-seed1")
    run.attributes["architecture"], run.train["cross_entropy"], run.evaluation["error_percent"]

    checkpoint = revnet_files.read_checkpoint("runs/cifar10-revnet38-seed1/checkpoint.h5")
    checkpoint.iteration, checkpoint.parameters["stem/conv/weight"].shape

Every file has the attribute format_version. A file that cannot be read or has a newer version raises a FileError of one
line. Files are read in a separate process, because HDF5 may crash, loop or exhaust memory on a damaged one.
"""
import io
import os
import pickle
import re
import resource
import signal
import zlib
from dataclasses import dataclass, field

import h5py
import numpy as np

FORMAT_VERSION = 1
# Settings that do not affect the result of a training, so that runs which differ in them are comparable: those that
# lib/settings/config_schema.cpp does not mark Effect::result. tests/end_to_end/python_test.cpp compares the two lists.
WITHOUT_EFFECT = ("name", "description", "dataset.directory", "dataset.damaged", "dataset.workers", "training.threads",
                  "training.rank_timeout", "evaluation.every", "evaluation.images", "log.every", "log.tensorboard",
                  "checkpoint.every", "checkpoint.seconds", "checkpoint.keep", "checkpoint.keep_best")
# Settings that the first logs lack, with what trainings did before there was a choice.
ADDED = {"dataset.image_size": "0", "dataset.classes": "0", "dataset.values": "symmetric", "network.coupling": "float",
         "network.grid_bits": "13", "network.reversible": "auto", "network.bottleneck": "auto", "network.units": "[]",
         "network.widths": "[]", "network.strides": "[]", "network.stem_kernel": "0", "network.stem_stride": "0",
         "network.stem_width": "0", "network.stem_pool": "auto", "training.epochs": "0", "training.micro_batch": "0",
         "training.base_batch": "0", "training.schedule": "steps", "training.warmup_iterations": "0",
         "training.nesterov": "false", "training.initialize_from": '""', "training.label_smoothing": "0",
         "training.average_decay": "0", "batch_norm.evaluation": "running", "batch_norm.recalibration_batches": "50",
         "augmentation.colour": "false"}
MOST_SECONDS, MOST_BYTES = 60, 1 << 30  # limits of the process that reads a small file


class FileError(Exception):
    pass


@dataclass
class Run:
    """RUN/run.h5. Tables are dicts of columns of equal length."""
    attributes: dict  # status, architecture, seed, ...
    config: str       # YAML
    train: dict       # iteration, cross_entropy, error_percent, learning_rate, seconds
    evaluation: dict  # iteration, cross_entropy, error_percent
    bytes: dict       # peak memory by purpose, and the most of the process
    time: dict = field(default_factory=dict)  # run_seconds, step_seconds, step_images; empty in files of old versions
    # Empty unless an average of the weights is kept, there are several ranks, or coupling is exact:
    evaluation_average: dict = field(default_factory=dict)  # like evaluation
    all_reduce: dict = field(default_factory=dict)          # what the exchange of gradients took
    exact_coupling: dict = field(default_factory=dict)      # grid_bits, range, largest magnitudes, beyond_range


@dataclass
class Checkpoint:
    """RUN/checkpoint.h5. Arrays are float32, by NAME."""
    iteration: int
    config: str  # YAML
    parameters: dict
    momentum: dict
    running: dict = field(default_factory=dict)   # NAME: (mean, variance)
    progress: dict = field(default_factory=dict)  # the unfinished row of run.h5, and seconds so far
    average: dict = field(default_factory=dict)   # the average of the parameters over steps, if one is kept


@dataclass
class Group:
    """A group of a file, in memory: file["train/iteration"] is an array, file["train"] a Group, text is str."""
    attrs: dict
    items: dict
    file: str  # its path

    def __getitem__(self, path):
        item = self
        for name in path.split("/"):
            if not isinstance(item, Group) or name not in item.items:
                raise FileError(f"{self.file} has no {path}")
            item = item.items[name]
        return item

    def __contains__(self, name):
        return name in self.items


def read(path):
    """Reads the whole file, if its version is known."""
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(path, receiver, sender)
    os.close(sender)
    with os.fdopen(receiver, "rb") as pipe:
        answer = pipe.read()
    status = os.waitpid(child, 0)[1]
    if status != 0 or not answer:
        endless = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU
        raise FileError(f"{path} is damaged: reading it {'does not come to an end' if endless else 'crashes HDF5'}")
    content = pickle.loads(answer)
    if isinstance(content, FileError):
        raise content
    return content


def _answer(path, receiver, sender):
    """Runs in the child process: sends a Group or a FileError through the pipe."""
    os.close(receiver)
    try:
        _set_limits(path)
        try:
            with open_file(path) as file:
                content = _group(file, path)
        except FileError as error:
            content = error
        except Exception as error:  # h5py raises many types on damaged files
            content = FileError(f"{path} is damaged: {' '.join(str(error).split()) or type(error).__name__}")
        with os.fdopen(sender, "wb") as pipe:
            pickle.dump(content, pipe, pickle.HIGHEST_PROTOCOL)
        os._exit(0)
    finally:
        os._exit(1)


def _set_limits(path):
    size = os.path.getsize(path) if os.path.isfile(path) else 0
    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for kind, most in ((resource.RLIMIT_CPU, MOST_SECONDS + (size >> 24)),
                       (resource.RLIMIT_AS, now + 4 * size + MOST_BYTES)):
        soft, hard = resource.getrlimit(kind)  # only root may raise them
        if soft == resource.RLIM_INFINITY or soft > most:
            resource.setrlimit(kind, (most, hard))


def _group(group, path):
    return Group({name: _value(value) for name, value in group.attrs.items()},
                 {name: _group(item, path) if isinstance(item, h5py.Group) else _value(item[()])
                  for name, item in group.items()}, path)


def _value(value):
    """Converts bytes to str, also inside arrays."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray) and value.dtype == object:
        return [_value(item) for item in value]
    return value


def check_bytes(path):
    """Verifies the checksum at the end of the file (lib/record/checksums.h), if it has one."""
    last = re.compile(rb"revnet-crc32 ([0-9a-f]{8}) [0-9]{10}\n")
    with open(path, "rb") as file:
        content = file.read()
    found = last.fullmatch(content[-33:])
    if found and zlib.crc32(content[:-33]) != int(found[1], 16):
        raise FileError(f"{path} is damaged: its bytes are not those that were written")


def open_file(path):
    """Opens an undamaged file of a known version as h5py.File, for copying from it; otherwise use read()."""
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


def read_study(path, study):
    """Reads the file of a study that revnet-compare or revnet-sweep collect wrote."""
    file = read(path)
    if file.attrs.get("study") != study:
        raise FileError(f"{path} is not from revnet-{'sweep collect' if study == 'sweep' else 'compare ' + study}")
    return file


def read_run(path):
    """Reads run.h5, given the file or its run directory."""
    path = os.path.join(path, "run.h5") if os.path.isdir(path) else path
    file = read(path)
    time, average, all_reduce, coupling = (file.items.get(name, Group({}, {}, path))
                                           for name in ("time", "eval_average", "all_reduce", "exact_coupling"))
    try:
        return Run(file.attrs, file["config"], file["train"].items, file["eval"].items, file["bytes"].attrs,
                   time.attrs, average.items, all_reduce.attrs, coupling.attrs)
    except AttributeError as error:
        raise FileError(f"{path} is no run.h5: {error}") from error


def find_runs(path):
    """Returns the run directories at or below a folder, sorted; the path itself if it is a run, its run.h5, or missing."""
    if not os.path.isdir(path) or os.path.exists(os.path.join(path, "run.h5")):
        return [path]
    runs = sorted(folder for folder, _, files in os.walk(path, followlinks=True) if "run.h5" in files)
    if not runs:
        raise FileError(f"{path}: no run there (a folder with run.h5, or folders of runs)")
    return runs


def read_checkpoint(path):
    file = read(path)
    try:
        running = _arrays(file["running"])
        names = sorted({name.rpartition("/")[0] for name in running})
        return Checkpoint(int(file.attrs["iteration"]), file["config"], _arrays(file["parameters"]),
                          _arrays(file["momentum"]),
                          {name: (running[f"{name}/mean"], running[f"{name}/variance"]) for name in names},
                          {name: float(value) for name, value in file["progress"].attrs.items()},
                          _arrays(file["average"]) if "average" in file else {})
    except (KeyError, AttributeError) as error:
        raise FileError(f"{path} is no checkpoint: {error}") from error


def settings_of(config):
    """Returns settings as text, by the keys of --set, from the YAML that revnet writes: sections of `key: value`."""
    settings, section = dict(ADDED), ""
    for line in config.splitlines():
        key, _, value = (part.strip() for part in line.partition(":"))
        if not value:
            section = key + "."
            continue
        settings[(section if line.startswith(" ") else "") + key] = value
    return settings


def beyond_settings(run):
    """Returns what a result depends on beside the settings: which images, how many ranks divided each batch for local
    batch normalization, and what of this or of the length changed on the way."""
    is_local = run.attributes.get("batch_norm", "local") == "local"
    weighty = ("data set ", "training.iterations ", "training.decay_at ") + (("ranks ",) if is_local else ())
    changes = run.attributes.get("changed_on_resume", "").split("; ")
    return {"images": run.attributes.get("dataset_fingerprint", ""),
            "ranks": run.attributes.get("ranks", "1") if is_local else "1",
            "changes": "; ".join(change for change in changes if change.startswith(weighty))}


def fill_in_images(settings):
    """Logs of earlier versions do not identify CIFAR's images. Such runs are taken to have those of the other runs with
    the same data set, where these agree. Takes, and changes, the settings of each run with beyond_settings()."""
    for run in settings:
        known = {other["images"] for other in settings if other["dataset.name"] == run["dataset.name"]} - {""}
        if not run["images"] and len(known) == 1:
            run["images"], = known


def replace_file(path, content):
    """Replaces a file by these bytes in one step, as revnet does. A failure leaves the old file, and no other."""
    temporary = f"{path}.tmp"
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            raise OSError("it is not a regular file")
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        if os.path.isfile(temporary):
            os.remove(temporary)


def write_checkpoint(path, checkpoint):
    """Builds the file in memory, because HDF5 may crash on a full disk."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["format_version"] = np.int64(FORMAT_VERSION)
        file.attrs["iteration"] = np.int64(checkpoint.iteration)
        file["config"] = checkpoint.config
        progress = file.create_group("progress")
        for name, value in checkpoint.progress.items():
            progress.attrs[name] = np.float64(value)
        for group, arrays in (("parameters", checkpoint.parameters), ("momentum", checkpoint.momentum),
                              ("average", checkpoint.average)):
            for name, values in arrays.items():
                file[f"{group}/{name}"] = np.asarray(values, np.float32)
        for name, (mean, variance) in checkpoint.running.items():
            file[f"running/{name}/mean"] = np.asarray(mean, np.float32)
            file[f"running/{name}/variance"] = np.asarray(variance, np.float32)
    replace_file(path, content.getbuffer())


def _arrays(group, before=""):
    """Returns all datasets below a group, by their path relative to it."""
    arrays = {}
    for name, item in group.items.items():
        arrays.update(_arrays(item, f"{before}{name}/") if isinstance(item, Group) else {before + name: item})
    return arrays

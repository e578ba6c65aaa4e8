#!/usr/bin/python3
"""Keeps the logs of trainings under experiments/results/runs, and makes tables and figures of them.

  results.py collect RUNS [NAME]    copies the logs of every run at or below RUNS to runs/NAME (NAME: as RUNS is called)
  results.py tables                 prints Table 3, then every run, in Markdown
  results.py write                  writes these tables into README.md and draws the figures beside it

--results names another folder than experiments/results. Needs python3-h5py; `write` also needs python3-matplotlib.
"""
import argparse
import os
import re
import statistics
import sys
from dataclasses import dataclass

import h5py
import numpy as np

import revnet_files

RESULTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "experiments", "results")
LOGS = ("run.h5", "angle.h5", "training.h5")
TEXTS = ("config.yaml", "run.log")
BEGIN, END = "<!-- made by `make results` from here -->\n", "<!-- made by `make results` up to here -->\n"

SOURCES = ("paper", "reference code, rerun", "MemCNN")
# Test error, %, of these three on CIFAR-10 and on CIFAR-100; each pair is a ResNet and the RevNet of its size.
PAIRS = (
    (("resnet32", "ResNet-32", (7.14, 7.26, 7.14), (29.95, 30.90, 30.19)),
     ("revnet38", "RevNet-38", (7.24, 6.86, 7.20), (28.96, 28.83, 30.10))),
    (("resnet110", "ResNet-110", (5.74, 6.01, 6.45), (26.44, 26.70, 27.60)),
     ("revnet110", "RevNet-110", (5.76, 5.98, 5.90), (25.40, 26.00, 26.70))),
    (("resnet164", "ResNet-164", (5.24, 5.43, 5.20), (23.37, 23.21, 23.53)),
     ("revnet164", "RevNet-164", (5.17, 5.44, 5.10), (23.69, 23.61, 23.10))))
DATASETS = (("cifar10", "CIFAR-10"), ("cifar100", "CIFAR-100"))
SCHEDULES = ((80_000, "whole", "80,000 iterations"), (8_000, "tenth", "8,000 iterations"))

# A network as its architecture's name says, nothing of it changed.
UNCHANGED = {"network.reversible": "auto", "network.bottleneck": "auto", "network.units": "[]", "network.widths": "[]",
             "network.strides": "[]", "network.stem_kernel": 0, "network.stem_stride": 0, "network.stem_width": 0,
             "network.stem_pool": "auto"}
# What a run has to have been for a cell of Table 3, beside its network, data set and schedule.
RECIPE = {"dataset.validation": "false", "training.batch": 100, "training.learning_rate": 0.1,
          "training.momentum": 0.9, "training.weight_decay": 2e-4, "training.decay_at": "[0.5, 0.75]",
          "training.decay_factor": 0.1, "batch_norm.epsilon": 0.001, "batch_norm.decay": 0.99,
          "augmentation.enabled": "true", "augmentation.padding": 2, "augmentation.flip": "true",
          "network.coupling": "float", **UNCHANGED}
# Settings that logs of earlier versions do not know, and what those versions did.
LATER = {"network.coupling": "float", "network.grid_bits": 13, **UNCHANGED}
# In what the runs of one cell may differ: none of it is part of what is measured.
MAY_DIFFER = {"name", "description", "dataset.directory", "training.seed", "training.threads",
              "training.rank_timeout", "evaluation.every", "log.every", "checkpoint.every", "checkpoint.keep"}


def fail(message):
    sys.exit(f"results.py: {message}")


# Copies without the names of machines and folders

# An absolute path, or one that leaves the folder the command was started in.
PATH = re.compile(r"(?<![\w./-])(?:\.{0,2}/)+[\w.+@%~-]+(?:/[\w.+@%~-]+)*/?")


def shortened(path):
    """From runs/ on, if it goes through a folder of that name, or else its last part."""
    parts = path.rstrip("/").split("/")
    return "/".join(parts[parts.index("runs"):] if "runs" in parts else parts[-1:])


def neutral(text, hosts):
    text = PATH.sub(lambda match: shortened(match[0]), text)
    for host in map(re.escape, sorted(hosts)):
        text = re.sub(rf"(?<=\bon ){host}(?![\w-])|(?<![\w-]){host}(?=:)", "host", text)
    return text


def copy_log(source, target, hosts):
    """Into a new file, because HDF5 leaves what is overwritten in the file."""
    with revnet_files.open_file(source) as log, h5py.File(target, "w") as copy:
        for name, value in log.attrs.items():
            copy.attrs[name] = "host" if name == "host" else neutral(value, hosts) if isinstance(value, str) else value
        for name, item in log.items():
            if name == "config":
                copy[name] = np.bytes_(neutral(item[()].decode(), hosts).encode())
            else:
                log.copy(item, copy, name)


def copy_run(source, target):
    """A training may be writing these files: it replaces .h5 files as wholes, and only adds to its text log."""
    os.makedirs(target, exist_ok=True)
    logs = [name for name in LOGS if os.path.exists(os.path.join(source, name))]
    texts = {}
    for name in TEXTS:
        if os.path.exists(os.path.join(source, name)):
            with open(os.path.join(source, name), encoding="utf-8") as file:
                texts[name] = file.read()
    hosts = set(re.findall(r"\) on (\S+), ", texts.get("run.log", "")))  # a run may have gone on elsewhere
    for name in logs:
        with revnet_files.open_file(os.path.join(source, name)) as log:
            hosts.add(log.attrs["host"])
    for name in logs:
        copy_log(os.path.join(source, name), os.path.join(target, name), hosts)
    for name, text in texts.items():
        with open(os.path.join(target, name), "w", encoding="utf-8") as file:
            file.write(neutral(text, hosts))
    print(target)


def directories(root):
    """Those at or below it that hold logs, in the order of their names."""
    found = [folder for folder, _, files in os.walk(root) if set(LOGS) & set(files)]
    return sorted(found, key=lambda folder: [int(part) if part.isdigit() else part
                                             for part in re.split(r"(\d+)", folder)])


def collect(arguments):
    root = os.path.abspath(arguments.runs)
    found = directories(root)
    if not found:
        fail(f"{arguments.runs}: no run there (a folder with run.h5, or folders of runs)")
    for source in found:
        name = os.path.join(arguments.name or os.path.basename(root), os.path.relpath(source, root))
        copy_run(source, os.path.normpath(os.path.join(arguments.results, "runs", name)))


# What the logs say

@dataclass
class Result:
    name: str
    directory: str
    log: revnet_files.Run
    settings: dict  # by the names of --set
    angle: bool     # whether the gradient angle was measured, too

    @property
    def complete(self):
        return self.log.attributes["status"] == "complete" and len(self.log.evaluation["iteration"]) > 0

    @property
    def recipe(self):
        return {key: value for key, value in self.settings.items() if key not in MAY_DIFFER}


def settings_of(config):
    """From the YAML that revnet writes: sections of `key: value`."""
    settings, section = {}, ""
    for line in config.splitlines():
        key, _, value = (part.strip() for part in line.partition(":"))
        if not value:
            section = key + "."
            continue
        try:
            value = float(value)
        except ValueError:
            pass
        settings[(section if line.startswith(" ") else "") + key] = value
    return {**LATER, **settings}


def read_results(folder):
    runs, results = os.path.join(folder, "runs"), []
    for directory in directories(runs):
        if os.path.exists(os.path.join(directory, "run.h5")):
            log = revnet_files.read_run(directory)
            results.append(Result(os.path.relpath(directory, runs), directory, log, settings_of(log.config),
                                  os.path.exists(os.path.join(directory, "angle.h5"))))
    return results


def of_cell(results, architecture, dataset, iterations):
    """Runs, finished or not, that belong to a cell of Table 3, the first seed first."""
    wanted = {**RECIPE, "dataset.name": dataset, "network.architecture": architecture,
              "network.activations": "stored" if architecture.startswith("resnet") else "reconstructed",
              "training.iterations": iterations}
    found = [result for result in results if wanted.items() <= result.settings.items()]
    found.sort(key=lambda result: result.log.attributes["seed"])
    for one, other in zip(found, found[1:]):
        differing = sorted(key for key in {**one.recipe, **other.recipe}
                           if one.recipe.get(key) != other.recipe.get(key))
        if differing:
            fail(f"{one.name} and {other.name} differ in {', '.join(differing)}: keep one of them for Table 3")
        if one.log.attributes["seed"] == other.log.attributes["seed"]:
            fail(f"{one.name} and {other.name} have the same seed: keep one of them for Table 3")
    return found


# Tables

def markdown(header, rows):
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def in_words(errors):
    if len(errors) < 2:
        return f"{errors[0]:.2f}" if errors else "-"
    return f"{statistics.mean(errors):.2f} ± {statistics.stdev(errors):.2f} ({len(errors)})"


def difference(resnet, revnet):
    """With its standard error, when both were trained from several seeds."""
    if not resnet or not revnet:
        return "-"
    words = f"{statistics.mean(revnet) - statistics.mean(resnet):+.2f}"
    if min(len(resnet), len(revnet)) > 1:
        words += f" ± {sum(statistics.variance(errors) / len(errors) for errors in (resnet, revnet)) ** 0.5:.2f}"
    return words


def table_3(results, number, dataset):
    rows = []
    for pair in PAIRS:
        columns = []  # of a network: the errors in each column
        for architecture, title, *published in pair:
            measured = [[float(result.log.evaluation["error_percent"][-1])
                         for result in of_cell(results, architecture, dataset, iterations) if result.complete]
                        for iterations, _, _ in SCHEDULES]
            columns.append([[error] for error in published[number]] + measured)
            rows.append([title, *map(in_words, columns[-1])])
        rows.append([f"*{pair[1][1]} - {pair[0][1]}*", *map(difference, *columns)])
    return markdown(["test error, %", *SOURCES, *(title for _, _, title in SCHEDULES)], rows)


def duration(seconds):
    seconds = round(seconds)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def speed(result):
    """Images a second: the median between rows, so that neither evaluations nor measurements count."""
    train = result.log.train
    if len(train["iteration"]) < 2:
        return "-"
    images = result.settings["training.batch"] * np.diff(train["iteration"])
    return f"{np.median(images / np.diff(train['seconds'])):.0f}"


def measured_columns(result):
    """What both tables of runs end with."""
    attributes, kept = result.log.attributes, result.log.bytes
    mark = "\\*" if result.angle else ""
    seconds = result.log.train["seconds"]
    return [duration(seconds[-1] if len(seconds) else 0) + mark, speed(result),
            *(f"{kept[purpose] / 1e6:.1f} MB{mark}" if purpose in kept else "-"
              for purpose in ("saved_activations", "peak")),
            f"{attributes['cpu']}, {attributes['instruction_set']}", str(attributes["threads"])]


def run_tables(results):
    complete, unfinished = [], []
    for result in results:
        evaluation, train = result.log.evaluation, result.log.train
        row = [result.name, str(result.log.attributes["seed"])]
        if result.complete:
            row += [f"{evaluation['error_percent'][-1]:.2f}", f"{evaluation['cross_entropy'][-1]:.4f}"]
            complete.append(row + measured_columns(result))
            continue
        done = train["iteration"][-1] if len(train["iteration"]) else 0
        last = (f"{evaluation['error_percent'][-1]:.2f} at {evaluation['iteration'][-1]:,}"
                if len(evaluation["iteration"]) else "-")
        row += [result.log.attributes["status"], f"{done:,} of {result.settings['training.iterations']:,.0f}", last]
        unfinished.append(row + measured_columns(result))
    cost = ["time", "images/s", "saved", "peak", "processor", "threads"]
    tables = [("Complete runs", ["run", "seed", "error, %", "cross entropy", *cost], complete),
              ("Unfinished runs", ["run", "seed", "status", "iterations", "last error, %", *cost], unfinished)]
    text = "".join(f"\n### {title}\n\n{markdown(header, rows) if rows else 'None.' + chr(10)}"
                   for title, header, rows in tables)
    if any(result.angle for result in results):
        text += "\n\\* The gradient angle was measured, too: the time contains that, the memory what it keeps for it.\n"
    return text


def curves(results):
    """(name, title, a list of run directories for each pair) of each figure that there are runs for."""
    for dataset, title in DATASETS:
        for iterations, schedule, words in SCHEDULES:
            rows = [[result.directory for architecture, *_ in pair
                     for result in of_cell(results, architecture, dataset, iterations)[:1]] for pair in PAIRS]
            if any(rows):
                yield f"curves-{dataset}-{schedule}.svg", f"{title}, {words}", [row for row in rows if row]


def tables(results):
    text = "\n## Table 3\n"
    for number, (dataset, title) in enumerate(DATASETS):
        text += f"\n### {title}\n\n{table_3(results, number, dataset)}"
    for name, title, _ in curves(results):
        text += f"\n![cross entropy and error by iteration, {title}]({name})\n"
    return text + "\n## Every run\n" + run_tables(results) + "\n"


def write(arguments):
    import figures  # here, because it needs matplotlib

    results, readme = read_results(arguments.results), os.path.join(arguments.results, "README.md")
    with open(readme, encoding="utf-8") as file:
        before, begin, rest = file.read().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        fail(f"{readme} has no place for the tables: it needs the lines\n{BEGIN}{END}")
    with open(readme, "w", encoding="utf-8") as file:
        file.write(before + BEGIN + tables(results) + END + after)
    print(readme)
    for name, _, rows in curves(results):
        figures.draw_curve_rows(rows, os.path.join(arguments.results, name))
    folders = directories(os.path.join(arguments.results, "runs"))
    angles = [folder for folder in folders if os.path.exists(os.path.join(folder, "angle.h5"))]
    if angles:
        figures.draw_angle(angles, os.path.join(arguments.results, "angle.svg"), one_panel=True)
    for folder in folders:
        if os.path.exists(os.path.join(folder, "training.h5")):
            figures.draw_training(folder, os.path.join(arguments.results, f"{os.path.basename(folder)}.svg"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", default=RESULTS, metavar="DIR", help="experiments/results")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("collect", help="copies logs")
    command.add_argument("runs", metavar="RUNS", help="a run directory or a folder of them, finished or not")
    command.add_argument("name", nargs="?", metavar="NAME", help="their folder under runs/")
    command.set_defaults(do=collect)
    command = commands.add_parser("tables", help="prints the tables")
    command.set_defaults(do=lambda arguments: print(tables(read_results(arguments.results)), end=""))
    command = commands.add_parser("write", help="writes README.md and figures")
    command.set_defaults(do=write)
    arguments = parser.parse_args()
    try:
        arguments.do(arguments)
    except (OSError, revnet_files.FileError) as error:
        fail(error)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Keeps the logs of trainings under experiments/results/runs, and makes tables and figures of them.

  results.py collect RUNS [NAME]    copies the logs of every run at or below RUNS to runs/NAME (default: RUNS' own name)
  results.py tables                 prints Table 3, then every run, in Markdown
  results.py write                  writes these tables into README.md and draws the figures beside it

--results names another folder than experiments/results. Needs python3-h5py and a built revnet-report, which decides
which runs belong in Table 3; `write` also needs python3-matplotlib.
"""
import argparse
import csv
import io
import os
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass

try:
    import h5py
    import numpy as np

    import revnet_files
except ModuleNotFoundError as missing:
    sys.exit(f"results.py: {missing}: apt-get install python3-h5py")

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RESULTS, REPORT = os.path.join(ROOT, "experiments", "results"), os.path.join(ROOT, "build", "bin", "revnet-report")
LOGS = ("run.h5", "angle.h5", "training.h5")
TEXTS = ("config.yaml", "run.log")
DEPTH_STUDY = "exact-depth"  # the folder of runs whose angles are drawn against depth instead of iterations
PHOTOGRAPHS = "imagewoof"    # the folder of runs that have a figure of curves, but no cell in Table 3
BEGIN, END = "<!-- made by `make results` from here -->\n", "<!-- made by `make results` up to here -->\n"

SOURCES = ("paper", "reference code, rerun", "MemCNN")
# Test errors in percent of these sources on CIFAR-10 and CIFAR-100. Each pair is a ResNet and the RevNet of its size.
PAIRS = (
    (("resnet32", "ResNet-32", (7.14, 7.26, 7.14), (29.95, 30.90, 30.19)),
     ("revnet38", "RevNet-38", (7.24, 6.86, 7.20), (28.96, 28.83, 30.10))),
    (("resnet110", "ResNet-110", (5.74, 6.01, 6.45), (26.44, 26.70, 27.60)),
     ("revnet110", "RevNet-110", (5.76, 5.98, 5.90), (25.40, 26.00, 26.70))),
    (("resnet164", "ResNet-164", (5.24, 5.43, 5.20), (23.37, 23.21, 23.53)),
     ("revnet164", "RevNet-164", (5.17, 5.44, 5.10), (23.69, 23.61, 23.10))))
DATASETS = (("cifar10", "CIFAR-10"), ("cifar100", "CIFAR-100"))
SCHEDULES = ((80_000, "whole", "80,000 iterations"), (8_000, "tenth", "8,000 iterations"))

def fail(message):
    sys.exit(f"results.py: {message}")


# Copies without the names of machines and folders

# Matches an absolute path, or one that leaves the folder where the command was started.
PATH = re.compile(r"(?<![\w./-])(?:\.{0,2}/)+[\w.+@%~-]+(?:/[\w.+@%~-]+)*/?")
# The same in the quotes of a shell, where it may have spaces.
QUOTED_PATH = re.compile(r"'((?:\.{0,2}/)+[^'\n]+)'")


def shortened(path):
    """Returns the part of the path from runs/ on, or its last component if it has no folder of that name."""
    parts = path.rstrip("/").split("/")
    return "/".join(parts[parts.index("runs"):] if "runs" in parts else parts[-1:])


def neutral(text, hosts):
    text = QUOTED_PATH.sub(lambda match: shortened(match[1]), text)
    text = PATH.sub(lambda match: shortened(match[0]), text)
    for host in map(re.escape, sorted(hosts)):
        text = re.sub(rf"(?<=\bon ){host}(?![\w-])|(?<![\w-]){host}(?=:)", "host", text)
    return text


def without_checksum(text):
    """Returns a config.yaml without its first line, the checksum, which changed text would no longer match."""
    return re.sub(r"\A# revnet-crc32 .*\n", "", text)


def copy_log(source, target, hosts):
    """Copies a log into a new file, because HDF5 keeps overwritten values in the old one."""
    content = io.BytesIO()
    with revnet_files.open_file(source) as log, h5py.File(content, "w") as copy:
        for name, value in log.attrs.items():
            copy.attrs[name] = "host" if name == "host" else neutral(value, hosts) if isinstance(value, str) else value
        for name, item in log.items():
            if name == "config":
                copy[name] = np.bytes_(neutral(item[()].decode(), hosts).encode())
            else:
                log.copy(item, copy, name)
    revnet_files.replace_file(target, content.getbuffer())


def copy_run(source, target):
    """Copies a run, which may still be training: it replaces .h5 files atomically, and only appends to its text log."""
    logs = [name for name in LOGS if os.path.exists(os.path.join(source, name))]
    texts = {}
    for name in TEXTS:
        if os.path.exists(os.path.join(source, name)):
            with open(os.path.join(source, name), encoding="utf-8") as file:
                texts[name] = file.read()
    hosts = set(re.findall(r"\) on (\S+), ", texts.get("run.log", "")))  # a run may have been resumed elsewhere
    for name in logs:
        # This checks the file in another process, where damage cannot crash this one.
        hosts.add(revnet_files.read(os.path.join(source, name)).attrs["host"])
    os.makedirs(target, exist_ok=True)
    for name in {*LOGS, *TEXTS} - {*logs, *texts}:  # of a run that has been replaced
        if os.path.exists(os.path.join(target, name)):
            os.remove(os.path.join(target, name))
    for name in logs:
        copy_log(os.path.join(source, name), os.path.join(target, name), hosts)
    for name, text in texts.items():
        revnet_files.replace_file(os.path.join(target, name), neutral(without_checksum(text), hosts).encode())
    print(target)


def directories(root):
    """Returns all folders at or below `root` that hold logs, in natural order."""
    found = [folder for folder, _, files in os.walk(root) if set(LOGS) & set(files)]
    return sorted(found, key=lambda folder: [int(part) if part.isdigit() else part
                                             for part in re.split(r"(\d+)", folder)])


def collect(arguments):
    root = os.path.abspath(arguments.runs)
    found = directories(root)
    if not found:
        fail(f"{arguments.runs} holds no run: name a folder with run.h5, or a folder of runs")
    name = os.path.normpath(arguments.name or os.path.basename(root))
    if os.path.isabs(name) or name.startswith("..") or name == ".":
        fail(f"{name} is no folder below runs/: give a NAME")
    damaged = []
    for source in found:
        target = os.path.join(arguments.results, "runs", name, os.path.relpath(source, root))
        try:
            copy_run(source, os.path.normpath(target))
        except revnet_files.FileError as error:
            damaged.append(str(error))
    if damaged:
        fail("left out:\n" + "\n".join(damaged))


# What the logs say

@dataclass
class Result:
    name: str
    directory: str
    log: revnet_files.Run
    settings: dict  # as text, by the keys of --set
    report: dict    # its row in revnet-report
    angle: bool     # whether the gradient angle was also measured

    @property
    def in_cell(self):
        return self.report["in_table_3"] == "yes"

    @property
    def belongs_to_cell(self):
        return self.report["in_table_3"] in ("yes", "not yet")


def report_of(report, runs):
    """Returns the rows of revnet-report for all runs below this folder, by run directory."""
    if not os.path.exists(report):
        fail(f"{report} does not exist: run make build, or name another revnet-report with --report")
    answer = subprocess.run([report, runs, "--format", "csv"], capture_output=True, text=True)
    if answer.returncode != 0:
        fail(answer.stderr.strip())
    tables = [list(csv.DictReader(table.splitlines())) for table in answer.stdout.split("\n\n")]
    return {row["run"]: row for table in tables for row in table if "in_table_3" in row}


def read_results(arguments):
    runs, results = os.path.join(os.path.normpath(arguments.results), "runs"), []
    if not os.path.isdir(runs):
        fail(f"{runs}: no such folder; --results is the folder that holds runs")
    found = [folder for folder in directories(runs) if os.path.exists(os.path.join(folder, "run.h5"))]
    report = report_of(arguments.report, runs) if found else {}
    for directory in found:
        log = revnet_files.read_run(directory)
        results.append(Result(os.path.relpath(directory, runs), directory, log,
                              revnet_files.settings_of(log.config), report[directory],
                              os.path.exists(os.path.join(directory, "angle.h5"))))
    return results


def of_cell(results, architecture, dataset, iterations):
    """Returns the runs, finished or not, that belong to a cell of Table 3, in the order of their seeds."""
    wanted = {"dataset.name": dataset, "network.architecture": architecture, "training.iterations": str(iterations)}
    return sorted((result for result in results
                   if result.belongs_to_cell and wanted.items() <= result.settings.items()),
                  key=lambda result: result.log.attributes["seed"])


# Tables

def markdown(header, rows):
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def in_words(errors):
    if len(errors) < 2:
        return f"{errors[0]:.2f}" if errors else "-"
    return f"{statistics.mean(errors):.2f} ± {statistics.stdev(errors):.2f} ({len(errors)})"


def difference(resnet, revnet):
    """Formats the difference, with its standard error if both were trained from several seeds."""
    if not resnet or not revnet:
        return "-"
    words = f"{statistics.mean(revnet) - statistics.mean(resnet):+.2f}"
    if min(len(resnet), len(revnet)) > 1:
        words += f" ± {sum(statistics.variance(errors) / len(errors) for errors in (resnet, revnet)) ** 0.5:.2f}"
    return words


def table_3(results, number, dataset):
    rows = []
    for pair in PAIRS:
        columns = []  # for each network, the errors in each column
        for architecture, title, *published in pair:
            measured = [[float(result.log.evaluation["error_percent"][-1])
                         for result in of_cell(results, architecture, dataset, iterations) if result.in_cell]
                        for iterations, _, _ in SCHEDULES]
            columns.append([[error] for error in published[number]] + measured)
            rows.append([title, *map(in_words, columns[-1])])
        rows.append([f"*{pair[1][1]} - {pair[0][1]}*", *map(difference, *columns)])
    return markdown(["test error, %", *SOURCES, *(title for _, _, title in SCHEDULES)], rows)


def duration(seconds):
    seconds = round(seconds)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def measured_columns(result):
    """Returns the last columns of both tables of runs."""
    attributes, report = result.log.attributes, result.report
    mark = "\\*" if result.angle else ""
    seconds, speed = report["seconds"], report["images_per_second"]
    return [duration(float(seconds or 0)) + mark, f"{float(speed):.0f}" if speed else "-",
            *(f"{result.log.bytes[kept] / 1e6:.1f} MB{mark}" if kept in result.log.bytes else "-"
              for kept in ("saved_activations", "peak")),
            f"{attributes['cpu']}, {attributes['instruction_set']}", str(attributes["threads"])]


def run_tables(results):
    complete, unfinished = [], []
    for result in results:
        evaluation, train = result.log.evaluation, result.log.train
        row = [result.name, str(result.log.attributes["seed"])]
        if result.report["status"] == "complete" and len(evaluation["iteration"]):
            row += [f"{evaluation['error_percent'][-1]:.2f}", f"{evaluation['cross_entropy'][-1]:.4f}"]
            complete.append(row + measured_columns(result))
            continue
        done = train["iteration"][-1] if len(train["iteration"]) else 0
        last = (f"{evaluation['error_percent'][-1]:.2f} at {evaluation['iteration'][-1]:,}"
                if len(evaluation["iteration"]) else "-")
        row += [result.report["status"], f"{done:,} of {int(result.settings['training.iterations']):,}", last]
        unfinished.append(row + measured_columns(result))
    cost = ["time", "images/s", "saved", "peak", "processor", "threads"]
    tables = [("Complete runs", ["run", "seed", "error, %", "cross entropy", *cost], complete),
              ("Unfinished runs", ["run", "seed", "status", "iterations", "last error, %", *cost], unfinished)]
    text = "".join(f"\n### {title}\n\n{markdown(header, rows) if rows else 'None.' + chr(10)}"
                   for title, header, rows in tables)
    if any(result.angle for result in results):
        text += "\n\\* Time and memory include measuring the gradient angle.\n"
    return text


def curves(results):
    """Yields (name, title, a list of run directories for each pair) for each figure that has runs."""
    for dataset, title in DATASETS:
        for iterations, schedule, words in SCHEDULES:
            rows = [[result.directory for architecture, *_ in pair
                     for result in of_cell(results, architecture, dataset, iterations)] for pair in PAIRS]
            if any(rows):
                yield f"curves-{dataset}-{schedule}.svg", f"{title}, {words}", [row for row in rows if row]
    photographs = [result.directory for result in results if result.name.startswith(PHOTOGRAPHS + "/")]
    if photographs:
        yield f"curves-{PHOTOGRAPHS}.svg", "ten breeds of dogs, photographs of 128 x 128 pixels", [photographs]


def tables(results):
    text = "\n## Table 3\n"
    for number, (dataset, title) in enumerate(DATASETS):
        text += f"\n### {title}\n\n{table_3(results, number, dataset)}"
    for name, title, _ in curves(results):
        text += f"\n![cross entropy and error by iteration, {title}]({name})\n"
    text += "\n## Every run\n" + run_tables(results)
    others = [f"- {result.name}: {result.report['in_table_3'].partition(': ')[2]}\n"
              for result in results if not result.belongs_to_cell]
    if others:
        text += "\nThese runs belong to no cell of Table 3:\n\n" + "".join(others)
    return text + "\n"


def write(arguments):
    results, readme = read_results(arguments), os.path.join(arguments.results, "README.md")
    with open(readme, encoding="utf-8") as file:
        before, begin, rest = file.read().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        fail(f"{readme} has no place for the tables: it needs the lines\n{BEGIN}{END}")
    try:
        import run_figures  # imported here, because it needs matplotlib
    except ModuleNotFoundError as missing:
        fail(f"{missing}: apt-get install python3-matplotlib")

    revnet_files.replace_file(readme, (before + BEGIN + tables(results) + END + after).encode())
    print(readme)
    for name, _, rows in curves(results):
        run_figures.draw_curve_rows(rows, os.path.join(arguments.results, name))
    runs_folder = os.path.join(arguments.results, "runs")
    folders = directories(runs_folder)
    studies = [folder for folder in folders if os.path.exists(os.path.join(folder, "angle.h5"))]
    for parent in dict.fromkeys(map(os.path.dirname, studies)):
        runs = [folder for folder in studies if os.path.dirname(folder) == parent]
        figure = os.path.join(arguments.results, f"angle-{os.path.basename(parent)}.svg")
        if os.path.basename(parent) == DEPTH_STUDY:
            run_figures.draw_depth(runs, figure)
        else:
            run_figures.draw_angle(runs, figure, one_panel=True)
    for folder in folders:
        if os.path.exists(os.path.join(folder, "training.h5")):
            name = os.path.relpath(folder, runs_folder).replace("/", "-")
            run_figures.draw_training(folder, os.path.join(arguments.results, f"training-{name}.svg"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", default=RESULTS, metavar="DIR", help="default: experiments/results")
    parser.add_argument("--report", default=REPORT, metavar="COMMAND", help="default: build/bin/revnet-report")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("collect", help="copies logs")
    command.add_argument("runs", metavar="RUNS", help="a run directory or a folder of them, finished or not")
    command.add_argument("name", nargs="?", metavar="NAME", help="folder for the copies below runs/")
    command.set_defaults(do=collect)
    command = commands.add_parser("tables", help="prints the tables")
    command.set_defaults(do=lambda arguments: print(tables(read_results(arguments)), end=""))
    command = commands.add_parser("write", help="writes README.md and figures")
    command.set_defaults(do=write)
    arguments = parser.parse_args()
    try:
        arguments.do(arguments)
    except (OSError, revnet_files.FileError) as error:
        fail(error)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Draws figures from revnet's HDF5 files. Needs python3-h5py and python3-matplotlib.

  figures.py curves RUN [RUN ...] [--output FILE.svg]
      cross entropy and error of one or more runs against the iteration: training dotted, evaluation solid
  figures.py angle RUN [RUN ...] [--one-panel] [--output FILE.svg]
      angle between stored and reconstructed gradients, cross entropy, and error (training dotted, evaluation
      solid) of runs of `revnet-compare gradient angle`; of those with --checkpoint, the angle alone; of several
      networks, a panel of angles each, or as in the paper all in --one-panel
  figures.py training RUN [--output FILE.svg]
      the two trainings of `revnet-compare training`
  figures.py memory FILE.h5 [--output FILE.svg]
      what `revnet-compare memory` measured: memory and time against depth
  figures.py sweep FILE.h5 [--output FILE.svg]
      what `revnet-sweep collect` wrote: images a second, memory and error against the batch
  figures.py speed FILE.h5 [--output FILE.svg]
      what `revnet-compare speed` measured: images a second and memory against the batch
"""
import argparse
import os
import sys

import matplotlib

import revnet_files

matplotlib.use("Agg")
matplotlib.rcParams["svg.hashsalt"] = "revnet"  # the same figure is the same file
import matplotlib.ticker  # noqa: E402
import matplotlib.pyplot as plt  # noqa: E402  (after the backend is chosen)

MARKERS = "osv^Dx"  # tell the lines apart in black and white


def fail(message):
    sys.exit(f"figures.py: {message}")


def open_file(path):
    try:
        return revnet_files.open_file(path)
    except revnet_files.FileError as error:
        fail(error)


def open_run(run):
    return open_file(os.path.join(run, "run.h5") if os.path.isdir(run) else run)


def open_study(path, study):
    file = open_file(path)
    if file.attrs.get("study") != study:
        fail(f"{path} is not from revnet-compare {study}")
    return file


def save(figure, output):
    figure.tight_layout()
    figure.savefig(output, metadata={"Date": None} if output.endswith(".svg") else None)
    print(output)


def smoothed(values, window):
    """Means over a trailing window, for noisy rows of /train."""
    sums, result = 0.0, []
    for i, value in enumerate(values):
        sums += value - (values[i - window] if i >= window else 0.0)
        result.append(sums / min(i + 1, window))
    return result


def line_style(number, linestyle="-"):
    return dict(color=f"C{number}", marker=MARKERS[number % len(MARKERS)], markersize=4, linewidth=1.2,
                linestyle=linestyle)


def plot_run(run, loss, error, number, label=None):
    """Training dotted, evaluation solid."""
    with open_run(run) as file:
        train = {name: data[()] for name, data in file["train"].items()}
        evaluation = {name: data[()] for name, data in file["eval"].items()}
        label = label or f"{file.attrs['architecture']}, {file.attrs['activations']}"
        label += ", unfinished" if file.attrs["status"] != "complete" else ""
    window = max(1, len(train["iteration"]) // 100)
    for axes, column in ((loss, "cross_entropy"), (error, "error_percent")):
        axes.plot(train["iteration"], smoothed(train[column], window), ":", color=f"C{number}", linewidth=1.2)
        axes.plot(evaluation["iteration"], evaluation[column], label=label, **line_style(number))


def name_curves(loss, error):
    loss.set_ylabel("cross entropy (nats)")
    error.set_ylabel("error (%)")
    for axes in (loss, error):
        axes.set_xlabel("iteration")
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)


def draw_curve_rows(rows, output):
    """A row of panels for each list of runs."""
    figure, panels = plt.subplots(len(rows), 2, figsize=(10, 4 * len(rows)), squeeze=False)
    for runs, (loss, error) in zip(rows, panels):
        for number, run in enumerate(runs):
            plot_run(run, loss, error, number)
        name_curves(loss, error)
        error.legend(title="solid: evaluation, dotted: training", fontsize=9, title_fontsize=9)
    save(figure, output)


def draw_curves(runs, output):
    draw_curve_rows([runs], output)


def angle_panels(architectures, one_panel):
    """One row of panels; unless one panel is to hold the angles of several networks, these get a row of their own, a
    panel each. ({architecture: axes}, axes of the loss, axes of the error) and the figure."""
    if one_panel or len(architectures) == 1:
        figure, (angle, loss, error) = plt.subplots(1, 3, figsize=(13, 4))
        return dict.fromkeys(architectures, angle), loss, error, figure
    figure = plt.figure(figsize=(4.3 * len(architectures), 7.5))
    above, below = figure.add_gridspec(2, 1)
    angles = above.subgridspec(1, len(architectures)).subplots(sharey=True)
    loss, error = below.subgridspec(1, 2).subplots()
    return dict(zip(architectures, angles)), loss, error, figure


def draw_angle(runs, output, one_panel=False):
    studies = []
    for run in runs:
        with open_study(os.path.join(run, "angle.h5"), "gradient angle") as file:
            study = {name: file["angle"][name][()] for name in ("iteration", "degrees", "forced/degrees")}
            studies.append((file.attrs["architecture"], file.attrs["convolution"], study))
    architectures = list(dict.fromkeys(architecture for architecture, _, _ in studies))
    angles, loss, error, figure = angle_panels(architectures, one_panel)
    for number, (run, (architecture, convolution, study)) in enumerate(zip(runs, studies)):
        label, angle = f"{architecture}, {convolution}", angles[architecture]
        angle.plot(study["iteration"], study["degrees"], label=label, **line_style(number))
        smooth = dict(line_style(number, ":"), markersize=2)
        angle.plot(study["iteration"], study["forced/degrees"], **smooth)
        if os.path.exists(os.path.join(run, "run.h5")):  # or else: at checkpoints of a training that lies elsewhere
            plot_run(run, loss, error, number, label)
    next(iter(angles.values())).set_ylabel("angle (degrees)")
    for angle in angles.values():
        angle.set_yscale("log")
        angle.set_title("solid: in all; dotted: without flipped ReLUs", fontsize=9)
        angle.legend(fontsize=8)
        angle.set_xlabel("iteration")
    for angle in set(angles.values()):
        angle.grid(alpha=0.3)
    name_curves(loss, error)
    for axes in (loss, error):
        axes.set_title("dotted: training; solid: evaluation", fontsize=9)
    if loss.lines:
        loss.legend(fontsize=8)
    save(figure, output)


def draw_training(run, output):
    figure, (loss, error) = plt.subplots(1, 2, figsize=(10, 4))
    with open_study(os.path.join(run, "training.h5"), "training") as file:
        for number, mode in enumerate(("stored", "reconstructed")):
            for axes, column in ((loss, "cross_entropy"), (error, "error_percent")):
                train = file[f"train/{mode}/{column}"][()]
                axes.plot(file["train/iteration"][()], smoothed(train, max(1, len(train) // 100)), ":",
                          color=f"C{number}", linewidth=1.2)
                axes.plot(file["eval/iteration"][()], file[f"eval/{mode}/{column}"][()], label=mode,
                          **line_style(number))
        error.set_title(f"{file.attrs['architecture']}; dotted: training; solid: evaluation", fontsize=9)
    name_curves(loss, error)
    loss.legend(fontsize=9)
    save(figure, output)


def draw_memory(path, output):
    lines = {}
    with open_study(path, "memory") as file:
        cases = {name: data.asstr()[()] if data.dtype == object else data[()]
                 for name, data in file["cases"].items()}
    for i, architecture in enumerate(cases["architecture"]):
        line = lines.setdefault((architecture, cases["activations"][i]), ([], [], []))
        kept = cases["saved_bytes"][i] + cases["tape_bytes"][i]
        for column, value in zip(line, (cases["depth"][i], kept / 1e6, 1e3 * cases["seconds"][i])):
            column.append(value)
    figure, (memory, duration) = plt.subplots(1, 2, figsize=(10, 4))
    families = sorted({architecture for architecture, _ in lines})
    modes = ("stored", "checkpointed", "recursive", "reconstructed")
    for (architecture, mode), (depth, kept, milliseconds) in lines.items():
        style = line_style(modes.index(mode), "-" if architecture == families[-1] else "--")
        memory.plot(depth, kept, label=f"{architecture}, {mode}", **style)
        duration.plot(depth, milliseconds, **style)
    memory.set_ylabel("activations, saved and recomputed (MB)")
    duration.set_ylabel("step (ms)")
    for axes in (memory, duration):
        axes.set_xlabel("units")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter(matplotlib.ticker.ScalarFormatter())
        axes.grid(alpha=0.3)
    memory.legend(fontsize=8)
    save(figure, output)


def draw_sweep(path, output):
    lines = {}
    with open_study(path, "sweep") as file:
        jobs = file["jobs"]
        settings = {name: values.asstr()[()] for name, values in jobs["settings"].items()}
        varying = [name for name, values in settings.items()
                   if len(set(values)) > 1 and name not in ("training.batch", "training.learning_rate")]
        varying.sort(key=lambda name: name != "network.architecture")
        for i, batch in enumerate(jobs["batch"]):
            label = ", ".join(settings[name][i] for name in varying) or settings["network.architecture"][i]
            row = (batch, jobs["images_per_second"][i], jobs["peak_bytes"][i] / 1e6, jobs["eval_error_percent"][i])
            lines.setdefault(label, []).append(row)
    figure, panels = plt.subplots(1, 3, figsize=(13, 4))
    for number, (label, rows) in enumerate(sorted(lines.items())):
        batch, *columns = zip(*sorted(rows))
        for axes, column in zip(panels, columns):
            axes.plot(batch, column, label=label, **line_style(number))
    for axes, quantity in zip(panels, ("images/s", "memory (MB)", "error (%)")):
        axes.set_ylabel(quantity)
        axes.set_xlabel("batch")
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(matplotlib.ticker.ScalarFormatter())
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    panels[0].legend(fontsize=8)
    save(figure, output)


def draw_speed(path, output):
    lines = {}
    with open_study(path, "speed") as file:
        for group in file.values():
            case = dict(group.attrs)
            key = (case["architecture"], case["activations"], case["engine"], case["threads"])
            lines.setdefault(key, []).append(case)
    figure, (speed, memory) = plt.subplots(1, 2, figsize=(10, 4))
    for number, ((architecture, activations, engine, threads), cases) in enumerate(sorted(lines.items())):
        cases.sort(key=lambda case: case["batch"])
        batches = [case["batch"] for case in cases]
        style = line_style(number, "-" if activations == "stored" else "--")
        label = f"{architecture}, {activations}, {engine}, {threads} thread{'s' if threads > 1 else ''}"
        speed.plot(batches, [case["batch"] / case["seconds"] for case in cases], label=label, **style)
        memory.plot(batches, [case["peak_bytes"] / 1e6 for case in cases], **style)
    speed.set_ylabel("images/s")
    memory.set_ylabel("memory (MB)")
    memory.set_yscale("log")
    speed.set_ylim(bottom=0)
    for axes in (speed, memory):
        axes.set_xlabel("batch")
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(matplotlib.ticker.ScalarFormatter())
        axes.grid(alpha=0.3)
    speed.legend(fontsize=8)
    save(figure, output)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    figures = parser.add_subparsers(dest="figure", required=True)

    def figure(name, draw, many, metavar, source, what):
        command = figures.add_parser(name, help=what)
        command.add_argument("source", nargs="+" if many else None, metavar=metavar, help=source)
        command.add_argument("--output", default=f"{name}.svg", metavar="FILE", help=".svg, .png or .pdf")
        command.set_defaults(draw=draw)
        return command

    figure("curves", draw_curves, True, "RUN", "run directory or run.h5", "cross entropy and error by iteration")
    angle = figure("angle", draw_angle, True, "RUN", "directory of revnet-compare gradient angle",
                   "the gradient-angle study")
    angle.add_argument("--one-panel", dest="draw", action="store_const",
                       const=lambda runs, output: draw_angle(runs, output, one_panel=True),
                       help="one panel for the angles of all networks")
    figure("training", draw_training, False, "RUN", "directory of revnet-compare training",
           "a training stored and reconstructed")
    figure("memory", draw_memory, False, "FILE.h5", "of revnet-compare memory", "memory and time against depth")
    figure("sweep", draw_sweep, False, "FILE.h5", "of revnet-sweep collect",
           "images a second, memory and error against the batch")
    figure("speed", draw_speed, False, "FILE.h5", "of revnet-compare speed",
           "images a second and memory against the batch")
    arguments = parser.parse_args()
    arguments.draw(arguments.source, arguments.output)


if __name__ == "__main__":
    main()

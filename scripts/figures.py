#!/usr/bin/python3
"""Draws figures from revnet's HDF5 files. Needs python3-h5py and python3-matplotlib.

  figures.py curves RUN [RUN ...] [--output FILE.svg]
      cross entropy and error of one or more runs against the iteration: training dotted, evaluation solid
  figures.py speed FILE.h5 [--output FILE.svg]
      what `revnet-compare speed` measured: images a second and memory against the batch
"""
import argparse
import os
import sys

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.ticker  # noqa: E402
import matplotlib.pyplot as plt  # noqa: E402  (after the backend is chosen)

MARKERS = "osv^Dx"  # tell the lines apart in black and white


def fail(message):
    sys.exit(f"figures.py: {message}")


def open_file(path):
    try:
        return h5py.File(path, "r")
    except OSError as error:
        fail(f"cannot read {path}: {error}")


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


def draw_curves(runs, output):
    figure, (loss, error) = plt.subplots(1, 2, figsize=(10, 4))
    for number, run in enumerate(runs):
        with open_run(run) as file:
            train = {name: data[()] for name, data in file["train"].items()}
            evaluation = {name: data[()] for name, data in file["eval"].items()}
            label = f"{file.attrs['architecture']}, {file.attrs['activations']}"
        window = max(1, len(train["iteration"]) // 100)
        marker, color = MARKERS[number % len(MARKERS)], f"C{number}"
        for axes, column in ((loss, "cross_entropy"), (error, "error_percent")):
            axes.plot(train["iteration"], smoothed(train[column], window), ":", color=color, linewidth=1.2)
            axes.plot(evaluation["iteration"], evaluation[column], "-", color=color, linewidth=1.2,
                      marker=marker, markersize=4, label=label)
    loss.set_ylabel("cross entropy (nats)")
    error.set_ylabel("error (%)")
    for axes in (loss, error):
        axes.set_xlabel("iteration")
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    error.legend(title="solid: evaluation, dotted: training", fontsize=9, title_fontsize=9)
    save(figure, output)


def draw_speed(path, output):
    lines = {}
    with open_study(path, "speed") as file:
        for group in file.values():
            case = dict(group.attrs)
            lines.setdefault((case["architecture"], case["activations"], case["threads"]), []).append(case)
    figure, (speed, memory) = plt.subplots(1, 2, figsize=(10, 4))
    for number, ((architecture, activations, threads), cases) in enumerate(sorted(lines.items())):
        cases.sort(key=lambda case: case["batch"])
        batches = [case["batch"] for case in cases]
        style = dict(color=f"C{number}", marker=MARKERS[number % len(MARKERS)], markersize=4, linewidth=1.2,
                     linestyle="-" if activations == "stored" else "--")
        label = f"{architecture}, {activations}, {threads} thread{'s' if threads > 1 else ''}"
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
    curves = figures.add_parser("curves", help="cross entropy and error against the iteration")
    curves.add_argument("runs", nargs="+", metavar="RUN", help="run directory or run.h5")
    curves.add_argument("--output", default="curves.svg", metavar="FILE", help=".svg, .png or .pdf")
    curves.set_defaults(draw=lambda a: draw_curves(a.runs, a.output))
    speed = figures.add_parser("speed", help="images a second and memory against the batch")
    speed.add_argument("file", metavar="FILE.h5", help="of revnet-compare speed")
    speed.add_argument("--output", default="speed.svg", metavar="FILE", help=".svg, .png or .pdf")
    speed.set_defaults(draw=lambda a: draw_speed(a.file, a.output))
    arguments = parser.parse_args()
    arguments.draw(arguments)


if __name__ == "__main__":
    main()

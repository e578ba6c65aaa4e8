#!/usr/bin/python3
"""Draws figures from revnet's HDF5 files. Needs python3-h5py and python3-matplotlib.

  figures.py curves RUN [RUN ...] [--output FILE.svg]
      cross entropy and error of runs by iteration: training dotted, evaluation solid; runs that differ only in the
      seed become one line, their mean, with a band of one standard deviation
  figures.py angle RUN [RUN ...] [--one-panel] [--output FILE.svg]
      angle between stored and reconstructed gradients, cross entropy, and error (training dotted, evaluation solid)
      of runs of `revnet-compare gradient angle`, or only the angle for studies with --checkpoint; each network gets
      a panel of angles, unless --one-panel puts all into one, as in the paper
  figures.py depth RUN [RUN ...] [--output FILE.svg]
      the angle of such runs by the number of units, median solid and largest dotted, and with exact coupling the
      largest magnitude between units
  figures.py training RUN [--output FILE.svg]
      the two trainings of `revnet-compare training`
  figures.py memory FILE.h5 [FILE.h5 ...] [--output FILE.svg]
      memory by depth, or by batch if a file has several, and time unless it was only planned, as measured by
      `revnet-compare memory`
  figures.py sweep FILE.h5 [--x KEY] [--y METRIC,...] [--lines KEY,...] [--output FILE.svg]
      metrics of the complete runs of `revnet-sweep collect` by a setting; one line for each combination of other
      settings, with a band of one standard deviation over seeds
  figures.py speed FILE.h5 [--output FILE.svg]
      images per second and memory by batch, as measured by `revnet-compare speed`
"""
import argparse
import math
import os
import statistics
import sys

import matplotlib

import revnet_files
from revnet_files import FileError

matplotlib.use("Agg")
matplotlib.rcParams["svg.hashsalt"] = "revnet"  # makes files reproducible
import matplotlib.ticker  # noqa: E402
import matplotlib.pyplot as plt  # noqa: E402  (after the backend is chosen)

MARKERS = "osv^Dx"  # distinguish lines in black and white
ENDINGS = (".svg", ".png", ".pdf")
SPREAD = 8  # the axis is logarithmic if the largest value is at least this many times the smallest
AXIS_NAMES = {"eval_error_percent": "error (%)", "train_error_percent": "training error (%)",
              "eval_cross_entropy": "cross entropy (nats)", "train_cross_entropy": "training cross entropy (nats)",
              "images_per_second": "images/s", "peak_bytes": "memory (MB)", "saved_bytes": "saved (MB)"}


def save(figure, output):
    figure.tight_layout()
    figure.savefig(output, metadata={"Date": None} if output.endswith(".svg") else None)
    plt.close(figure)
    print(output)


def words_of(key, value):
    """Formats a setting for labels: "revnet38", "learning rate 0.1"."""
    try:
        float(value)
    except ValueError:
        if value not in ("true", "false", "auto"):
            return value
    return f"{key.rpartition('.')[2].replace('_', ' ')} {value}"


def telling(keys, runs, given=()):
    """Returns the keys that distinguish the runs, in addition to the given ones. The architecture comes first; keys that
    depend on others, such as a learning rate scaled with the batch, are left out."""
    chosen = []
    for key in sorted(keys, key=lambda key: key != "network.architecture"):
        values = {}
        if any(values.setdefault(tuple(run[k] for k in (*given, *chosen)), run[key]) != run[key] for run in runs):
            chosen.append(key)
    return chosen


def mean_and_deviation(values):
    return statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0


def smoothed(values, window):
    """Returns means over a trailing window, for noisy rows of /train."""
    sums, result = 0.0, []
    for i, value in enumerate(values):
        sums += value - (values[i - window] if i >= window else 0.0)
        result.append(sums / min(i + 1, window))
    return result


def line_style(number, linestyle="-"):
    # Clipping would cut markers on the edge in half.
    return dict(color=f"C{number}", marker=MARKERS[number % len(MARKERS)], markersize=4, linewidth=1.2,
                linestyle=linestyle, clip_on=False)


def columns_over(tables, column):
    """Returns the iterations that all tables have, and the mean and deviation of a column at each."""
    by_iteration = [dict(zip(table["iteration"].tolist(), table[column].tolist())) for table in tables]
    iterations = sorted(set.intersection(*map(set, by_iteration)))
    pairs = [mean_and_deviation([rows[i] for rows in by_iteration]) for i in iterations]
    return iterations, [mean for mean, _ in pairs], [deviation for _, deviation in pairs]


def draw_band(axes, xs, means, deviations, number):
    """Draws a band of one standard deviation, or an error bar for a single point, where a band has no width."""
    if len(xs) == 1:
        axes.errorbar(xs, means, deviations, color=f"C{number}", capsize=3, linewidth=1)
    else:
        axes.fill_between(xs, [mean - d for mean, d in zip(means, deviations)],
                          [mean + d for mean, d in zip(means, deviations)], color=f"C{number}", alpha=0.2, linewidth=0)


def plot_runs(runs, loss, error, number, label):
    """Plots the mean over runs: training dotted, evaluation solid with a band of one standard deviation."""
    if any(run.attributes["status"] != "complete" for run in runs):
        label += ", unfinished"
    for axes, column in ((loss, "cross_entropy"), (error, "error_percent")):
        iterations, mean, _ = columns_over([run.train for run in runs], column)
        axes.plot(iterations, smoothed(mean, max(1, len(mean) // 100)), ":", color=f"C{number}", linewidth=1.2)
        iterations, mean, deviation = columns_over([run.evaluation for run in runs], column)
        axes.plot(iterations, mean, label=label, **line_style(number))
        if len(runs) > 1:
            draw_band(axes, iterations, mean, deviation, number)


def groups_of(paths):
    """Yields (label, runs) for each group of runs that differ only in the seed."""
    runs = [revnet_files.read_run(path) for path in paths]
    settings = [dict(revnet_files.settings_of(run.config), path=path) for run, path in zip(runs, paths)]
    known = set.intersection(*map(set, settings)) - set(revnet_files.WITHOUT_EFFECT) - {"path"}
    known = [key for key in settings[0] if key in known]
    keys = telling([key for key in known if key != "training.seed"], settings)
    alike = [tuple(one[key] for key in (*keys, "training.seed")) for one in settings]
    if len(set(alike)) < len(alike):  # two runs of the same seed are not independent samples
        keys += ["path"]
    groups = {}
    for run, one in zip(runs, settings):
        groups.setdefault(tuple(one[key] for key in keys), []).append(run)
    for values, members in groups.items():
        label = ", ".join(map(words_of, keys, values)) or members[0].attributes["architecture"]
        yield label + (f" (mean of {len(members)})" if len(members) > 1 else ""), members


def name_curves(loss, error):
    loss.set_ylabel("cross entropy (nats)")
    error.set_ylabel("error (%)")
    for axes in (loss, error):
        axes.set_xlabel("iteration")
        top = axes.dataLim.y1  # minus infinity without data
        axes.set_ylim(0, 1.05 * top if top > 0 else 1)
        axes.grid(alpha=0.3)


def draw_curve_rows(rows, output):
    """Draws a row of panels for each list of runs."""
    figure, panels = plt.subplots(len(rows), 2, figsize=(10, 4 * len(rows)), squeeze=False)
    for runs, (loss, error) in zip(rows, panels):
        for number, (label, members) in enumerate(groups_of(runs)):
            plot_runs(members, loss, error, number, label)
        name_curves(loss, error)
        error.legend(title="solid: evaluation, dotted: training", fontsize=9, title_fontsize=9)
    save(figure, output)


def draw_curves(runs, output):
    draw_curve_rows([runs], output)


def angle_panels(architectures, one_panel):
    """Makes one row of panels, or two if several networks have a panel of angles each. Returns {architecture: axes}, the
    axes of the loss and of the error, and the figure."""
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
        file = revnet_files.read_study(os.path.join(run, "angle.h5"), "gradient angle")
        convolution, coupling = file.attrs["convolution"], file.attrs.get("coupling", "float")
        name = convolution if coupling == "float" else f"{convolution}, {coupling} coupling"
        studies.append((file.attrs["architecture"], name, file["angle"]))
    architectures = list(dict.fromkeys(architecture for architecture, _, _ in studies))
    angles, loss, error, figure = angle_panels(architectures, one_panel)
    for number, (run, (architecture, name, study)) in enumerate(zip(runs, studies)):
        label, angle = f"{architecture}, {name}", angles[architecture]
        angle.plot(study["iteration"], study["degrees"], label=label, **line_style(number))
        smooth = dict(line_style(number, ":"), markersize=2)
        angle.plot(study["iteration"], study["forced/degrees"], **smooth)
        if os.path.exists(os.path.join(run, "run.h5")):  # absent if the study measured the checkpoints of another run
            plot_runs([revnet_files.read_run(run)], loss, error, number, label)
    next(iter(angles.values())).set_ylabel("angle (degrees)")
    exact = any(0 in study[name][:] for _, _, study in studies for name in ("degrees", "forced/degrees"))
    for angle in angles.values():
        # Angles of zero have no logarithm. Below 1e-6 degrees, symlog is linear down to zero.
        angle.set_yscale("symlog", linthresh=1e-6) if exact else angle.set_yscale("log")
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


def units_of(study):
    """Returns the number of units of the network whose angle was studied."""
    return sum(name.startswith("unit") for stage in study["units"].items.values() for name in stage.items)


def draw_depth(runs, output):
    lines = {}
    for run in runs:
        file = revnet_files.read_study(os.path.join(run, "angle.h5"), "gradient angle")
        log = revnet_files.read(os.path.join(run, "run.h5"))
        degrees = file["angle/degrees"]
        magnitude = log["exact_coupling"].attrs["largest"] if "exact_coupling" in log else math.nan
        lines.setdefault(file.attrs["coupling"], []).append(
            (units_of(file["angle"]), statistics.median(degrees), max(degrees), magnitude))
    figure, (angle, largest) = plt.subplots(1, 2, figsize=(10, 4))
    for number, (coupling, points) in enumerate(sorted(lines.items(), reverse=True)):
        units, medians, most, magnitudes = zip(*sorted(points))
        angle.plot(units, medians, label=f"{coupling} coupling", **line_style(number))
        angle.plot(units, most, **line_style(number, ":"))
        largest.plot(units, magnitudes, **line_style(number))
    angle.set_yscale("symlog", linthresh=1e-6)  # because exact coupling has angles of zero
    angle.set_ylabel("angle (degrees)")
    angle.set_title("solid: median; dotted: largest of a run", fontsize=9)
    angle.legend(fontsize=8)
    largest.set_ylabel("largest magnitude between units")
    largest.set_ylim(bottom=0)
    for axes in (angle, largest):
        axes.set_xlabel("units")
        axes.set_xscale("log")
        axes.set_xticks(sorted({point[0] for points in lines.values() for point in points}), minor=False)
        axes.xaxis.set_major_formatter(matplotlib.ticker.ScalarFormatter())
        axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
        axes.grid(alpha=0.3)
    save(figure, output)


def draw_training(run, output):
    figure, (loss, error) = plt.subplots(1, 2, figsize=(10, 4))
    file = revnet_files.read_study(os.path.join(run, "training.h5"), "training")
    for number, mode in enumerate(("stored", "reconstructed")):
        for axes, column in ((loss, "cross_entropy"), (error, "error_percent")):
            train = file[f"train/{mode}/{column}"]
            axes.plot(file["train/iteration"], smoothed(train, max(1, len(train) // 100)), ":", color=f"C{number}",
                      linewidth=1.2)
            axes.plot(file["eval/iteration"], file[f"eval/{mode}/{column}"], label=mode, **line_style(number))
    error.set_title(f"{file.attrs['architecture']}; dotted: training; solid: evaluation", fontsize=9)
    name_curves(loss, error)
    loss.legend(fontsize=9)
    save(figure, output)


def draw_memory(paths, output):
    panels = []  # (cases, the column on the x axis, values by line, name of the y axis)
    for path in paths:
        cases = revnet_files.read_study(path, "memory")["cases"]
        x = "depth" if len(set(cases["batch"])) == 1 else "batch"
        if x == "batch" and len(set(zip(cases["architecture"], cases["depth"]))) != len(set(cases["architecture"])):
            raise FileError(f"{path} has several depths and several batches: draw one of them alone")
        kept = (cases["saved_bytes"] + cases["tape_bytes"]) / 1e6
        panels.append((cases, x, kept, "activations, saved and recomputed (MB)"))
        if cases["seconds"].any():
            panels.append((cases, x, 1e3 * cases["seconds"], "step (ms)"))
    figure, all_axes = plt.subplots(1, len(panels), figsize=(5 * len(panels), 4), squeeze=False)
    modes = ("stored", "checkpointed", "recursive", "reconstructed")
    for axes, (cases, x, values, title) in zip(all_axes[0], panels):
        lines = {}
        for i, line in enumerate(zip(cases["architecture"], cases["activations"])):
            lines.setdefault(line, []).append((cases[x][i], values[i]))
        last = max(cases["architecture"])
        for (architecture, mode), points in lines.items():
            axes.plot(*zip(*points), label=f"{architecture}, {mode}",
                      **line_style(modes.index(mode), "-" if architecture == last else "--"))
        axes.set_ylabel(title)
        axes.set_xlabel("units" if x == "depth" else x)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter(matplotlib.ticker.ScalarFormatter())
        axes.grid(alpha=0.3)
    all_axes[0][0].legend(fontsize=8)
    save(figure, output)


def sweep_rows(path, metrics):
    """Returns the settings and metrics of each complete run as a dict, and the settings that vary except the seed."""
    file = revnet_files.read_study(path, "sweep")
    if "groups" not in file:
        raise FileError(f"{path} has no groups: rewrite it with revnet-sweep collect")
    settings, columns = file["jobs/settings"].items, {metric: file[f"jobs/{metric}"] for metric in metrics}
    rows = []
    for i, status in enumerate(file["jobs/status"]):
        if status == "complete":
            rows.append({key: values[i] for key, values in settings.items()})
            rows[-1].update({metric: float(column[i]) for metric, column in columns.items()})
    if not rows:
        raise FileError(f"{path} has no complete run")
    varying = file["groups"].items.get("settings")  # absent if nothing varies
    return rows, list(varying.items) if varying else []


def set_scales(axes, xs, ys, positions):
    if positions:  # the values are not numbers
        axes.set_xticks(list(positions.values()), list(positions))
    elif 0 < SPREAD * min(xs) <= max(xs):
        axes.set_xscale("log")
        axes.set_xticks(sorted(set(xs)), [f"{x:g}" for x in sorted(set(xs))])
        axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    if 0 < SPREAD * min(ys) <= max(ys):
        axes.set_yscale("log")
        for which in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
            which(matplotlib.ticker.LogFormatter(minor_thresholds=(2, 0.5)))
    axes.grid(alpha=0.3)


def choose_keys(path, rows, varying, x, lines):
    """Returns the requested keys. By default x is the batch or the first number that varies, and lines are the other keys
    that distinguish runs."""
    for key in (x or [], *lines):
        if key and key not in rows[0]:
            raise FileError(f"{path} has no setting {key}; these vary: {', '.join(varying) or 'none'}")
    if x is None:
        numbers = [key for key in varying if all(position_of(row[key]) is not None for row in rows)]
        x = next((key for key in ("training.batch", *numbers) if key in varying), "training.batch")
    needed = telling([key for key in varying if key != x], rows, [x])
    missing = [key for key in telling(varying, rows, [x, *lines]) if key not in (x, *lines)]
    if lines and missing:
        raise FileError(f"{path}: runs of one line would differ in {', '.join(missing)}: add it to --lines")
    return x, lines or needed


def position_of(value):
    try:
        return float(value)
    except ValueError:
        return None


def draw_sweep(path, output, x=None, y="images_per_second,peak_bytes,eval_error_percent", lines=""):
    metrics = y.split(",")
    rows, varying = sweep_rows(path, metrics)
    x, lines = choose_keys(path, rows, varying, x, lines.split(",") if lines else [])
    values = sorted({row[x] for row in rows}, key=lambda value: (position_of(value) is None, position_of(value), value))
    positions = {} if all(position_of(value) is not None for value in values) else {v: i for i, v in enumerate(values)}
    groups = {}
    for row in rows:
        group = groups.setdefault(tuple(row[key] for key in lines), {})
        group.setdefault(positions[row[x]] if positions else float(row[x]), []).append(row)
    figure, panels = plt.subplots(1, len(metrics), figsize=(max(5, 4.3 * len(metrics)), 4), squeeze=False)
    for axes, metric in zip(panels[0], metrics):
        scale, seen = 1e-6 if metric.endswith("_bytes") else 1, []
        for number, (line, points) in enumerate(groups.items()):
            measured = {position: [scale * row[metric] for row in members if not math.isnan(row[metric])]
                        for position, members in points.items()}
            xs = sorted(position for position, found in measured.items() if found)
            means, deviations = zip(*(mean_and_deviation(measured[position]) for position in xs)) if xs else ((), ())
            axes.plot(xs, means, label=", ".join(map(words_of, lines, line)), **line_style(number))
            draw_band(axes, xs, means, deviations, number)
            seen += means
        if seen:
            set_scales(axes, [point for points in groups.values() for point in points], seen, positions)
        axes.set_xlabel(x.rpartition(".")[2].replace("_", " "))
        axes.set_ylabel(AXIS_NAMES.get(metric, metric))
    if lines:
        panels[0][0].legend(fontsize=8)
    save(figure, output)


def draw_speed(path, output):
    lines = {}
    for group in revnet_files.read_study(path, "speed").items.values():
        case = group.attrs
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


def main(words=None):
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
                   "gradient angle, cross entropy and error by iteration")
    angle.add_argument("--one-panel", action="store_true", help="one panel for the angles of all networks")
    figure("depth", draw_depth, True, "RUN", "directory of revnet-compare gradient angle", "gradient angle by depth")
    figure("training", draw_training, False, "RUN", "directory of revnet-compare training",
           "trainings with stored and reconstructed activations")
    figure("memory", draw_memory, True, "FILE.h5", "file of revnet-compare memory", "memory and time by depth or batch")
    sweep = figure("sweep", draw_sweep, False, "FILE.h5", "file of revnet-sweep collect", "metrics by a setting")
    sweep.add_argument("--x", metavar="KEY",
                       help="setting on the x axis; default: training.batch, or a number that varies")
    sweep.add_argument("--y", metavar="METRIC,...", default=draw_sweep.__defaults__[1],
                       help="metrics, one panel each, named as in results.csv (default: %(default)s)")
    sweep.add_argument("--lines", metavar="KEY,...", default="",
                       help="settings that distinguish lines; default: all others that vary")
    figure("speed", draw_speed, False, "FILE.h5", "file of revnet-compare speed",
           "images per second and memory by batch")
    options = vars(parser.parse_args(words))
    draw, name, source, output = (options.pop(key) for key in ("draw", "figure", "source", "output"))
    if not output.endswith(ENDINGS):
        sys.exit(f"figures.py {name}: --output {output}: the name must end in one of {', '.join(ENDINGS)}")
    try:
        draw(source, output, **options)
    except FileError as error:
        sys.exit(f"figures.py {name}: {error}")
    except OSError as error:
        sys.exit(f"figures.py {name}: cannot write {output}: {error.strerror}")


if __name__ == "__main__":
    main()

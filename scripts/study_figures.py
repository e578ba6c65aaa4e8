"""Figures of what was measured for many settings: memory, speed, and the metrics of sweeps."""
import math

import revnet_files
from plotting import draw_band, draw_legend, line_style, matplotlib, mean_and_deviation, plt, save, telling, words_of
from revnet_files import FileError

SPREAD = 8  # the axis is logarithmic if the largest value is at least this many times the smallest
AXIS_NAMES = {"eval_error_percent": "error (%)", "train_error_percent": "training error (%)",
              "eval_cross_entropy": "cross entropy (nats)", "train_cross_entropy": "training cross entropy (nats)",
              "images_per_second": "images/s", "peak_bytes": "peak (MB)", "resident_bytes": "resident (MB)",
              "saved_bytes": "saved (MB)"}
SWEEP_METRICS = "images_per_second,peak_bytes,eval_error_percent"


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
            axes.plot(*zip(*sorted(points)), label=f"{architecture}, {mode}",
                      **line_style(modes.index(mode), "-" if architecture == last else "--"))
        axes.set_ylabel(title)
        axes.set_xlabel("units" if x == "depth" else x)
        axes.set_xscale("log", base=2)
        axes.set_xticks(sorted(set(cases[x])))
        axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter(matplotlib.ticker.ScalarFormatter())
        axes.grid(alpha=0.3)
    draw_legend(all_axes[0][0])
    save(figure, output)


def sweep_rows(path, metrics):
    """Returns the settings and metrics of each complete run as a dict, and the settings that vary except the seed."""
    file = revnet_files.read_study(path, "sweep")
    if "groups" not in file:
        raise FileError(f"{path} has no groups: rewrite it with revnet-sweep collect")
    settings, columns = file["jobs/settings"].items, {metric: file[f"jobs/{metric}"] for metric in metrics}
    for metric, column in columns.items():
        if not hasattr(column, "dtype"):  # text, or the settings
            raise FileError(f"{path}: jobs/{metric} is no metric")
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
    for key in lines if x is None else (x, *lines):
        if key not in rows[0]:
            raise FileError(f"{path} has no setting '{key}'; these vary: {', '.join(varying) or 'none'}")
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


def draw_sweep(path, output, x=None, y=SWEEP_METRICS, lines=""):
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
            if xs:
                draw_band(axes, xs, means, deviations, number)
            seen += means
        if seen:
            set_scales(axes, [point for points in groups.values() for point in points], seen, positions)
        axes.set_xlabel(x.rpartition(".")[2].replace("_", " "))
        axes.set_ylabel(AXIS_NAMES.get(metric, metric))
    if lines:
        draw_legend(panels[0][0])
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
    draw_legend(speed)
    save(figure, output)

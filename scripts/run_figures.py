"""Figures of trainings by iteration: learning curves, the gradient angle in their course, and the angle by depth."""
import math
import os
import statistics

import numpy as np

import revnet_files
from plotting import draw_band, draw_legend, line_style, matplotlib, mean_and_deviation, plt, save, telling, words_of


def smoothed(values, window):
    """Returns means over a trailing window, for noisy rows of /train."""
    sums, result = 0.0, []
    for i, value in enumerate(values):
        sums += value - (values[i - window] if i >= window else 0.0)
        result.append(sums / min(i + 1, window))
    return result


def columns_over(tables, column):
    """Returns the iterations that all tables have, and the mean and deviation of a column at each."""
    by_iteration = [dict(zip(table["iteration"].tolist(), table[column].tolist())) for table in tables]
    iterations = sorted(set.intersection(*map(set, by_iteration)))
    pairs = [mean_and_deviation([rows[i] for rows in by_iteration]) for i in iterations]
    return iterations, [mean for mean, _ in pairs], [deviation for _, deviation in pairs]


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
    settings = [dict(revnet_files.settings_of(run.config), **revnet_files.beyond_settings(run), path=path)
                for run, path in zip(runs, paths)]
    revnet_files.fill_in_images(settings)
    without_effect = {*revnet_files.WITHOUT_EFFECT, "training.seed", "path"}
    keys = telling([key for key in settings[0] if key not in without_effect], settings)
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
        values = np.concatenate([[0], *(line.get_ydata() for line in axes.lines)])
        # A few evaluations early in a training can be many times as large as all others.
        top = min(np.nanmax(values), 4 * np.nanquantile(values, 0.9))
        axes.set_ylim(0, 1.05 * top if top > 0 else 1)
        axes.grid(alpha=0.3)


def draw_curve_rows(rows, output):
    """Draws a row of panels for each list of runs."""
    figure, panels = plt.subplots(len(rows), 2, figsize=(10, 4 * len(rows)), squeeze=False)
    for runs, (loss, error) in zip(rows, panels):
        for number, (label, members) in enumerate(groups_of(runs)):
            plot_runs(members, loss, error, number, label)
        name_curves(loss, error)
        draw_legend(error, "solid: evaluation; dotted: training, smoothed")
    save(figure, output)


def draw_curves(paths, output):
    draw_curve_rows([[run for path in paths for run in revnet_files.find_runs(path)]], output)


def angle_panels(architectures, one_panel, with_curves):
    """Makes one row of panels, or two if several networks have a panel of angles each. Returns {architecture: axes}, the
    axes of the loss and of the error, which are None without curves, and the figure."""
    if not with_curves:
        columns = 1 if one_panel else len(architectures)
        figure, (angles,) = plt.subplots(1, columns, figsize=(max(6, 4.3 * columns), 4), sharey=True, squeeze=False)
        return dict(zip(architectures, list(angles) * len(architectures))), None, None, figure
    if one_panel or len(architectures) == 1:
        figure, (angle, loss, error) = plt.subplots(1, 3, figsize=(13, 4))
        return dict.fromkeys(architectures, angle), loss, error, figure
    figure = plt.figure(figsize=(4.3 * len(architectures), 7.5))
    above, below = figure.add_gridspec(2, 1)
    angles = above.subgridspec(1, len(architectures)).subplots(sharey=True)
    loss, error = below.subgridspec(1, 2).subplots()
    return dict(zip(architectures, angles)), loss, error, figure


def named_studies(runs):
    """Returns (architecture, label, angles) of each study. Labels name the network, and what varies beside it."""
    files = [revnet_files.read_study(os.path.join(run, "angle.h5"), "gradient angle") for run in runs]
    facts = [{"coupling": f"{file.attrs.get('coupling', 'float')} coupling",
              "convolution": f"{file.attrs['convolution']} convolution",
              "engine": f"{file.attrs.get('engine', 'onednn')} engine"} for file in files]
    varying = telling(facts[0], facts)
    studies = []
    for file, fact in zip(files, facts):
        told = [fact[key] for key in fact if key in varying or fact[key] == "exact coupling"]
        studies.append((file.attrs["architecture"], ", ".join([file.attrs["architecture"], *told]), file["angle"]))
    return studies


def draw_angle(runs, output, one_panel=False):
    studies = named_studies(runs)
    architectures = list(dict.fromkeys(architecture for architecture, _, _ in studies))
    labels = [label for _, label, _ in studies]
    # The runs of studies that measured the checkpoints of others have no curves.
    trained = [run for run in runs if os.path.exists(os.path.join(run, "run.h5"))]
    angles, loss, error, figure = angle_panels(architectures, one_panel, bool(trained))
    for number, (run, (architecture, label, study)) in enumerate(zip(runs, studies)):
        angle = angles[architecture]
        if labels.count(label) > 1:  # the studies differ in something else
            label += f", {run}"
        angle.plot(study["iteration"], study["degrees"], label=label, **line_style(number))
        smooth = dict(line_style(number, ":"), markersize=2)
        angle.plot(study["iteration"], study["forced/degrees"], **smooth)
        if run in trained:
            plot_runs([revnet_files.read_run(run)], loss, error, number, label)
    next(iter(angles.values())).set_ylabel("angle (degrees)")
    exact = any(0 in study[name][:] for _, _, study in studies for name in ("degrees", "forced/degrees"))
    for angle in angles.values():
        # Angles of zero have no logarithm. Below 1e-6 degrees, symlog is linear down to zero.
        angle.set_yscale("symlog", linthresh=1e-6) if exact else angle.set_yscale("log")
        angle.set_title("solid: in all; dotted: without flipped ReLUs", fontsize=9)
        draw_legend(angle)
        angle.set_xlabel("iteration")
    for angle in set(angles.values()):
        angle.grid(alpha=0.3)
    if trained:
        name_curves(loss, error)
        for axes in (loss, error):
            axes.set_title("dotted: training; solid: evaluation", fontsize=9)
        draw_legend(loss)
    save(figure, output)


def units_of(study):
    """Returns the number of units of the network whose angle was studied."""
    return sum(name.startswith("unit") for stage in study["units"].items.values() for name in stage.items)


def draw_depth(runs, output):
    lines = {}
    for run in runs:
        file = revnet_files.read_study(os.path.join(run, "angle.h5"), "gradient angle")
        log = revnet_files.read(os.path.join(run, "run.h5"))
        # Fresh weights have angles of their own.
        degrees = file["angle/degrees"][file["angle/iteration"] > 0]
        if not len(degrees):
            raise revnet_files.FileError(f"{run} has no measurement after its fresh weights: resume it")
        magnitude = log["exact_coupling"].attrs["largest"] if "exact_coupling" in log else math.nan
        lines.setdefault(file.attrs.get("coupling", "float"), []).append(
            (units_of(file["angle"]), statistics.median(degrees), max(degrees), magnitude))
    figure, (angle, largest) = plt.subplots(1, 2, figsize=(10, 4))
    for number, (coupling, points) in enumerate(sorted(lines.items(), reverse=True)):
        units, medians, most, magnitudes = zip(*sorted(points))
        angle.plot(units, medians, label=f"{coupling} coupling", **line_style(number))
        angle.plot(units, most, **line_style(number, ":"))
        largest.plot(units, magnitudes, **line_style(number))
    angle.set_yscale("symlog", linthresh=1e-6)  # because exact coupling has angles of zero
    angle.set_ylabel("angle (degrees)")
    angle.set_title("after fresh weights; solid: median; dotted: largest of a run", fontsize=9)
    draw_legend(angle)
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
    draw_legend(loss)
    save(figure, output)

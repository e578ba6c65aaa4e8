"""What all figures share: matplotlib without a screen, lines and bands, labels, and writing the file."""
import math
import statistics
import textwrap

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams["svg.hashsalt"] = "revnet"  # makes files reproducible
import matplotlib.ticker  # noqa: E402,F401  (for the modules that draw)
import matplotlib.pyplot as plt  # noqa: E402  (after the backend is chosen)

MARKERS = "osv^Dx"  # distinguish lines in black and white
ENDINGS = (".svg", ".png", ".pdf")  # of files that save() writes


def save(figure, output):
    figure.tight_layout()
    figure.savefig(output, metadata={"Date": None} if output.endswith(".svg") else None,
                   bbox_inches="tight" if figure.legends else None)
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
    """One value has a deviation of NaN, which is not drawn."""
    return statistics.mean(values), statistics.stdev(values) if len(values) > 1 else math.nan


def draw_legend(axes, title=None):
    """Draws the legend of these axes in them or, where it would hide the lines, below the whole figure."""
    sizes = dict(title=title, fontsize=8, title_fontsize=8)
    labels = axes.get_legend_handles_labels()[1]
    if len(labels) <= 6 and all(len(label) <= 32 for label in labels):
        axes.legend(**sizes)
        return
    figure, handles = axes.figure, {}
    for old in list(figure.legends):  # of other axes, whose lines the new legend names, too
        old.remove()
    for handle, label in zip(*(sum(lists, []) for lists in zip(*(one.get_legend_handles_labels()
                                                                 for one in figure.axes)))):
        handles.setdefault(textwrap.fill(label, 50), handle)
    figure.legend(handles.values(), handles.keys(), loc="upper center", bbox_to_anchor=(0.5, 0),
                  ncol=min(3, len(handles)), **sizes)


def line_style(number, linestyle="-"):
    # Clipping would cut markers on the edge in half.
    return dict(color=f"C{number}", marker=MARKERS[number % len(MARKERS)], markersize=4, linewidth=1.2,
                linestyle=linestyle, clip_on=False)


def draw_band(axes, xs, means, deviations, number):
    """Draws a band of one standard deviation, or an error bar for a single point, where a band has no width."""
    if len(xs) == 1:
        axes.errorbar(xs, means, deviations, color=f"C{number}", capsize=3, linewidth=1)
    else:
        axes.fill_between(xs, [mean - d for mean, d in zip(means, deviations)],
                          [mean + d for mean, d in zip(means, deviations)], color=f"C{number}", alpha=0.2, linewidth=0)

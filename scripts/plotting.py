"""What all figures share: matplotlib without a screen, lines and bands, labels, and writing the file."""
import statistics

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams["svg.hashsalt"] = "revnet"  # makes files reproducible
import matplotlib.ticker  # noqa: E402,F401  (for the modules that draw)
import matplotlib.pyplot as plt  # noqa: E402  (after the backend is chosen)

MARKERS = "osv^Dx"  # distinguish lines in black and white
ENDINGS = (".svg", ".png", ".pdf")  # of files that save() writes


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

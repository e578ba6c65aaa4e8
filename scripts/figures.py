#!/usr/bin/python3
"""Draws figures from revnet's HDF5 files. Needs python3-h5py and python3-matplotlib.

  figures.py curves RUN [RUN ...] [--output FILE.svg]
      cross entropy and error of runs, or of all runs in a folder, by iteration: training dotted, evaluation solid;
      runs that differ only in the seed become one line, their mean, with a band of one standard deviation
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
import sys

try:
    from plotting import ENDINGS
    from revnet_files import FileError
    from run_figures import draw_angle, draw_curves, draw_depth, draw_training
    from study_figures import SWEEP_METRICS, draw_memory, draw_speed, draw_sweep
except ModuleNotFoundError as missing:
    sys.exit(f"figures.py: {missing}: apt-get install python3-h5py python3-matplotlib")


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    figures = parser.add_subparsers(dest="figure", required=True)

    def figure(name, draw, many, metavar, source, what):
        command = figures.add_parser(name, help=what)
        command.add_argument("source", nargs="+" if many else None, metavar=metavar, help=source)
        command.add_argument("--output", default=f"{name}.svg", metavar="FILE", help=".svg, .png or .pdf")
        command.set_defaults(draw=draw)
        return command

    figure("curves", draw_curves, True, "RUN", "run directory, run.h5, or folder of runs",
           "cross entropy and error by iteration")
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
    sweep.add_argument("--y", metavar="METRIC,...", default=SWEEP_METRICS,
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

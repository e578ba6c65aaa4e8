#!/usr/bin/python3
"""Predicts step time by number of nodes: measures a model's constants, checks the model, and draws its predictions.

  scaling.py measure [--arch NAME ...] [--threads N]    time steps of each network on this machine, by images per node
  scaling.py check [--rate RATE ...]                    train two ranks on hosts made by scripts/two-hosts (needs root)
  scaling.py show                                       print the check, and a table and a figure for up to 64 nodes
  scaling.py all                                        do all three

scripts/scaling_model.py describes the model. One JSON file (--file) keeps constants and measurements. Needs
python3-h5py, python3-matplotlib and a build with MPI; on an idle machine `all` takes about a quarter of an hour.
"""
import argparse
import csv
import io
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

try:
    import revnet_files
    import scaling_model
except ModuleNotFoundError as missing:
    sys.exit(f"scaling.py: {missing}: apt-get install python3-h5py python3-matplotlib")

SCRIPTS = os.path.dirname(os.path.abspath(__file__))
BIN = os.path.join(os.path.dirname(SCRIPTS), "build", "bin")
INTERRUPTED = 3  # revnet-train's exit code
WARM_UP = 2      # steps that are not timed
ENOUGH = 7       # steps, including the warm-up
NETWORKS = ["resnet32", "revnet38", "resnet110", "revnet110", "resnet164", "revnet164"]
NODES = [1, 2, 4, 8, 16, 32, 64]
BATCHES = [2, 8, 32, 128]
BATCH = 128  # per node if the batch grows with the nodes, else in total
# Nominal rates of Ethernet in Gbit/s, and the usual latency of a TCP message there in microseconds.
WIRES = ["1=60", "10=30", "25=20", "100=10"]


def fail(message):
    sys.exit(f"scaling.py: {message}")


class Training:
    """Runs revnet-train for some seconds. The words `before` the command bind it to a core or host."""

    def __init__(self, before, arguments):
        self.folder = tempfile.TemporaryDirectory(prefix="scaling-")
        self.run = os.path.join(self.folder.name, "run")
        self.command = [*before, os.path.join(BIN, "revnet-train"), "synthetic", "--iterations", "1000000",
                        "--log-every", "1", "--checkpoint-every", "0", "--eval-every", "0", "--run-dir", self.run,
                        *arguments]
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def steps(self):
        """Returns the steps so far, as of the log's last save a few seconds ago."""
        with revnet_files.open_file(os.path.join(self.run, "run.h5")) as file:
            return len(file["train/iteration"])

    def stop(self):
        """Stops the training with a checkpoint, and returns its recorded times."""
        self.process.send_signal(signal.SIGUSR1)
        output, _ = self.process.communicate()
        if self.process.returncode != INTERRUPTED:
            fail(f"{' '.join(self.command)}: exit code {self.process.returncode}, not {INTERRUPTED}\n{output}")
        with revnet_files.open_file(os.path.join(self.run, "run.h5")) as file:
            seconds = list(file["train/seconds"][:])
            exchange = dict(file["all_reduce"].attrs) if "all_reduce" in file else {}
            attributes = dict(file.attrs)
        if len(seconds) < ENOUGH:
            fail(f"{' '.join(self.command)}: {len(seconds)} steps are too few to time")
        steps = [b - a for a, b in zip(seconds[WARM_UP - 1:], seconds[WARM_UP:])]
        self.checkpoint = revnet_files.read_checkpoint(os.path.join(self.run, "checkpoint.h5"))
        # A disturbance of any rank slows a step, so the lower quartile is closer to the undisturbed time.
        return statistics.quantiles(steps, n=4)[0], exchange, attributes

    def end(self):
        """Ends the training unless stop() has, and returns what it printed."""
        if self.process.stdout.closed:
            return ""
        self.process.terminate()
        try:
            return self.process.communicate(timeout=20)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "(it did not end by itself)"


def of_trainings(seconds, trainings):
    """Lets the trainings run for so many seconds, not counting the launcher's start, and returns what they recorded."""
    try:
        for training in trainings:
            deadline = time.monotonic() + 60
            while not os.path.exists(os.path.join(training.run, "checkpoint.h5")):
                if training.process.poll() is not None or time.monotonic() > deadline:
                    fail(f"{' '.join(training.command)} does not start\n{training.end()}")
                time.sleep(0.05)
        time.sleep(seconds)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and any(training.steps() < ENOUGH for training in trainings):
            time.sleep(0.2)
        return [training.stop() for training in trainings]
    finally:
        for training in trainings:  # some may still run because another failed
            training.end()


def on_one_node(arguments):
    constants = {}
    for name in arguments.arch:
        seconds = {}
        for images in BATCHES:
            training = Training([], ["--arch", name, "--batch", str(images), "--threads", str(arguments.threads)])
            (seconds[images], _, attributes), = of_trainings(arguments.seconds, [training])
            print(f"{name}, {images} images: {1e3 * seconds[images]:.1f} ms a step", file=sys.stderr)
        constants[name] = {"seconds": seconds, "activations": attributes["activations"],
                           "buckets": scaling_model.buckets(training.checkpoint)}
    return {"cpu": attributes["cpu"], "threads": int(attributes["threads"]), "networks": constants}


def two_hosts(rate):
    return [os.path.join(SCRIPTS, "two-hosts"), rate]


def measure_wire(rate):
    command = [*two_hosts(rate), os.path.join(BIN, "revnet-compare"), "exchange", "--repetitions", "5",
               "--format", "csv"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        fail(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    rows = [(int(row["bytes"]), 1e-6 * float(row["least"])) for row in csv.DictReader(io.StringIO(done.stdout))]
    return scaling_model.fit_wire(rows)


def check_network(name, arguments):
    """Times steps of two ranks, with half of the batch each, at every rate, and of two processes without exchange."""
    images = arguments.batch // 2
    alone = ["--arch", name, "--batch", str(images), "--threads", "1"]
    together = ["--arch", name, "--batch", str(2 * images), "--threads", "1"]
    rows = {rate: [] for rate in arguments.rate}
    for _ in range(arguments.rounds):
        for rate in arguments.rate:
            trainings = [Training(["taskset", "--cpu-list", str(core)], alone) for core in (0, 1)]
            compute = statistics.mean(step for step, _, _ in of_trainings(arguments.seconds, trainings))
            wire = measure_wire(rate)
            training = Training(two_hosts(rate), together)
            (step, exchange, attributes), = of_trainings(arguments.seconds, [training])
            if exchange["bucket_bytes"] != scaling_model.BUCKET_BYTES:
                fail("scaling_model.BUCKET_BYTES differs from the bucket size of revnet-train")
            a_step = {key.removeprefix("seconds_"): value / exchange["steps"] for key, value in exchange.items()
                      if key.startswith("seconds_")}
            rows[rate].append({"compute": compute, "latency": wire.latency, "bandwidth": wire.bandwidth, "step": step,
                               "hidden": exchange["hidden_share"], "bytes": exchange["bytes"], **a_step})
            print(f"{name}, {rate}: {1e3 * step:.1f} ms a step, {1e3 * compute:.1f} ms without exchange",
                  file=sys.stderr)
    return {"images": images, "activations": attributes["activations"],
            "buckets": scaling_model.buckets(training.checkpoint),
            "rates": {rate: {key: statistics.median(row[key] for row in rounds) for key in rounds[0]}
                      for rate, rounds in rows.items()}}


def backward_share(activations):
    return 2 / 3 if activations == "stored" else 3 / 4


def table(header, rows):
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def ms(seconds):
    return f"{1e3 * seconds:.0f}" if seconds >= 0.1 else f"{1e3 * seconds:.1f}"


def copying_of(networks):
    """Returns seconds of copying per byte, measured over the fastest wire, where copies never wait."""
    measured = [max(network["rates"].values(), key=lambda row: row["bandwidth"]) for network in networks.values()]
    return statistics.median(row["working"] / row["bytes"] for row in measured)


def check_table(check):
    rows, copying = [], copying_of(check)
    for name, network in check.items():
        for rate, row in network["rates"].items():
            model = scaling_model.Network({network["images"]: row["compute"]}, backward_share(network["activations"]),
                                          network["buckets"], copying)
            wire = scaling_model.Wire(row["latency"], row["bandwidth"])
            said = scaling_model.step(model, network["images"], 2, wire)
            apart = scaling_model.step(model, network["images"], 2, wire, overlap=False)
            rows.append([name, rate, f"{8e-6 * row['bandwidth']:.0f}", f"{1e6 * row['latency']:.0f}",
                         f"{ms(row['alone'])} / {ms(said.exchange)}", f"{row['hidden']:.0%} / {said.hidden():.0%}",
                         f"{ms(row['exposed'] + row['working'])} / {ms(said.seconds - said.compute)}",
                         ms(apart.seconds - said.compute), ms(row["compute"]), ms(row["waiting"] - row["exposed"]),
                         f"{ms(row['step'])} / {ms(said.seconds)}", f"{said.seconds / row['step'] - 1:+.0%}"])
    return table(["measured / model", "rate", "Mbit/s", "latency, us", "exchange alone, ms", "hidden", "not hidden, ms",
                  "without overlap", "compute, ms", "waiting for the other, ms", "step, ms", "off by"], rows)


def models_of(data):
    copying = copying_of(data["check"]) if "check" in data else 0.0
    return {name: scaling_model.Network(network["seconds"], backward_share(network["activations"]), network["buckets"],
                                        copying)
            for name, network in data["measure"]["networks"].items()}


def images_of_a_node(nodes, grows):
    return BATCH if grows else BATCH // nodes


def scaling_tables(models, wires):
    parts = []
    for label, wire in wires.items():
        for grows in (True, False):
            batch = f"{BATCH} images a node" if grows else f"{BATCH} images in all"
            rows = []
            for name, model in models.items():
                steps = [scaling_model.step(model, images_of_a_node(n, grows), n, wire) for n in NODES]
                gain = NODES[-1] if grows else 1
                rows.append([name, f"{1e-6 * model.bytes():.1f}", *[ms(step.seconds) for step in steps],
                             f"{gain * steps[0].seconds / steps[-1].seconds:.1f}", f"{steps[-1].hidden():.0%}"])
            parts.append(f"{label}, {batch}: ms a step\n\n" +
                         table(["network", "MB", *[str(n) for n in NODES], f"speed of {NODES[-1]} nodes", "hidden"],
                               rows))
    return "\n\n".join(parts)


def draw(models, wires, output):
    from plotting import matplotlib, plt

    figure, axes = plt.subplots(2, len(wires), figsize=(3.1 * len(wires), 6), sharex=True, sharey="row", squeeze=False)
    for column, (label, wire) in enumerate(wires.items()):
        for row, grows in enumerate((True, False)):
            axis = axes[row][column]
            for number, (name, model) in enumerate(models.items()):
                steps = [scaling_model.step(model, images_of_a_node(n, grows), n, wire) for n in NODES]
                shade = str(0.12 * (number // 2 % 6))
                axis.plot(NODES, [1e3 * step.compute for step in steps], linewidth=0.7, linestyle=":", color=shade)
                axis.plot(NODES, [1e3 * step.seconds for step in steps], linewidth=1.1, markersize=4, label=name,
                          color=shade, marker="os^vDx"[number % 6], linestyle="-" if number % 2 == 0 else "--",
                          markerfacecolor="white")
            axis.set_xscale("log", base=2)
            axis.set_yscale("log")
            axis.set_xticks(NODES)
            for each in (axis.xaxis, axis.yaxis):
                each.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:g}"))
            axis.yaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())
            axis.grid(True, linewidth=0.3)
            if row == 0:
                axis.set_title(label, fontsize=9)
            else:
                axis.set_xlabel("nodes")
    axes[0][0].set_ylabel(f"ms a step, {BATCH} images a node")
    axes[1][0].set_ylabel(f"ms a step, {BATCH} images in all")
    lines, names = axes[0][0].get_legend_handles_labels()
    figure.legend(lines, names, loc="lower center", ncol=len(names), fontsize=8, frameon=False)
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figure.savefig(output, metadata={"Date": None} if output.endswith(".svg") else None)
    print(output)


def wires_of(arguments):
    wires = {}
    for text in arguments.wire:
        match = re.fullmatch(r"(\d*\.?\d+)=(\d*\.?\d+)", text)
        if not match or float(match[1]) == 0:
            fail(f"--wire {text}: write GBIT=MICROSECONDS, as in 10=30")
        gigabits, microseconds = map(float, match.groups())
        # Ethernet's and TCP's headers take 66 + 24 of every 1538 bytes on the wire.
        wires[f"{gigabits:g} Gbit/s, {microseconds:g} us"] = scaling_model.Wire(1e-6 * microseconds,
                                                                                gigabits * 1e9 / 8 * 1448 / 1538)
    return wires


def show(data, arguments):
    wires = wires_of(arguments)
    try:
        if "check" in data:
            print(check_table(data["check"]), "\n")
        models = models_of(data) if "measure" in data else {}
        if not models:
            fail(f"{arguments.file} has no constants: run scaling.py measure")
        for model in models.values():
            model.seconds = {images: seconds / arguments.node_speed for images, seconds in model.seconds.items()}
        print(scaling_tables(models, wires))
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        fail(f"{arguments.file} is damaged: {type(error).__name__}: {error}")
    try:
        os.makedirs(os.path.dirname(arguments.output) or ".", exist_ok=True)
        draw(models, wires, arguments.output)
    except OSError as error:
        fail(f"cannot write {arguments.output}: {error.strerror}")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["measure", "check", "show", "all"])
    parser.add_argument("--file", default="runs/scaling.json", metavar="FILE", help="default: runs/scaling.json")
    parser.add_argument("--seconds", type=float, default=8, metavar="S", help="least time of each training (default 8)")
    group = parser.add_argument_group("measure")
    group.add_argument("--arch", nargs="+", default=NETWORKS, metavar="NAME")
    group.add_argument("--threads", type=int, default=0, metavar="N", help="0: all cores (default)")
    group = parser.add_argument_group("check")
    group.add_argument("--check-arch", nargs="+", default=["resnet32", "revnet110"], metavar="NAME")
    group.add_argument("--rate", nargs="+", default=["100mbit", "300mbit", "1gbit", "3gbit"], metavar="RATE")
    group.add_argument("--batch", type=int, default=100, metavar="N", help="images of both hosts together (default 100)")
    group.add_argument("--rounds", type=int, default=3, metavar="N", help="repetitions (default 3); medians are shown")
    group = parser.add_argument_group("show")
    group.add_argument("--wire", nargs="+", default=WIRES, metavar="GBIT=MICROSECONDS")
    group.add_argument("--node-speed", type=float, default=1, metavar="X",
                       help="speed of a node relative to the measured one (default 1)")
    group.add_argument("--output", default="runs/scaling.svg", metavar="FILE",
                       help=".svg, .png or .pdf (default runs/scaling.svg)")
    arguments = parser.parse_args()
    if min(arguments.batch, arguments.rounds) < 1 or arguments.seconds <= 0:
        parser.error("--batch, --rounds and --seconds must be positive")
    return arguments


def save(data, path):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(data, file, indent=1)


def load(path):
    """Returns what save() wrote, or nothing if there is no such file yet."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        try:
            data = json.load(file)
        except ValueError as error:
            fail(f"{path} is damaged: {error}")
    if not isinstance(data, dict):
        fail(f"{path} is damaged: it is no JSON object")
    return data


def check_show(arguments):
    """Refuses arguments that `show` cannot use, before `all` has measured for minutes."""
    from plotting import ENDINGS  # imported here, because measuring needs no matplotlib

    wires_of(arguments)
    if not arguments.node_speed > 0:
        fail("--node-speed must be positive")
    if not arguments.output.endswith(ENDINGS):
        fail(f"--output {arguments.output}: the name must end in one of {', '.join(ENDINGS)}")


def work(arguments):
    data = load(arguments.file)
    if arguments.what in ("show", "all"):
        check_show(arguments)
    if arguments.what in ("measure", "all"):
        data["measure"] = on_one_node(arguments)
        save(data, arguments.file)
    if arguments.what in ("check", "all"):
        data["check"] = {name: check_network(name, arguments) for name in arguments.check_arch}
        save(data, arguments.file)
    if arguments.what in ("show", "all"):
        show(data, arguments)


def main():
    arguments = parse()
    try:
        work(arguments)
    except (ModuleNotFoundError, OSError, revnet_files.FileError) as error:
        fail(error)


if __name__ == "__main__":
    main()

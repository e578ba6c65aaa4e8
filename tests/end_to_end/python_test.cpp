// scripts/revnet_files.py reads the files that the commands write, and refuses formats that it does not know.
#include <doctest/doctest.h>

#include "end_to_end/runs.h"
#include "record/hdf5.h"
#include "settings/config_schema.h"

namespace revnet::testing {
namespace {

namespace fs = std::filesystem;

TEST_CASE("every Python script that needs no PyTorch, or all if there is one, explains itself") {
  if (!can_draw()) return;  // figures.py needs both packages, even to explain itself
  const TemporaryDirectory folder;
  CHECK(python(folder.path(), R"(
import contextlib, importlib.util, io, os, runpy
has_torch = importlib.util.find_spec("torch")
for name in sorted(os.listdir(sys.path[0])):
    path = os.path.join(sys.path[0], name)
    if not name.endswith(".py") or "argparse" not in open(path).read():
        continue
    if not has_torch and "torch" in open(path).read():
        continue
    sys.argv, text = [name, "--help"], io.StringIO()
    try:
        with contextlib.redirect_stdout(text):
            runpy.run_path(path, run_name="__main__")
        print(name, "did not stop")
    except SystemExit as end:
        if end.code or "usage:" not in text.getvalue():
            print(name, end.code, text.getvalue())
)") == "");
}

TEST_CASE("Python reads a run and its checkpoint, and revnet resumes from what Python writes") {
  if (!has_h5py()) return;
  const TemporaryDirectory folder;
  succeeded(train(folder.path(), {"synthetic", "--arch", "revnet38", "--batch", "50", "--iterations", "2",
                                  "--log-every", "1", "--run-dir", "run"}));
  const RunLog log = open_log(folder / "run");
  const Checkpoint checkpoint = open_checkpoint(folder / "run");
  char expected[400];
  std::snprintf(expected, sizeof expected,
                "complete revnet38 1\n[1, 2]\n%.17g %.17g\n%lld\n%zu %zu %zu\n%.9g\n",
                log.train().at(1).cross_entropy, log.eval().at(0).error_percent,
                static_cast<long long>(log.bytes_of("parameters")), checkpoint.parameters.size(),
                checkpoint.momentum.size(), checkpoint.running.size(),
                static_cast<double>(checkpoint.parameters.at(0).values.at(0)));
  CHECK(python(folder.path(), R"(
import revnet_files
run = revnet_files.read_run("run")
print(run.attributes["status"], run.attributes["architecture"], run.attributes["seed"])
print(list(run.train["iteration"]))
print("%.17g %.17g" % (run.train["cross_entropy"][1], run.evaluation["error_percent"][0]))
print(run.bytes["parameters"])
checkpoint = revnet_files.read_checkpoint("run/checkpoint.h5")
assert checkpoint.iteration == 2 and "architecture: revnet38" in checkpoint.config
print(len(checkpoint.parameters), len(checkpoint.momentum), len(checkpoint.running))
print("%.9g" % next(iter(checkpoint.parameters.values())).ravel()[0])
)") == expected);

  // Python writes the checkpoint. A second write, which a limit of 1,000 bytes fails, must not change the
  // file.
  CHECK(python(folder.path(), R"(
import os, resource, revnet_files
checkpoint = revnet_files.read_checkpoint("run/checkpoint.h5")
revnet_files.write_checkpoint("copy.h5", checkpoint)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    revnet_files.write_checkpoint("copy.h5", checkpoint)
except revnet_files.FileError as error:
    print(error, os.path.exists("copy.h5.tmp"))
)") == "cannot write copy.h5: File too large False\n");
  const Checkpoint copy = read_checkpoint(folder / "copy.h5");
  CHECK(copy.parameters == checkpoint.parameters);
  CHECK(copy.momentum == checkpoint.momentum);
  CHECK(copy.running == checkpoint.running);
  CHECK(copy.progress == checkpoint.progress);
  CHECK(copy.config == checkpoint.config);
}

TEST_CASE("Python reads the parts that only some logs have") {
  if (!has_h5py()) return;
  const TemporaryDirectory folder;
  RunInfo info;
  info.config = to_yaml(Config());
  RunLog log = RunLog::create(folder / "run.h5", info);
  log.save();
  const std::string script = R"(
import revnet_files
run = revnet_files.read_run("run.h5")
print({name: list(column) for name, column in run.evaluation_average.items()}, run.all_reduce, run.exact_coupling)
)";
  CHECK(python(folder.path(), script) == "{} {} {}\n");
  log.append_average(EvalRow{10, 0.5, 25});
  log.set_all_reduce({{"steps", 10}});
  log.set_exact_coupling({{"grid_bits", 13}});
  log.save();
  CHECK(python(folder.path(), script) ==
        "{'cross_entropy': [0.5], 'error_percent': [25.0], 'iteration': [10]} {'steps': 10.0} {'grid_bits': "
        "13.0}\n");
}

TEST_CASE("Python refuses files of a newer version and files that are not revnet's") {
  if (!has_h5py()) return;
  const TemporaryDirectory folder;
  hdf5::Writer newer(folder / "newer.h5");
  newer.attribute("/", "format_version", std::int64_t{2});
  newer.save();
  hdf5::Writer other(folder / "other.h5");
  other.save();
  write_file(folder / "text.h5", "no HDF5");
  const auto refusal = [&](const std::string& call) {
    return python(folder.path(), "import revnet_files\ntry:\n  revnet_files." + call +
                                     "\nexcept revnet_files.FileError as e:\n  print(e)\n");
  };
  const std::string said =
      "has format version 2, newer than this script's 1; use the scripts of a newer revnet\n";
  CHECK(refusal("read_checkpoint('newer.h5')") == "newer.h5 " + said);
  CHECK(refusal("read_run('newer.h5')") == "newer.h5 " + said);
  CHECK(contains(refusal("read_run('other.h5')"), "other.h5 is not revnet's"));
  CHECK(contains(refusal("read_run('text.h5')"), "cannot read text.h5"));
  CHECK(contains(refusal("read_run('none')"), "cannot read none"));
}

TEST_CASE("figures draw means over rows and over runs") {
  if (!can_draw()) return;
  const TemporaryDirectory folder;
  CHECK(python(folder.path(),
               "import plotting, run_figures as f\n"
               "print(f.smoothed([1, 3, 5], 2), plotting.mean_and_deviation([1, 3, 5]), "
               "plotting.mean_and_deviation([7]))\n"
               "import numpy as np\n"
               "tables = [{'iteration': np.array([1, 2]), 'x': np.array([1., 2.])},\n"
               "          {'iteration': np.array([2, 3]), 'x': np.array([4., 8.])}]\n"
               "print([list(map(float, part)) for part in f.columns_over(tables, 'x')[:2]])\n") ==
        "[1.0, 2.0, 4.0] (3, 2.0) (7, nan)\n[[2.0], [3.0]]\n");
}

TEST_CASE("Python and C++ agree on which settings act on results, and on those that old logs lack") {
  if (!has_h5py()) return;
  const TemporaryDirectory folder;
  std::string expected;
  for (const Setting& setting : settings()) {
    if (setting.effect != Effect::result) expected += setting.key + "\n";
  }
  CHECK(python(folder.path(), "import revnet_files\nprint('\\n'.join(revnet_files.WITHOUT_EFFECT))\n") ==
        expected);
  // ADDED stands in for whatever the oldest log lacks.
  const std::string oldest_log =
      REVNET_SCRIPTS_DIR "/../experiments/results/runs/cifar10-tenth/resnet32/run.h5";
  std::string all;
  for (const Setting& setting : settings()) {
    if (setting.effect == Effect::result) all += "'" + setting.key + "', ";
  }
  CHECK(python(folder.path(),
               "import revnet_files\nlogged = revnet_files.settings_of(revnet_files.read_run('" + oldest_log +
                   "').config)\nprint([key for key in (" + all + ") if key not in logged])\n") == "[]\n");
  write_file(folder / "defaults.yaml", to_yaml(Config()));
  CHECK(python(folder.path(),
               "import revnet_files\nsettings = revnet_files.settings_of(open('defaults.yaml').read())\n"
               "print([key for key, value in revnet_files.ADDED.items() if settings[key] != value])\n") ==
        "[]\n");
}

}  // namespace
}  // namespace revnet::testing

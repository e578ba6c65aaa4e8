#include "end_to_end/runs.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <sstream>

#include <doctest/doctest.h>

namespace revnet::testing {
namespace {

namespace fs = std::filesystem;

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<std::uint32_t>(a[i]) != std::bit_cast<std::uint32_t>(b[i])) return false;
  }
  return true;
}

std::string first_difference(const std::string& group, const std::vector<NamedArray>& a,
                             const std::vector<NamedArray>& b) {
  if (a.size() != b.size()) return group + " in number";
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool same =
        a[i].name == b[i].name && a[i].shape == b[i].shape && same_bits(a[i].values, b[i].values);
    if (!same) return group + "/" + a[i].name;
  }
  return "";
}

std::string first_difference(const std::vector<RunningAverage>& a, const std::vector<RunningAverage>& b) {
  if (a.size() != b.size() || a.empty()) return "running averages in number";
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool same =
        a[i].name == b[i].name && same_bits(a[i].mean, b[i].mean) && same_bits(a[i].variance, b[i].variance);
    if (!same) return "running/" + a[i].name;
  }
  return "";
}

std::string first_difference(const Checkpoint& a, const Checkpoint& b) {
  if (a.iteration != b.iteration) {
    return "checkpoint iteration " + std::to_string(a.iteration) + " and " + std::to_string(b.iteration);
  }
  for (const auto& [name, value] : a.progress) {
    if (!name.ends_with("seconds") && (b.progress.count(name) == 0 || b.progress.at(name) != value)) {
      return "progress/" + name;
    }
  }
  if (a.parameters.empty()) return "no parameters";
  std::string found = first_difference("parameters", a.parameters, b.parameters);
  if (found.empty()) found = first_difference("momentum", a.momentum, b.momentum);
  if (found.empty()) found = first_difference("average", a.average, b.average);
  if (found.empty()) found = first_difference(a.running, b.running);
  return found;
}

std::string first_difference(const RunLog& a, const RunLog& b) {
  if (a.status() != b.status()) return "status";
  if (a.train().size() != b.train().size()) {
    return "rows of /train: " + std::to_string(a.train().size()) + " and " + std::to_string(b.train().size());
  }
  if (a.eval().size() != b.eval().size()) return "rows of /eval in number";
  if (a.eval_average() != b.eval_average()) return "rows of /eval_average";
  return first_difference_of_rows(a, b);
}

}  // namespace

std::string first_difference_of_rows(const RunLog& a, const RunLog& b) {
  for (std::size_t i = 0; i < std::min(a.train().size(), b.train().size()); ++i) {
    TrainRow other = b.train()[i];
    other.seconds = a.train()[i].seconds;
    if (!(a.train()[i] == other)) return "row " + std::to_string(i) + " of /train";
  }
  for (std::size_t i = 0; i < std::min(a.eval().size(), b.eval().size()); ++i) {
    if (!(a.eval()[i] == b.eval()[i])) return "row " + std::to_string(i) + " of /eval";
  }
  return "";
}

Arguments join(Arguments first, const Arguments& more) {
  first.insert(first.end(), more.begin(), more.end());
  return first;
}

Environment for_mpirun(const std::filesystem::path& folder) {
  return {{"REVNET_THREADS", "1"},
          {"OMPI_ALLOW_RUN_AS_ROOT", "1"},
          {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
          {"OMPI_MCA_orte_tmpdir_base", folder.string()}};
}

RunLog open_log(const fs::path& run) {
  return RunLog::open(RunFiles(run).run_log());
}

Checkpoint open_checkpoint(const fs::path& run) {
  return read_checkpoint(RunFiles(run).checkpoint());
}

Config open_config(const fs::path& run) {
  Config config;
  read_config_file(config, RunFiles(run).config());
  return config;
}

std::int64_t saved_iterations(const fs::path& run) {
  return fs::exists(RunFiles(run).checkpoint()) ? open_checkpoint(run).iteration : 0;
}

std::string first_difference(const fs::path& a, const fs::path& b) {
  const std::string found = first_difference(open_checkpoint(a), open_checkpoint(b));
  return found.empty() ? first_difference(open_log(a), open_log(b)) : found;
}

bool has_h5py() {
  static const bool has = std::system("/usr/bin/python3 -c 'import h5py' 2> /dev/null") == 0;
  if (!has) MESSAGE("python3-h5py is not installed: scripts that read files are not tested");
  return has;
}

bool can_draw() {
  // Where $MPLCONFIGDIR is new, matplotlib collects its fonts now, because it may warn that this takes long.
  static const bool can = std::system(
                              "/usr/bin/python3 -c 'from importlib.util import find_spec as find; import os\n"
                              "if not (find(\"h5py\") and find(\"matplotlib\")): exit(1)\n"
                              "if not os.path.isdir(os.environ.get(\"MPLCONFIGDIR\", \"/\")): "
                              "import matplotlib.font_manager'") == 0;
  if (!can) MESSAGE("python3-h5py or python3-matplotlib is not installed: no figure is drawn");
  return can;
}

std::string python(const fs::path& folder, const std::string& script) {
  write_file(folder / "script.py", "import sys\nsys.path.insert(0, '" REVNET_SCRIPTS_DIR "')\n" + script);
  const std::string command =
      "cd '" + folder.string() + "' && /usr/bin/python3 script.py > python.out 2>&1 || true";
  if (std::system(command.c_str()) != 0) return "(no shell)";
  return read_file(folder / "python.out");
}

std::vector<std::string> figures(const std::filesystem::path& folder,
                                 const std::vector<std::string>& arguments) {
  write_file(folder / "draw.py", R"(import shlex, sys
sys.path.insert(0, ")" REVNET_SCRIPTS_DIR R"(")
import figures
for line in sys.stdin:
    try:
        figures.main(shlex.split(line))
    except SystemExit as refusal:
        print(refusal)
)");
  std::string lines;
  for (const std::string& line : arguments) lines += line + "\n";
  write_file(folder / "draw.in", lines);
  const std::string command =
      "cd '" + folder.string() + "' && /usr/bin/python3 draw.py < draw.in > draw.out 2> draw.err";
  const int status = std::system(command.c_str());
  INFO(read_file(folder / "draw.err"));
  CHECK(status == 0);
  std::istringstream printed(read_file(folder / "draw.out"));
  std::vector<std::string> answers;
  for (std::string line; std::getline(printed, line);) answers.push_back(line);
  return answers;
}

}  // namespace revnet::testing

// revnet-compare memory
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "command_line.h"
#include "compare_commands.h"
#include "measured_cases.h"
#include "option_values.h"
#include "ranks/communicator.h"
#include "setting_options.h"
#include "study/largest_batch.h"
#include "study/memory_study.h"
#include "study/study_log.h"
#include "system/interrupt.h"
#include "system/process.h"
#include "train/setup.h"

namespace revnet {
namespace {

struct MemoryRequest {
  explicit MemoryRequest(CLI::App& app) : settings(app, {"network.engine", "training.threads"}) {
    settings.take_any_setting(app);
  }

  SettingOptions settings;
  std::vector<std::string> architectures, activations, batches;  // empty: the defaults
  std::vector<std::int64_t> units;  // empty: those of network.units, or else the default
  std::int64_t steps = 2, image_size = 0, classes = 0;
  std::string limit, format = "text", output = "runs/memory.h5";
  bool force = false, tries = false, child = false;
};

// The line that the measuring process prints and its parent reads.
std::string encode(const MemoryResult& result) {
  std::ostringstream line;
  line.precision(17);
  line << result.saved_bytes << ' ' << result.tape_bytes << ' ' << result.peak_bytes << ' '
       << result.resident_bytes << ' ' << result.macs << ' ' << result.seconds;
  return line.str();
}

MemoryResult decode(const std::string& line) {
  std::istringstream in(line);
  MemoryResult result;
  in >> result.saved_bytes >> result.tape_bytes >> result.peak_bytes >> result.resident_bytes >>
      result.macs >> result.seconds;
  if (!in) throw Error("the measuring process printed " + in_quotes(line) + " instead of its results");
  return result;
}

// Measures in a new process, because the peak of a process's resident memory never falls. Returns nothing if
// a signal ended it, for Ctrl-C reaches both processes.
std::optional<MemoryResult> measure_in_child(const Config& config, std::int64_t steps) {
  const std::string self = "/proc/self/exe";  // this very program, even if a new one has taken its place
  std::vector<std::string> words{self, "memory", "--measure", fmt::format("--steps={}", steps)};
  for (const SettingDifference& setting : differences(config, Config{})) {
    if (find_setting(setting.key)->effect == Effect::result || setting.key == "training.threads")
      words.push_back(fmt::format("--set={}={}", setting.key, setting.left));
  }
  try {
    MemoryResult result = decode(output_of(words));
    result.of = config;
    return result;
  } catch (const Error& error) {
    if (interrupted()) return {};
    const std::string text = error.what();
    throw Error("{}", text.starts_with(self) ? "the measuring process" + text.substr(self.size()) : text);
  }
}

// The names of all activation modes.
std::vector<std::string> all_modes() {
  std::vector<std::string> modes = find_setting("network.activations")->choices;
  std::erase(modes, name(Config::Network::Activations::automatic));
  return modes;
}

const std::vector<std::int64_t> default_units{3, 6, 9, 12, 18, 24, 36};

// The numbers of units in each stage to measure; 0: as the settings say.
std::vector<std::int64_t> units_of(const MemoryRequest& request, const Config& config) {
  if (!request.limit.empty() || (request.units.empty() && !config.network.units.empty())) return {0};
  return request.units.empty() ? default_units : request.units;
}

Config with_units(Config config, std::int64_t units) {
  if (units > 0) config.network.units.assign(architecture(config).stages.size(), units);
  return config;
}

// They change a training's memory, but what is measured has none of them.
const std::vector<std::string> not_measured{"training.micro_batch", "training.average_decay",
                                            "training.nesterov"};

bool acts_on_memory(const std::string& key) {
  return key.starts_with("network.") || key.starts_with("dataset.") || key.starts_with("batch_norm.") ||
         key == "training.batch" || key == "training.threads" || std::ranges::count(not_measured, key) > 0;
}

// Returns every requested combination that is possible, resolved.
std::vector<Config> cases_of(const MemoryRequest& request) {
  request.settings.refuse_ignored(acts_on_memory, "revnet-compare memory");
  require_defaults(request.settings.apply_to({}), not_measured, "revnet-compare memory");
  std::vector<Config> cases;
  for (Config config : with_networks(request.settings, request.architectures, {"resnet32", "revnet38"})) {
    if (request.image_size > 0) config.dataset.image_size = static_cast<int>(request.image_size);
    if (request.classes > 0) config.dataset.classes = static_cast<int>(request.classes);
    config = for_measuring(std::move(config));
    const bool open = config.network.activations == Config::Network::Activations::automatic;
    const std::vector<std::string> modes =
        request.activations.empty() && open ? all_modes() : request.activations;
    const std::vector<Config> batches = with_each({config}, "training.batch", request.batches, "--batch");
    for (const Config& mode : with_each(batches, "network.activations", modes, "--activations")) {
      if (!can_keep(architecture(mode), activation_mode(mode.network.activations))) continue;
      for (const std::int64_t units : units_of(request, mode)) {
        cases.push_back(resolve(with_units(mode, units)));
      }
    }
  }
  if (cases.empty()) throw UsageError("nothing to measure: a ResNet's activations cannot be reconstructed");
  return cases;
}

int run_study(const MemoryRequest& request, const std::string& command) {
  const TableFormat format = table_format(request.format);
  MemoryStudy study;
  const std::vector<Config> cases = cases_of(request);
  claim_study_log(request.output, request.force);
  catch_interrupts();
  const MeasuredCases done = measure_each(cases, whole_case, [&](const Config& config) {
    std::optional<MemoryResult> result =
        request.steps == 0 ? plan_case(config) : measure_in_child(config, request.steps);
    if (result) study.push_back(*std::move(result));
    return result.has_value();
  });
  std::cout << (format == TableFormat::csv ? memory_data(study) : memory_table(study)).format(format);
  const Table growth = growth_table(study);
  if (!growth.empty()) {
    std::cout << '\n';
    if (format != TableFormat::csv)
      std::cout << "Growth with the number of units L (residual of the fit, relative to the mean):\n";
    std::cout << growth.format(format);
  } else {
    std::cerr << fmt::format("a fit of the growth with depth needs at least {} depths (--units)\n",
                             depths_for_growth);
  }
  std::cout.flush();
  if (!study.empty()) {  // otherwise a file that --force was to replace stays
    write_memory_log(request.output, study, command);
    std::cerr << fmt::format("written to {}; {}\n", request.output, how_to_draw("memory", request.output));
  }
  return exit_code(done);
}

// Returns a row of the table of largest batches; nothing if a signal ended a step.
std::vector<std::string> limit_row(const Config& config, std::uint64_t limit, bool tries) {
  const std::string network = network_name(config.network), mode = name(config.network.activations);
  const RunStep run = [&](const Config& with_batch) {
    std::cerr << fmt::format("{}, {}: a step with batch {}\n", network, mode, with_batch.training.batch);
    return measure_in_child(with_batch, 1);
  };
  const std::optional<LargestBatch> found = find_largest_batch(config, limit, tries ? run : RunStep());
  if (!found) return {};
  if (found->batch == 0) {
    std::cerr << fmt::format("{}, {}: a batch of 1 needs {}, more than {}\n", network, mode,
                             format_bytes(found->planned_bytes), format_bytes(limit));
    return {network, mode, "0", "-", "-", "-"};
  }
  std::vector<std::string> row{network, mode, fmt::to_string(found->batch),
                               format_bytes(found->planned_bytes)};
  if (found->resident_bytes == 0) {
    row.insert(row.end(), 2, "-");
  } else {
    row.push_back(format_bytes(found->resident_bytes));
    row.push_back(fmt::format("{:.1f} %",
                              100 * static_cast<double>(found->resident_bytes) / static_cast<double>(limit)));
  }
  return row;
}

int run_limit(const MemoryRequest& request) {
  request.settings.refuse_ignored([](const std::string& key) { return key != "training.batch"; },
                                  "--memory-limit");
  const TableFormat format = table_format(request.format);
  const std::uint64_t limit = parse_bytes(request.limit, "--memory-limit");
  Table table({"network", "activations", "largest batch", "planned", "resident", "of the limit"});
  catch_interrupts();
  const MeasuredCases done = measure_each(cases_of(request), network_and_mode, [&](const Config& config) {
    std::vector<std::string> row = limit_row(config, limit, request.tries);
    if (row.empty()) return false;
    table.add(std::move(row));
    return true;
  });
  std::cout << table.format(format) << std::flush;
  return exit_code(done);
}

int run_memory(const MemoryRequest& request, const std::string& command) {
  if (request.child) {
    std::cout << encode(measure_case(resolve(request.settings.apply_to({})), request.steps)) << std::endl;
    return static_cast<int>(ExitCode::done);
  }
  return request.limit.empty() ? run_study(request, command) : run_limit(request);
}

}  // namespace

void add_memory_command(CLI::App& app, const Invocation& invocation) {
  CLI::App* memory =
      app.add_subcommand("memory", "measures memory, arithmetic and time of the activation modes, by depth");
  auto request = std::make_shared<MemoryRequest>(*memory);
  add_repeated_option(*memory, "network.architecture", request->architectures)
      ->default_str("resnet32,revnet38");
  CLI::Option* const batch = add_repeated_option(*memory, "training.batch", request->batches);
  add_repeated_option(*memory, "network.activations", request->activations, all_modes())->default_str("all");
  memory
      ->add_option("--units", request->units,
                   "units per stage in place of network.units; 0: the network's own")
      ->type_name("N,...")
      ->delimiter(',')
      ->take_all()
      ->allow_extra_args(false)
      ->check(CLI::Range(0, 1000))
      ->default_str(fmt::format("{}", fmt::join(default_units, ",")));
  const auto images = [&](const char* option, std::int64_t& number, std::int64_t most, const char* help) {
    memory->add_option(option, number, help)
        ->type_name("N")
        ->check(CLI::Range(std::int64_t{0}, most))
        ->capture_default_str();
  };
  images("--image-size", request->image_size, 4096,
         "pixels a side; 0: the size that the network is made for");
  images("--classes", request->classes, 1'000'000, "classes; 0: the number that the network is made for");
  memory->add_option("--steps", request->steps, "timed steps per case; 0: plan memory only")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000}))
      ->capture_default_str();
  memory
      ->add_option("--memory-limit", request->limit,
                   "find the largest batch whose plan fits into so much, such as 8GiB")
      ->type_name("BYTES")
      ->excludes(batch)
      ->excludes("--units")
      ->excludes("--steps");
  memory->add_flag("--try", request->tries, "also run that batch")->needs("--memory-limit");
  add_format_option(*memory, request->format);
  memory->add_option("--output", request->output, "HDF5 file for all results")
      ->type_name("FILE.h5")
      ->excludes("--memory-limit")
      ->capture_default_str();
  memory->add_flag("--force", request->force, "replace an existing --output")->excludes("--memory-limit");
  memory->add_flag("--measure", request->child)->group("");  // one case, in this process
  memory->callback([request, invocation] {
    *invocation.exit_code = guarded("revnet-compare memory", [&] {
      require_one_process("revnet-compare memory");
      return run_memory(*request, invocation.command);
    });
  });
}

}  // namespace revnet

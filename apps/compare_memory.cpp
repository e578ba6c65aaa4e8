// revnet-compare memory
#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "command_line.h"
#include "compare_commands.h"
#include "option_values.h"
#include "ranks/communicator.h"
#include "study/memory_study.h"
#include "study/study_log.h"
#include "system/interrupt.h"
#include "system/process.h"
#include "train/load_data.h"
#include "train/memory_check.h"
#include "train/setup.h"
#include "training_options.h"

namespace revnet {
namespace {

struct MemoryRequest {
  explicit MemoryRequest(CLI::App& app) : settings(app, {"network.engine", "training.threads"}) {
    settings.take_any_setting(app);
  }

  TrainingOptions settings;
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

// A case and the settings that describe its network.
struct Case {
  MemoryCase what;
  Config config;
};

// Measures in a new process, because the peak of a process's resident memory never falls. Returns nothing if
// a signal ended it, for Ctrl-C reaches both processes.
std::optional<MemoryResult> measure_in_child(const Case& of, std::int64_t steps) {
  const MemoryCase& what = of.what;
  const std::string self = "/proc/self/exe";  // this very program, even if a new one has taken its place
  std::vector<std::string> words{self,
                                 "memory",
                                 "--measure",
                                 fmt::format("--arch={}", of.config.network.architecture),
                                 fmt::format("--activations={}", name(what.activations)),
                                 fmt::format("--engine={}", name(what.engine)),
                                 fmt::format("--units={}", what.units),
                                 fmt::format("--batch={}", what.batch),
                                 fmt::format("--threads={}", what.threads),
                                 fmt::format("--image-size={}", what.architecture.image_size),
                                 fmt::format("--classes={}", what.architecture.classes),
                                 fmt::format("--steps={}", steps)};
  for (const Setting& setting : settings()) {
    if (!setting.describes_network()) continue;
    words.push_back(fmt::format("--set={}={}", setting.key, setting.yaml(of.config)));
  }
  try {
    return decode(output_of(words));
  } catch (const Error& error) {
    if (interrupted()) return {};
    const std::string text = error.what();
    throw Error("{}", text.starts_with(self) ? "the measuring process" + text.substr(self.size()) : text);
  }
}

// The modes of --activations, else the one in the settings, else all.
std::vector<ActivationMode> modes_of(const MemoryRequest& request, Config settings) {
  std::vector<ActivationMode> modes;
  for (const std::string& mode : request.activations) {
    set_value(settings, "network.activations", mode, "--activations");
    modes.push_back(activation_mode(settings.network.activations));
  }
  if (!modes.empty()) return modes;
  if (settings.network.activations != Config::Network::Activations::automatic) {
    return {activation_mode(settings.network.activations)};
  }
  return {activation_modes.begin(), activation_modes.end()};
}

std::vector<std::int64_t> batches_of(const MemoryRequest& request, Config config) {
  std::vector<std::int64_t> batches;
  for (const std::string& batch : request.batches) {
    set_value(config, "training.batch", batch, "--batch");
    batches.push_back(config.training.batch);
  }
  if (batches.empty()) batches.push_back(config.training.batch);
  return batches;
}

// The network of these settings, for images of the size and number of classes that the options or else the
// settings ask for.
Architecture network_of(const MemoryRequest& request, const Config& config) {
  Architecture network = architecture_for_images(config);
  if (request.image_size > 0) network.image_size = request.image_size;
  if (request.classes > 0) network.classes = request.classes;
  return network;
}

const std::vector<std::int64_t> default_units{3, 6, 9, 12, 18, 24, 36};

std::vector<std::int64_t> units_of(const MemoryRequest& request, const Config& config) {
  if (!request.limit.empty() || (request.units.empty() && !config.network.units.empty())) return {0};
  return request.units.empty() ? default_units : request.units;
}

// Returns the network with so many units in each stage, which its name leaves to the table's other columns.
Architecture with_units(Architecture network, std::int64_t units, Config::Network settings) {
  settings.units.clear();
  if (units > 0) network.name = network_name(settings);
  return network;
}

std::vector<Case> cases_of(const MemoryRequest& request) {
  std::vector<Case> cases;
  const Config settings = request.settings.apply_to({});
  refuse_ignored(
      settings, {"training.micro_batch", "training.average_decay", "network.coupling", "network.convolution"},
      "revnet-compare memory");
  for (Config config : with_networks(request.settings, request.architectures, {"resnet32", "revnet38"})) {
    const Architecture network = network_of(request, config);
    config.network.activations = Config::Network::Activations::automatic;  // the cases have each their own
    config = resolve(with_images_for(network, std::move(config)));
    for (const std::int64_t batch : batches_of(request, config)) {
      for (const ActivationMode mode : modes_of(request, settings)) {
        if (!can_keep(network, mode)) continue;
        for (const std::int64_t units : units_of(request, config)) {
          cases.push_back({{with_units(network, units, config.network), units, mode, batch,
                            config.training.threads, network_options(config).engine},
                           config});
        }
      }
    }
  }
  if (cases.empty()) throw UsageError("nothing to measure: a ResNet's activations cannot be reconstructed");
  return cases;
}

int run_study(const MemoryRequest& request, const std::string& command) {
  const TableFormat format = table_format(request.format);
  MemoryStudy study;
  const std::vector<Case> cases = cases_of(request);
  claim_study_log(request.output, request.force);
  catch_interrupts();
  std::size_t begun = 0, left_out = 0;
  for (const Case& of : cases) {
    if (interrupted()) break;
    std::cerr << fmt::format("{}/{}  {}, {} units, {}, batch {}\n", ++begun, cases.size(),
                             of.what.architecture.name, of.what.network().units_text(),
                             name(of.what.activations), of.what.batch);
    try {
      const auto result = request.steps == 0 ? plan_case(of.what) : measure_in_child(of, request.steps);
      if (!result) break;
      study.results.push_back(*result);
      study.cases.push_back(of.what);
    } catch (const Error& error) {  // such as a case that needs more memory than there is
      std::cerr << "left out: " << error.what() << '\n';
      ++left_out;
    }
  }
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
  if (!study.cases.empty()) {  // otherwise a file that --force was to replace stays
    write_memory_log(request.output, study, command);
    std::cerr << fmt::format("written to {}; {}\n", request.output, how_to_draw("memory", request.output));
  }
  if (interrupted()) {
    std::cerr << fmt::format("interrupted after {} of {} cases\n", study.cases.size(), cases.size());
    return static_cast<int>(ExitCode::interrupted);
  }
  return static_cast<int>(left_out > 0 ? ExitCode::failed : ExitCode::done);
}

// Measures, at a small batch, what a process needs beside its arena: code, libraries, generated kernels.
std::optional<std::uint64_t> measured_overhead(Case of) {
  of.what.batch = 8;
  const std::optional<MemoryResult> small = measure_in_child(of, 1);
  if (!small) return {};
  return small->resident_bytes - std::min(small->resident_bytes, plan_case(of.what).arena_bytes);
}

// Returns a row of the table: the largest batch of a network in one activation mode, for which a training's
// checkpoint and images (of CIFAR, or as many photographs as ImageNet has) leave room. A signal while that
// batch is tried leaves nothing.
std::vector<std::string> largest_that_fits(Case of, std::uint64_t limit, bool tries) {
  MemoryCase& what = of.what;
  const std::optional<std::uint64_t> overhead =
      tries ? measured_overhead(of) : bytes_of_process(what.threads);
  if (!overhead) return {};
  const std::uint64_t checkpoint =
      bytes_of_checkpoint(of.config, plan_memory(what.network(), network_options(of.config), what.threads));
  Config data = of.config;
  if (!has_photographs(data)) data.dataset.name = Config::Dataset::Name::cifar10;
  const auto planned = [&](std::int64_t batch) {
    what.batch = batch;
    return plan_case(what).arena_bytes + *overhead + checkpoint + dataset_bytes(data, batch);
  };
  const std::string network = what.architecture.name, mode(name(what.activations));
  what.batch = largest_batch(limit, planned);
  if (what.batch == 0) {
    std::cerr << fmt::format("{}, {}: a batch of 1 needs {}, more than {}\n", network, mode,
                             format_bytes(planned(1)), format_bytes(limit));
    return {network, mode, "0", "-", "-", "-"};
  }
  const std::string batch = fmt::to_string(what.batch), bytes = format_bytes(planned(what.batch));
  if (!tries) return {network, mode, batch, bytes, "-", "-"};
  std::cerr << fmt::format("{}, {}: trying batch {}\n", network, mode, batch);
  const std::optional<MemoryResult> tried = measure_in_child(of, 1);
  if (!tried) return {};
  return {
      network,
      mode,
      batch,
      bytes,
      format_bytes(tried->resident_bytes),
      fmt::format("{:.1f} %", 100 * static_cast<double>(tried->resident_bytes) / static_cast<double>(limit))};
}

int run_limit(const MemoryRequest& request) {
  const TableFormat format = table_format(request.format);
  const std::uint64_t limit = parse_bytes(request.limit, "--memory-limit");
  Table table({"network", "activations", "largest batch", "planned", "resident", "of the limit"});
  std::size_t left_out = 0;
  catch_interrupts();
  for (const Case& of : cases_of(request)) {
    if (interrupted()) break;
    try {
      std::vector<std::string> row = largest_that_fits(of, limit, request.tries);
      if (row.empty()) break;
      table.add(std::move(row));
    } catch (const Error& error) {  // such as a batch that this machine has no memory for
      std::cerr << "left out: " << error.what() << '\n';
      ++left_out;
    }
  }
  std::cout << table.format(format) << std::flush;
  if (interrupted()) return static_cast<int>(ExitCode::interrupted);
  return static_cast<int>(left_out > 0 ? ExitCode::failed : ExitCode::done);
}

int run_memory(const MemoryRequest& request, const std::string& command) {
  if (request.child) {
    const std::vector<Case> cases = cases_of(request);
    std::cout << encode(measure_case(cases.front().what, request.steps)) << std::endl;
    return static_cast<int>(ExitCode::done);
  }
  return request.limit.empty() ? run_study(request, command) : run_limit(request);
}

}  // namespace

void add_memory_command(CLI::App& app, const Invocation& invocation) {
  CLI::App* memory =
      app.add_subcommand("memory", "measures memory, arithmetic and time of the activation modes, by depth");
  auto request = std::make_shared<MemoryRequest>(*memory);
  std::vector<std::string> ways = find_setting("network.activations")->choices;
  std::erase(ways, name(Config::Network::Activations::automatic));
  add_repeated_option(*memory, "network.architecture", request->architectures)
      ->default_str("resnet32,revnet38");
  CLI::Option* const batch = add_repeated_option(*memory, "training.batch", request->batches);
  add_repeated_option(*memory, "network.activations", request->activations, ways)->default_str("all");
  memory
      ->add_option("--units", request->units,
                   "units per stage in place of network.units; 0: the network's own")
      ->type_name("N,...")
      ->delimiter(',')
      ->take_all()
      ->allow_extra_args(false)
      ->check(CLI::Range(0, 1000))
      ->default_str(fmt::format("{}", fmt::join(default_units, ",")));
  const auto images = [&](const char* option, std::int64_t& number, const char* help) {
    memory->add_option(option, number, help)
        ->type_name("N")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000}))
        ->capture_default_str();
  };
  images("--image-size", request->image_size, "pixels a side; 0: the size that the network is made for");
  images("--classes", request->classes, "classes; 0: the number that the network is made for");
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

// revnet-compare memory
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <sstream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "compare_commands.h"
#include "option_values.h"
#include "study/memory_study.h"
#include "study/study_log.h"
#include "system/host.h"
#include "system/process.h"
#include "train/communicator.h"
#include "train/interrupt.h"
#include "train/setup.h"
#include "training_options.h"

namespace revnet {
namespace {

struct MemoryRequest {
  explicit MemoryRequest(CLI::App& app)
      : settings(app, {"network.engine", "training.batch", "training.threads"}) {}

  TrainingOptions settings;
  std::vector<std::string> architectures{"resnet32", "revnet38"}, activations;
  std::vector<std::int64_t> units{3, 6, 9, 12, 18, 24, 36};
  std::int64_t steps = 2;
  std::string limit, format = "text", output = "runs/memory.h5";
  bool force = false, child = false;
};

// What a child prints and its parent reads.
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
  if (!in) throw Error("a measuring process printed " + in_quotes(line));
  return result;
}

// In a process of its own, since a process's peak of resident memory never falls.
MemoryResult measure_in_child(const MemoryCase& what, std::int64_t steps) {
  return decode(output_of(
      {program_path().string(), "memory", "--measure", fmt::format("--arch={}", what.architecture),
       fmt::format("--activations={}", name(what.activations)), fmt::format("--engine={}", name(what.engine)),
       fmt::format("--units={}", what.units), fmt::format("--batch={}", what.batch),
       fmt::format("--threads={}", what.threads), fmt::format("--steps={}", steps)}));
}

std::vector<ActivationMode> modes_of(const MemoryRequest& request) {
  std::vector<ActivationMode> modes;
  for (const std::string& mode : request.activations) {
    Config config;
    set_value(config, "network.activations", mode, "--activations");
    modes.push_back(activation_mode(config.network.activations));
  }
  if (modes.empty()) modes.assign(activation_modes.begin(), activation_modes.end());
  return modes;
}

std::vector<MemoryCase> cases_of(const MemoryRequest& request, const std::vector<std::int64_t>& units) {
  std::vector<MemoryCase> cases;
  for (const std::string& architecture : request.architectures) {
    Config config = request.settings.apply_to({});
    set_value(config, "network.architecture", architecture, "--arch");
    config = resolve(config);
    const NetworkOptions options = network_options(config);
    for (const ActivationMode mode : modes_of(request)) {
      if (!can_keep(find_architecture(architecture), mode)) continue;
      for (const std::int64_t count : units)
        cases.push_back({architecture, count, mode, options.batch, config.training.threads, options.engine});
    }
  }
  if (cases.empty()) throw UsageError("nothing to measure: a ResNet's activations cannot be reconstructed");
  return cases;
}

int run_study(const MemoryRequest& request, const std::string& command) {
  const TableFormat format = table_format(request.format);
  MemoryStudy study;
  const std::vector<MemoryCase> cases = cases_of(request, request.units);
  claim_study_log(request.output, request.force);
  catch_interrupts();
  for (const MemoryCase& what : cases) {
    if (interrupted()) break;
    std::fprintf(stderr, "%zu/%zu  %s, %lld units a stage, %s\n", study.cases.size() + 1, cases.size(),
                 what.architecture.c_str(), static_cast<long long>(what.units),
                 std::string(name(what.activations)).c_str());
    study.results.push_back(measure_in_child(what, request.steps));
    study.cases.push_back(what);
  }
  std::cout << memory_table(study).format(format);
  const Table growth = growth_table(study);
  if (!growth.empty()) {
    std::cout << "\nGrowth with the number of units L (what the fit leaves, of the mean):\n"
              << growth.format(format);
  } else {
    std::cerr << fmt::format("how they grow with the number of units shows from {} depths on (--units)\n",
                             depths_for_growth);
  }
  std::cout.flush();
  write_memory_log(request.output, study, command);
  std::cerr << "written to " << request.output
            << "; draw it with: " << figures_script(program_path()).string() << " memory " << request.output
            << '\n';
  return static_cast<int>(interrupted() ? ExitCode::interrupted : ExitCode::done);
}

// What a process needs beside its arena: code, libraries, generated kernels. Measured at a small batch.
std::uint64_t overhead_of(MemoryCase what) {
  what.batch = 8;
  const MemoryResult small = measure_in_child(what, 1);
  return small.resident_bytes - std::min(small.resident_bytes, plan_case(what).arena_bytes);
}

int run_limit(const MemoryRequest& request) {
  const TableFormat format = table_format(request.format);
  const std::uint64_t limit = parse_bytes(request.limit, "--memory-limit");
  Table table({"network", "activations", "largest batch", "planned", "resident", "of the limit"});
  catch_interrupts();
  for (MemoryCase what : cases_of(request, {0})) {
    if (interrupted()) break;
    const std::uint64_t overhead = overhead_of(what);
    const auto planned = [&](std::int64_t batch) {
      what.batch = batch;
      return plan_case(what).arena_bytes + overhead;
    };
    what.batch = largest_batch(limit, planned);
    if (what.batch == 0) {
      table.add({what.architecture, std::string(name(what.activations)), "0", "-", "-", "-"});
      continue;
    }
    const std::uint64_t bytes = planned(what.batch);
    std::fprintf(stderr, "%s, %s: trying batch %lld\n", what.architecture.c_str(),
                 std::string(name(what.activations)).c_str(), static_cast<long long>(what.batch));
    const MemoryResult result = measure_in_child(what, 1);
    table.add({what.architecture, std::string(name(what.activations)), fmt::to_string(what.batch),
               format_bytes(bytes), format_bytes(result.resident_bytes),
               fmt::format("{:.1f} %",
                           100 * static_cast<double>(result.resident_bytes) / static_cast<double>(limit))});
  }
  std::cout << table.format(format) << std::flush;
  return static_cast<int>(interrupted() ? ExitCode::interrupted : ExitCode::done);
}

int run_memory(const MemoryRequest& request, const std::string& command) {
  if (request.child) {
    const std::vector<MemoryCase> cases = cases_of(request, request.units);
    std::cout << encode(measure_case(cases.front(), request.steps)) << std::endl;
    return static_cast<int>(ExitCode::done);
  }
  return request.limit.empty() ? run_study(request, command) : run_limit(request);
}

}  // namespace

void add_memory_command(CLI::App& app, const Invocation& invocation) {
  CLI::App* memory =
      app.add_subcommand("memory", "memory, arithmetic, time of the ways to keep activations, by depth");
  auto request = std::make_shared<MemoryRequest>(*memory);
  std::vector<std::string> ways = find_setting("network.activations")->choices;
  std::erase(ways, name(Config::Network::Activations::automatic));
  add_repeated_option(*memory, "network.architecture", request->architectures)
      ->default_str("resnet32 revnet38");
  add_repeated_option(*memory, "network.activations", request->activations, ways)->default_str("all");
  memory->add_option("--units", request->units, "units a stage")
      ->type_name("N")
      ->take_all()
      ->allow_extra_args(false)
      ->check(CLI::Range(0, 1000))
      ->default_str("3 6 9 12 18 24 36");
  memory->add_option("--steps", request->steps, "steps timed for each line")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}))
      ->capture_default_str();
  memory
      ->add_option("--memory-limit", request->limit,
                   "find the largest batch that fits, such as 8GiB, by plan, and try it")
      ->type_name("BYTES");
  add_format_option(*memory, request->format);
  memory->add_option("--output", request->output, "where all figures go, as HDF5")
      ->type_name("FILE")
      ->capture_default_str();
  memory->add_flag("--force", request->force, "replace --output if it is there");
  memory->add_flag("--measure", request->child)->group("");  // one case, in this process
  memory->callback([request, invocation] {
    *invocation.exit_code = guarded("revnet-compare memory", [&] {
      require_one_process("revnet-compare memory");
      return run_memory(*request, invocation.command);
    });
  });
}

}  // namespace revnet

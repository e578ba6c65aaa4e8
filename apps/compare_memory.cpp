// revnet-compare memory
#include <algorithm>
#include <iostream>
#include <memory>
#include <sstream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "compare_commands.h"
#include "network_choice.h"
#include "option_values.h"
#include "study/memory_study.h"
#include "study/study_log.h"
#include "system/host.h"
#include "system/process.h"
#include "train/communicator.h"
#include "train/interrupt.h"
#include "train/memory_check.h"
#include "train/setup.h"
#include "training_options.h"

namespace revnet {
namespace {

struct MemoryRequest {
  explicit MemoryRequest(CLI::App& app) : networks(app, {"resnet32", "revnet38"}, "resnet32 revnet38") {}

  NetworkChoice networks;
  std::vector<std::string> activations;
  std::vector<std::int64_t> units{3, 6, 9, 12, 18, 24, 36};
  std::int64_t batch = 100, steps = 2, image_size = 0, classes = 0;
  int threads = 0;
  std::string engine = "auto", limit, format = "text", output = "runs/memory.h5";
  bool force = false, tries = false, child = false;
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

// A case, and the architecture's name without what is changed of it.
struct NamedCase {
  MemoryCase what;
  std::string architecture;
};

// In a process of its own, since a process's peak of resident memory never falls.
MemoryResult measure_in_child(const MemoryRequest& request, const NamedCase& named, std::int64_t steps) {
  const MemoryCase& what = named.what;
  std::vector<std::string> words{program_path().string(), "memory", "--measure"};
  const std::vector<std::string> network = request.networks.arguments(named.architecture);
  words.insert(words.end(), network.begin(), network.end());
  const auto give = [&](const char* option, const auto& value) {
    words.insert(words.end(), {option, fmt::format("{}", value)});
  };
  give("--activations", name(what.activations));
  give("--units", what.units);
  give("--batch", what.batch);
  give("--engine", name(what.engine));
  give("--threads", what.threads);
  give("--image-size", what.architecture.image_size);
  give("--classes", what.architecture.classes);
  give("--steps", steps);
  return decode(output_of(words));
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

// The network of these settings, for the images that are asked for.
Architecture network_of(const MemoryRequest& request, const Config& config) {
  Architecture network = architecture(config);
  if (request.image_size > 0) network.image_size = request.image_size;
  if (request.classes > 0) network.classes = request.classes;
  return network;
}

std::vector<NamedCase> cases_of(const MemoryRequest& request, const std::vector<std::int64_t>& units) {
  std::vector<NamedCase> cases;
  for (Config config : request.networks.settings()) {
    set_value(config, "network.engine", request.engine, "--engine");
    set_value(config, "training.threads", fmt::format("{}", request.threads), "--threads");
    const Architecture network = network_of(request, config);
    const NetworkOptions options = network_options(resolve(config));
    const int threads = resolve(config).training.threads;
    for (const ActivationMode mode : modes_of(request)) {
      if (!can_keep(network, mode)) continue;
      for (const std::int64_t count : units) {
        cases.push_back(
            {{network, count, mode, request.batch, threads, options.engine}, config.network.architecture});
      }
    }
  }
  if (cases.empty()) throw UsageError("nothing to measure: a ResNet's activations cannot be reconstructed");
  return cases;
}

int run_study(const MemoryRequest& request, const std::string& command) {
  const TableFormat format = table_format(request.format);
  MemoryStudy study;
  const std::vector<NamedCase> cases = cases_of(request, request.units);
  claim_study_log(request.output, request.force);
  catch_interrupts();
  for (const NamedCase& named : cases) {
    if (interrupted()) break;
    const MemoryCase& what = named.what;
    std::cerr << fmt::format("{}/{}  {}, {} units, {}\n", study.cases.size() + 1, cases.size(),
                             what.architecture.name, what.network().units_text(), name(what.activations));
    study.results.push_back(measure_in_child(request, named, request.steps));
    study.cases.push_back(what);
  }
  std::cout << memory_table(study).format(format);
  const Table growth = growth_table(study);
  if (!growth.empty()) {
    std::cout << "\nGrowth with the number of units L (what the fit leaves, of the mean):\n"
              << growth.format(format);
  }
  std::cout.flush();
  write_memory_log(request.output, study, command);
  std::cerr << "written to " << request.output << "; draw it with: scripts/figures.py memory "
            << request.output << '\n';
  return static_cast<int>(interrupted() ? ExitCode::interrupted : ExitCode::done);
}

// What a process needs beside its arena: code, libraries, generated kernels. Measured at a small batch.
std::uint64_t measured_overhead(const MemoryRequest& request, NamedCase named) {
  named.what.batch = 8;
  const MemoryResult small = measure_in_child(request, named, 1);
  return small.resident_bytes - std::min(small.resident_bytes, plan_case(named.what).arena_bytes);
}

// A line of the table: the largest batch of one network, kept in one way.
std::vector<std::string> largest_that_fits(const MemoryRequest& request, NamedCase named,
                                           std::uint64_t limit) {
  MemoryCase& what = named.what;
  const std::uint64_t overhead =
      request.tries ? measured_overhead(request, named) : bytes_of_process(what.threads);
  const auto planned = [&](std::int64_t batch) {
    what.batch = batch;
    return plan_case(what).arena_bytes + overhead;
  };
  const std::string network = what.architecture.name, mode(name(what.activations));
  what.batch = largest_batch(limit, planned);
  if (what.batch == 0) return {network, mode, "0", "-", "-", "-"};
  const std::uint64_t bytes = planned(what.batch);
  std::vector<std::string> line{network, mode, fmt::format("{}", what.batch), format_bytes(bytes)};
  if (!request.tries) {
    line.insert(line.end(), {"-", "-"});
    return line;
  }
  std::cerr << fmt::format("{}, {}: trying batch {}\n", network, mode, what.batch);
  const std::uint64_t resident = measure_in_child(request, named, 1).resident_bytes;
  line.push_back(format_bytes(resident));
  line.push_back(fmt::format("{:.1f} %", 100 * static_cast<double>(resident) / static_cast<double>(limit)));
  return line;
}

int run_limit(const MemoryRequest& request) {
  const TableFormat format = table_format(request.format);
  const std::uint64_t limit = parse_bytes(request.limit, "--memory-limit");
  Table table({"network", "activations", "largest batch", "planned", "resident", "of the limit"});
  catch_interrupts();
  for (const NamedCase& named : cases_of(request, {0})) {
    if (interrupted()) break;
    table.add(largest_that_fits(request, named, limit));
  }
  std::cout << table.format(format) << std::flush;
  return static_cast<int>(interrupted() ? ExitCode::interrupted : ExitCode::done);
}

int run_memory(const MemoryRequest& request, const std::string& command) {
  if (request.child) {
    const std::vector<NamedCase> cases = cases_of(request, request.units);
    std::cout << encode(measure_case(cases.front().what, request.steps)) << std::endl;
    return static_cast<int>(ExitCode::done);
  }
  return request.limit.empty() ? run_study(request, command) : run_limit(request);
}

}  // namespace

void add_memory_command(CLI::App& app, const Invocation& invocation) {
  CLI::App* memory = app.add_subcommand(
      "memory",
      "memory, arithmetic and time of the ways to keep activations against the number of units; with "
      "--memory-limit, the largest batch that fits");
  auto request = std::make_shared<MemoryRequest>(*memory);
  std::vector<std::string> ways = find_setting("network.activations")->choices;
  std::erase(ways, name(Config::Network::Activations::automatic));
  const auto many = [&](const char* option, auto& target, const char* type, const char* help) {
    return memory->add_option(option, target, help)->type_name(type)->take_all()->allow_extra_args(false);
  };
  many("--activations", request->activations, "MODE",
       "a way to keep activations; may be repeated; default: all")
      ->check(CLI::IsMember(ways));
  memory->add_option("--engine", request->engine, "fused, onednn or auto")
      ->type_name("ENGINE")
      ->check(choices_of_setting("network.engine"))
      ->capture_default_str();
  many("--units", request->units, "N", "units a stage; 0: as the network has them; may be repeated")
      ->check(CLI::Range(0, 1000))
      ->default_str("3 6 9 12 18 24 36");
  memory->add_option("--batch", request->batch, "images a step")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}))
      ->capture_default_str();
  memory->add_option("--threads", request->threads, "0: all cores this process may use")
      ->type_name("N")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  memory->add_option("--image-size", request->image_size, "pixels a side; 0: what each network is made for")
      ->type_name("N")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  memory->add_option("--classes", request->classes, "classes; 0: what each network is made for")
      ->type_name("N")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  memory->add_option("--steps", request->steps, "steps timed for each line")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}))
      ->capture_default_str();
  memory
      ->add_option("--memory-limit", request->limit,
                   "the largest batch of each network and way that fits, such as 8GiB, by plan")
      ->type_name("BYTES");
  memory->add_flag("--try", request->tries, "and run that batch, to see whether the plan holds")
      ->needs("--memory-limit");
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

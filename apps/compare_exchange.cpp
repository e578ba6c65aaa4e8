// revnet-compare exchange
#include <iostream>
#include <memory>

#include "base/error.h"
#include "command_line.h"
#include "compare_commands.h"
#include "option_values.h"
#include "ranks.h"
#include "study/exchange.h"
#include "system/interrupt.h"

namespace revnet {
namespace {

struct ExchangeRequest {
  std::int64_t repetitions = 20;
  std::string format = "text";
};

int run_exchange(const ExchangeRequest& request, Communicator& communicator) {
  TableFormat format = TableFormat::text;
  communicator.together([&] { format = table_format(request.format); });
  if (communicator.ranks() == 1) {
    throw UsageError(
        "a single process has nothing to exchange: start several, as in mpirun -n 2 revnet-compare exchange");
  }
  catch_interrupts(communicator.is_first());
  const std::vector<ExchangeTime> times =
      measure_exchange(communicator, exchange_sizes(), request.repetitions, interrupted);
  if (communicator.is_first()) {
    std::cout << exchange_table(communicator.ranks(), times).format(format);
  }
  return static_cast<int>(communicator.any(interrupted()) ? ExitCode::interrupted : ExitCode::done);
}

}  // namespace

void add_exchange_command(CLI::App& app, const Invocation& invocation) {
  auto request = std::make_shared<ExchangeRequest>();
  CLI::App* exchange =
      app.add_subcommand("exchange", "under mpirun or srun: times all-reduces between ranks, by size");
  exchange->add_option("--repetitions", request->repetitions, "repetitions of each size")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}))
      ->capture_default_str();
  add_format_option(*exchange, request->format);
  exchange->callback([request, invocation] {
    *invocation.exit_code = guarded_ranks("revnet-compare exchange", [&](Communicator& communicator) {
      return run_exchange(*request, communicator);
    });
  });
}

}  // namespace revnet

// revnet-compare: studies that compare ways of training.
#include "command_line.h"
#include "compare_commands.h"
#include "setting_options.h"

namespace {

using namespace revnet;

constexpr const char* examples = R"(Examples:
  revnet-compare gradient angle cifar10 --arch revnet38 --iterations 2000 --every 50
      the angle between gradients with stored and with reconstructed activations
  revnet-compare training cifar10 --arch revnet38 --iterations 2000 --validation
      the same training with stored and with reconstructed activations
  revnet-compare memory
      the paper's Table 1, measured
  revnet-compare memory --arch revnet110 --memory-limit 8GiB
      the largest batch that fits
  revnet-compare speed
      milliseconds per step of each CIFAR network, stored and reconstructed, with floor and limit
  revnet-compare speed --arch revnet38 --batch 16,100 --threads 1,2
  revnet-compare speed --arch revnet110 --activations reconstructed --profile
      the share of each kind of operation in a step
  mpirun -n 2 revnet-compare exchange
      latency and bandwidth between ranks

Exit codes: 0 done, 1 failed, 2 usage, 3 interrupted; of gradient angle and training also
4 diverged, 5 a damaged image.)";

int run(int argc, char** argv) {
  CLI::App app("Studies of reversible networks: gradients, training, memory, speed, exchange.",
               "revnet-compare");
  app.footer(examples + environment_help());
  app.require_subcommand(1);
  int result = 0;
  const Invocation invocation{command_line(argc, argv), &result};
  add_gradient_command(app, invocation);
  add_training_command(app, invocation);
  add_memory_command(app, invocation);
  add_speed_command(app, invocation);
  add_exchange_command(app, invocation);
  if (const int code = parse(app, argc, argv); code >= 0) return code;
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  return guarded_program("revnet-compare", [&] { return run(argc, argv); });
}

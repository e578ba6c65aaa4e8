// revnet-compare: studies that set one way of training against another.
#include "compare_commands.h"
#include "training_options.h"

namespace {

using namespace revnet;

constexpr const char* examples = R"(Examples:
  revnet-compare speed
      every network in every mode: milliseconds a step beside the floor of oneDNN's own primitives
  revnet-compare speed --arch revnet38 --batch 16 --batch 100 --threads 1 --threads 2
  revnet-compare speed --arch revnet110 --activations reconstructed --profile
      and where the time goes

Exit codes: 0 done, 1 failed, 2 usage, 3 interrupted.)";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Studies of training: speed.", "revnet-compare");
  app.footer(examples);
  app.require_subcommand(1);
  int result = 0;
  const Invocation invocation{command_line(argc, argv), &result};
  add_speed_command(app, invocation);
  if (const int code = parse(app, argc, argv); code >= 0) return code;
  return result;
}

#include "ranks.h"

#include <iostream>

#include <fmt/format.h>

#include "command_line.h"
#include "system/host.h"

namespace revnet {

int guarded_ranks(const std::string& program, const std::function<int(Communicator&)>& body) {
  std::unique_ptr<Communicator> communicator;
  const int started = guarded(program, [&] {
    communicator = make_communicator();
    return 0;
  });
  if (!communicator) return started;
  if (communicator->ranks() == 1) return guarded(program, [&] { return body(*communicator); });

  // Only rank 0 reports a failure that all ranks know of.
  const auto agreed = [&](const Error& error) {
    if (communicator->is_first()) std::cerr << program << ": " << error.what() << std::endl;
    return static_cast<int>(error.exit_code());
  };
  bool known_to_all = true;
  const std::string me = fmt::format("{}: rank {} on {}", program, communicator->rank(), host_name());
  int code = guarded(me, [&] {
    try {
      return body(*communicator);
    } catch (const AgreedError& error) {
      return agreed(error);
    } catch (const DivergedError& error) {
      return agreed(error);
    } catch (...) {
      known_to_all = false;
      throw;
    }
  });
  std::cout << std::flush;
  if (!known_to_all) communicator->abort(static_cast<ExitCode>(code));
  communicator->finish();
  return communicator->is_first() ? code : 0;
}

}  // namespace revnet

#include "fuzz/target.h"
#include "settings/config.h"

namespace revnet::fuzz {

void fuzz_config(Input input) {
  Config config;
  if (!succeeds([&] { read_config_text(config, text_of(input), "fuzz.yaml"); })) {
    require(config == Config{}, "a refused file changes nothing");
    return;
  }
  Config again;
  const std::string written = to_yaml(config);
  require(succeeds([&] { read_config_text(again, written, "written.yaml"); }), "settings can be read");
  require(again == config && to_yaml(again) == written, "written settings are read unchanged");
}

}  // namespace revnet::fuzz

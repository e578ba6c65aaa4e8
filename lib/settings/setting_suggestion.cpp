// What somebody may have meant who wrote a key that is none.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "settings/config_schema.h"

namespace revnet {
namespace {

// What other programs call a setting, which is too far from our name for the edit distance to find it.
struct Alias {
  std::string_view name;
  const char* key;
};
constexpr std::array aliases{
    Alias{"lr", "training.learning_rate"},         Alias{"wd", "training.weight_decay"},
    Alias{"batch_size", "training.batch"},         Alias{"steps", "training.iterations"},
    Alias{"max_steps", "training.iterations"},     Alias{"max_epochs", "training.epochs"},
    Alias{"warmup", "training.warmup_iterations"}, Alias{"warmup_steps", "training.warmup_iterations"},
    Alias{"lr_schedule", "training.schedule"},     Alias{"scheduler", "training.schedule"},
    Alias{"sched", "training.schedule"},           Alias{"smoothing", "training.label_smoothing"},
    Alias{"ema", "training.average_decay"},        Alias{"ema_decay", "training.average_decay"},
    Alias{"arch", "network.architecture"},         Alias{"model", "network.architecture"},
    Alias{"data_dir", "dataset.directory"},        Alias{"num_workers", "dataset.workers"},
    Alias{"bn_momentum", "batch_norm.decay"}};

}  // namespace

std::string suggestion(const std::string& unknown_key) {
  std::string leaf = unknown_key.substr(unknown_key.find('.') + 1);
  std::ranges::replace(leaf, '-', '_');
  std::vector<std::string> keys, same_leaf;
  for (const Setting& setting : settings()) {
    keys.push_back(setting.key);
    // Somebody who writes batch alone has forgotten the section.
    if (setting.leaf() == unknown_key) same_leaf.push_back("'" + setting.key + "'");
  }
  if (!same_leaf.empty()) return " (did you mean " + join(same_leaf, " or ") + "?)";
  const auto alias = std::ranges::find(aliases, leaf, &Alias::name);
  if (alias != aliases.end()) return " (did you mean " + in_quotes(alias->key) + "?)";
  return did_you_mean(unknown_key, keys);
}

}  // namespace revnet

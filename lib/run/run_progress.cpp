#include "run/run_progress.h"

#include "base/error.h"

namespace revnet {
namespace {

constexpr const char* cross_entropy_name = "window_cross_entropy";
constexpr const char* errors_name = "window_errors";
constexpr const char* images_name = "window_images";
constexpr const char* seconds_name = "seconds";
constexpr const char* step_seconds_name = "step_seconds";
constexpr const char* step_images_name = "step_images";
constexpr const char* beyond_range_entry = "beyond_range";
constexpr const char* evaluation_error_name = "evaluation_error_percent";

}  // namespace

std::map<std::string, double> to_entries(const RunProgress& progress) {
  std::map<std::string, double> entries{{cross_entropy_name, progress.window.cross_entropy},
                                        {errors_name, static_cast<double>(progress.window.errors)},
                                        {images_name, static_cast<double>(progress.window.images)},
                                        {seconds_name, progress.seconds},
                                        {step_seconds_name, progress.step_seconds},
                                        {step_images_name, progress.step_images}};
  if (progress.beyond_range) entries[beyond_range_entry] = *progress.beyond_range;
  if (progress.evaluation_error_percent) entries[evaluation_error_name] = *progress.evaluation_error_percent;
  return entries;
}

RunProgress progress_of(const Checkpoint& checkpoint, const std::string& file) {
  const auto optional = [&](const char* key) -> std::optional<double> {
    const auto found = checkpoint.progress.find(key);
    if (found == checkpoint.progress.end()) return {};
    return found->second;
  };
  const auto required = [&](const char* key) {
    const std::optional<double> value = optional(key);
    if (!value) throw Error("{}: /progress/{} is missing", file, key);
    return *value;
  };
  RunProgress progress;
  progress.window.cross_entropy = required(cross_entropy_name);
  progress.window.errors = static_cast<std::int64_t>(required(errors_name));
  progress.window.images = static_cast<std::int64_t>(required(images_name));
  progress.seconds = required(seconds_name);
  progress.step_seconds = optional(step_seconds_name).value_or(0);
  progress.step_images = optional(step_images_name).value_or(0);
  progress.beyond_range = optional(beyond_range_entry);
  progress.evaluation_error_percent = optional(evaluation_error_name);
  return progress;
}

}  // namespace revnet

// Shared by the tests of lib/train: a small trainer, folders of their own, messages of exceptions.
#pragma once

#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <stdlib.h>

#include "data/synthetic.h"
#include "net/network.h"
#include "record/config.h"
#include "train/memory_plan.h"
#include "train/setup.h"
#include "train/trainer.h"

namespace revnet {

// A fresh folder, gone with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "revnet-train-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = pattern;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// The message of the Exception that call must throw; another type passes through and fails the test.
template <typename Exception, typename Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const Exception& error) {
    return error.what();
  }
  return "(nothing was thrown)";
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Synthetic images, RevNet-38, batches of 8, one thread.
inline Config small_config() {
  Config config;
  config.dataset.name = "synthetic";
  config.training.iterations = 4;
  config.training.batch = 8;
  config.training.threads = 1;
  return resolve(config);
}

inline Trainer small_trainer(const Config& config) {
  const MemoryPlan plan = plan_memory(find_architecture(config.network.architecture), network_options(config),
                                      config.training.threads);
  return Trainer(config, make_synthetic(config.training.seed, 200, 50), plan.arena_bytes);
}

// Bit for bit, NaN aside.
inline bool same_state(const Checkpoint& a, const Checkpoint& b) {
  return a.iteration == b.iteration && a.parameters == b.parameters && a.momentum == b.momentum &&
         a.running == b.running;
}

}  // namespace revnet

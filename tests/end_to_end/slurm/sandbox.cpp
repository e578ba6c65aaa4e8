#include "end_to_end/slurm/sandbox.h"

#include <chrono>
#include <cstdlib>
#include <thread>

#include <doctest/doctest.h>
#include <unistd.h>

#include "system/process.h"

namespace revnet::testing {

Sandbox::Sandbox() {
  // The sandbox ends when this process does, because a killed test could not stop it.
  const ProcessResult started = run_command(
      {REVNET_SCRIPTS_DIR "/slurm-sandbox", "start", folder().string(), std::to_string(::getpid())});
  REQUIRE_MESSAGE(started.status.code == 0, started.err);
  ::setenv("SLURM_CONF", (folder() / "slurm.conf").c_str(), 1);
  running_ = true;
}

Sandbox::~Sandbox() {
  if (running_) CHECK(stop());
}

bool Sandbox::stop() {
  running_ = false;
  const ProcessResult stopped = run_command({REVNET_SCRIPTS_DIR "/slurm-sandbox", "stop", folder().string()});
  INFO(stopped.err);
  CHECK(stopped.err.empty());
  return stopped.status.code == 0;
}

std::string Sandbox::node() const {
  const std::string name = output({"sinfo", "--noheader", "--format=%N"});
  return name.substr(0, name.find('\n'));
}

std::vector<int> Sandbox::daemons() const {
  std::vector<int> ids;
  for (const char* daemon : {"munged.pid", "slurmctld.pid", "slurmd.pid"}) {
    ids.push_back(std::stoi(read_file(folder() / daemon)));
  }
  return ids;
}

std::string Sandbox::queue() const {
  return output({"squeue", "--noheader", "--array", "--Format=state:20,restartcnt:10"});
}

std::string output(const std::vector<std::string>& words) {
  const ProcessResult result = run_command(words);
  INFO(words[0]);
  REQUIRE_MESSAGE(result.status.code == 0, result.err);
  return result.out;
}

Outcome sweep(const std::filesystem::path& folder, const Arguments& arguments) {
  return Process("revnet-sweep", folder, arguments, {{"REVNET_THREADS", "1"}}).wait();
}

bool comes(const std::string& what, const std::function<bool()>& moment) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  bool came = moment();
  while (!came && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    came = moment();
  }
  CHECK_MESSAGE(came, what);
  return came;
}

int holder(const std::filesystem::path& run) {
  const std::string text = read_file(RunFiles(run).lock());
  const std::size_t digits = text.find_first_of("0123456789");
  REQUIRE_MESSAGE(digits != std::string::npos, text);
  return std::stoi(text.substr(digits));
}

}  // namespace revnet::testing

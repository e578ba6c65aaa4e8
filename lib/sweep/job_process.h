// A revnet-train process of a sweep.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace revnet {

// The processors that this process may use, by number.
std::vector<int> usable_processors();

// Groups of processors as equal as can be, at most one a processor.
std::vector<std::vector<int>> split_processors(const std::vector<int>& processors, std::size_t groups);

// A child under way. Not killed with the object: whoever starts it waits for it.
class JobProcess {
 public:
  // Starts program with arguments on those processors, its output appended to files. Error when it cannot.
  JobProcess(const std::filesystem::path& program, const std::vector<std::string>& arguments,
             const std::vector<int>& processors, const std::filesystem::path& out,
             const std::filesystem::path& err);

  pid_t id() const { return id_; }
  // Whether it has ended, without waiting; then exit_code() tells how, -1 standing for a signal.
  bool ended();
  int exit_code() const { return exit_code_; }
  // Asks it to stop: it saves a checkpoint and ends with exit code 3.
  void interrupt() const;

 private:
  pid_t id_ = -1;
  bool ended_ = false;
  int exit_code_ = -1;
};

}  // namespace revnet

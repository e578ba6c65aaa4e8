#include "fuzz/target.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/utf8.h"

namespace revnet::fuzz {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "finding: violated: %s\n", what);
  std::abort();
}

bool succeeds(const std::function<void()>& read) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    const std::string_view message = error.what();
    const bool printable = first_unprintable(message) == std::string_view::npos;
    const bool one_line = message.find_first_of("\n\r") == std::string_view::npos;
    if (!printable || !one_line) std::fprintf(stderr, "the message: %s\n", error.what());
    require(!message.empty() && printable && one_line, "an error is one printable line");
    return false;
  }
}

Tally& tally() {
  static Tally* const shared = [] {
    void* memory = ::mmap(nullptr, sizeof(Tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    require(memory != MAP_FAILED, "memory can be shared");
    return new (memory) Tally;
  }();
  return *shared;
}

std::string text_of(Input input) {
  return {input.begin(), input.end()};
}

InputFile::InputFile(Input input, Where where)
    : where_(where), path_((std::filesystem::temp_directory_path() / "revnet-fuzz-XXXXXX").string()) {
  descriptor_ = where == Where::memory ? ::memfd_create("input", MFD_CLOEXEC) : ::mkstemp(path_.data());
  if (where == Where::memory) path_ = "/proc/self/fd/" + std::to_string(descriptor_);
  const ssize_t written = input.empty() ? 0 : ::write(descriptor_, input.data(), input.size());
  require(descriptor_ >= 0 && written == static_cast<ssize_t>(input.size()),
          "the file of the input can be written");
}

InputFile::~InputFile() {
  ::close(descriptor_);
  if (where_ == Where::disk) ::unlink(path_.c_str());
}

}  // namespace revnet::fuzz

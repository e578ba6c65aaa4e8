#include "record/rehearsal.h"

#include <cstdlib>
#include <new>
#include <vector>

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "record/record_error.h"
#include "record/run_log.h"
#include "support.h"

using namespace revnet;
using namespace revnet::testing;

namespace {

RecordError refusal_of(const std::function<void()>& read, unsigned seconds = 2) {
  try {
    rehearse("run/file.h5", read, seconds);
  } catch (const RecordError& error) {
    CHECK(is_one_line(error.what()));
    return error;
  }
  FAIL("nothing was thrown");
  std::abort();
}

}  // namespace

TEST_CASE("a rehearsal happens, and leaves no trace") {
  int* shared = static_cast<int*>(
      ::mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  REQUIRE(shared != MAP_FAILED);
  int own = 0;
  const int open_before = ::dup(0);
  ::close(open_before);
  rehearse("file", [&] {
    *shared = static_cast<int>(::getpid());
    own = 1;
  });
  CHECK(*shared != 0);
  CHECK(*shared != static_cast<int>(::getpid()));
  CHECK(own == 0);
  const int open_after = ::dup(0);
  ::close(open_after);
  CHECK(open_after == open_before);
  ::munmap(shared, sizeof(int));
}

TEST_CASE("an error in rehearsal comes with its kind and message") {
  const RecordError error =
      refusal_of([] { throw RecordError(RecordError::Kind::newer_format, "run/file.h5 is too new"); });
  CHECK(error.kind() == RecordError::Kind::newer_format);
  CHECK(std::string(error.what()) == "run/file.h5 is too new");
  const RecordError other = refusal_of([] { throw std::runtime_error("no\nsense"); });
  CHECK(other.kind() == RecordError::Kind::damaged);
  CHECK(std::string(other.what()) ==
        "run/file.h5 is damaged: no sense; restore it from a copy or start the run anew");
}

TEST_CASE("a crash, a loop without end and an allocation without measure are damage to the file") {
  for (const auto& [read, why] : std::vector<std::pair<std::function<void()>, std::string>>{
           {[] { std::abort(); }, "reading it crashes HDF5"},
           {[] { ::raise(SIGSEGV); }, "reading it crashes HDF5"},
           {[] {
              for (volatile bool forever = true; forever;) {
              }
            },
            "reading it does not come to an end"},
           {[] {
              if (std::malloc(std::size_t{1} << 40) == nullptr) throw std::bad_alloc();
            },
            "std::bad_alloc"}}) {
    const RecordError error = refusal_of(read, 1);
    CHECK(error.kind() == RecordError::Kind::damaged);
    CHECK(std::string(error.what()) ==
          "run/file.h5 is damaged: " + why + "; restore it from a copy or start the run anew");
  }
}

// Found by fuzzing: HDF5 1.10.8 never returns from the first, and reads outside of its memory for the others.
TEST_CASE("run logs that HDF5 crashes on are damaged") {
  for (const char* name : {"endless_heap", "heap_index_outside", "corrupted_memory"}) {
    CAPTURE(name);
    const std::filesystem::path file = std::filesystem::path(REVNET_TEST_DIR) / "fuzz/seeds/run_log" / name;
    REQUIRE(std::filesystem::exists(file));
    try {
      RunLog::open(file);
      FAIL("it was read");
    } catch (const RecordError& error) {
      CHECK(error.kind() == RecordError::Kind::damaged);
      CHECK(is_one_line(error.what()));
    }
  }
}

#include "record/read_apart.h"

#include <cstdlib>
#include <map>
#include <new>
#include <vector>

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "record/pack.h"
#include "record/run_log.h"
#include "support.h"
#include "system/file_error.h"

using namespace revnet;
using namespace revnet::testing;

namespace {

FileError refusal_of(const std::function<std::string()>& read, unsigned seconds = 2) {
  try {
    read_apart("run/file.h5", read, seconds);
  } catch (const FileError& error) {
    CHECK(is_one_line(error.what()));
    return error;
  }
  FAIL("nothing was thrown");
  std::abort();
}

}  // namespace

TEST_CASE("another process reads the file and leaves no trace but the result") {
  int* shared = static_cast<int*>(
      ::mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  REQUIRE(shared != MAP_FAILED);
  int own = 0;
  const int open_before = ::dup(0);
  ::close(open_before);
  const std::string large(1'000'000, 'a');
  const std::string read = read_apart("file", [&] {
    *shared = static_cast<int>(::getpid());
    own = 1;
    return large + std::string(1, '\0');
  });
  CHECK(read == large + std::string(1, '\0'));
  CHECK(read_apart("file", [] { return std::string(); }) == "");
  CHECK(*shared != 0);
  CHECK(*shared != static_cast<int>(::getpid()));
  CHECK(own == 0);
  const int open_after = ::dup(0);
  ::close(open_after);
  CHECK(open_after == open_before);
  ::munmap(shared, sizeof(int));
}

TEST_CASE("an error in the other process arrives with its kind and message") {
  const FileError error = refusal_of(
      []() -> std::string { throw FileError(FileError::Kind::newer_format, "run/file.h5 is too new"); });
  CHECK(error.kind() == FileError::Kind::newer_format);
  CHECK(std::string(error.what()) == "run/file.h5 is too new");
  const FileError other = refusal_of([]() -> std::string { throw std::runtime_error("no\nsense"); });
  CHECK(other.kind() == FileError::Kind::damaged);
  CHECK(std::string(other.what()) ==
        "run/file.h5 is damaged: no sense; restore it from a copy or make it anew");
}

TEST_CASE("a crash and an endless loop count as damage to the file") {
  for (const auto& [read, why] : std::vector<std::pair<std::function<std::string()>, std::string>>{
           {[]() -> std::string { std::abort(); }, "reading it crashes HDF5 (unless memory is short)"},
           {[]() -> std::string {
              ::raise(SIGSEGV);
              return "";
            },
            "reading it crashes HDF5 (unless memory is short)"},
           {[]() -> std::string {
              for (volatile bool forever = true; forever;) {
              }
              return "";
            },
            "reading it does not come to an end"}}) {
    const FileError error = refusal_of(read, 1);
    CHECK(error.kind() == FileError::Kind::damaged);
    CHECK(std::string(error.what()) ==
          "run/file.h5 is damaged: " + why + "; restore it from a copy or make it anew");
  }
}

TEST_CASE("too little memory is no damage to a file that matches its checksums") {
  const TemporaryDirectory folder;
  const auto read = []() -> std::string {
    if (std::malloc(std::size_t{1} << 40) == nullptr) throw std::bad_alloc();
    return "";
  };
  write_file(folder / "file", "without checksums");
  CHECK(contains(message_of<FileError>([&] { read_apart(folder / "file", read); }),
                 "it takes more memory than there is; if other files can be read, it is damaged"));
  RunLog::create(folder / "file", {}).save();
  CHECK_THROWS_AS(read_apart(folder / "file", read), std::bad_alloc);
}

TEST_CASE("packed values are unpacked, and other bytes are refused") {
  std::int64_t number = -5;
  std::string text("a\0b", 3);
  std::vector<double> none, numbers{1.5, -0.0};
  std::map<std::string, std::string> named{{"", "x"}, {"y", ""}};
  std::vector<std::string> texts{"", "long"};
  Packer pack;
  pack(number, text, none, numbers, named, texts);
  const std::string bytes = pack.take();
  const auto unpacked = [&](std::string_view from) {
    decltype(number) n = 0;
    decltype(text) t;
    decltype(numbers) empty{1}, v;
    decltype(named) m;
    decltype(texts) s;
    Unpacker unpack(from, "file");
    unpack(n, t, empty, v, m, s);
    return n == number && t == text && empty.empty() && v == numbers && m == named && s == texts;
  };
  CHECK(unpacked(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_THROWS_AS(unpacked(std::string_view(bytes).substr(0, size)), FileError);
  }
  std::string huge = bytes;
  huge[8 + 7] = '\x10';  // the text's length
  CHECK_THROWS_AS(unpacked(huge), FileError);
}

// Processor time of the processes that read, while it lives. This process itself may take longer.
class ReadingTime {
 public:
  explicit ReadingTime(rlim_t seconds) {
    REQUIRE(::getrlimit(RLIMIT_CPU, &before_) == 0);
    const rlimit limit{seconds, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_CPU, &limit) == 0);
  }
  ReadingTime(const ReadingTime&) = delete;
  ReadingTime& operator=(const ReadingTime&) = delete;
  ~ReadingTime() {
    ::setrlimit(RLIMIT_CPU, &before_);
    ::signal(SIGXCPU, handler_);
  }

 private:
  void (*handler_)(int) = ::signal(SIGXCPU, SIG_IGN);
  rlimit before_{};
};

// Found by fuzzing: HDF5 1.10.8 never returns from the first, and reads outside its memory for the others.
TEST_CASE("run logs that crash HDF5 are reported as damaged") {
  const ReadingTime short_of_the_usual(1);
  for (const char* name : {"endless_heap", "heap_index_outside", "corrupted_memory"}) {
    CAPTURE(name);
    const std::filesystem::path file = std::filesystem::path(REVNET_TEST_DIR) / "fuzz/seeds/run_log" / name;
    REQUIRE(std::filesystem::exists(file));
    try {
      RunLog::open(file);
      FAIL("it was read");
    } catch (const FileError& error) {
      CHECK(error.kind() == FileError::Kind::damaged);
      CHECK(is_one_line(error.what()));
    }
  }
}

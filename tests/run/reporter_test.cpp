#include "run/reporter.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include <doctest/doctest.h>
#include <pty.h>
#include <unistd.h>

#include "files.h"
#include "ops/softmax_cross_entropy.h"

namespace revnet {
namespace {

TEST_CASE("a progress bar takes the room that the text leaves it") {
  CHECK(progress_bar(0.5, "text", 0) == "[============            ] text");
  CHECK(progress_bar(0.5, "text", 100) == progress_bar(0.5, "text", 0));
  CHECK(progress_bar(0.5, "text", 16) == "[====    ] text");
  CHECK(progress_bar(1, "text", 14) == "[======] text");
  CHECK(progress_bar(1, "text", 13) == "text");
  CHECK(progress_bar(1, "text", 4) == "tex");
  CHECK(progress_bar(1, "text", 1).empty());
}

// What a reporter writes to a terminal of so many columns during a long training.
std::string drawn(unsigned short columns) {
  const testing::TemporaryDirectory folder;
  int terminal = -1, program = -1;
  const winsize size{24, columns, 0, 0};
  REQUIRE(::openpty(&terminal, &program, nullptr, nullptr, &size) == 0);
  const int before = ::dup(STDERR_FILENO);
  ::dup2(program, STDERR_FILENO);
  {
    Reporter reporter(folder / "run.log");
    reporter.start(0, 80'000, 100);
    ::usleep(250'000);  // a bar is drawn a few times a second
    Loss loss;
    loss.cross_entropy = 2.3;
    loss.images = 1;
    reporter.progress(79'999, loss, false);
  }
  ::dup2(before, STDERR_FILENO);
  std::string text(4096, ' ');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(terminal, text.data(), text.size()))));
  for (const int file : {before, program, terminal}) ::close(file);
  return text;
}

TEST_CASE("rates are of this process's iterations, and of their images") {
  const testing::TemporaryDirectory folder;
  {
    Reporter reporter(folder / "run.log");
    reporter.start(79'000, 80'000, 100);
    ::usleep(100'000);
    Loss loss;
    loss.images = 1;
    reporter.progress(79'100, loss, true);  // 100 iterations in a tenth of a second or more
  }
  const std::string line = testing::read_file(folder / "run.log");
  CAPTURE(line);
  const std::size_t at = line.find("79100/80000  ");
  REQUIRE(at != std::string::npos);
  double iterations = 0, images = 0;
  REQUIRE(std::sscanf(line.c_str() + at, "79100/80000 %lf it/s %lf images/s", &iterations, &images) == 2);
  CHECK(iterations <= 1000);
  CHECK(images == doctest::Approx(100 * iterations).epsilon(0.01));
}

TEST_CASE("the bar fits into the terminal, and says how long a training will take") {
  for (const unsigned short columns : {132, 80}) {
    const std::string text = drawn(columns);
    CAPTURE(text);
    const std::string start = "\r\033[K";
    const std::size_t first = text.find(start) + start.size(), last = text.rfind(start);
    REQUIRE(first < last);
    CHECK(last - first < columns);
    CHECK(text.find("79999/80000") != std::string::npos);
    CHECK(text.find("left 0:00") != std::string::npos);
    CHECK((text.find("images/s") != std::string::npos) == (columns == 132));
  }
}

}  // namespace
}  // namespace revnet

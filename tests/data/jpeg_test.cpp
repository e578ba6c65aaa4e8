#include "data/jpeg.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <doctest/doctest.h>

#include "data/jpeg_files.h"
#include "data/resample.h"
#include "files.h"

namespace revnet {
namespace {

using testing::contains;
using testing::message_of;

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Pixels decoded(const std::string& jpeg, int eighths = 8) {
  Pixels pixels;
  decode_jpeg(bytes_of(jpeg), eighths, pixels);
  return pixels;
}

std::string golden(const std::string& name) {
  return testing::read_file(REVNET_TEST_DIR "/data/goldens/" + name + ".rgb");
}

// What decoding an image reports, and what reading only its header reports.
std::string fault(const std::string& jpeg) {
  return message_of<JpegError>([&] { decoded(jpeg); });
}
std::string fault_of_header(const std::string& jpeg) {
  return message_of<JpegError>([&] { jpeg_size(bytes_of(jpeg)); });
}

const std::vector<std::string> kinds{"baseline", "progressive", "grey", "cmyk", "restarts"};

TEST_CASE("every kind of image is decoded as by PIL") {
  for (const std::string& kind : kinds) {
    CAPTURE(kind);
    const Pixels pixels = decoded(stored_jpeg(kind));
    const std::string expected = golden(kind);
    CHECK(pixels.size == ImageSize{44, 30});
    REQUIRE(pixels.rgb.size() == expected.size());
    int largest = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      largest = std::max(largest, std::abs(pixels.rgb[i] - static_cast<std::uint8_t>(expected[i])));
    }
    CHECK(largest <= 1);
  }
}

// PIL rounds to bytes between rows and columns, and again at the end.
TEST_CASE("a part of an image is resized as by PIL") {
  for (const std::string& kind : kinds) {
    CAPTURE(kind);
    const std::string expected = golden(kind + "-box");
    std::vector<float> output(3 * 16 * 16, -1000), mirrored(output);
    resample(decoded(stored_jpeg(kind)), {9, 5, 25, 20}, 16, false, output);
    resample(decoded(stored_jpeg(kind)), {9, 5, 25, 20}, 16, true, mirrored);
    double largest = 0;
    for (std::size_t i = 0; i < output.size(); ++i) {
      const std::size_t c = i / 256, y = i / 16 % 16, x = i % 16;
      const double pil = static_cast<std::uint8_t>(expected[3 * (16 * y + x) + c]);
      largest = std::max(largest, std::abs(output[i] - pil));
      CHECK(mirrored[(c * 16 + y) * 16 + 15 - x] == output[i]);
    }
    CHECK(largest < 1.01);
  }
}

TEST_CASE("resizing to the same size changes nothing, and a single colour stays the same at any size") {
  const Pixels pixels = decoded(make_jpeg(20, 20, 3));
  std::vector<float> same(3 * 400);
  resample(pixels, {0, 0, 20, 20}, 20, false, same);
  for (std::size_t i = 0; i < same.size(); ++i) {
    CHECK(same[i] == static_cast<float>(pixels.rgb[3 * (i % 400) + i / 400]));
  }
  const Pixels grey{{7, 5}, std::vector<std::uint8_t>(105, 77)};
  for (const int size : {1, 3, 40}) {
    std::vector<float> output(static_cast<std::size_t>(3 * size * size));
    resample(grey, {0.5, 1.25, 5.75, 3.25}, size, false, output);
    CHECK(std::ranges::all_of(output, [](float value) { return std::abs(value - 77) < 1e-4f; }));
  }
}

TEST_CASE("YCCK gives the colours of the four inks") {
  const Pixels pixels = decoded(make_ycck_jpeg(32, 16));
  double largest = 0;
  for (int i = 0; i < 32 * 16; ++i) {
    const double x = i % 32, y = i / 32;
    // The inks as jpeg_files.cpp draws them; 255 means no ink.
    const auto ink = [&](int c) {
      return std::floor(127.5 + 100 * std::sin(x / 9 + 0.7 + 1.3 * c) * std::cos(y / 7 - 0.7 - 1.3 * c));
    };
    for (int c = 0; c < 3; ++c) {
      const double expected = ink(c) * ink(3) / 255;
      largest = std::max(largest, std::abs(pixels.rgb[static_cast<std::size_t>(3 * i + c)] - expected));
    }
  }
  CHECK(largest < 12);  // colour is stored at half the resolution
}

TEST_CASE("at an eighth, a quarter or a half, an image has its mean colour") {
  const std::string jpeg = make_jpeg(75, 53, 1);
  const Pixels whole = decoded(jpeg);
  const auto mean = [](const Pixels& pixels) {
    double sum = 0;
    for (const std::uint8_t byte : pixels.rgb) sum += byte;
    return sum / static_cast<double>(pixels.rgb.size());
  };
  for (const int eighths : {1, 2, 4}) {
    const Pixels small = decoded(jpeg, eighths);
    CHECK(small.size == ImageSize{(75 * eighths + 7) / 8, (53 * eighths + 7) / 8});
    CHECK(std::abs(mean(small) - mean(whole)) < 2);
  }
}

TEST_CASE("an image cut short anywhere is an error and yields no invented pixels") {
  for (const std::string& kind : kinds) {
    const std::string jpeg = stored_jpeg(kind);
    CAPTURE(kind);
    for (std::size_t size = 2; size + 2 < jpeg.size(); size += 9) {
      CAPTURE(size);
      CHECK(fault(jpeg.substr(0, size)) == "cut short: it ends before the image does");
    }
    // All pixels are there, but not the marker after them.
    CHECK(fault(jpeg.substr(0, jpeg.size() - 2)) == "cut short: it ends before the image does");
  }
}

// Then a wrong turn in the code has invented the pixels. Zeros are an encoder's padding.
TEST_CASE("an image in which the decoder leaves bytes over is an error, unless they are padding") {
  for (const std::string& kind : kinds) {
    CAPTURE(kind);
    const std::string jpeg = stored_jpeg(kind);
    const auto with = [&](const std::string& bytes) {
      return jpeg.substr(0, jpeg.size() - 2) + bytes + jpeg.substr(jpeg.size() - 2);
    };
    CHECK(contains(fault(with("left over where nothing should be")), "damaged: Corrupt JPEG data: "));
    CHECK(decoded(with(std::string(33, '\0'))).rgb == decoded(jpeg).rgb);
  }
}

TEST_CASE("files that are not JPEG images are recognised by their headers") {
  CHECK(fault_of_header("") == "empty: it has no bytes");
  CHECK(fault_of_header("\x89PNG\r\n\x1a\n and more") ==
        "not a JPEG image: it begins with the bytes 89 50, not ff d8");
  CHECK(fault_of_header(stored_jpeg("baseline").substr(0, 100)) ==
        "cut short: it ends before the image does");
  const std::string large = claiming(make_jpeg(16, 16, 1), 20'000, 20'000);
  CHECK(fault_of_header(large) ==
        "damaged: its header claims 20000 x 20000 pixels in " + std::to_string(large.size()) + " bytes");
  CHECK(fault(large) == fault_of_header(large));
  // More bytes do not make such a size plausible either.
  const std::string padded = large + std::string(2'000'000, ' ');
  CHECK(contains(fault_of_header(padded), "claims 20000 x 20000 pixels"));
}

TEST_CASE("a file's header gives the same size as its bytes in memory") {
  const testing::TemporaryDirectory folder;
  testing::write_file(folder / "a.jpg", make_jpeg(31, 17, 2));
  std::FILE* const file = std::fopen((folder / "a.jpg").c_str(), "rb");
  REQUIRE(file != nullptr);
  CHECK(jpeg_size(file, 1000) == ImageSize{31, 17});
  std::fclose(file);
}

}  // namespace
}  // namespace revnet

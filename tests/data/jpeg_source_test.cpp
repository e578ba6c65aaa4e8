#include "data/jpeg_source.h"

#include <algorithm>
#include <set>

#include <doctest/doctest.h>
#include <sys/resource.h>

#include "data/contact_sheet.h"
#include "data/dataset.h"
#include "data/image_check.h"
#include "data/jpeg_files.h"
#include "files.h"

namespace revnet {
namespace {

using testing::contains;
using testing::message_of;
using testing::TemporaryDirectory;
using testing::write_file;

constexpr int size = 16;

struct Batch {
  explicit Batch(std::size_t count) : images(3 * size * size * count, 1000), labels(count, -7) {}
  std::vector<float> images;
  std::vector<std::int32_t> labels;
  bool operator==(const Batch&) const = default;
};

JpegSource source_of(const TemporaryDirectory& folder, JpegOptions options = {}) {
  options.photograph.size = size;
  return {scan_image_folders(folder.path(), options.damaged), options};
}

Batch training_batch(JpegSource& source, std::int64_t first, std::size_t count = 4) {
  Batch batch(count);
  source.fill_training(first, first + static_cast<std::int64_t>(count), batch.images, batch.labels);
  return batch;
}

TEST_CASE("another epoch shows other parts of the images") {
  const TemporaryDirectory folder;
  write_image_folders(folder.path(), 2, 2);  // an epoch has 4 images
  JpegSource source = source_of(folder);
  std::set<std::vector<float>> seen;
  for (std::int64_t at = 0; at < 8; ++at) seen.insert(training_batch(source, at, 1).images);
  CHECK(seen.size() == 8);
}

std::string read_fault(const TemporaryDirectory& folder) {
  return message_of<Error>([&] { scan_image_folders(folder.path(), DamagedImages::refuse); });
}

TEST_CASE("a batch is the same for any number of workers, in any order of batches") {
  const TemporaryDirectory folder;
  write_image_folders(folder.path(), 3, 3);
  JpegSource one = source_of(folder), four = source_of(folder, {.workers = 4});
  std::vector<Batch> batches;
  for (std::int64_t first = 0; first < 24; first += 4) batches.push_back(training_batch(one, first));
  for (const std::int64_t first : {20, 0, 4, 8, 16, 12}) {
    CHECK(training_batch(four, first) == batches[static_cast<std::size_t>(first / 4)]);
  }
  CHECK(training_batch(one, 0) == batches[0]);
  JpegSource other = source_of(folder, {.seed = 2});
  CHECK_FALSE(training_batch(other, 0) == batches[0]);
  CHECK(one.fingerprint() == other.fingerprint());
  CHECK(one.take_notices().empty());
}

TEST_CASE("evaluation gives every image of val once, in order, up to the given end") {
  const TemporaryDirectory folder;
  write_image_folders(folder.path(), 2, 4);  // three of each class in val
  JpegSource source = source_of(folder, {.workers = 2});
  std::vector<std::int32_t> labels;
  Batch batch(4);
  for (std::size_t first = 0; first < 6; first += 4) {
    const std::size_t real = source.fill_evaluation(first, 6, batch.images, batch.labels);
    labels.insert(labels.end(), batch.labels.begin(),
                  batch.labels.begin() + static_cast<std::ptrdiff_t>(real));
  }
  CHECK(labels == std::vector<std::int32_t>{0, 0, 0, 1, 1, 1});
  CHECK(source.fill_evaluation(4, 5, batch.images, batch.labels) == 1);
  CHECK(batch.labels == std::vector<std::int32_t>{1, 0, 0, 0});
  CHECK(source.fill_evaluation(6, 6, batch.images, batch.labels) == 0);

  // Of some images, they are from all over the set: numbers 0, 1, 3 and 4 of 6.
  Batch whole(6), some(4);
  source.fill_evaluation(0, 6, whole.images, whole.labels);
  source.limit_evaluation(4);
  CHECK(source.evaluation_size() == 4);
  CHECK(source.fill_evaluation(0, 6, some.images, some.labels) == 4);
  CHECK(some.labels == std::vector<std::int32_t>{0, 0, 1, 1});
  constexpr std::size_t values = 3 * size * size;
  for (std::size_t n = 0; n < 4; ++n) {
    CHECK(std::ranges::equal(std::span(some.images).subspan(n * values, values),
                             std::span(whole.images).subspan(n * 6 / 4 * values, values)));
  }
  source.limit_evaluation(0);
  CHECK(source.evaluation_size() == 6);
}

TEST_CASE("files that are not images, and missing folders, are named when a set is opened") {
  const TemporaryDirectory folder;
  CHECK(contains(read_fault(folder), "/train: no such folder; an image set is DIR/train/CLASS/*.JPEG"));
  write_image_folders(folder.path(), 2, 2);
  write_file(folder / "train/n0/notes.txt", "not looked at");
  write_file(folder / "train/n0/.hidden.jpg", "nor this");
  write_file(folder / "train/n1/more.jPg", make_jpeg(20, 20, 5));
  CHECK(scan_image_folders(folder.path(), DamagedImages::refuse).train.size() == 5);
  CHECK(count_training_files(folder.path()) == 5);

  for (const auto& [link, fault] : {std::pair{"train/n1/lost.jpg", "lost.jpg: unreadable: No such file"},
                                    std::pair{"train/n2", "train/n2: this link leads nowhere"}}) {
    std::filesystem::create_symlink("nowhere", folder / link);
    CHECK(contains(read_fault(folder), fault));
    std::filesystem::remove(folder / link);
  }
  for (const auto& [loop, fault] :
       {std::pair{"train/n1/loop.jpg", "loop.jpg: unreadable: Too many levels of symbolic links"},
        std::pair{"train/n2", "train/n2: this link leads nowhere"}}) {
    std::filesystem::create_symlink(std::filesystem::path(loop).filename(), folder / loop);
    CHECK(contains(read_fault(folder), fault));
    std::filesystem::remove(folder / loop);
  }

  write_file(folder / "train/n1/empty.jpg", "");
  write_file(folder / "val/n0/large.jpeg", claiming(make_jpeg(16, 16, 1), 20'000, 20'000));
  write_file(folder / "train/n1/other.JPEG", "\x89PNG\r\n\x1a\n");
  const std::string refused = read_fault(folder);
  CHECK(contains(refused, "train/n1/empty.jpg: empty: it has no bytes (and 2 more); revnet-data check "));
  CHECK(testing::is_one_line(refused));
  const JpegSplits splits = scan_image_folders(folder.path(), DamagedImages::skip);
  CHECK(splits.train.size() == 5);
  REQUIRE(splits.left_out.size() == 3);
  CHECK(contains(splits.left_out[1], "other.JPEG: not a JPEG image: it begins with the bytes 89 50"));
  CHECK(contains(splits.left_out[2], "val/n0/large.jpeg: damaged: its header claims "));

  write_file(folder / "val/n7/a.jpg", make_jpeg(16, 16, 1));
  CHECK(contains(read_fault(folder), "val/n7: train has no such class"));
  std::filesystem::remove_all(folder / "val/n7");
  std::filesystem::create_directory(folder / "train/n9");
  CHECK(contains(read_fault(folder), "train/n9: val has no such class"));
  std::filesystem::create_directory(folder / "val/n9");
  CHECK(contains(read_fault(folder), "train/n9: no file here has a name ending in .jpeg or .jpg"));
}

TEST_CASE("an image that proves cut short is named and refused") {
  const TemporaryDirectory folder;
  write_image_folders(folder.path(), 2, 3);
  cut_short(folder / "train/n1/1.JPEG");
  JpegSource source = source_of(folder);
  const std::string message = message_of<DamagedImage>([&] {
    for (std::int64_t first = 0; first < 6; first += 3) training_batch(source, first, 3);
  });
  CHECK(contains(message, "train/n1/1.JPEG: cut short: it ends before the image does; repair it"));
  CHECK(testing::is_one_line(message));
  const std::vector<std::string> wrong =
      damage_of_images(scan_image_folders(folder.path(), DamagedImages::refuse).train, 2);
  REQUIRE(wrong.size() == 6);
  CHECK(contains(wrong[4], "n1/1.JPEG: cut short"));
  CHECK(std::ranges::count(wrong, "") == 5);
}

TEST_CASE("a skipped image is replaced by the next one in training and missing in evaluation") {
  const TemporaryDirectory folder;
  write_image_folders(folder.path(), 2, 3);
  const auto evaluation_batch = [](JpegSource& source, std::size_t real) {
    Batch batch(4);
    CHECK(source.fill_evaluation(0, 4, batch.images, batch.labels) == real);
    return batch;
  };
  JpegSource intact = source_of(folder);
  const Batch before = evaluation_batch(intact, 4);
  cut_short(folder / "train/n1/1.JPEG");
  cut_short(folder / "val/n0/1.JPEG");
  JpegSource one = source_of(folder, {.damaged = DamagedImages::skip});
  JpegSource three = source_of(folder, {.workers = 3, .damaged = DamagedImages::skip});
  for (std::int64_t first = 0; first < 18; first += 6) {
    const Batch batch = training_batch(one, first, 6);
    CHECK(std::ranges::count(batch.labels, 1) == 3);
    CHECK(batch == training_batch(three, first, 6));
  }
  const std::vector<std::string> notices = one.take_notices();
  REQUIRE(notices.size() == 1);  // only once, however often the image came up
  CHECK(contains(notices[0], "train/n1/1.JPEG: cut short"));
  const Batch after = evaluation_batch(one, 3);
  CHECK(after.labels == std::vector<std::int32_t>{0, 1, 1, 0});
  const auto image = [](const Batch& batch, std::ptrdiff_t n) {
    constexpr std::ptrdiff_t values = 3 * size * size;
    return std::vector<float>(batch.images.begin() + n * values, batch.images.begin() + (n + 1) * values);
  };
  CHECK(image(after, 0) == image(before, 0));
  CHECK(image(after, 1) == image(before, 2));
  CHECK(image(after, 2) == image(before, 3));
  CHECK(contains(one.take_notices().at(0), "val/n0/1.JPEG: cut short"));
}

TEST_CASE("a file that has been shortened since is not read beyond its end") {
  const TemporaryDirectory folder;
  write_image_folders(folder.path(), 1, 2);
  const JpegSet set = scan_image_folders(folder.path(), DamagedImages::refuse).train;
  std::filesystem::resize_file(folder / "train/n0/0.JPEG", 50);
  std::vector<std::uint8_t> bytes;
  CHECK(contains(message_of<Error>([&] { set.read(0, bytes); }), "cut short: only 50 of "));
  std::filesystem::remove(folder / "train/n0/0.JPEG");
  CHECK(contains(message_of<Error>([&] { set.read(0, bytes); }), "unreadable: No such file"));
}

// Leaves this process as many file handles as it has open.
class NoFileHandles {
 public:
  NoFileHandles() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{0, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  NoFileHandles(const NoFileHandles&) = delete;
  NoFileHandles& operator=(const NoFileHandles&) = delete;
  ~NoFileHandles() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_CASE("an image that the system cannot read counts as no damaged image") {
  const TemporaryDirectory folder;
  write_image_folders(folder.path(), 1, 2);
  JpegSource source = source_of(folder, {.damaged = DamagedImages::skip});
  const JpegSplits splits = scan_image_folders(folder.path(), DamagedImages::skip);
  std::string training, check;
  {
    const NoFileHandles none;
    training = message_of<Error>([&] { training_batch(source, 0, 1); });
    check = message_of<Error>([&] { damage_of_images(splits.train, 1); });
  }
  CHECK(contains(training, ".JPEG: unreadable: Too many open files; check the disk and ulimit -n"));
  CHECK(contains(check, "0.JPEG: unreadable: Too many open files; check the disk and ulimit -n"));
  CHECK(source.take_notices().empty());
}

TEST_CASE("a contact sheet shows the images side by side, in the colours they had") {
  std::vector<float> images(2 * 3 * 4, -1);  // two of 2 x 2 pixels: one black, one with a red pixel
  images[12 + 3] = 1;
  const Pixels sheet = contact_sheet(images, 2, 2, {{{127.5f, 127.5f}, {127.5f, 127.5f}, {127.5f, 127.5f}}});
  CHECK(sheet.size == ImageSize{6, 2});
  const auto red = [&](std::size_t x, std::size_t y) { return sheet.rgb[3 * (6 * y + x)]; };
  CHECK((red(0, 0) == 0 && red(2, 0) == 255 && red(4, 0) == 0 && red(5, 1) == 255));
  CHECK(sheet.rgb[3 * (6 + 5) + 1] == 0);
}

}  // namespace
}  // namespace revnet

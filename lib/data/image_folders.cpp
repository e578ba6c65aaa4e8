#include "data/image_folders.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include <fmt/format.h>

#include "base/utf8.h"
#include "data/dataset.h"
#include "data/each_in_parallel.h"
#include "data/jpeg.h"

namespace revnet {
namespace {

namespace fs = std::filesystem;

// Reading headers is mostly waiting, for a disk or a network file system.
constexpr std::size_t scanning_threads = 16;

constexpr const char* layout_remedy =
    "an image set is DIR/train/CLASS/*.JPEG and DIR/val/CLASS/*.JPEG, or a file written by revnet-data "
    "pack; is it another folder?";

// The names of the folders in a folder, or of all else, in byte order and without hidden ones.
enum class Wanted { folders, files };
std::vector<std::string> names_in(const fs::path& folder, Wanted wanted) {
  std::vector<std::string> names;
  try {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with('.')) continue;
      // A link that leads nowhere might be to a class. Of a file that is left to whoever reads it.
      std::error_code loop;
      if (wanted == Wanted::folders && entry.is_symlink() && !entry.exists(loop)) {
        throw DataError(entry.path(), "this link leads nowhere", "repair or remove it");
      }
      std::error_code not_known;  // of a link that leads nowhere, for one
      if (entry.is_directory(not_known) == (wanted == Wanted::folders)) names.push_back(name);
    }
  } catch (const fs::filesystem_error& error) {
    const bool missing = error.code() == std::errc::no_such_file_or_directory;
    throw DataError(folder, missing ? "no such folder" : error.code().message(), layout_remedy);
  }
  std::ranges::sort(names);
  return names;
}

bool is_jpeg_name(std::string name) {
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return name.ends_with(".jpeg") || name.ends_with(".jpg");
}

// Lists the images of one set by file name alone.
std::vector<JpegImage> list_images(const fs::path& folder, const std::vector<std::string>& classes) {
  std::vector<JpegImage> images;
  for (std::size_t label = 0; label < classes.size(); ++label) {
    const std::size_t before = images.size();
    for (const std::string& name : names_in(folder / classes[label], Wanted::files)) {
      if (!is_jpeg_name(name)) continue;
      images.push_back({.name = classes[label] + "/" + name, .label = static_cast<std::int32_t>(label)});
    }
    if (images.size() == before) {
      throw DataError(folder / classes[label], "no file here has a name ending in .jpeg or .jpg",
                      "remove the folder or put the class's images there");
    }
  }
  return images;
}

constexpr const char* try_again = "check the disk and ulimit -n, and start again";

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// Sets the image's size in bytes and returns what is wrong with the image, or "".
std::string look_at(const fs::path& folder, JpegImage& image) {
  const fs::path path = folder / image.name;
  std::error_code error;
  std::unique_ptr<std::FILE, CloseFile> file;
  try {
    image.bytes = fs::file_size(path, error);
    if (error) throw_unreadable(error.value());
    file.reset(std::fopen(path.c_str(), "rbe"));
    if (!file) throw_unreadable(errno);
    jpeg_size(file.get(), image.bytes);
  } catch (const JpegError& wrong) {
    // To libjpeg, a file that cannot be read has ended.
    if (file && std::ferror(file.get()) != 0) throw DataError(path, "unreadable: reading fails", try_again);
    return wrong.what();
  } catch (const UnreadableImage& failure) {
    throw DataError(path, failure.what(), try_again);
  }
  return "";
}

// For each image, what is wrong with it, or "".
std::vector<std::string> look_at_all(const fs::path& folder, std::vector<JpegImage>& images) {
  std::vector<std::string> wrong(images.size());
  each_in_parallel(images.size(), scanning_threads,
                   [&](std::size_t i) { wrong[i] = look_at(folder, images[i]); });
  return wrong;
}

// Removes damaged images from the list and returns one line for each.
std::vector<std::string> leave_out(const fs::path& folder, std::vector<JpegImage>& images,
                                   const std::vector<std::string>& wrong) {
  std::vector<std::string> left_out;
  std::vector<JpegImage> whole;
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (wrong[i].empty()) {
      whole.push_back(std::move(images[i]));
    } else {
      left_out.push_back(one_line((folder / images[i].name).string()) + ": " + wrong[i]);
    }
  }
  images = std::move(whole);
  return left_out;
}

void refuse_damaged(const std::vector<std::string>& left_out, const fs::path& directory) {
  if (left_out.empty()) return;
  const std::size_t more = left_out.size() - 1;
  throw Error(fmt::format(
      "{}{}; revnet-data check {} lists all damaged images: repair or remove them, or skip them with "
      "--set dataset.damaged=skip",
      left_out.front(), more > 0 ? fmt::format(" (and {} more)", more) : "", directory.string()));
}

}  // namespace

std::vector<std::string> class_folders(const fs::path& directory) {
  std::vector<std::string> classes = names_in(directory / "train", Wanted::folders);
  if (!classes.empty()) return classes;
  throw DataError(directory / "train", "there are no class folders here", layout_remedy);
}

std::size_t count_training_files(const fs::path& directory) {
  return list_images(directory / "train", class_folders(directory)).size();
}

JpegSplits scan_image_folders(const fs::path& directory, DamagedImages damaged) {
  JpegSplits splits;
  splits.classes = class_folders(directory);
  const fs::path val = directory / "val";
  for (const std::string& name : names_in(val, Wanted::folders)) {
    if (std::ranges::binary_search(splits.classes, name)) continue;
    throw DataError(val / name, "train has no such class", "give train and val the same class folders");
  }
  for (const std::string& name : splits.classes) {
    std::error_code unknown;
    if (fs::exists(val / name, unknown) || unknown) continue;
    throw DataError(directory / "train" / name, "val has no such class",
                    "give train and val the same class folders");
  }
  for (const auto& [folder, set] : {std::pair{directory / "train", &splits.train}, {val, &splits.val}}) {
    std::vector<JpegImage> images = list_images(folder, splits.classes);
    for (std::string& line : leave_out(folder, images, look_at_all(folder, images))) {
      splits.left_out.push_back(std::move(line));
    }
    *set = JpegSet::in_folder(folder, std::move(images));
  }
  if (damaged == DamagedImages::refuse) refuse_damaged(splits.left_out, directory);
  if (splits.train.size() == 0 || splits.val.size() == 0) {
    throw DataError(directory, "train or val has no intact image", layout_remedy);
  }
  return splits;
}

}  // namespace revnet

// revnet-data: packs, checks and shows data sets.
#include <algorithm>
#include <iostream>
#include <iterator>
#include <span>

#include <fmt/format.h>

#include "base/crc32.h"
#include "base/error.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "command_line.h"
#include "data/batch_source.h"
#include "data/cifar.h"
#include "data/contact_sheet.h"
#include "data/image_check.h"
#include "data/png.h"
#include "option_values.h"
#include "record/packed_images.h"
#include "setting_options.h"
#include "system/interrupt.h"
#include "system/posix_file.h"
#include "train/load_data.h"

namespace {

using namespace revnet;

constexpr const char* examples = R"(Examples:
  revnet-data pack imagewoof imagewoof.h5
      packs the class folders imagewoof/train and imagewoof/val into a file for --data-dir
  revnet-data check imagewoof.h5
      reads every image; also checks class folders, or the folder that holds CIFAR's folders
  revnet-data show images --data-dir imagewoof --image-size 128 --output batch.png
      draws the first batch of a training as the network receives it
  revnet-data speed images --data-dir imagewoof.h5 --workers 2 --batch 64
      measures images per second

Exit codes: 0 done, 1 failed or data damaged, 2 usage.)";

// `damage` says what is wrong with each image; only whole ones are packed.
void pack_set(PackedImageWriter& writer, const std::string& name, const JpegSet& set,
              const std::vector<std::string>& damage) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < set.size(); ++i) bytes += damage[i].empty() ? set.image(i).bytes : 0;
  writer.begin(name, bytes);
  std::vector<std::uint8_t> image;
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (interrupted()) throw Error("interrupted: nothing is written");
    if (!damage[i].empty()) continue;
    try {
      set.read(i, image);
    } catch (const Error& error) {
      throw Error(
          fmt::format("{}: {}; make sure that nothing else writes there", set.place(i), error.what()));
    }
    writer.add(set.image(i).name, set.image(i).label, crc32(std::as_bytes(std::span(image))), image);
  }
}

int pack(const std::string& folder, const std::string& file, bool skip_damaged, bool force) {
  if (!force && std::filesystem::exists(file)) {
    throw UsageError(file + " already exists: choose another name, or replace it with --force");
  }
  check_output(file, "FILE.h5");
  if (std::filesystem::is_regular_file(folder))
    throw UsageError("{} is a file; name a folder to pack", folder);
  const JpegSplits splits = scan_image_folders(folder, DamagedImages::skip);
  const std::vector<std::string> train = damage_of_images(splits.train, 0),
                                 val = damage_of_images(splits.val, 0);
  std::vector<std::string> left_out = splits.left_out;
  for (const auto* damage : {&train, &val}) left_out.insert(left_out.end(), damage->begin(), damage->end());
  std::erase(left_out, std::string());
  if (!left_out.empty() && !skip_damaged) {
    throw Error(
        "{}{}; revnet-data check {} lists all damaged images: repair or remove them, or leave them out with "
        "--skip-damaged",
        left_out.front(), left_out.size() > 1 ? fmt::format(" (and {} more)", left_out.size() - 1) : "",
        folder);
  }
  for (const std::string& line : left_out) std::cerr << "left out: " << line << '\n';
  for (const auto* damage : {&train, &val}) {
    if (std::ranges::count(*damage, "") > 0) continue;
    throw DataError(folder, "train or val has no intact image", "repair some, or pack another set");
  }
  catch_interrupts(false);  // so that no half of a file stays behind
  PackedImageWriter writer(file, splits.classes);
  pack_set(writer, "train", splits.train, train);
  pack_set(writer, "val", splits.val, val);
  writer.save();
  std::cout << fmt::format("{}: {} training and {} validation images of {} classes, {}\n", file,
                           std::ranges::count(train, ""), std::ranges::count(val, ""), splits.classes.size(),
                           format_bytes(std::filesystem::file_size(file)));
  if (!left_out.empty())
    std::cout << fmt::format("{} damaged image{} left out\n", left_out.size(),
                             left_out.size() == 1 ? "" : "s");
  return static_cast<int>(ExitCode::done);
}

// Damage is the result of the command, so it is printed to stdout.
int report(const std::string& what, const std::vector<std::string>& wrong) {
  for (const std::string& line : wrong) std::cout << line << '\n';
  std::cout << what << (wrong.empty() ? ": all intact" : fmt::format(": {} damaged", wrong.size())) << '\n';
  return static_cast<int>(wrong.empty() ? ExitCode::done : ExitCode::failed);
}

// Reading checks that all records exist, that every label names a class, and the checksums beside the files,
// if any.
int check_cifar(const std::filesystem::path& folder) {
  std::vector<CifarFile> files;
  for (const auto& [there, files_of] : {std::pair{cifar10_available(folder), &cifar10_files},
                                        std::pair{cifar100_available(folder), &cifar100_files}}) {
    if (there) std::ranges::copy(files_of(folder), std::back_inserter(files));
  }
  std::size_t images = 0;
  bool has_checksums = true;
  std::vector<std::string> wrong;
  for (const CifarFile& file : files) {
    has_checksums = has_checksums && std::filesystem::exists(file.path.parent_path() / cifar_checksums);
    try {
      images += read_cifar_file(file.path, file.format, file.records).size();
    } catch (const DataError& error) {
      wrong.emplace_back(error.what());
    }
  }
  if (!wrong.empty())
    return report(fmt::format("{} intact images of CIFAR, {} files", images, files.size()), wrong);
  if (!has_checksums) {
    std::cout << fmt::format(
        "{} images of CIFAR: complete, with possible labels; pixels are not checked, for there is no file {} "
        "beside them\n",
        images, cifar_checksums);
    return static_cast<int>(ExitCode::done);
  }
  return report(fmt::format("{} images of CIFAR", images), wrong);
}

int check(const std::string& place, int workers) {
  if (cifar10_available(place) || cifar100_available(place)) return check_cifar(place);
  const JpegSplits splits = open_photographs(place, DamagedImages::skip);
  std::vector<std::string> wrong = splits.left_out;
  for (const JpegSet* set : {&splits.train, &splits.val}) {
    std::ranges::copy_if(damage_of_images(*set, workers), std::back_inserter(wrong),
                         [](const std::string& damage) { return !damage.empty(); });
  }
  const std::size_t images = splits.train.size() + splits.val.size() + splits.left_out.size();
  return report(fmt::format("{} images of {} classes", images, splits.classes.size()), wrong);
}

struct ShowRequest {
  std::string file;
  std::int64_t iteration = 0;
  bool evaluation = false;
};

// Prints the classes in the rows of the contact sheet: by name, or by label if they have no names.
void print_classes(std::span<const std::int32_t> labels, const std::vector<std::string>& names) {
  std::vector<std::string> cells;
  for (const std::int32_t label : labels) {
    cells.push_back(names.empty() ? fmt::to_string(label) : names.at(static_cast<std::size_t>(label)));
  }
  const std::size_t width = std::ranges::max(cells, {}, &std::string::size).size(),
                    columns = contact_sheet_columns(cells.size());
  std::cout << "classes, row by row:\n";
  for (std::size_t n = 0; n < cells.size(); ++n) {
    const bool ends_row = (n + 1) % columns == 0 || n + 1 == cells.size();
    std::cout << (ends_row ? cells[n] + '\n' : fmt::format("{:<{}}  ", cells[n], width));
  }
}

int show(const Config& config, const ShowRequest& request) {
  check_output(request.file, "--output", ".png");
  const std::unique_ptr<BatchSource> data = load_data(config);
  const auto batch = static_cast<std::size_t>(config.training.batch);
  const int size = image_size_of(config);
  std::vector<float> images(3 * static_cast<std::size_t>(size) * static_cast<std::size_t>(size) * batch);
  std::vector<std::int32_t> labels(batch);
  const std::int64_t first = request.iteration * config.training.batch;
  std::size_t count = batch;
  if (request.evaluation) {
    count = data->fill_evaluation(static_cast<std::size_t>(first), data->evaluation_size(), images, labels);
  } else {
    data->fill_training(first, -1, images, labels);
  }
  if (count == 0) throw UsageError("--iteration: the evaluation set ends before that batch");
  const std::vector<std::string> names = class_names(config);
  replace_text_file(request.file, encode_png(contact_sheet(images, count, size, data->shown_values())));
  for (const std::string& line : data->take_notices()) std::cerr << "left out: " << line << '\n';
  print_classes(std::span(labels).first(count), names);
  std::cerr << "wrote " << request.file << '\n';
  return static_cast<int>(ExitCode::done);
}

// Reads batches as a training does, without computing in between. The first one, which starts the threads, is
// not timed.
int measure(const Config& config, std::int64_t batches) {
  const std::unique_ptr<BatchSource> data = load_data(config);
  const std::int64_t batch = config.training.batch;
  const auto count = static_cast<std::size_t>(batch), side = static_cast<std::size_t>(image_size_of(config));
  std::vector<float> images(3 * side * side * count);
  std::vector<std::int32_t> labels(count);
  data->fill_training(0, batch, images, labels);
  const Stopwatch stopwatch;
  for (std::int64_t step = 1; step <= batches; ++step) {
    data->fill_training(step * batch, (step + 1) * batch, images, labels);
  }
  const auto threads = has_photographs(config) ? loader_workers(config) : 1;
  std::cout << fmt::format("{:.0f} images/s of {} x {} pixels by {} {}\n",
                           static_cast<double>(batches * batch) / stopwatch.seconds(), side, side, threads,
                           threads == 1 ? "thread" : "threads");
  return static_cast<int>(ExitCode::done);
}

// The settings that determine the batches.
const std::vector<std::string> batch_keys{"dataset.name",       "dataset.directory", "dataset.validation",
                                          "dataset.image_size", "dataset.workers",   "training.batch",
                                          "training.seed"};

// The options of a command that reads batches as a training does.
struct BatchOptions : SettingOptions {
  explicit BatchOptions(CLI::App& command) : SettingOptions(command, batch_keys) {
    take_any_setting(command);
    option_of(command, "dataset")->required();
  }
};

int run(int argc, char** argv) {
  CLI::App app("Packs, checks and shows the images that networks are trained on.", "revnet-data");
  app.footer(examples + environment_help({data_variable}));
  app.require_subcommand(1);
  int exit_code = 0;
  const auto on_call = [&exit_code](CLI::App* command, const std::function<int()>& body) {
    const std::string name = "revnet-data " + command->get_name();
    command->callback(
        [&exit_code, name, body] { exit_code = guarded(name, [&] { return without_training(body); }); });
  };

  std::string place, file;
  bool skip_damaged = false, force = false;
  CLI::App* packing = app.add_subcommand("pack", "packs class folders of JPEG images into one HDF5 file");
  packing->add_option("folder", place, "folder with train/CLASS/*.JPEG and val/CLASS/*.JPEG")
      ->required()
      ->type_name("DIR");
  packing->add_option("file", file, "file to write")->required()->type_name("FILE.h5");
  packing->add_flag("--skip-damaged", skip_damaged, "leave out and list files that are no valid JPEG images");
  packing->add_flag("--force", force, "replace an existing file");
  on_call(packing, [&] { return pack(place, file, skip_damaged, force); });

  int workers = 0;
  CLI::App* checking = app.add_subcommand("check", "reads every image and lists the damaged ones");
  checking
      ->add_option("place", place, "class folders, a packed file, or the folder that holds CIFAR's folders")
      ->required()
      ->type_name("DIR|FILE.h5");
  checking->add_option("--workers", workers, "decoding threads; 0: all cores that this process may use")
      ->type_name("N")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  on_call(checking, [&] { return check(place, workers); });

  ShowRequest request;
  CLI::App* showing = app.add_subcommand("show", "draws a batch as the network receives it");
  const BatchOptions options(*showing);
  showing->add_option("--output", request.file, "picture to write")->type_name("FILE.png")->required();
  showing->add_option("--iteration", request.iteration, "number of the training's batch, counted from 0")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40))
      ->capture_default_str();
  showing->add_flag("--evaluation", request.evaluation, "draw a batch of the evaluation set instead");
  on_call(showing, [&] { return show(resolve_dataset(options.apply_to({})), request); });

  std::int64_t batches = 20;
  CLI::App* measuring =
      app.add_subcommand("speed", "measures how many images per second a training can read");
  const BatchOptions measured(*measuring);
  measuring->add_option("--batches", batches, "batches to read")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  on_call(measuring, [&] { return measure(resolve_dataset(measured.apply_to({})), batches); });

  if (const int code = parse(app, argc, argv); code >= 0) return code;
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  return guarded_program("revnet-data", [&] { return run(argc, argv); });
}

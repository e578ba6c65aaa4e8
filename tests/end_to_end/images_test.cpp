// Training on JPEG images, from folders and from a packed file, and with damaged images.
#include <doctest/doctest.h>

#include "data/jpeg_files.h"
#include "end_to_end/runs.h"

using namespace revnet;
using namespace revnet::testing;
namespace fs = std::filesystem;

namespace {

constexpr int images = 4;  // of each of three classes in train; one fewer in val

Arguments fresh(const std::string& run, const std::string& data, const Arguments& more = {}) {
  return join({"images", "--data-dir", data, "--image-size", "32", "--arch", "resnet32", "--batch", "4",
               "--set", "log.every=1", "--set", "augmentation.colour=true", "--eval-every", "4",
               "--iterations", "6", "--run-dir", run},
              more);
}

void check_trains(const fs::path& folder, const Arguments& arguments) {
  succeeded(train(folder, arguments));
}

}  // namespace

TEST_CASE("folders, a packed file and any number of workers train to the same bits") {
  const TemporaryDirectory folder;
  write_image_folders(folder / "set", 3, images);
  check_trains(folder.path(), fresh("folders", "set"));
  CHECK(open_config(folder / "folders").dataset.classes == 3);
  const Outcome evaluated = train(folder.path(), {"--run-dir", "folders", "--evaluate", "--per-class"});
  for (const char* name : {"\nn0  ", "\nn1  ", "\nn2  "})
    CHECK_MESSAGE(contains(evaluated.out, name), evaluated.text());

  // $REVNET_DATA is where CIFAR is; it does not replace a folder that a file names, but no option is ignored.
  write_file(folder / "set.yaml", "dataset: {name: images, directory: set}\n");
  const Environment elsewhere{{"REVNET_DATA", "elsewhere"}};
  const auto plan = [&](const Arguments& more) {
    return train(folder.path(),
                 join({"images", "--config", "set.yaml", "--image-size", "32", "--arch", "resnet32",
                       "--batch", "4", "--dry-run"},
                      more),
                 elsewhere);
  };
  CHECK_MESSAGE(contains(succeeded(plan({})).out, "  directory: set\n"), plan({}).text());
  CHECK(contains(plan({"--data-dir", "none"}).err, "none/train: no such folder"));

  const Outcome packed = succeeded(run("revnet-data", folder.path(), {"pack", "set", "set.h5"}));
  CHECK(contains(packed.out, "set.h5: 12 training and 9 validation images of 3 classes"));
  check_trains(folder.path(), fresh("packed", "set.h5", {"--workers", "3"}));
  CHECK(first_difference(folder / "folders", folder / "packed").empty());

  check_refused("revnet-data", folder.path(), {"pack", "set", "set.h5"}, "set.h5 already exists");
  CHECK(run("revnet-data", folder.path(), {"check", "set.h5"}).out == "21 images of 3 classes: all intact\n");
  // The checksum of an image must detect a change of one bit.
  const std::string jpeg = read_file(folder / "set/train/n1/2.JPEG");
  std::string bytes = read_file(folder / "set.h5");
  bytes[bytes.find(jpeg) + jpeg.size() / 2] ^= 1;
  write_file(folder / "set.h5", bytes);
  const Outcome damaged = run("revnet-data", folder.path(), {"check", "set.h5"});
  CHECK(damaged.exit_code == 1);
  CHECK(damaged.out ==
        "set.h5: n1/2.JPEG: damaged: its bytes have changed since it was packed (checksum mismatch)\n"
        "21 images of 3 classes: 1 damaged\n");
}

TEST_CASE("a run that a damaged image ended resumes to the same bits once the image is repaired") {
  const TemporaryDirectory folder;
  write_image_folders(folder / "set", 3, images);
  check_trains(folder.path(), fresh("whole", "set"));

  // The evaluation after the fourth step reads this file.
  const fs::path file = folder / "set/val/n2/1.JPEG";
  const std::string jpeg = read_file(file);
  cut_short(file);
  const Outcome ended = train(folder.path(), fresh("run", "set"));
  CHECK_MESSAGE(ended.exit_code == 5, ended.text());
  CHECK(contains(ended.err, "set/val/n2/1.JPEG: cut short: it ends before the image does; repair it"));
  CHECK(contains(ended.err,
                 "stopped by a damaged image after iteration 4; a checkpoint is saved, continue with: "));
  CHECK(saved_iterations(folder / "run") == 4);
  CHECK(open_log(folder / "run").status() == RunStatus::interrupted);
  const Outcome evaluated = train(folder.path(), {"--run-dir", "run", "--evaluate"});
  CHECK_MESSAGE(evaluated.exit_code == 1, evaluated.text());
  CHECK(contains(evaluated.err, "set/val/n2/1.JPEG: cut short"));

  write_file(file, jpeg);
  check_trains(folder.path(), {"images", "--run-dir", "run", "--resume"});
  CHECK(open_log(folder / "run").info().extra.count("changed_on_resume") == 0);
  CHECK(first_difference(folder / "run", folder / "whole").empty());

  // The images of a run are known by their names and labels.
  CHECK(contains(open_log(folder / "run").info().extra.at("dataset_fingerprint"), "12 and 9 images, "));
  const Arguments evaluate{"--run-dir", "run", "--evaluate"};
  constexpr const char* warning = "these images or their classes are not those that the run was trained on";
  CHECK_FALSE(contains(succeeded(train(folder.path(), evaluate)).err, warning));
  fs::rename(file, file.parent_path() / "other.JPEG");
  CHECK(contains(succeeded(train(folder.path(), evaluate)).err, warning));
}

TEST_CASE("the setting dataset.damaged leaves out damaged images, names them and counts them") {
  const TemporaryDirectory folder;
  write_image_folders(folder / "set", 3, images);
  cut_short(folder / "set/train/n0/2.JPEG");
  write_file(folder / "set/train/n1/png.JPEG", "\x89PNG\r\n\x1a\n");

  const Outcome refused = train(folder.path(), fresh("refused", "set"));
  CHECK_MESSAGE(refused.exit_code == 1, refused.text());
  CHECK(contains(refused.err,
                 "set/train/n1/png.JPEG: not a JPEG image: it begins with the bytes 89 50, not ff d8;"));
  CHECK_FALSE(fs::exists(folder / "refused"));

  const Arguments skip{"--set", "dataset.damaged=skip"};
  const Outcome skipped = succeeded(train(folder.path(), fresh("skipped", "set", skip)));
  CHECK(count_of(skipped.err, "left out: set/train/n0/2.JPEG: cut short") == 1);
  CHECK(count_of(skipped.err, "left out: set/train/n1/png.JPEG: not a JPEG image") == 1);
  CHECK(contains(skipped.out, "images left out   2 damaged"));
  CHECK(open_log(folder / "skipped").info().extra.at("images_left_out") == "2");

  // A resumed run has not seen the damaged images again, and knows of those that earlier processes left out.
  succeeded(train(folder.path(), {"--run-dir", "skipped", "--resume", "--iterations", "7"}));
  CHECK(open_log(folder / "skipped").info().extra.at("images_left_out") == "2");

  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder / "set/val")) {
    if (entry.is_regular_file()) cut_short(entry.path());
  }
  const Outcome nothing = train(folder.path(), {"--run-dir", "skipped", "--evaluate"});
  CHECK_MESSAGE(nothing.exit_code == 1, nothing.text());
  CHECK(contains(nothing.err, "there is no image to evaluate on"));

  const Outcome checked = run("revnet-data", folder.path(), {"check", "set"});
  CHECK(checked.exit_code == 1);
  CHECK(contains(checked.out, "22 images of 3 classes: 11 damaged\n"));
  const Outcome speed = run("revnet-data", folder.path(),
                            {"speed", "images", "--data-dir", "set", "--image-size", "32", "--batch", "12"});
  CHECK_MESSAGE(speed.exit_code == 1, speed.text());
}

TEST_CASE("revnet-data packs no damaged image") {
  const TemporaryDirectory folder;
  write_image_folders(folder / "set", 3, images);
  cut_short(folder / "set/train/n0/2.JPEG");
  const Outcome refused = run("revnet-data", folder.path(), {"pack", "set", "set.h5"});
  CHECK(refused.exit_code == 1);
  CHECK(contains(refused.err, "set/train/n0/2.JPEG: cut short"));
  CHECK(contains(refused.err, "--skip-damaged"));
  CHECK_FALSE(fs::exists(folder / "set.h5"));
  const Outcome packed =
      succeeded(run("revnet-data", folder.path(), {"pack", "set", "set.h5", "--skip-damaged"}));
  CHECK(contains(packed.out, "set.h5: 11 training and 9 validation images of 3 classes"));
  CHECK(run("revnet-data", folder.path(), {"check", "set.h5"}).out == "20 images of 3 classes: all intact\n");
  const Outcome again = run("revnet-data", folder.path(), {"pack", "set.h5", "again.h5"});
  CHECK(again.exit_code == 2);
  CHECK(contains(again.err, "set.h5 is a file; name a folder to pack"));
}

TEST_CASE("photographs that are missing, or fewer than ImageNet has, are refused before a run begins") {
  const TemporaryDirectory folder;
  write_image_folders(folder / "set", 2, 2, 16);
  const auto refusal = [&](const Arguments& arguments) {
    const Outcome outcome =
        train(folder.path(), join(arguments, {"--arch", "resnet32", "--iterations", "1"}));
    CHECK(outcome.exit_code != 0);
    CHECK_MESSAGE(is_one_line(outcome.err), outcome.text());
    CHECK_FALSE(fs::exists(folder / "runs"));
    return outcome.err;
  };
  CHECK(contains(refusal({"imagenet", "--data-dir", "set", "--image-size", "32", "--batch", "2"}),
                 "set: 2 classes instead of 1000; ImageNet has 1,000 in train and in val; for other sets, "
                 "use images"));
  CHECK(contains(refusal({"images", "--data-dir", "none"}), "none/train: no such folder"));
  // A sweep's jobs take their number of classes from the folder, too.
  write_file(folder / "s.yaml", "dataset: {name: images}\nsweep: {grid: {training.batch: [2, 4]}}\n");
  const Outcome status =
      Process("revnet-sweep", folder.path(), {"status", "s.yaml", "--data-dir", "set"}, {}).wait();
  CHECK_MESSAGE(contains(status.out, "batch2  waiting"), status.text());
  CHECK(contains(refusal({"images", "--data-dir", "set", "--validation"}),
                 "images is always evaluated on the images in val"));
  CHECK(contains(refusal({"cifar10", "--image-size", "64"}),
                 "images of cifar10 have 32 pixels a side, not 64"));
}

TEST_CASE("revnet-data shows a batch of any data set") {
  const TemporaryDirectory folder;
  write_image_folders(folder / "set", 2, 3);
  const Outcome shown = succeeded(run(
      "revnet-data", folder.path(),
      {"show", "images", "--data-dir", "set", "--image-size", "32", "--batch", "5", "--output", "a.png"}));
  CHECK(contains(shown.out, "classes, row by row:\n"));
  const std::string png = read_file(folder / "a.png");
  // IHDR begins with width and height: three columns and two rows of 32 pixels, with gaps of 2.
  CHECK(png.substr(12, 12) == std::string("IHDR\0\0\0\x64\0\0\0\x42", 12));
  const auto drawn = [&](const std::string& setting) {
    succeeded(run("revnet-data", folder.path(),
                  {"show", "images", "--data-dir", "set", "--image-size", "32", "--batch", "12", "--set",
                   setting, "--output", "other.png"}));
    return read_file(folder / "other.png");
  };
  const std::string usual = drawn("training.seed=1");
  for (const std::string setting : {"augmentation.enabled=false", "augmentation.flip=false",
                                    "augmentation.colour=true", "training.seed=2"}) {
    CAPTURE(setting);
    CHECK(drawn(setting) != usual);
  }
  const Outcome named =
      run("revnet-data", folder.path(),
          {"show", "images", "--data-dir", "set", "--evaluation", "--batch", "4", "--output", "c.png"});
  CHECK_MESSAGE(named.out == "classes, row by row:\nn0  n0\nn1  n1\n", named.text());
  const Outcome synthetic = run("revnet-data", folder.path(),
                                {"show", "synthetic", "--evaluation", "--batch", "4", "--output", "b.png"});
  CHECK_MESSAGE(synthetic.out == "classes, row by row:\n0  1\n2  3\n", synthetic.text());
  check_refused(
      "revnet-data", folder.path(),
      {"show", "images", "--data-dir", "set", "--evaluation", "--iteration", "9", "--output", "d.png"},
      "the evaluation set ends before that batch");
}

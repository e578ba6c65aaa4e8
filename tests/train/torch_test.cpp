// Checkpoints go to PyTorch and back (scripts/convert_checkpoint.py): the same weights give the same logits
// in both. PyTorch's side is scripts/torch_model.py, which shares no code with ours.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <doctest/doctest.h>

#include "difference.h"
#include "record/checkpoint.h"
#include "record/hdf5.h"
#include "train/support.h"

namespace revnet {
namespace {

using testing::largest_difference;

namespace fs = std::filesystem;

constexpr double tolerance = 1e-4;

bool has_torch() {
  const bool has = std::system("/usr/bin/python3 -c 'import torch, h5py' 2> /dev/null") == 0;
  if (!has)
    MESSAGE("python3-torch or python3-h5py is not installed: checkpoints are not compared with PyTorch");
  return has;
}

bool has_onnxruntime() {
  const bool has = std::system("/usr/bin/python3 -c 'import onnxruntime' 2> /dev/null") == 0;
  if (!has) MESSAGE("onnxruntime is not installed (pip has it): logits are not compared with those of ONNX");
  return has;
}

std::string quoted(const fs::path& path) {
  return " '" + path.string() + "'";
}

void check_runs(const fs::path& folder, const std::string& script, const std::string& arguments) {
  const fs::path errors = folder / "errors";
  const std::string command =
      "/usr/bin/python3" + quoted(fs::path(REVNET_TEST_DIR) / script) + arguments + " 2>" + quoted(errors);
  const int status = std::system(command.c_str());
  INFO(testing::read_file(errors));
  REQUIRE(status == 0);
}

void convert(const fs::path& folder, const std::string& direction, const std::string& from,
             const std::string& to) {
  check_runs(folder, "../scripts/convert_checkpoint.py",
             " " + direction + quoted(folder / from) + quoted(folder / to));
}

Config config_of(const std::string& network) {
  Config config;
  read_config_text(config, network, "test");
  config.dataset.name = Config::Dataset::Name::synthetic;
  config.training.iterations = 20;
  config.training.batch = 4;
  config.training.threads = 1;
  // Running averages that adapt at once and small steps make logits as large as a trained network's.
  config.training.learning_rate = 0.01;
  config.batch_norm.decay = 0.1;
  return resolve(config);
}

// Writes the next batch as the network receives it.
void write_images(Trainer& trainer, const fs::path& file) {
  trainer.fetch_batch(0);
  hdf5::Writer images(file);
  images.floats("images", trainer.images().shape(), trainer.images().values());
  images.save();
}

// Compares the logits of the images fetched last with PyTorch's.
void check_logits(Trainer& trainer, const fs::path& file, const std::string& name) {
  CAPTURE(name);
  const Tensor logits = trainer.network().logits(trainer.images(), Pass::inference);
  const hdf5::FloatArray torch = hdf5::Reader(file).floats(name);
  REQUIRE(torch.shape == logits.shape());
  double largest = 0;
  for (const float value : torch.values) largest = std::max(largest, std::abs(static_cast<double>(value)));
  CHECK(largest > 0.1);  // smaller logits would hide differences
  CHECK(largest < 100);
  CHECK(largest_difference(torch.values, logits.values()) <= tolerance);
}

Checkpoint checkpoint_of(Trainer& trainer, const Config& config) {
  Checkpoint checkpoint = trainer.checkpoint();
  checkpoint.config = to_yaml(config);
  checkpoint.progress = {
      {"window_cross_entropy", 0.1 + 0.2}, {"window_errors", 1}, {"window_images", 4}, {"seconds", 1.5}};
  return checkpoint;
}

TEST_CASE("a checkpoint converted to PyTorch and back evaluates to the same logits") {
  if (!has_torch()) return;
  const std::string wider = "network: {architecture: revnet38, widths: [32, 64, 128]}",
                    own =
                        "network: {architecture: {reversible: true, bottleneck: true, units: [2, 2], widths: "
                        "[16, 24], stem: {kernel: 7, stride: 2, pool: true}}}";
  for (const std::string& network : {wider, own}) {
    CAPTURE(network);
    const TemporaryDirectory folder;
    const Config config = config_of(network);
    Trainer trainer = small_trainer(config);
    for (int step = 0; step < 3; ++step) trainer.step();
    write_checkpoint(folder / "checkpoint.h5", checkpoint_of(trainer, config));
    write_images(trainer, folder / "images.h5");
    convert(folder.path(), "to-torch", "checkpoint.h5", "model.pt");
    check_runs(folder.path(), "train/torch_logits.py",
               quoted(folder / "model.pt") + quoted(folder / "images.h5") + quoted(folder / "changed.pt") +
                   quoted(folder / "logits.h5"));
    check_logits(trainer, folder / "logits.h5", "before");
    if (network == own) convert(folder.path(), "to-onnx", "checkpoint.h5", "model.onnx");  // for seconds
    if (network == own && has_onnxruntime()) {
      check_runs(folder.path(), "train/onnx_logits.py",
                 quoted(folder / "model.onnx") + quoted(folder / "images.h5") + quoted(folder / "onnx.h5"));
      check_logits(trainer, folder / "onnx.h5", "onnx");
    }

    convert(folder.path(), "from-torch", "changed.pt", "changed.h5");
    const Checkpoint before = read_checkpoint(folder / "checkpoint.h5"),
                     after = read_checkpoint(folder / "changed.h5");
    CHECK(after.iteration == 3);
    CHECK(after.config == before.config);
    CHECK(after.progress == before.progress);
    REQUIRE(after.momentum.size() == before.momentum.size());
    for (std::size_t i = 0; i < after.momentum.size(); ++i) {
      CAPTURE(after.momentum[i].name);
      CHECK(std::ranges::equal(after.momentum[i].values, before.momentum[i].values, {}, {},
                               [](float value) { return 2 * value; }));
    }
    CHECK_FALSE(after.running == before.running);
    trainer.restore(after, "changed.h5");
    trainer.fetch_batch(0);
    check_logits(trainer, folder / "logits.h5", "after");
  }
}

TEST_CASE("a checkpoint comes back from PyTorch bit for bit") {
  if (!has_torch()) return;
  const TemporaryDirectory folder;
  const Config config = config_of("network: {architecture: revnet38}\ntraining: {average_decay: 0.9}");
  Trainer trainer = small_trainer(config);
  trainer.step();
  write_checkpoint(folder / "checkpoint.h5", checkpoint_of(trainer, config));
  convert(folder.path(), "to-torch", "checkpoint.h5", "model.pt");
  convert(folder.path(), "from-torch", "model.pt", "back.h5");
  const Checkpoint before = read_checkpoint(folder / "checkpoint.h5"),
                   back = read_checkpoint(folder / "back.h5");
  CHECK_FALSE(before.average.empty());
  CHECK(same_state(back, before));
  CHECK(back.progress == before.progress);

  // Where it cannot be written, the old file stays.
  const std::string model = testing::read_file(folder / "model.pt");
  const std::string limited = "ulimit -f 100; /usr/bin/python3" +
                              quoted(fs::path(REVNET_TEST_DIR) / "../scripts/convert_checkpoint.py") +
                              " to-torch --force" + quoted(folder / "checkpoint.h5") +
                              quoted(folder / "model.pt") + " 2>" + quoted(folder / "errors");
  CHECK(std::system(limited.c_str()) != 0);
  CHECK(testing::read_file(folder / "errors") ==
        "convert_checkpoint.py: cannot write " + (folder / "model.pt").string() + ": File too large\n");
  CHECK(testing::read_file(folder / "model.pt") == model);
  CHECK_FALSE(fs::exists(folder / "model.pt.tmp"));

  // safetensors holds the weights or their average. A checkpoint made from it has the same as both.
  CHECK_FALSE(before.average == before.parameters);
  convert(folder.path(), "to-safetensors --average", "checkpoint.h5", "model.safetensors");
  CHECK(testing::contains(testing::read_file(folder / "errors"),
                          "warning: revnet evaluates this average with recalibrated statistics"));
  convert(folder.path(), "from-safetensors", "model.safetensors", "average.h5");
  const Checkpoint average = read_checkpoint(folder / "average.h5");
  CHECK(average.parameters == before.average);
  CHECK(average.average == before.average);
}

// safetensors holds only the state dict, without momentum or iteration.
TEST_CASE("weights and running averages come back from safetensors bit for bit") {
  if (!has_torch()) return;
  const TemporaryDirectory folder;
  Config config = config_of("network: {architecture: revnet38, units: [1, 1, 2]}");
  Trainer trainer = small_trainer(config);
  trainer.step();
  config.dataset.name = Config::Dataset::Name::imagenet;  // which may have any number of classes
  config.dataset.classes = 10;
  write_checkpoint(folder / "checkpoint.h5", checkpoint_of(trainer, config));
  convert(folder.path(), "to-safetensors", "checkpoint.h5", "model.safetensors");
  const std::string file = testing::read_file(folder / "model.safetensors");
  const std::string opening =
      "{\"__metadata__\": {\"format\": \"pt\", \"architecture\": \"revnet38\", \"iteration\": \"1\", ";
  CHECK(file.substr(8, opening.size()) == opening);
  CHECK(static_cast<unsigned char>(file[0]) % 8 == 0);  // the header's size keeps values aligned
  convert(folder.path(), "from-safetensors", "model.safetensors", "back.h5");
  Checkpoint before = read_checkpoint(folder / "checkpoint.h5");
  const Checkpoint back = read_checkpoint(folder / "back.h5");
  CHECK(back.config == before.config);
  before.iteration = 0;
  for (NamedArray& each : before.momentum) std::ranges::fill(each.values, 0.0f);
  CHECK(same_state(back, before));
}

TEST_CASE("a file that cannot be converted is refused in one line") {
  if (!has_torch()) return;
  const TemporaryDirectory folder;
  testing::write_file(folder / "refuse.py", R"(import sys
sys.path.insert(0, ")" REVNET_TEST_DIR R"(/../scripts")
import torch
import convert_checkpoint
from revnet_files import Checkpoint, write_checkpoint
torch.save([1], "list.pt")
torch.save({"a": 1}, "numbers.pt")
torch.save({"model": {"a": torch.zeros(1)}}, "part.pt")
torch.save({"model": {"a": torch.zeros(1)}, "momentum": None, "iteration": 1, "config": "", "progress": {}},
           "momentum.pt")
torch.save({"a": torch.zeros(1)}, "bare.pt")
open("small.yaml", "w").write("batch_norm:\n  epsilon: small\n")
open("latin.yaml", "wb").write(b"name: \xe9\n")
one = {"a": [1]}
write_checkpoint("one.h5", Checkpoint(1, "", one, one, {"a": ([1], [1])}))
header = b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  '
open("cut.safetensors", "wb").write(len(header).to_bytes(8, "little") + header + bytes(7))
for words in ("from-torch refuse.py c.h5", "from-torch none.pt c.h5", "from-torch list.pt c.h5",
              "from-torch numbers.pt c.h5", "from-torch part.pt c.h5", "to-torch refuse.py m.pt",
              "from-safetensors refuse.py c.h5", "from-safetensors cut.safetensors c.h5", "from-torch momentum.pt c.h5",
              "from-torch bare.pt c.h5 --config small.yaml", "from-torch bare.pt c.h5 --config latin.yaml",
              "to-safetensors one.h5 m.safetensors --average", "to-safetensors one.h5 bare.pt"):
    sys.argv = ["convert_checkpoint.py", *words.split()]
    try:
        convert_checkpoint.main()
    except SystemExit as refusal:
        print(refusal)
)");
  const std::string command = "cd" + quoted(folder.path()) + " && /usr/bin/python3 refuse.py > said 2>&1";
  CHECK(std::system(command.c_str()) == 0);
  const std::string said = testing::read_file(folder / "said");
  CAPTURE(said);
  CHECK(std::ranges::count(said, '\n') == 13);
  for (const char* why :
       {"refuse.py is no file of torch.save: ", "No such file or directory: 'none.pt'\n",
        "list.pt holds no state dict", "numbers.pt holds no state dict",
        "part.pt has a model, but no config, iteration, momentum, progress\n", "cannot read refuse.py: ",
        "refuse.py is no safetensors file: ", "cut.safetensors: a is cut short, or not of float32\n",
        "momentum.pt has a model, but its momentum is not what to-torch writes\n",
        "bare.pt with small.yaml: batch_norm.epsilon: small is not a valid value\n",
        "latin.yaml is no text in UTF-8\n",
        "one.h5: it has no average of the weights (training.average_decay)\n",
        "bare.pt already exists: replace it with --force, or choose another name\n"}) {
    CHECK(testing::contains(
        said, std::string("convert_checkpoint.py: ") + (why[0] == 'N' ? "[Errno 2] " : "") + why));
  }
}

}  // namespace
}  // namespace revnet

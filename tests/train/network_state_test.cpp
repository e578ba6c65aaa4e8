// A network's state as plain arrays and back: bit for bit, or an error that names the array.
#include "train/network_state.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <doctest/doctest.h>

#include "train/support.h"

namespace revnet {
namespace {

constexpr std::size_t arena_bytes = std::size_t{256} << 20;

NetworkOptions small_options() {
  NetworkOptions options;
  options.batch = 1;
  options.image_size = 8;
  return options;
}

struct Bench {
  explicit Bench(const char* architecture, std::uint64_t seed)
      : device(1, arena_bytes, true), network(device, find_architecture(architecture), small_options()) {
    network.initialize(seed);
  }
  Checkpoint state() { return export_state(network); }
  Device device;
  Network network;
};

// A state whose numbers all differ.
Checkpoint made_up_state(const char* architecture) {
  Checkpoint checkpoint = Bench(architecture, 1).state();
  float next = 0.0f;
  const auto fill = [&](std::vector<float>& values) {
    for (float& value : values) value = std::sin(next += 1.0f);
  };
  for (NamedArray& array : checkpoint.parameters) fill(array.values);
  for (NamedArray& array : checkpoint.momentum) fill(array.values);
  for (RunningAverage& average : checkpoint.running) {
    fill(average.mean);
    fill(average.variance);
  }
  return checkpoint;
}

const NamedArray* find(const std::vector<NamedArray>& arrays, const std::string& name) {
  const auto found = std::ranges::find(arrays, name, &NamedArray::name);
  return found == arrays.end() ? nullptr : &*found;
}

TEST_CASE("a state comes back bit for bit") {
  const TemporaryDirectory folder;
  for (const char* architecture : {"revnet38", "resnet32", "revnet164"}) {
    CAPTURE(architecture);
    Checkpoint state = made_up_state(architecture);
    write_checkpoint(folder / "checkpoint.h5", state);
    const Checkpoint read = read_checkpoint(folder / "checkpoint.h5");
    Bench bench(architecture, 2);
    import_state(bench.network, read, "file");
    CHECK(same_state(bench.state(), state));
    // Parts of one name take their own rows.
    for (const Parameter* parameter : bench.network.parameters()) {
      const std::vector<float> rows = to_plain(parameter->value);
      const NamedArray& whole = *find(state.parameters, parameter->name);
      const auto first =
          whole.values.begin() + parameter->rows.first * (parameter->size() / parameter->shape()[0]);
      CHECK(std::equal(rows.begin(), rows.end(), first));
    }
  }
}

TEST_CASE("halves are joined under one name") {
  Bench bench("revnet38", 1);
  const Checkpoint state = bench.state();
  const NamedArray* stem = find(state.parameters, "stem/conv/weight");
  REQUIRE(stem != nullptr);
  CHECK(stem->shape == Shape{32, 3, 3, 3});
  CHECK(find(state.parameters, "head/bn/scale")->shape == Shape{112});
  CHECK(find(state.parameters, "head/dense/weight")->shape == Shape{10, 112});
  CHECK(find(export_gradients(bench.network), "stem/bn/shift")->shape == Shape{32});
  std::int64_t count = 0;
  for (const NamedArray& array : state.parameters) {
    count += static_cast<std::int64_t>(array.values.size());
    CHECK(std::ranges::count(state.parameters, array.name, &NamedArray::name) == 1);
  }
  CHECK(count == 464890);
  const auto head = std::ranges::find(state.running, "head/bn", &RunningAverage::name);
  REQUIRE(head != state.running.end());
  CHECK(head->mean == std::vector<float>(112, 0.0f));
  CHECK(head->variance == std::vector<float>(112, 1.0f));
}

TEST_CASE("an imported state is what the network computes with") {
  Bench from("revnet38", 1), to("revnet38", 2);
  const auto gradients = [](Bench& bench) {
    Tensor images = bench.network.make_images();
    std::ranges::fill(images.values(), 3.0f);
    bench.network.compute_gradient(images, std::vector<std::int32_t>{1});
    return export_gradients(bench.network);
  };
  const auto expected = gradients(from);
  CHECK(gradients(to) != expected);
  import_state(to.network, from.state(), "file");
  CHECK(gradients(to) == expected);
}

TEST_CASE("a state that does not fit is refused and changes nothing") {
  Bench bench("revnet38", 1);
  const Checkpoint before = bench.state();
  const auto refusal = [&](const std::function<void(Checkpoint&)>& spoil) {
    Checkpoint state = made_up_state("revnet38");
    spoil(state);
    const std::string message =
        message_of<Error>([&] { import_state(bench.network, state, "run/checkpoint.h5"); });
    CHECK(message.starts_with("run/checkpoint.h5: "));
    CHECK(same_state(bench.state(), before));
    return message;
  };
  const auto missing = refusal([](Checkpoint& state) { state.parameters.pop_back(); });
  CHECK(contains(missing, "/parameters/head/dense/bias is missing"));
  const auto no_momentum = refusal([](Checkpoint& state) { state.momentum.erase(state.momentum.begin()); });
  CHECK(contains(no_momentum, "/momentum/stem/conv/weight is missing"));
  const auto no_average = refusal([](Checkpoint& state) { state.running.pop_back(); });
  CHECK(contains(no_average, "/running/head/bn/mean is missing"));
  const auto extra = refusal([](Checkpoint& state) { state.momentum.push_back({"other", {1}, {0.0f}}); });
  CHECK(contains(extra, "/momentum/other is not in this network"));
  const auto extra_average = refusal([](Checkpoint& state) { state.running.push_back({"bn9", {0}, {1}}); });
  CHECK(contains(extra_average, "/running/bn9/"));
  const auto shape = refusal([](Checkpoint& state) { state.parameters[0].shape = {32, 9, 3, 1}; });
  CHECK(contains(shape, "/parameters/stem/conv/weight has shape [32, 9, 3, 1]"));
  CHECK(contains(shape, "[32, 3, 3, 3]"));
  const auto short_average = refusal([](Checkpoint& state) {
    state.running[0].mean.pop_back();
    state.running[0].variance.pop_back();
  });
  CHECK(contains(short_average, "/running/stem/bn/mean has shape [31]"));

  const Checkpoint other = made_up_state("resnet32");
  CHECK_THROWS_AS(import_state(bench.network, other, "file"), Error);
  CHECK(same_state(bench.state(), before));
}

}  // namespace
}  // namespace revnet

#include "fused/residual_function.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "fused/convolution.h"
#include "fused/norm_tables.h"
#include "fused/simd/passes.h"
#include "fused/simd/processor.h"
#include "ops/statistics.h"

namespace revnet::fused {
namespace {

using simd::Sink;
using simd::Source;

// Its vectors are indexed by layer, a pair of norm and convolution.
struct FusedTape final : Tape {
  FusedTape(MemoryPurpose what_for, std::size_t layers)
      : purpose(what_for), outputs(layers - 1), observed(layers) {}

  MemoryPurpose purpose;
  std::vector<Tensor> outputs;   // of all convolutions but the last
  std::vector<Tensor> observed;  // input of each norm as an observer left it; empty without an observer
};

FusedTape& own(Tape& tape) {
  return dynamic_cast<FusedTape&>(tape);
}

// A convolution's input as a source, normalised while it is read if there is a norm.
Source source_of(const Tensor& input, const std::optional<NormTable>& norm) {
  Source source;
  source.values = input.data();
  if (norm) {
    source.form = Source::Form::normalized;
    source.norm = norm->get();
  }
  return source;
}

// dst += source.
void add_source(const Source& source, Tensor& dst) {
  const double bytes = 4 * static_cast<double>(dst.bytes());
  dst.device().perform({Operation::normalization_gradient, dst.shape()[2], 0, bytes}, [&] {
    simd::add(images_of(dst.layout()), ChannelBlocks(dst.layout()).stored_channels(), source, dst.data(),
              dst.device().threads());
  });
}

class FusedFunction final : public ResidualFunction {
 public:
  FusedFunction(Device& device, const std::string& name, const ResidualShape& shape,
                const LayerOptions& options);

  // Keeps the same in both cases: normalised activations never reach memory.
  std::unique_ptr<Tape> make_tape(MemoryPurpose purpose, TapeKeeps /*keeps*/) const override {
    return std::make_unique<FusedTape>(purpose, layers_.size());
  }

  void add(const Tensor& x, const Tensor& s, Pass pass, Tensor& y, Tape* tape, Norm* next) override {
    FusedTape unkept(MemoryPurpose::temporaries, layers_.size());
    run(x, pass, tape == nullptr ? unkept : own(*tape),
        {.form = Sink::Form::sum, .addend = s.data(), .grid_step = grid_step_}, y, next);
  }

  void subtract(const Tensor& x, Tensor& y, Tape& tape) override {
    run(x, Pass::recomputation, own(tape),
        {.form = Sink::Form::difference, .addend = y.data(), .grid_step = grid_step_}, y, nullptr);
  }

  void complete(const Tensor& x, Tape& tape) override;

  void backward(const Tensor& x, std::unique_ptr<Tape> tape, const Tensor& dy, Tensor& dx) override;

  Norm* input_norm() override { return layers_[0].norm.get(); }

  void list(LayerList& layers) override {
    for (Layer& layer : layers_) {
      if (layer.norm) layers.add(*layer.norm);
      layers.add(*layer.filter);
    }
  }

 private:
  struct Layer {
    std::unique_ptr<Norm> norm;  // null where the stem has just normalised the input
    ConvolutionKernels convolution;
    std::unique_ptr<Filter> filter;
  };

  // Computes the outputs of all convolutions but the last that the tape does not hold yet. Returns the input
  // of the last convolution.
  const Tensor& record(const Tensor& x, Pass pass, FusedTape& tape);
  // Runs the whole function; the last convolution writes to y through the sink.
  void run(const Tensor& x, Pass pass, FusedTape& tape, const Sink& sink, Tensor& y, Norm* next);
  // Runs one convolution from the input to the sink, whose values are y. A training pass stores the batch
  // statistics of y in `next`, unless that is null.
  void convolve(Layer& layer, const Tensor& input, Pass pass, Sink sink, Tensor& y, Norm* next);
  // Passes a copy of x to the observer of the layer's norm, which may change it, and returns that copy.
  // Returns x itself if there is no norm or no observer.
  const Tensor& observe(Layer& layer, const Tensor& x, Pass pass, Tensor& changed);

  std::string name_;
  float grid_step_;  // of the grid of exact coupling; 0 without a grid
  RangeWatch* range_;
  std::vector<Layer> layers_;
};

FusedFunction::FusedFunction(Device& device, const std::string& name, const ResidualShape& shape,
                             const LayerOptions& options)
    : name_(name), grid_step_(options.grid ? options.grid->step() : 0), range_(options.range) {
  for (const ConvolutionShape& convolution : convolutions_of(shape, options.batch)) {
    const std::size_t number = layers_.size() + 1;
    Layer layer{nullptr, ConvolutionKernels(device, convolution), nullptr};
    if (!layers_.empty() || shape.leading_norm) {
      layer.norm = std::make_unique<Norm>(device, fmt::format("{}/bn{}", name, number),
                                          Rows{0, convolution.in}, convolution.src(), options);
    }
    layer.filter =
        std::make_unique<Filter>(device, fmt::format("{}/conv{}/weight", name, number),
                                 Rows{0, convolution.out}, convolution, layer.convolution.weight_layout());
    layers_.push_back(std::move(layer));
  }
}

const Tensor& FusedFunction::observe(Layer& layer, const Tensor& x, Pass pass, Tensor& changed) {
  NormObserver* const observer = layer.norm ? layer.norm->observer(pass) : nullptr;
  if (observer == nullptr) return x;
  changed = Tensor(x.device(), x.layout(), MemoryPurpose::tape);
  if (!x.device().is_planning()) std::memcpy(changed.data(), x.data(), x.bytes());
  observer->normalizing(*layer.norm, pass, changed);
  return changed;
}

const Tensor& FusedFunction::record(const Tensor& x, Pass pass, FusedTape& tape) {
  const Tensor* before = &x;
  for (std::size_t i = 0; i + 1 < layers_.size(); ++i) {
    Tensor& output = tape.outputs[i];
    const Tensor& input = observe(layers_[i], *before, pass, tape.observed[i]);
    // An output that the tape holds is not computed again, but the observer sees every norm's input.
    if (output.empty()) {
      output = Tensor(x.device(), layers_[i].convolution.dst_layout(), tape.purpose);
      convolve(layers_[i], input, pass, {}, output, layers_[i + 1].norm.get());
    }
    before = &output;
  }
  return observe(layers_.back(), *before, pass, tape.observed.back());
}

void FusedFunction::convolve(Layer& layer, const Tensor& input, Pass pass, Sink sink, Tensor& y, Norm* next) {
  const bool measures = next != nullptr && pass == Pass::training;
  sink.values = y.data();
  Tensor sums;
  if (measures) {
    sums = make_sums(y.device(), layer.convolution.forward_blocks(),
                     ChannelBlocks(y.layout()).stored_channels());
    sink.sums = values_of(sums).data();
  }
  std::optional<NormTable> norm;
  if (layer.norm) norm.emplace(*layer.norm, pass, input);
  layer.convolution.forward(source_of(input, norm), layer.filter->weight().value, sink);
  if (measures && !y.device().is_planning()) {
    combine_statistics(sums, layer.convolution.forward_pixels(), *next);
  }
}

void FusedFunction::run(const Tensor& x, Pass pass, FusedTape& tape, const Sink& sink, Tensor& y,
                        Norm* next) {
  const Tensor& input = record(x, pass, tape);
  if (range_ == nullptr || pass != Pass::training) {
    convolve(layers_.back(), input, pass, sink, y, next);
    return;
  }
  std::vector<float> largest(static_cast<std::size_t>(layers_.back().convolution.forward_blocks()));
  Sink watched = sink;
  watched.largest = largest.data();
  convolve(layers_.back(), input, pass, watched, y, next);
  range_->saw(name_, *std::ranges::max_element(largest));
}

void FusedFunction::complete(const Tensor& x, Tape& tape) {
  own(tape).purpose = MemoryPurpose::tape;
  for (Tensor& observed : own(tape).observed) observed = {};  // drops those of the forward pass
  record(x, Pass::recomputation, own(tape));
}

void FusedFunction::backward(const Tensor& x, std::unique_ptr<Tape> tape, const Tensor& dy, Tensor& dx) {
  FusedTape& kept = own(*tape);
  const auto input_of = [&](std::size_t layer) -> const Tensor& {
    if (!kept.observed[layer].empty()) return kept.observed[layer];
    return layer == 0 ? x : kept.outputs[layer - 1];
  };
  Tensor diff;  // gradient at the ReLU's input of the layer after this one; empty for the last layer
  Source from;  // gradient of the convolution's output
  from.values = dy.data();
  std::optional<NormGradientTable> gradient;  // owns the constants that `from` points to
  for (std::size_t i = layers_.size(); i-- > 0;) {
    Layer& layer = layers_[i];
    const Tensor& input = input_of(i);
    Parameter& weight = layer.filter->weight();
    if (!layer.norm) {
      const Sink sink{.form = Sink::Form::sum, .values = dx.data(), .addend = dx.data()};
      layer.convolution.backward(source_of(input, {}), from, weight.value, sink, weight.gradient);
      return;
    }
    const std::optional<NormTable> norm(std::in_place, *layer.norm, Pass::recomputation, input);
    Tensor masked(input.device(), input.layout(), MemoryPurpose::activation_gradients);
    const std::int64_t blocks = layer.convolution.backward_blocks();
    Tensor sums = make_sums(input.device(), blocks, ChannelBlocks(input.layout()).stored_channels());
    const Sink sink{.form = Sink::Form::masked,
                    .values = masked.data(),
                    .input = input.data(),
                    .norm = norm->get(),
                    .sums = values_of(sums).data()};
    layer.convolution.backward(source_of(input, norm), from, weight.value, sink, weight.gradient);
    gradient.emplace(*layer.norm, input, sums, blocks);
    diff = std::move(masked);
    from = {.form = Source::Form::gradient,
            .values = diff.data(),
            .input = input.data(),
            .norm_gradient = gradient->get()};
  }
  add_source(from, dx);
}

}  // namespace

bool can_compute_on(const Device& device) {
  const std::int64_t block = device.activation_block();
  return (block == 8 || block == 16) && simd::kernels_run_here();
}

std::unique_ptr<ResidualFunction> make_residual_function(Device& device, const std::string& name,
                                                         const ResidualShape& shape,
                                                         const LayerOptions& options) {
  return std::make_unique<FusedFunction>(device, name, shape, options);
}

}  // namespace revnet::fused

#include "onednn/residual_function.h"

#include <fmt/format.h>

#include "onednn/convolution_layer.h"
#include "onednn/norm_layer.h"
#include "ops/elementwise.h"
#include "ops/statistics.h"

namespace revnet::onednn {
namespace {

// A layer is a (norm, convolution) pair.
struct OperationTape final : Tape {
  struct Layer {
    Tensor normalized, mask;  // the norm's output; empty if the function starts with a convolution
    Tensor output;            // the convolution's output; empty for the last layer
  };
  OperationTape(MemoryPurpose what_for, TapeKeeps what, std::size_t count)
      : purpose(what_for), keeps(what), layers(count) {}

  MemoryPurpose purpose;
  TapeKeeps keeps;
  std::vector<Layer> layers;
};

OperationTape& own(Tape& tape) {
  return dynamic_cast<OperationTape&>(tape);
}

class OperationFunction final : public ResidualFunction {
 public:
  OperationFunction(Device& device, const std::string& name, const ResidualShape& shape,
                    const LayerOptions& options);

  std::unique_ptr<Tape> make_tape(MemoryPurpose purpose, TapeKeeps keeps) const override {
    return std::make_unique<OperationTape>(purpose, keeps, layers_.size());
  }

  void add(const Tensor& x, const Tensor& s, Pass pass, Tensor& y, Tape* tape, Norm* next) override {
    if (tape == nullptr) {
      run(x, s, pass, y);
    } else {
      record(x, pass, own(*tape), [&](const Tensor& input) { last().add(input, s, y); });
    }
    if (pass != Pass::training) return;
    if (next != nullptr) measure_statistics(y, *next);
    if (range_ != nullptr) range_->saw(name_, largest_magnitude(y));
  }

  void subtract(const Tensor& x, Tensor& y, Tape& tape) override {
    record(x, Pass::recomputation, own(tape), [&](const Tensor& input) { last().subtract(input, y); });
  }

  void complete(const Tensor& x, Tape& tape) override {
    own(tape).purpose = MemoryPurpose::tape;
    own(tape).keeps = TapeKeeps::everything;
    record(x, Pass::recomputation, own(tape), [](const Tensor&) {});
  }

  void backward(const Tensor& x, std::unique_ptr<Tape> tape, const Tensor& dy, Tensor& dx) override;

  Norm* input_norm() override { return nullptr; }  // oneDNN measures the statistics itself

  void list(LayerList& layers) override {
    for (Layer& layer : layers_) {
      if (layer.norm) layers.add(layer.norm->norm());
      layers.add(layer.convolution->filter());
    }
  }

 private:
  struct Layer {
    std::unique_ptr<NormLayer> norm;  // null before the network's first residual convolution
    std::unique_ptr<ConvolutionLayer> convolution;
  };

  ConvolutionLayer& last() { return *layers_.back().convolution; }

  // Computes what the tape lacks, then calls run_last with the input of the last convolution.
  template <class RunLast>
  void record(const Tensor& x, Pass pass, OperationTape& tape, RunLast run_last);
  // Runs the whole function without recording: y = s + F(x).
  void run(const Tensor& x, const Tensor& s, Pass pass, Tensor& y);

  std::string name_;
  RangeWatch* range_;
  std::vector<Layer> layers_;
};

OperationFunction::OperationFunction(Device& device, const std::string& name, const ResidualShape& shape,
                                     const LayerOptions& options)
    : name_(name), range_(options.range) {
  const std::vector<ConvolutionShape> convolutions = convolutions_of(shape, options.batch);
  for (std::size_t i = 0; i < convolutions.size(); ++i) {
    const ConvolutionShape& convolution = convolutions[i];
    const bool is_last = i + 1 == convolutions.size();
    Layer layer;
    if (i > 0 || shape.leading_norm) {
      layer.norm = std::make_unique<NormLayer>(device, fmt::format("{}/bn{}", name, i + 1),
                                               Rows{0, convolution.in}, convolution.src(), options);
    }
    layer.convolution = std::make_unique<ConvolutionLayer>(
        device, fmt::format("{}/conv{}/weight", name, i + 1), Rows{0, convolution.out}, convolution, options,
        ConvolutionRoles{.adds = is_last, .subtracts = is_last && shape.subtracts});
    layers_.push_back(std::move(layer));
  }
}

template <class RunLast>
void OperationFunction::record(const Tensor& x, Pass pass, OperationTape& tape, RunLast run_last) {
  Device& device = x.device();
  const Tensor* before = &x;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    Layer& layer = layers_[i];
    OperationTape::Layer& kept = tape.layers[i];
    if (layer.norm && kept.normalized.empty()) {
      kept.normalized = Tensor(device, layer.norm->layout(), tape.purpose);
      kept.mask = Tensor(device, layer.norm->mask_layout(), tape.purpose);
      layer.norm->forward(*before, pass, kept.normalized, kept.mask);
    }
    const Tensor& input = layer.norm ? kept.normalized : *before;
    if (&layer == &layers_.back()) {
      run_last(input);
    } else if (kept.output.empty()) {
      kept.output = Tensor(device, layer.convolution->dst_layout(), tape.purpose);
      layer.convolution->forward(input, kept.output);
    }
    if (tape.keeps == TapeKeeps::convolutions) {
      kept.normalized = {};
      kept.mask = {};
    }
    before = &kept.output;
  }
}

void OperationFunction::run(const Tensor& x, const Tensor& s, Pass pass, Tensor& y) {
  Device& device = x.device();
  Tensor current;  // empty while the input is still x itself
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    Layer& layer = layers_[i];
    if (layer.norm) {
      Tensor mask(device, layer.norm->mask_layout(), MemoryPurpose::temporaries);
      if (current.empty()) {
        Tensor normalized(device, layer.norm->layout(), MemoryPurpose::temporaries);
        layer.norm->forward(x, pass, normalized, mask);
        current = std::move(normalized);
      } else {
        layer.norm->forward(current, pass, current, mask);
      }
    }
    const Tensor& input = current.empty() ? x : current;
    if (i + 1 == layers_.size()) {
      layer.convolution->add(input, s, y);
      return;
    }
    Tensor output(device, layer.convolution->dst_layout(), MemoryPurpose::temporaries);
    layer.convolution->forward(input, output);
    current = std::move(output);
  }
}

void OperationFunction::backward(const Tensor& x, std::unique_ptr<Tape> tape, const Tensor& dy, Tensor& dx) {
  std::vector<OperationTape::Layer>& kept = own(*tape).layers;
  Tensor diff;  // the gradient flowing back; empty while it is still dy itself
  for (std::size_t i = layers_.size(); i-- > 0;) {
    Layer& layer = layers_[i];
    const Tensor& diff_output = diff.empty() ? dy : diff;
    const Tensor& before = i == 0 ? x : kept[i - 1].output;
    layer.convolution->backward_weights(kept[i].normalized.empty() ? before : kept[i].normalized,
                                        diff_output);
    kept[i].normalized = {};
    Tensor diff_input(x.device(), layer.convolution->src_layout(), MemoryPurpose::activation_gradients);
    layer.convolution->backward_data(diff_output, diff_input);
    if (layer.norm) layer.norm->backward(before, kept[i].mask, diff_input);
    if (i > 0) kept[i - 1].output = {};
    diff = std::move(diff_input);
  }
  revnet::add(diff, dx);
}

}  // namespace

std::unique_ptr<ResidualFunction> make_residual_function(Device& device, const std::string& name,
                                                         const ResidualShape& shape,
                                                         const LayerOptions& options) {
  return std::make_unique<OperationFunction>(device, name, shape, options);
}

}  // namespace revnet::onednn

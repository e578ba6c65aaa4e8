#include "net/residual_function.h"

#include "net/fused_function.h"
#include "ops/elementwise.h"

namespace revnet {
namespace {

class PreActivationFunction final : public ResidualFunction {
 public:
  PreActivationFunction(Device& device, const std::string& name, const ResidualShape& shape,
                        const BuildOptions& options);

  void add(Device& device, const Tensor& x, const Tensor& s, Pass pass, Tensor& y, Tape* tape) override {
    if (tape == nullptr) {
      run(device, x, s, pass, y);
      return;
    }
    record(device, x, pass, *tape, [&](const Tensor& input) { last().add(device, input, s, y); });
  }

  void subtract(Device& device, const Tensor& x, Tensor& y, Tape& tape) override {
    record(device, x, Pass::recomputation, tape,
           [&](const Tensor& input) { last().subtract(device, input, y); });
  }

  void complete(Device& device, const Tensor& x, Tape& tape) override {
    tape.purpose = MemoryPurpose::tape;
    tape.keeps = Tape::Keeps::everything;
    record(device, x, Pass::recomputation, tape, [](const Tensor&) {});
  }

  void backward(Device& device, const Tensor& x, Tape tape, const Tensor& dy, Tensor& dx) override;

  void list(LayerList& layers) override {
    for (Step& step : steps_) {
      if (step.norm) layers.add(*step.norm);
      layers.add(*step.convolution);
    }
  }

 private:
  struct Step {
    std::unique_ptr<NormLayer> norm;  // absent before the network's very first convolution
    std::unique_ptr<ConvolutionLayer> convolution;
  };

  ConvolutionLayer& last() { return *steps_.back().convolution; }

  // Computes what the tape lacks; then calls run_last(input of the last convolution).
  template <class RunLast>
  void record(Device& device, const Tensor& x, Pass pass, Tape& tape, RunLast run_last);
  // The whole function, keeping nothing: y = s + F(x).
  void run(Device& device, const Tensor& x, const Tensor& s, Pass pass, Tensor& y);

  std::vector<Step> steps_;
};

PreActivationFunction::PreActivationFunction(Device& device, const std::string& name,
                                             const ResidualShape& shape, const BuildOptions& options) {
  const std::vector<FunctionFilter> filters = filters_of(shape);
  ConvolutionShape convolution{options.batch, shape.in, 0, shape.height, shape.width, 0, 1};
  for (std::size_t i = 0; i < filters.size(); ++i) {
    const bool is_last = i + 1 == filters.size();
    const std::string number = std::to_string(i + 1);
    convolution.out = filters[i].out;
    convolution.kernel = filters[i].kernel;
    convolution.stride = filters[i].stride;
    Step step;
    if (i > 0 || shape.leading_norm) {
      step.norm = std::make_unique<NormLayer>(device, name + "/bn" + number, Rows{0, convolution.in},
                                              convolution.src(), options);
    }
    ConvolutionLayer::Roles roles;
    roles.operation.adds = is_last;
    roles.subtracts = is_last && shape.subtracts;
    step.convolution = std::make_unique<ConvolutionLayer>(
        device, name + "/conv" + number + "/weight", Rows{0, convolution.out}, convolution, options, roles);
    steps_.push_back(std::move(step));
    convolution.in = convolution.out;
    convolution.height = convolution.out_height();
    convolution.width = convolution.out_width();
  }
}

template <class RunLast>
void PreActivationFunction::record(Device& device, const Tensor& x, Pass pass, Tape& tape, RunLast run_last) {
  const Tensor* before = &x;
  tape.steps.resize(steps_.size());
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    Step& step = steps_[i];
    Tape::Step& kept = tape.steps[i];
    if (step.norm && kept.normalized.empty()) {
      kept.normalized = Tensor(device, step.norm->operation().layout(), tape.purpose);
      kept.mask = Tensor(device, step.norm->operation().mask_layout(), tape.purpose);
      step.norm->forward(device, *before, pass, kept.normalized, kept.mask);
    }
    const Tensor& input = step.norm ? kept.normalized : *before;
    if (&step == &steps_.back()) {
      run_last(input);
    } else if (kept.output.empty()) {
      kept.output = Tensor(device, step.convolution->operation().dst_layout(), tape.purpose);
      step.convolution->forward(device, input, kept.output);
    }
    if (tape.keeps == Tape::Keeps::outputs) {
      kept.normalized = {};
      kept.mask = {};
    }
    before = &kept.output;
  }
}

void PreActivationFunction::run(Device& device, const Tensor& x, const Tensor& s, Pass pass, Tensor& y) {
  Tensor current;  // empty while the input is still x itself
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    Step& step = steps_[i];
    if (step.norm) {
      Tensor mask(device, step.norm->operation().mask_layout(), MemoryPurpose::temporaries);
      if (current.empty()) {
        Tensor normalized(device, step.norm->operation().layout(), MemoryPurpose::temporaries);
        step.norm->forward(device, x, pass, normalized, mask);
        current = std::move(normalized);
      } else {
        step.norm->forward(device, current, pass, current, mask);
      }
    }
    const Tensor& input = current.empty() ? x : current;
    if (i + 1 == steps_.size()) {
      step.convolution->add(device, input, s, y);
      return;
    }
    Tensor output(device, step.convolution->operation().dst_layout(), MemoryPurpose::temporaries);
    step.convolution->forward(device, input, output);
    current = std::move(output);
  }
}

void PreActivationFunction::backward(Device& device, const Tensor& x, Tape tape, const Tensor& dy,
                                     Tensor& dx) {
  Tensor diff;  // the gradient flowing back; empty while it is still dy itself
  for (std::size_t i = steps_.size(); i-- > 0;) {
    Step& step = steps_[i];
    Tape::Step& kept = tape.steps[i];
    const Tensor& diff_output = diff.empty() ? dy : diff;
    const Tensor& before = i == 0 ? x : tape.steps[i - 1].output;
    step.convolution->backward_weights(device, kept.normalized.empty() ? before : kept.normalized,
                                       diff_output);
    kept.normalized = {};
    Tensor diff_input(device, step.convolution->operation().src_layout(),
                      MemoryPurpose::activation_gradients);
    step.convolution->backward_data(device, diff_output, diff_input);
    if (step.norm) step.norm->backward(device, before, kept.mask, diff_input);
    if (i > 0) tape.steps[i - 1].output = {};
    diff = std::move(diff_input);
  }
  revnet::add(device, diff, dx);
}

}  // namespace

std::vector<FunctionFilter> filters_of(const ResidualShape& shape) {
  if (!shape.bottleneck) return {{shape.out, 3, shape.stride}, {shape.out, 3, 1}};
  const std::int64_t inner = shape.out / 4;
  return {{inner, 1, shape.stride}, {inner, 3, 1}, {shape.out, 1, 1}};
}

std::unique_ptr<ResidualFunction> make_residual_function(Device& device, const std::string& name,
                                                         const ResidualShape& shape,
                                                         const BuildOptions& options) {
  if (options.engine == Engine::fused && can_fuse(shape)) {
    return make_fused_function(device, name, shape, options);
  }
  return std::make_unique<PreActivationFunction>(device, name, shape, options);
}

}  // namespace revnet

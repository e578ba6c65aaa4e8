#include "net/fused_function.h"

#include <cstring>
#include <optional>

#include "ops/fused_convolution.h"
#include "ops/fused_norm.h"

namespace revnet {
namespace {

using kernels::Sink;
using kernels::Source;

// What is read of a convolution's input: normalised on the way, where there is a norm.
Source source_of(const Tensor& input, const std::optional<NormConstants>& constants) {
  Source source;
  source.values = input.data();
  if (constants) {
    source.form = Source::Form::normalized;
    source.norm = constants->get();
  }
  return source;
}

class FusedFunction final : public ResidualFunction {
 public:
  FusedFunction(Device& device, const std::string& name, const ResidualShape& shape,
                const BuildOptions& options);

  void add(Device& device, const Tensor& x, const Tensor& s, Pass pass, Tensor& y, Tape* tape) override {
    Tape own(MemoryPurpose::temporaries);
    Sink sink;
    sink.form = Sink::Form::sum;
    sink.addend = s.data();
    Tensor sums;
    const bool feeds = reader_ != nullptr && pass == Pass::training;
    if (feeds) sums = sink_sums(device, steps_.back(), y.layout(), sink);
    run(device, x, pass, tape == nullptr ? own : *tape, sink, y);
    if (feeds) leave_statistics(device, steps_.back(), y.layout(), sums, *reader_);
  }

  void subtract(Device& device, const Tensor& x, Tensor& y, Tape& tape) override {
    Sink sink;
    sink.form = Sink::Form::difference;
    sink.addend = y.data();
    run(device, x, Pass::recomputation, tape, sink, y);
  }

  void complete(Device& device, const Tensor& x, Tape& tape) override {
    tape.purpose = MemoryPurpose::tape;
    for (Tape::Step& step : tape.steps) step.normalized = {};  // what an observer made of the forward pass
    record(device, x, Pass::recomputation, tape);
    observed(device, steps_.back(), tape.steps[steps_.size() - 2].output, Pass::recomputation,
             tape.steps.back().normalized);
  }

  void backward(Device& device, const Tensor& x, Tape tape, const Tensor& dy, Tensor& dx) override;

  void feed(ResidualFunction& next) override { reader_ = next.await_statistics(); }

  NormLayer* await_statistics() override {
    fed_ = steps_[0].norm != nullptr;
    return steps_[0].norm.get();
  }

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
    std::unique_ptr<FusedConvolution> kernel;

    // The constants of the norm, from the statistics of that pass.
    NormConstants constants(Device& device, const Layout& activation, Pass pass) {
      return {device,
              activation,
              norm->scale().value,
              norm->shift().value,
              pass == Pass::inference ? norm->running() : norm->batch(),
              norm->epsilon()};
    }
  };

  // Memory for the sums of what a step's convolution writes, which the sink is told of,
  static Tensor sink_sums(Device& device, const Step& step, const Layout& output, Sink& sink);
  // and what becomes of them: the statistics of the norm that reads it.
  static void leave_statistics(Device& device, const Step& step, const Layout& output, const Tensor& sums,
                               NormLayer& reader);

  // What all convolutions but the last make of x, unless the tape has it.
  void record(Device& device, const Tensor& x, Pass pass, Tape& tape);
  // The output of one of them.
  Tensor convolve(Device& device, std::size_t step, const Tensor& input, Pass pass, MemoryPurpose purpose);
  // The last convolution's results go to y by way of the sink.
  void run(Device& device, const Tensor& x, Pass pass, Tape& tape, Sink sink, Tensor& y);
  // Shows an observer what goes into the norm, if there is one of either: x, or what the observer made of it.
  const Tensor& observed(Device& device, Step& step, const Tensor& x, Pass pass, Tensor& changed);

  std::vector<Step> steps_;
  NormLayer* reader_ = nullptr;  // of y
  bool fed_ = false;             // the statistics of x are left here by who writes it
};

FusedFunction::FusedFunction(Device& device, const std::string& name, const ResidualShape& shape,
                             const BuildOptions& options) {
  ConvolutionShape convolution{options.batch, shape.in, 0, shape.height, shape.width, 0, 1};
  for (const FunctionFilter& filter : filters_of(shape)) {
    Step step;
    const std::string number = std::to_string(steps_.size() + 1);
    convolution.out = filter.out;
    convolution.kernel = filter.kernel;
    if (!steps_.empty() || shape.leading_norm) {
      step.norm = std::make_unique<NormLayer>(device, name + "/bn" + number, Rows{0, convolution.in},
                                              convolution.src(), options);
    }
    step.kernel = std::make_unique<FusedConvolution>(device, convolution);
    ConvolutionLayer::Roles roles;
    roles.fused = &step.kernel->weight_layout();
    step.convolution = std::make_unique<ConvolutionLayer>(
        device, name + "/conv" + number + "/weight", Rows{0, convolution.out}, convolution, options, roles);
    steps_.push_back(std::move(step));
    convolution.in = convolution.out;
  }
}

const Tensor& FusedFunction::observed(Device& device, Step& step, const Tensor& x, Pass pass,
                                      Tensor& changed) {
  if (!step.norm || step.norm->observer() == nullptr || pass == Pass::inference) return x;
  changed = Tensor(device, x.layout(), MemoryPurpose::tape);
  if (!device.is_planning()) std::memcpy(changed.data(), x.data(), x.bytes());
  step.norm->observer()->normalizing(device, *step.norm, pass, changed);
  return changed;
}

Tensor FusedFunction::sink_sums(Device& device, const Step& step, const Layout& output, Sink& sink) {
  Tensor sums = make_sums(device, output, static_cast<std::int64_t>(step.kernel->forward_units().size()));
  sink.sums = sums_of(sums);
  return sums;
}

void FusedFunction::leave_statistics(Device& device, const Step& step, const Layout& output,
                                     const Tensor& sums, NormLayer& reader) {
  combine_statistics(device, output, sums, step.kernel->forward_units(), reader.batch(), reader.shared());
}

void FusedFunction::record(Device& device, const Tensor& x, Pass pass, Tape& tape) {
  if (tape.steps.empty() && steps_[0].norm && !fed_ && pass == Pass::training) {
    measure_statistics(device, x, steps_[0].norm->batch(), steps_[0].norm->shared());
  }
  tape.steps.resize(steps_.size());
  const Tensor* before = &x;
  for (std::size_t i = 0; i + 1 < steps_.size(); ++i) {
    Tape::Step& kept = tape.steps[i];
    const Tensor& input = observed(device, steps_[i], *before, pass, kept.normalized);
    // What was kept need not be computed again, though an observer is shown what goes into it all the same.
    if (kept.output.empty()) kept.output = convolve(device, i, input, pass, tape.purpose);
    before = &kept.output;
  }
}

Tensor FusedFunction::convolve(Device& device, std::size_t index, const Tensor& input, Pass pass,
                               MemoryPurpose purpose) {
  Step& step = steps_[index];
  Tensor output(device, step.convolution->operation().dst_layout(), purpose);
  Sink sink;
  sink.values = output.data();
  Tensor sums;
  if (pass == Pass::training) sums = sink_sums(device, step, output.layout(), sink);
  std::optional<NormConstants> constants;
  if (step.norm) constants.emplace(step.constants(device, input.layout(), pass));
  step.kernel->forward(device, source_of(input, constants), step.convolution->weight().value, sink);
  if (pass == Pass::training) leave_statistics(device, step, output.layout(), sums, *steps_[index + 1].norm);
  return output;
}

void FusedFunction::run(Device& device, const Tensor& x, Pass pass, Tape& tape, Sink sink, Tensor& y) {
  record(device, x, pass, tape);
  Step& last = steps_.back();
  const Tensor& before = tape.steps[steps_.size() - 2].output;
  const Tensor& input = observed(device, last, before, pass, tape.steps.back().normalized);
  const std::optional<NormConstants> constants(last.constants(device, input.layout(), pass));
  sink.values = y.data();
  last.kernel->forward(device, source_of(input, constants), last.convolution->weight().value, sink);
}

void FusedFunction::backward(Device& device, const Tensor& x, Tape tape, const Tensor& dy, Tensor& dx) {
  // A tape whose norms were observed holds what the observer made of their inputs.
  const auto input_of = [&](std::size_t step) -> const Tensor& {
    if (!tape.steps[step].normalized.empty()) return tape.steps[step].normalized;
    return step == 0 ? x : tape.steps[step - 1].output;
  };
  Tensor diff;  // by what goes into the ReLU of the step gone through; empty while it is dy itself
  Source from;  // the gradient by the convolution's output
  from.values = dy.data();
  std::optional<NormGradientConstants> gradient_constants;  // that `from` refers to
  for (std::size_t i = steps_.size(); i-- > 0;) {
    Step& step = steps_[i];
    const Tensor& input = input_of(i);
    const Tensor& weights = step.convolution->weight().value;
    Tensor& diff_weights = step.convolution->weight().gradient;
    Sink sink;
    if (!step.norm) {
      sink.form = Sink::Form::sum;
      sink.values = dx.data();
      sink.addend = dx.data();
      step.kernel->backward(device, source_of(input, {}), from, weights, sink, diff_weights);
      return;
    }
    const std::optional<NormConstants> constants(step.constants(device, input.layout(), Pass::recomputation));
    Tensor masked(device, input.layout(), MemoryPurpose::activation_gradients);
    const std::int64_t units = step.kernel->backward_units();
    Tensor sums = make_sums(device, input.layout(), units);
    sink.form = Sink::Form::masked;
    sink.values = masked.data();
    sink.input = input.data();
    sink.norm = constants->get();
    sink.sums = sums_of(sums);
    step.kernel->backward(device, source_of(input, constants), from, weights, sink, diff_weights);
    gradient_constants.emplace(device, input.layout(), step.norm->scale().value, step.norm->batch(),
                               step.norm->epsilon(), sums, units, step.norm->scale().gradient,
                               step.norm->shift().gradient, step.norm->shared());
    diff = std::move(masked);
    from.form = Source::Form::gradient;
    from.values = diff.data();
    from.input = input.data();
    from.norm_gradient = gradient_constants->get();
  }
  revnet::add(device, from, dx);
}

}  // namespace

bool can_fuse(const ResidualShape& shape) {
  return shape.stride == 1;
}

bool can_fuse(const Device& device) {
  return FusedConvolution::serves(device);
}

std::unique_ptr<ResidualFunction> make_fused_function(Device& device, const std::string& name,
                                                      const ResidualShape& shape,
                                                      const BuildOptions& options) {
  return std::make_unique<FusedFunction>(device, name, shape, options);
}

}  // namespace revnet

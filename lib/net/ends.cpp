#include "net/ends.h"

#include <cmath>

#include "ops/pooling.h"

namespace revnet {
namespace {

constexpr std::int64_t image_channels = 3;

}  // namespace

Stem::Stem(Device& device, const Architecture& architecture, std::int64_t image_size,
           const BuildOptions& options) {
  const std::int64_t parts = architecture.parts(), width = architecture.stem_width / parts;
  for (std::int64_t part = 0; part < parts; ++part) {
    const Rows rows{part * width, architecture.stem_width};
    const ConvolutionShape shape{options.batch, image_channels, width, image_size, image_size, 3, 1};
    ConvolutionLayer::Roles roles;
    roles.operation.image_input = true;
    convolutions_.push_back(
        std::make_unique<ConvolutionLayer>(device, "stem/conv/weight", rows, shape, options, roles));
    norms_.push_back(std::make_unique<NormLayer>(device, "stem/bn", rows, shape.dst(), options));
  }
}

Activation Stem::forward(Device& device, const Tensor& images, Pass pass, Tape* tape) {
  Activation result;
  for (std::size_t part = 0; part < convolutions_.size(); ++part) {
    const ConvolutionLayer& convolution = *convolutions_[part];
    NormLayer& norm = *norms_[part];
    const MemoryPurpose kept =
        tape == nullptr ? MemoryPurpose::temporaries : MemoryPurpose::saved_activations;
    Tensor raw(device, convolution.operation().dst_layout(), kept);
    Tensor mask(device, norm.operation().mask_layout(), kept);
    convolution.forward(device, images, raw);
    if (tape == nullptr) {
      norm.forward(device, raw, pass, raw, mask);
      result.push_back(std::move(raw));
      continue;
    }
    Tensor normalized(device, raw.layout(), MemoryPurpose::temporaries);
    norm.forward(device, raw, pass, normalized, mask);
    result.push_back(std::move(normalized));
    tape->raw.push_back(std::move(raw));
    tape->masks.push_back(std::move(mask));
  }
  return result;
}

void Stem::backward(Device& device, const Tensor& images, Tape tape, Activation dy) {
  for (std::size_t part = 0; part < convolutions_.size(); ++part) {
    norms_[part]->backward(device, tape.raw[part], tape.masks[part], dy[part]);
    convolutions_[part]->backward_weights(device, images, dy[part]);
  }
}

void Stem::list(LayerList& layers) {
  for (std::size_t part = 0; part < convolutions_.size(); ++part) {
    layers.add(*convolutions_[part]);
    layers.add(*norms_[part]);
  }
}

Head::Head(Device& device, const Architecture& architecture, std::int64_t height, std::int64_t classes,
           const BuildOptions& options)
    : weight_(device, "head/dense/weight", {0, classes}, Layout::plain({classes, architecture.out_width(2)}),
              {Initial::Kind::uniform, std::sqrt(3.0 / static_cast<double>(architecture.out_width(2)))},
              true),
      bias_(device, "head/dense/bias", {0, classes}, Layout::plain({classes}), {}, false),
      dense_(device, options.batch, architecture.out_width(2), classes) {
  const std::int64_t total = architecture.out_width(2), width = total / architecture.parts();
  for (std::int64_t part = 0; part < architecture.parts(); ++part) {
    norms_.push_back(std::make_unique<NormLayer>(device, "head/bn", Rows{part * width, total},
                                                 Shape{options.batch, width, height, height}, options));
  }
}

Tensor Head::forward(Device& device, const Activation& x, Pass pass, Tape* tape) {
  const std::int64_t batch = x[0].shape()[0];
  const MemoryPurpose kept = tape == nullptr ? MemoryPurpose::temporaries : MemoryPurpose::saved_activations;
  Tensor features(device, Layout::plain({batch, weight_.shape()[1]}), kept);
  std::int64_t first = 0;
  for (std::size_t part = 0; part < norms_.size(); ++part) {
    NormLayer& norm = *norms_[part];
    Tensor mask(device, norm.operation().mask_layout(), kept);
    Tensor normalized(device, norm.operation().layout(), MemoryPurpose::temporaries);
    norm.forward(device, x[part], pass, normalized, mask);
    global_average_pool(device, normalized, features, first);
    first += norm.operation().channels();
    if (tape != nullptr) tape->masks.push_back(std::move(mask));
  }
  Tensor logits(device, Layout::plain({batch, weight_.shape()[0]}), MemoryPurpose::temporaries);
  dense_.forward(device, features, weight_.value, bias_.value, logits);
  if (tape != nullptr) tape->features = std::move(features);
  return logits;
}

Activation Head::backward(Device& device, const Activation& x, Tape tape, const Tensor& diff_logits) {
  Tensor diff_features(device, tape.features.layout(), MemoryPurpose::activation_gradients);
  dense_.backward(device, tape.features, weight_.value, diff_logits, diff_features, weight_.gradient,
                  bias_.gradient);
  Activation dx;
  std::int64_t first = 0;
  for (std::size_t part = 0; part < norms_.size(); ++part) {
    NormLayer& norm = *norms_[part];
    Tensor diff(device, norm.operation().layout(), MemoryPurpose::activation_gradients);
    global_average_pool_backward(device, diff_features, first, diff);
    norm.backward(device, x[part], tape.masks[part], diff);
    first += norm.operation().channels();
    dx.push_back(std::move(diff));
  }
  return dx;
}

void Head::list(LayerList& layers) {
  for (const auto& norm : norms_) layers.add(*norm);
  layers.parameters.push_back(&weight_);
  layers.parameters.push_back(&bias_);
}

}  // namespace revnet

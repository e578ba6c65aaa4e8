#include "net/stem_and_head.h"

#include <cmath>

#include "onednn/layers.h"
#include "ops/elementwise.h"
#include "ops/pooling.h"

namespace revnet {
namespace {

constexpr std::int64_t image_channels = 3;

}  // namespace

Stem::Stem(Device& device, const Architecture& architecture, std::int64_t image_size,
           const LayerOptions& options)
    : grid_(options.grid) {
  const Architecture::Stem& stem = architecture.stem;
  const std::int64_t parts = architecture.parts(), width = stem.width / parts;
  const ConvolutionShape shape{.batch = options.batch,
                               .in = image_channels,
                               .out = width,
                               .height = image_size,
                               .width = image_size,
                               .kernel = stem.kernel,
                               .stride = stem.stride};
  for (std::int64_t part = 0; part < parts; ++part) {
    const Rows rows{part * width, stem.width};
    convolutions_.push_back(onednn::make_image_convolution(device, "stem/conv/weight", rows, shape, options));
    norms_.push_back(onednn::make_norm_relu(device, "stem/bn", rows, shape.dst(), options));
  }
  if (stem.pools) pool_.emplace(device, shape.dst());
}

Tensor Stem::normalize(std::size_t part, const Tensor& images, Pass pass, Tape* tape) {
  Device& device = images.device();
  ImageConvolution& convolution = *convolutions_[part];
  NormRelu& norm = *norms_[part];
  const MemoryPurpose kept = tape == nullptr ? MemoryPurpose::temporaries : MemoryPurpose::saved_activations;
  Tensor raw(device, convolution.dst_layout(), kept);
  Tensor mask(device, norm.mask_layout(), kept);
  convolution.forward(images, raw);
  if (tape == nullptr) {
    norm.forward(raw, pass, raw, mask);
    return raw;
  }
  Tensor normalized(device, raw.layout(), MemoryPurpose::temporaries);
  norm.forward(raw, pass, normalized, mask);
  tape->raw.push_back(std::move(raw));
  tape->masks.push_back(std::move(mask));
  return normalized;
}

Tensor Stem::pool(const Tensor& normalized, Tape* tape) const {
  Device& device = normalized.device();
  Tensor places(device, pool_->places_layout(),
                tape == nullptr ? MemoryPurpose::temporaries : MemoryPurpose::saved_activations);
  Tensor pooled(device, pool_->dst_layout(), MemoryPurpose::temporaries);
  pool_->forward(normalized, pooled, places);
  if (tape != nullptr) tape->places.push_back(std::move(places));
  return pooled;
}

Activation Stem::forward(const Tensor& images, Pass pass, Tape* tape) {
  Activation result;
  for (std::size_t part = 0; part < convolutions_.size(); ++part) {
    Tensor normalized = normalize(part, images, pass, tape);
    result.push_back(pool_ ? pool(normalized, tape) : std::move(normalized));
  }
  if (grid_) {
    for (Tensor& part : result) round_to_grid(part, *grid_);
  }
  return result;
}

void Stem::backward(const Tensor& images, Tape tape, Activation dy) {
  for (std::size_t part = 0; part < convolutions_.size(); ++part) {
    if (pool_) {
      Tensor diff(images.device(), pool_->src_layout(), MemoryPurpose::activation_gradients);
      pool_->backward(dy[part], tape.places[part], diff);
      dy[part] = std::move(diff);
    }
    norms_[part]->backward(tape.raw[part], tape.masks[part], dy[part]);
    convolutions_[part]->backward(images, dy[part]);
  }
}

void Stem::list(LayerList& layers) {
  for (std::size_t part = 0; part < convolutions_.size(); ++part) {
    layers.add(convolutions_[part]->filter());
    layers.add(norms_[part]->norm());
  }
}

Head::Head(Device& device, const Architecture& architecture, std::int64_t height, std::int64_t classes,
           const LayerOptions& options)
    : weight_(device, "head/dense/weight", {0, classes}, Layout::plain({classes, architecture.final_width()}),
              // As the reference code draws it: with the variance 1 / inputs.
              {Initial::Kind::uniform, std::sqrt(3.0 / static_cast<double>(architecture.final_width()))},
              true),
      bias_(device, "head/dense/bias", {0, classes}, Layout::plain({classes}), {}, false),
      dense_(device, options.batch, architecture.final_width(), classes) {
  const std::int64_t total = architecture.final_width(), width = total / architecture.parts();
  for (std::int64_t part = 0; part < architecture.parts(); ++part) {
    norms_.push_back(onednn::make_norm_relu(device, "head/bn", Rows{part * width, total},
                                            {options.batch, width, height, height}, options));
  }
}

Tensor Head::forward(const Activation& x, Pass pass, Tape* tape) {
  Device& device = x[0].device();
  const std::int64_t batch = x[0].shape()[0];
  const MemoryPurpose kept = tape == nullptr ? MemoryPurpose::temporaries : MemoryPurpose::saved_activations;
  Tensor features(device, Layout::plain({batch, weight_.shape()[1]}), kept);
  std::int64_t first = 0;
  for (std::size_t part = 0; part < norms_.size(); ++part) {
    NormRelu& norm = *norms_[part];
    Tensor mask(device, norm.mask_layout(), kept);
    Tensor normalized(device, x[part].layout(), MemoryPurpose::temporaries);
    norm.forward(x[part], pass, normalized, mask);
    global_average_pool(normalized, features, first);
    first += norm.norm().channels();
    if (tape != nullptr) tape->masks.push_back(std::move(mask));
  }
  Tensor logits(device, Layout::plain({batch, weight_.shape()[0]}), MemoryPurpose::temporaries);
  dense_.forward(features, weight_.value, bias_.value, logits);
  if (tape != nullptr) tape->features = std::move(features);
  return logits;
}

Activation Head::backward(const Activation& x, Tape tape, const Tensor& diff_logits) {
  Device& device = diff_logits.device();
  Tensor diff_features(device, tape.features.layout(), MemoryPurpose::activation_gradients);
  dense_.backward(tape.features, weight_.value, diff_logits, diff_features, weight_.gradient, bias_.gradient);
  Activation dx;
  std::int64_t first = 0;
  for (std::size_t part = 0; part < norms_.size(); ++part) {
    NormRelu& norm = *norms_[part];
    Tensor diff(device, x[part].layout(), MemoryPurpose::activation_gradients);
    global_average_pool_backward(diff_features, first, diff);
    norm.backward(x[part], tape.masks[part], diff);
    first += norm.norm().channels();
    dx.push_back(std::move(diff));
  }
  return dx;
}

void Head::list(LayerList& layers) {
  for (const auto& norm : norms_) layers.add(norm->norm());
  layers.parameters.push_back(&weight_);
  layers.parameters.push_back(&bias_);
}

}  // namespace revnet

#include "onednn/convolution_layer.h"

#include "onednn/layers.h"
#include "ops/elementwise.h"

namespace revnet::onednn {

ConvolutionLayer::ArrangedFilter::ArrangedFilter(Device& device, const std::string& name, Rows rows,
                                                 const ConvolutionPrimitives& primitives,
                                                 ConvolutionRoles roles, bool subtracts_by_adding)
    : Filter(device, name, rows, primitives.shape(), primitives.weight_layout(), roles.image_input),
      primitives_(primitives) {
  if (!roles.image_input && primitives.data_gradient_weight_layout() != primitives.weight_layout()) {
    backward_ = Tensor(device, primitives.data_gradient_weight_layout(), MemoryPurpose::parameters);
  }
  if (subtracts_by_adding) {
    negated_ = Tensor(device, primitives.weight_layout(), MemoryPurpose::parameters);
  }
}

void ConvolutionLayer::ArrangedFilter::weight_changed() {
  if (!backward_.empty()) primitives_.arrange_for_backward(weight().value, backward_);
  if (!negated_.empty()) negate(weight().value, negated_);
}

ConvolutionLayer::ConvolutionLayer(Device& device, const std::string& name, Rows rows,
                                   const ConvolutionShape& shape, const LayerOptions& options,
                                   ConvolutionRoles roles)
    : grid_(options.grid),
      primitives_(device, shape, options.convolution, roles),
      filter_(device, name, rows, primitives_, roles,
              roles.subtracts && !grid_ && primitives_.adds_in_registers()) {}

void ConvolutionLayer::forward(const Tensor& src, Tensor& dst) {
  primitives_.forward(src, filter_.weight().value, dst);
}

void ConvolutionLayer::add(const Tensor& src, const Tensor& addend, Tensor& dst) const {
  if (!grid_) {
    primitives_.forward_add(src, filter_.weight().value, addend, dst);
  } else if (&addend == &dst) {
    Tensor product(dst.device(), dst.layout(), MemoryPurpose::temporaries);
    primitives_.forward(src, filter_.weight().value, product);
    add_rounded(product, *grid_, dst);
  } else {
    primitives_.forward(src, filter_.weight().value, dst);
    round_to_grid(dst, *grid_);
    revnet::add(addend, dst);
  }
}

void ConvolutionLayer::subtract(const Tensor& src, Tensor& dst) const {
  if (!filter_.negated().empty()) {
    primitives_.forward_add(src, filter_.negated(), dst, dst);
    return;
  }
  Tensor product(dst.device(), dst.layout(), MemoryPurpose::temporaries);
  primitives_.forward(src, filter_.weight().value, product);
  if (grid_) {
    subtract_rounded(product, *grid_, dst);
  } else {
    revnet::subtract(product, dst);
  }
}

void ConvolutionLayer::backward(const Tensor& src, const Tensor& diff_dst, Tensor& diff_src) {
  backward_weights(src, diff_dst);
  backward_data(diff_dst, diff_src);
}

void ConvolutionLayer::backward_data(const Tensor& diff_dst, Tensor& diff_src) {
  primitives_.backward_data(diff_dst, filter_.for_backward(), diff_src);
}

void ConvolutionLayer::backward_weights(const Tensor& src, const Tensor& diff_dst) {
  primitives_.backward_weights(src, diff_dst, filter_.weight().gradient);
}

namespace {

class ImageConvolutionLayer final : public ImageConvolution {
 public:
  ImageConvolutionLayer(Device& device, const std::string& name, Rows rows, const ConvolutionShape& shape,
                        const LayerOptions& options)
      : layer_(device, name, rows, shape, options, {.image_input = true}) {}

  Filter& filter() override { return layer_.filter(); }
  const Layout& dst_layout() const override { return layer_.dst_layout(); }
  void forward(const Tensor& images, Tensor& dst) override { layer_.forward(images, dst); }
  void backward(const Tensor& images, const Tensor& diff_dst) override {
    layer_.backward_weights(images, diff_dst);
  }

 private:
  ConvolutionLayer layer_;
};

}  // namespace

std::unique_ptr<ImageConvolution> make_image_convolution(Device& device, const std::string& name, Rows rows,
                                                         const ConvolutionShape& shape,
                                                         const LayerOptions& options) {
  return std::make_unique<ImageConvolutionLayer>(device, name, rows, shape, options);
}

std::unique_ptr<Convolution> make_convolution(Device& device, const std::string& name, Rows rows,
                                              const ConvolutionShape& shape, const LayerOptions& options) {
  return std::make_unique<ConvolutionLayer>(device, name, rows, shape, options, ConvolutionRoles{});
}

}  // namespace revnet::onednn

#include "net/shortcut.h"

#include "ops/pooling.h"

namespace revnet {
namespace {

class PoolingShortcut final : public Shortcut {
 public:
  PoolingShortcut(const Device& device, const ShortcutShape& shape, std::int64_t batch)
      : pool_(device, {batch, shape.in, shape.height, shape.width}, shape.out, shape.stride) {}

  Tensor forward(Device& device, const Tensor& x) override {
    Tensor y(device, pool_.dst_layout(), MemoryPurpose::temporaries);
    pool_.forward(device, x, y);
    return y;
  }
  Tensor backward(Device& device, const Tensor& /*x*/, const Tensor& dy) override {
    Tensor dx(device, pool_.src_layout(), MemoryPurpose::activation_gradients);
    pool_.backward(device, dy, dx);
    return dx;
  }
  void list(LayerList& /*layers*/) override {}

 private:
  PoolAndPad pool_;
};

class Projection final : public Shortcut {
 public:
  Projection(Device& device, const std::string& name, const ShortcutShape& shape, const BuildOptions& options)
      : convolution_(device, name, Rows{0, shape.out},
                     {options.batch, shape.in, shape.out, shape.height, shape.width, 1, shape.stride},
                     options, {}) {}

  Tensor forward(Device& device, const Tensor& x) override {
    Tensor y(device, convolution_.operation().dst_layout(), MemoryPurpose::temporaries);
    convolution_.forward(device, x, y);
    return y;
  }
  Tensor backward(Device& device, const Tensor& x, const Tensor& dy) override {
    Tensor dx(device, convolution_.operation().src_layout(), MemoryPurpose::activation_gradients);
    convolution_.backward_weights(device, x, dy);
    convolution_.backward_data(device, dy, dx);
    return dx;
  }
  void list(LayerList& layers) override { layers.add(convolution_); }

 private:
  ConvolutionLayer convolution_;
};

}  // namespace

std::unique_ptr<Shortcut> make_shortcut(Device& device, const std::string& name, const ShortcutShape& shape,
                                        const BuildOptions& options) {
  if (shape.in == shape.out && shape.stride == 1) return nullptr;
  if (shape.projects) return std::make_unique<Projection>(device, name, shape, options);
  return std::make_unique<PoolingShortcut>(device, shape, options.batch);
}

}  // namespace revnet

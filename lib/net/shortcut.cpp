#include "net/shortcut.h"

#include "net/engine.h"
#include "ops/pooling.h"

namespace revnet {
namespace {

class PoolingShortcut final : public Shortcut {
 public:
  PoolingShortcut(const Device& device, const ResidualShape& shape, std::int64_t batch)
      : pool_(device, {batch, shape.in, shape.height, shape.width}, shape.out, shape.stride) {}

  Tensor forward(const Tensor& x) override {
    Tensor y(x.device(), pool_.dst_layout(), MemoryPurpose::temporaries);
    pool_.forward(x, y);
    return y;
  }
  Tensor backward(const Tensor& x, const Tensor& dy) override {
    Tensor dx(x.device(), pool_.src_layout(), MemoryPurpose::activation_gradients);
    pool_.backward(dy, dx);
    return dx;
  }
  void list(LayerList& /*layers*/) override {}

 private:
  PoolAndPad pool_;
};

class Projection final : public Shortcut {
 public:
  Projection(Device& device, const std::string& name, const ResidualShape& shape, const LayerOptions& options)
      : convolution_(make_convolution(device, name, Rows{0, shape.out},
                                      {.batch = options.batch,
                                       .in = shape.in,
                                       .out = shape.out,
                                       .height = shape.height,
                                       .width = shape.width,
                                       .kernel = 1,
                                       .stride = shape.stride},
                                      options)) {}

  Tensor forward(const Tensor& x) override {
    Tensor y(x.device(), convolution_->dst_layout(), MemoryPurpose::temporaries);
    convolution_->forward(x, y);
    return y;
  }
  Tensor backward(const Tensor& x, const Tensor& dy) override {
    Tensor dx(x.device(), x.layout(), MemoryPurpose::activation_gradients);
    convolution_->backward(x, dy, dx);
    return dx;
  }
  void list(LayerList& layers) override { layers.add(convolution_->filter()); }

 private:
  std::unique_ptr<Convolution> convolution_;
};

}  // namespace

std::unique_ptr<Shortcut> make_shortcut(Device& device, const std::string& name, const ResidualShape& shape,
                                        const LayerOptions& options) {
  if (shape.in == shape.out && shape.stride == 1) return nullptr;
  if (shape.bottleneck) return std::make_unique<Projection>(device, name, shape, options);
  return std::make_unique<PoolingShortcut>(device, shape, options.batch);
}

}  // namespace revnet

#include "fused/convolution_layer.h"

#include "fused/convolution.h"

namespace revnet::fused {
namespace {

class ConvolutionLayer final : public Convolution {
 public:
  ConvolutionLayer(Device& device, const std::string& name, Rows rows, const ConvolutionShape& shape)
      : kernels_(device, shape), filter_(device, name, rows, shape, kernels_.weight_layout()) {}

  Filter& filter() override { return filter_; }
  const Layout& dst_layout() const override { return kernels_.dst_layout(); }

  void forward(const Tensor& src, Tensor& dst) override {
    kernels_.forward({.values = src.data()}, filter_.weight().value, {.values = dst.data()});
  }
  void backward(const Tensor& src, const Tensor& diff_dst, Tensor& diff_src) override {
    kernels_.backward({.values = src.data()}, {.values = diff_dst.data()}, filter_.weight().value,
                      {.values = diff_src.data()}, filter_.weight().gradient);
  }

 private:
  ConvolutionKernels kernels_;
  Filter filter_;
};

}  // namespace

std::unique_ptr<Convolution> make_convolution(Device& device, const std::string& name, Rows rows,
                                              const ConvolutionShape& shape) {
  return std::make_unique<ConvolutionLayer>(device, name, rows, shape);
}

}  // namespace revnet::fused

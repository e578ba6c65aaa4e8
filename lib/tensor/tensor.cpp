#include "tensor/tensor.h"

#include <cstring>
#include <stdexcept>
#include <utility>

#include "tensor/onednn_handles.h"

namespace revnet {
namespace {

void run_reorder(Device& device, const dnnl::memory& from, const dnnl::memory& to) {
  onednn::execute(device, dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
}

}  // namespace

Tensor::Tensor(Device& device, Layout layout, MemoryPurpose purpose)
    : device_(&device),
      layout_(std::move(layout)),
      purpose_(purpose),
      buffer_(device.arena().take(layout_.bytes())) {
  device.ledger().add(purpose_, bytes());
  // All bits set is NaN as a float32, and as a mask it lets everything pass.
  if (device.poisons()) std::memset(buffer_, 0xff, bytes());
}

Tensor& Tensor::operator=(Tensor&& other) noexcept {
  if (this != &other) {
    release();
    swap(other);
  }
  return *this;
}

void Tensor::release() {
  if (device_ == nullptr) return;
  device_->ledger().remove(purpose_, bytes());
  device_->arena().give_back(buffer_, bytes());
  device_ = nullptr;
  buffer_ = nullptr;
}

void Tensor::swap(Tensor& other) noexcept {
  std::swap(device_, other.device_);
  std::swap(layout_, other.layout_);
  std::swap(purpose_, other.purpose_);
  std::swap(buffer_, other.buffer_);
}

void Tensor::set_purpose(MemoryPurpose purpose) {
  device_->ledger().remove(purpose_, bytes());
  device_->ledger().add(purpose, bytes());
  purpose_ = purpose;
}

dnnl::memory onednn::memory_of(const Tensor& tensor) {
  if (tensor.device().is_planning()) return {};
  return {desc_of(tensor.layout()), engine_of(tensor.device()), const_cast<float*>(tensor.data())};
}

void set_zero(Tensor& tensor) {
  if (!tensor.device().is_planning()) std::memset(tensor.data(), 0, tensor.bytes());
}

void copy_from_plain(std::span<const float> values, Tensor& tensor) {
  const Layout plain = Layout::plain(tensor.shape());
  if (values.size_bytes() != plain.bytes()) throw std::logic_error("copy_from_plain: wrong number of values");
  Device& device = tensor.device();
  if (device.is_planning()) return;
  const dnnl::memory from(onednn::desc_of(plain), onednn::engine_of(device),
                          const_cast<float*>(values.data()));
  run_reorder(device, from, onednn::memory_of(tensor));
}

std::vector<float> to_plain(const Tensor& tensor) {
  const Layout plain = Layout::plain(tensor.shape());
  std::vector<float> values(static_cast<std::size_t>(plain.stored_elements()));
  Device& device = tensor.device();
  if (device.is_planning()) return values;
  run_reorder(device, onednn::memory_of(tensor),
              dnnl::memory(onednn::desc_of(plain), onednn::engine_of(device), values.data()));
  return values;
}

}  // namespace revnet

#include "tensor/tensor.h"

#include <cstring>
#include <stdexcept>
#include <utility>

namespace revnet {
namespace {

void run_reorder(Device& device, const dnnl::memory& from, const dnnl::memory& to) {
  if (device.is_planning()) return;
  device.execute(dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
}

}  // namespace

Tensor::Tensor(Device& device, Layout layout, MemoryPurpose purpose)
    : device_(&device),
      layout_(std::move(layout)),
      purpose_(purpose),
      buffer_(device.arena().take(layout_.bytes())) {
  device.ledger().add(purpose_, bytes());
  if (device.is_planning()) return;
  // All bits set is a NaN as float32, and a mask that lets everything pass.
  if (device.poisons()) std::memset(buffer_, 0xff, bytes());
  memory_ = dnnl::memory(layout_.desc(), device.engine(), buffer_);
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
  memory_ = {};
}

void Tensor::swap(Tensor& other) noexcept {
  std::swap(device_, other.device_);
  std::swap(layout_, other.layout_);
  std::swap(purpose_, other.purpose_);
  std::swap(buffer_, other.buffer_);
  std::swap(memory_, other.memory_);
}

void Tensor::set_purpose(MemoryPurpose purpose) {
  device_->ledger().remove(purpose_, bytes());
  device_->ledger().add(purpose, bytes());
  purpose_ = purpose;
}

void set_zero(Device& device, Tensor& tensor) {
  if (!device.is_planning()) std::memset(tensor.data(), 0, tensor.bytes());
}

void copy_from_plain(Device& device, std::span<const float> values, Tensor& tensor) {
  const Layout plain = Layout::plain(tensor.shape());
  if (values.size_bytes() != plain.bytes()) throw std::logic_error("copy_from_plain: wrong number of values");
  if (device.is_planning()) return;
  // oneDNN reads only, but its interface does not know const.
  const dnnl::memory from(plain.desc(), device.engine(), const_cast<float*>(values.data()));
  run_reorder(device, from, tensor.memory());
}

std::vector<float> to_plain(Device& device, const Tensor& tensor) {
  const Layout plain = Layout::plain(tensor.shape());
  std::vector<float> values(static_cast<std::size_t>(plain.stored_elements()));
  if (device.is_planning()) return values;
  run_reorder(device, tensor.memory(), dnnl::memory(plain.desc(), device.engine(), values.data()));
  return values;
}

}  // namespace revnet

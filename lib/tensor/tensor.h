// A tensor: a layout and one buffer taken from the device's arena.
//
// Owns its buffer and returns it when destroyed; move-only. Must not outlive its device. Its bytes stand in
// the device's ledger under its purpose. Contents are undefined until written.
#pragma once

#include <span>

#include "tensor/device.h"

namespace revnet {

class Tensor {
 public:
  Tensor() = default;
  Tensor(Device& device, Layout layout, MemoryPurpose purpose);
  ~Tensor() { release(); }
  Tensor(Tensor&& other) noexcept { swap(other); }
  Tensor& operator=(Tensor&& other) noexcept;
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;

  bool empty() const { return device_ == nullptr; }
  // Where it was made; not of an empty tensor.
  Device& device() const { return *device_; }
  const Layout& layout() const { return layout_; }
  const Shape& shape() const { return layout_.shape(); }
  std::size_t bytes() const { return layout_.bytes(); }

  float* data() { return static_cast<float*>(buffer_); }
  const float* data() const { return static_cast<const float*>(buffer_); }
  // All stored floats, padding included.
  std::span<float> values() { return {data(), static_cast<std::size_t>(layout_.stored_elements())}; }
  std::span<const float> values() const {
    return {data(), static_cast<std::size_t>(layout_.stored_elements())};
  }

  // From now on its bytes count under another purpose: an output becomes a saved activation, say.
  void set_purpose(MemoryPurpose purpose);

 private:
  void release();
  void swap(Tensor& other) noexcept;

  Device* device_ = nullptr;
  Layout layout_;
  MemoryPurpose purpose_ = MemoryPurpose::temporaries;
  void* buffer_ = nullptr;
};

// Sets every stored float, padding included, to zero.
void set_zero(Tensor& tensor);

// Between a tensor in any layout and row-major floats of the same shape. Outside the training step.
void copy_from_plain(std::span<const float> values, Tensor& tensor);
std::vector<float> to_plain(const Tensor& tensor);

}  // namespace revnet

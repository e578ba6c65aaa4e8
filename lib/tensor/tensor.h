// A tensor: a layout and one buffer from the device's arena.
//
// A Tensor owns its buffer and returns it when destroyed; it is move-only and must not outlive its device.
// The device's ledger counts its bytes under its purpose. The contents are undefined until written.
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
  // The device it was created on. Not to be called on an empty tensor.
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

  // Counts its bytes under another purpose from now on: an output may become a saved activation.
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

// Copies between a tensor in any layout and row-major floats of the same shape. Too slow for use in a
// training step.
void copy_from_plain(std::span<const float> values, Tensor& tensor);
std::vector<float> to_plain(const Tensor& tensor);

}  // namespace revnet

#include "tensor/device.h"

#include <stdexcept>

#include <omp.h>

namespace revnet {
namespace {

using Tag = dnnl::memory::format_tag;

Tag ask_activation_tag(const dnnl::engine& engine) {
  using Desc = dnnl::memory::desc;
  const auto f32 = dnnl::memory::data_type::f32;
  const Shape activation{8, 64, 8, 8}, weights{64, 64, 3, 3};
  const Desc any(activation, f32, Tag::any), any_weights(weights, f32, Tag::any);
  const dnnl::convolution_forward::desc description(dnnl::prop_kind::forward_training,
                                                    dnnl::algorithm::convolution_direct, any, any_weights,
                                                    any, {1, 1}, {1, 1}, {1, 1});
  const dnnl::convolution_forward::primitive_desc primitive(description, engine);
  for (const Tag tag : {Tag::nChw16c, Tag::nChw8c, Tag::nChw4c, Tag::nhwc}) {
    if (primitive.dst_desc() == Desc(activation, f32, tag)) return tag;
  }
  return Tag::nchw;
}

}  // namespace

Device::Device(Arena arena, int threads, bool poison)
    : engine_(dnnl::engine::kind::cpu, 0),
      stream_(engine_),
      arena_(std::move(arena)),
      threads_(threads),
      poison_(poison),
      activation_tag_(ask_activation_tag(engine_)) {}

Device::Device(int threads, std::size_t arena_bytes, bool poison)
    : Device(Arena(arena_bytes), threads > 0 ? threads : omp_get_num_procs(), poison) {
  omp_set_num_threads(threads_);
}

Device Device::planning(int threads) {
  if (threads > 0) omp_set_num_threads(threads);
  return Device(Arena::planning(), omp_get_max_threads(), false);
}

Layout Device::activation_layout(const Shape& nchw) const {
  return Layout(dnnl::memory::desc(nchw, dnnl::memory::data_type::f32, activation_tag_));
}

void Device::execute(const dnnl::primitive& primitive, const Arguments& arguments) {
  if (is_planning()) return;
  primitive.execute(stream_, arguments);
  stream_.wait();
}

std::string onednn_version() {
  const dnnl_version_t* version = dnnl_version();
  return std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
         std::to_string(version->patch);
}

}  // namespace revnet

#include "tensor/device.h"

#include <utility>

#include <fmt/format.h>
#include <omp.h>

#include "tensor/onednn.h"
#include "tensor/onednn_handles.h"
#include "tensor/out_of_memory.h"

namespace revnet {
namespace {

using Tag = dnnl::memory::format_tag;

using Desc = dnnl::memory::desc;
constexpr auto f32 = dnnl::memory::data_type::f32;
const Shape typical_activation{8, 64, 8, 8};

// A 3x3 convolution like the networks', wide enough that channel padding plays no part.
dnnl::convolution_forward::primitive_desc describe_typical(const dnnl::engine& engine, dnnl::algorithm how,
                                                           Tag activations) {
  const Desc activation(typical_activation, f32, activations), weights({64, 64, 3, 3}, f32, Tag::any);
  const dnnl::memory::dims ones{1, 1};
  return onednn::describe<dnnl::convolution_forward>(engine, {}, dnnl::prop_kind::forward_training, how,
                                                     activation, weights, activation, ones, ones, ones);
}

Tag ask_activation_tag(const dnnl::engine& engine) {
  const auto primitive = describe_typical(engine, dnnl::algorithm::convolution_direct, Tag::any);
  for (const Tag tag : {Tag::nChw16c, Tag::nChw8c, Tag::nChw4c, Tag::nhwc}) {
    if (primitive.dst_desc() == Desc(typical_activation, f32, tag)) return tag;
  }
  return Tag::nchw;
}

bool ask_for_winograd(const dnnl::engine& engine, Tag activations) {
  if (!onednn::offers_winograd) return false;
  try {
    describe_typical(engine, dnnl::algorithm::convolution_winograd, activations);
    return true;
  } catch (const dnnl::error& error) {
    if (error.status != dnnl_unimplemented) throw;
    return false;
  }
}

}  // namespace

Device::Backend::Backend()
    : engine(dnnl::engine::kind::cpu, 0),
      stream(engine),
      activation_tag(ask_activation_tag(engine)),
      has_winograd(ask_for_winograd(engine, activation_tag)) {}

namespace {

// Asks OpenMP for so many threads and no fewer, neither on a busy machine (OMP_DYNAMIC) nor because of
// OMP_MAX_ACTIVE_LEVELS=0: oneDNN's primitives wait for all that they were made for.
void use_threads(int threads) {
  omp_set_dynamic(0);
  omp_set_max_active_levels(std::max(1, omp_get_max_active_levels()));
  omp_set_num_threads(threads);
}

}  // namespace

Device::Device(Arena arena, int threads, bool poison)
    : backend_(std::make_unique<Backend>()), arena_(std::move(arena)), threads_(threads), poison_(poison) {}

Device::~Device() = default;

Device::Device(int threads, std::size_t arena_bytes, bool poison)
    : Device(Arena(arena_bytes), threads, poison) {
  use_threads(threads_);
}

Device Device::planning(int threads) {
  if (threads > 0) use_threads(threads);
  return Device(Arena::planning(), omp_get_max_threads(), false);
}

Layout Device::activation_layout(const Shape& nchw) const {
  return onednn::layout_of({nchw, dnnl::memory::data_type::f32, backend_->activation_tag});
}

std::int64_t Device::activation_block() const {
  return ChannelBlocks(activation_layout({1, 64, 8, 8})).block;
}

bool Device::has_winograd() const {
  return backend_->has_winograd;
}

void onednn::execute(Device& device, const dnnl::primitive& primitive, const Arguments& arguments) {
  if (device.is_planning()) return;
  primitive.execute(device.backend().stream, arguments);
  device.backend().stream.wait();
}

bool is_out_of_memory(const std::exception& error) {
  const auto* of_onednn = dynamic_cast<const dnnl::error*>(&error);
  return of_onednn != nullptr && of_onednn->status == dnnl_out_of_memory;
}

std::string onednn_version() {
  const dnnl_version_t* version = dnnl_version();
  return fmt::format("{}.{}.{}", version->major, version->minor, version->patch);
}

std::string onednn_instruction_set() {
  using Isa = dnnl::cpu_isa;
  constexpr std::pair<Isa, const char*> names[] = {{Isa::sse41, "sse41"},
                                                   {Isa::avx, "avx"},
                                                   {Isa::avx2, "avx2"},
                                                   {Isa::avx2_vnni, "avx2_vnni"},
                                                   {Isa::avx512_core, "avx512_core"},
                                                   {Isa::avx512_core_vnni, "avx512_core_vnni"},
                                                   {Isa::avx512_core_bf16, "avx512_core_bf16"},
                                                   {Isa::avx512_core_amx, "avx512_core_amx"}};
  const Isa isa = dnnl::get_effective_cpu_isa();
  for (const auto& [known, name] : names) {
    if (isa == known) return name;
  }
  const char* const later = onednn::name_of_later(isa);
  return later != nullptr ? later : fmt::format("oneDNN's number {}", static_cast<int>(isa));
}

std::string onednn_winograd() {
  return Device::planning().has_winograd() ? "present" : "absent";
}

}  // namespace revnet

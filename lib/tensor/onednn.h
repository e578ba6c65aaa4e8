// One interface to oneDNN 2 and oneDNN 3, covering only what the two spell differently.
//
// Version 2 first describes an operation, then asks the engine for a primitive of that description. Version 3
// asks the engine directly, separates the source and destination of a normalisation, and hides the fields of
// memory descriptors. Everything else revnet uses is the same in both, so only this file looks at the version
// (tests/house_rules.sh enforces that).
#pragma once

#include <cstdint>
#include <vector>

#include <dnnl.hpp>

#if DNNL_VERSION_MAJOR != 2 && DNNL_VERSION_MAJOR != 3
#error "revnet needs oneDNN 2 or 3"
#endif

namespace revnet::onednn {

// Whether a Winograd convolution can be requested at all: version 3 dropped it for x64. In version 2 it
// depends on the processor (Device::has_winograd).
inline constexpr bool offers_winograd = DNNL_VERSION_MAJOR == 2;

// Logical dimensions, outermost first; empty for an empty descriptor.
inline std::vector<std::int64_t> dims_of(const dnnl::memory::desc& desc) {
#if DNNL_VERSION_MAJOR >= 3
  return desc.get_dims();
#else
  return desc.dims();
#endif
}

// Describes the forward pass of `Primitive`, such as dnnl::convolution_forward. The arguments are the
// propagation kind and so on, in the order both versions share. Throws dnnl::error with status
// dnnl_unimplemented if oneDNN has no implementation.
template <class Primitive, class... Arguments>
typename Primitive::primitive_desc describe(const dnnl::engine& engine,
                                            const dnnl::primitive_attr& attributes,
                                            const Arguments&... arguments) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine, arguments..., attributes};
#else
  return {typename Primitive::desc(arguments...), attributes, engine};
#endif
}

// Describes a gradient; `forward` describes the forward pass it belongs to.
template <class Primitive, class Forward, class... Arguments>
typename Primitive::primitive_desc describe_gradient(const dnnl::engine& engine,
                                                     const dnnl::primitive_attr& attributes,
                                                     const Forward& forward, const Arguments&... arguments) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine, arguments..., forward, attributes};
#else
  return {typename Primitive::desc(arguments...), attributes, engine, forward};
#endif
}

// Batch normalisation whose input and output share the layout `data`.
inline dnnl::batch_normalization_forward::primitive_desc describe_batch_norm(
    const dnnl::engine& engine, const dnnl::primitive_attr& attributes, dnnl::prop_kind kind,
    const dnnl::memory::desc& data, float epsilon, dnnl::normalization_flags flags) {
  using Forward = dnnl::batch_normalization_forward;
#if DNNL_VERSION_MAJOR >= 3
  return describe<Forward>(engine, attributes, kind, data, data, epsilon, flags);
#else
  return describe<Forward>(engine, attributes, kind, data, epsilon, flags);
#endif
}

// The gradient of batch normalisation with respect to input, scale and shift; all gradients share the layout
// `data`.
inline dnnl::batch_normalization_backward::primitive_desc describe_batch_norm_gradient(
    const dnnl::engine& engine, const dnnl::primitive_attr& attributes,
    const dnnl::batch_normalization_forward::primitive_desc& forward, const dnnl::memory::desc& data,
    float epsilon, dnnl::normalization_flags flags) {
  using Backward = dnnl::batch_normalization_backward;
  constexpr auto kind = dnnl::prop_kind::backward;
#if DNNL_VERSION_MAJOR >= 3
  return describe_gradient<Backward>(engine, attributes, forward, kind, data, data, data, epsilon, flags);
#else
  return describe_gradient<Backward>(engine, attributes, forward, kind, data, data, epsilon, flags);
#endif
}

// Pooling with dilated windows, which version 3 calls plain pooling.
#if DNNL_VERSION_MAJOR >= 3
using pooling_forward = dnnl::pooling_forward;
using pooling_backward = dnnl::pooling_backward;
#else
using pooling_forward = dnnl::pooling_v2_forward;
using pooling_backward = dnnl::pooling_v2_backward;
#endif

// Whether the batch normalisation gradient takes the shift as an argument. Neither version uses it, but
// version 2 requires it, and version 3 refuses to run with an argument too many.
inline constexpr bool batch_norm_gradient_wants_shift = DNNL_VERSION_MAJOR == 2;

// The name of an instruction set that only version 3 knows, else null.
inline const char* name_of_later(dnnl::cpu_isa isa) {
#if DNNL_VERSION_MAJOR >= 3
  if (isa == dnnl::cpu_isa::avx2_vnni_2) return "avx2_vnni_2";
  if (isa == dnnl::cpu_isa::avx512_core_fp16) return "avx512_core_fp16";
  if (isa == dnnl::cpu_isa::avx512_core_amx_fp16) return "avx512_core_amx_fp16";
#else
  static_cast<void>(isa);
#endif
  return nullptr;
}

}  // namespace revnet::onednn

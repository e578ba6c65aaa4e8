// oneDNN 2 and oneDNN 3 under one name: what the two call differently, and nothing else.
//
// Version 2 describes an operation first and asks the engine for a primitive of that description; version 3
// asks the engine at once, takes source and destination of a normalisation apart, and hides the fields of
// memory descriptions. All else that is used here is the same in both, so this is the only file that looks at
// the version (tests/house_rules.sh holds that).
#pragma once

#include <cstdint>
#include <vector>

#include <dnnl.hpp>

#if DNNL_VERSION_MAJOR != 2 && DNNL_VERSION_MAJOR != 3
#error "revnet needs oneDNN 2 or 3"
#endif

namespace revnet::onednn {

// Whether a convolution may be asked for by Winograd at all: version 3 dropped it for x64. Where version 2
// has it depends on the processor (Device::has_winograd).
inline constexpr bool offers_winograd = DNNL_VERSION_MAJOR == 2;

// Logical dimensions, outermost first; empty of an empty description.
inline std::vector<std::int64_t> dims_of(const dnnl::memory::desc& desc) {
#if DNNL_VERSION_MAJOR >= 3
  return desc.get_dims();
#else
  return desc.dims();
#endif
}

// Describes a forward pass of `Primitive`, dnnl::convolution_forward say: the propagation kind and so on, in
// the order in which both versions take them. dnnl::error with status dnnl_unimplemented where there is none.
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

// The same of a gradient; `forward` is the pass that it belongs to.
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

// Batch normalisation whose input and output lie alike, as `data` says.
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

// Its gradient by input, scale and shift, all gradients lying as `data` says, too.
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

// Pooling whose windows may be dilated, which version 3 calls pooling.
#if DNNL_VERSION_MAJOR >= 3
using pooling_forward = dnnl::pooling_forward;
using pooling_backward = dnnl::pooling_backward;
#else
using pooling_forward = dnnl::pooling_v2_forward;
using pooling_backward = dnnl::pooling_v2_backward;
#endif

// Whether that gradient is run with the shift among its arguments. Neither version uses it, but version 2
// wants it, and version 3 refuses to run with one argument too many.
inline constexpr bool batch_norm_gradient_wants_shift = DNNL_VERSION_MAJOR == 2;

// The name of an instruction set that version 2 does not know; null of all others.
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

// The inputs and parameters from which the goldens were computed: one formula in uint64 arithmetic, here and
// in scripts/make_goldens.py, which writes the goldens and documents it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "net/network.h"

namespace revnet {

// FNV-1a 64 of the bytes of the name.
std::uint64_t formula_stream(std::string_view name);
// Element `index` of a stream: all 64 bits, and the top 24 of them as a float in [-1, 1).
std::uint64_t formula_bits(std::uint64_t stream, std::uint64_t seed, std::uint64_t index);
float formula_uniform(std::uint64_t stream, std::uint64_t seed, std::uint64_t index);
// Elements [first, first + count) of the stream named `name`.
std::vector<float> formula_uniforms(std::string_view name, std::uint64_t seed, std::int64_t count,
                                    std::int64_t first = 0);

// Sets the parameter's value, which may be a part of the whole. Does not update the layers' copies of
// weights.
void set_by_formula(Parameter& parameter, std::uint64_t seed);
// Sets all parameters of a network or of a list of layers, and updates copies of weights.
void set_by_formula(Network& network, std::uint64_t seed);
void set_by_formula(const LayerList& layers, std::uint64_t seed);

// A tensor of `factor` * u in any layout.
Tensor formula_tensor(Device& device, const Layout& layout, std::string_view name, std::uint64_t seed,
                      float factor);
// A batch for the network, with pixels 64 * u.
Tensor formula_images(Network& network, std::uint64_t seed);
std::vector<std::int32_t> formula_labels(std::int64_t batch, std::int64_t classes);

// The gradients of all parameters by name, row-major, with parts of one name joined.
std::map<std::string, std::vector<float>> whole_gradients(const std::vector<Parameter*>& parameters);

}  // namespace revnet

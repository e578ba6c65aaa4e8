// The inputs and parameters the goldens were computed from: one formula, in uint64 arithmetic, on both sides.
// scripts/make_goldens.py, which writes the goldens, has it in words.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "net/network.h"

namespace revnet {

// FNV-1a 64 of the name's bytes.
std::uint64_t formula_stream(std::string_view name);
// Element `index` of a stream: all 64 bits, and the top 24 of them as a float in [-1, 1).
std::uint64_t formula_bits(std::uint64_t stream, std::uint64_t seed, std::uint64_t index);
float formula_uniform(std::uint64_t stream, std::uint64_t seed, std::uint64_t index);
// Elements [first, first + count) of the stream of a name.
std::vector<float> formula_uniforms(std::string_view name, std::uint64_t seed, std::int64_t count,
                                    std::int64_t first = 0);

// Sets the parameter's value, its rows of the whole. Layers' copies of weights do not follow.
void set_by_formula(Parameter& parameter, std::uint64_t seed);
// Sets all parameters of a network or of some layers; copies of weights follow.
void set_by_formula(Network& network, std::uint64_t seed);
void set_by_formula(const LayerList& layers, std::uint64_t seed);

// `factor` * u, in any layout.
Tensor formula_tensor(Device& device, const Layout& layout, std::string_view name, std::uint64_t seed,
                      float factor);
// A batch for the network: pixels 64 * u.
Tensor formula_images(Network& network, std::uint64_t seed);
std::vector<std::int32_t> formula_labels(std::int64_t batch, std::int64_t classes);

// The gradients of all parameters by name, row-major; parts of one name are joined.
std::map<std::string, std::vector<float>> whole_gradients(const std::vector<Parameter*>& parameters);

}  // namespace revnet

#include "net/formula.h"

#include <algorithm>
#include <cmath>

namespace revnet {

std::uint64_t formula_stream(std::string_view name) {
  std::uint64_t h = 0xCBF29CE484222325u;
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return h;
}

std::uint64_t formula_bits(std::uint64_t stream, std::uint64_t seed, std::uint64_t index) {
  std::uint64_t z = (stream ^ (seed * 0xD1B54A32D192ED03u)) + (index + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

float formula_uniform(std::uint64_t stream, std::uint64_t seed, std::uint64_t index) {
  return static_cast<float>(std::ldexp(static_cast<double>(formula_bits(stream, seed, index) >> 40), -23) -
                            1.0);
}

std::vector<float> formula_uniforms(std::string_view name, std::uint64_t seed, std::int64_t count,
                                    std::int64_t first) {
  const std::uint64_t stream = formula_stream(name);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = formula_uniform(stream, seed, static_cast<std::uint64_t>(first) + i);
  }
  return values;
}

void set_by_formula(Parameter& parameter, std::uint64_t seed) {
  const Shape shape = parameter.shape();
  const std::int64_t row_size = parameter.size() / shape[0];
  std::vector<float> values =
      formula_uniforms(parameter.name, seed, parameter.size(), parameter.rows.first * row_size);
  float offset = 0.0f, factor = 0.25f;  // for batch normalisation; products with 0.25 are exact
  if (shape.size() == 4) {
    const auto fan_out = static_cast<double>(shape[2] * shape[3] * parameter.rows.total);
    factor = static_cast<float>(std::sqrt(2.0 / fan_out) * std::sqrt(3.0));
  } else if (shape.size() == 2) {
    factor = static_cast<float>(std::sqrt(3.0 / static_cast<double>(shape[1])));
  } else if (parameter.name.ends_with("dense/bias")) {
    factor = 0.1f;
  } else if (parameter.name.ends_with("/scale")) {
    offset = 1.0f;
  }
  for (float& value : values) value = offset + factor * value;
  copy_from_plain(values, parameter.value);
}

void set_by_formula(Network& network, std::uint64_t seed) {
  for (Parameter* parameter : network.parameters()) set_by_formula(*parameter, seed);
  network.parameters_changed();
}

void set_by_formula(const LayerList& layers, std::uint64_t seed) {
  for (Parameter* parameter : layers.parameters) set_by_formula(*parameter, seed);
  for (Filter* filter : layers.filters) filter->weight_changed();
}

Tensor formula_tensor(Device& device, const Layout& layout, std::string_view name, std::uint64_t seed,
                      float factor) {
  Tensor tensor(device, layout, MemoryPurpose::temporaries);
  std::vector<float> values = formula_uniforms(name, seed, elements(layout.shape()));
  for (float& value : values) value *= factor;
  copy_from_plain(values, tensor);
  return tensor;
}

Tensor formula_images(Network& network, std::uint64_t seed) {
  Tensor images = network.make_images();
  std::vector<float> pixels = formula_uniforms("images", seed, elements(images.shape()));
  for (float& pixel : pixels) pixel *= 64.0f;
  copy_from_plain(pixels, images);
  return images;
}

std::vector<std::int32_t> formula_labels(std::int64_t batch, std::int64_t classes) {
  std::vector<std::int32_t> labels(static_cast<std::size_t>(batch));
  for (std::size_t n = 0; n < labels.size(); ++n) {
    labels[n] = static_cast<std::int32_t>((7 * static_cast<std::int64_t>(n) + 3) % classes);
  }
  return labels;
}

std::map<std::string, std::vector<float>> whole_gradients(const std::vector<Parameter*>& parameters) {
  std::map<std::string, std::vector<float>> whole;
  for (const Parameter* parameter : parameters) {
    const std::int64_t row_size = parameter->size() / parameter->shape()[0];
    std::vector<float>& values = whole[parameter->name];
    values.resize(static_cast<std::size_t>(parameter->rows.total * row_size));
    std::ranges::copy(to_plain(parameter->gradient),
                      values.begin() + static_cast<std::ptrdiff_t>(parameter->rows.first * row_size));
  }
  return whole;
}

}  // namespace revnet

// Results that PyTorch computed in float64: tests/goldens/goldens.h5, written by scripts/make_goldens.py.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "net/architecture.h"

namespace revnet {

struct Golden {
  Architecture architecture;
  std::int64_t seed = 0, batch = 0, image_size = 0, classes = 0;
  std::int64_t parameter_count = 0;
  double parameter_sum = 0.0;
  double loss = 0.0;
  std::vector<double> logits;             // [batch, classes], batch statistics
  std::vector<double> evaluation_logits;  // narrow only: running statistics after one commit

  struct Gradient {
    std::vector<std::int64_t> shape;
    std::vector<float> values;
  };
  std::map<std::string, Gradient> gradients;  // narrow only: all of them with 10 classes, the head's with 100

  struct Digest {
    double norm = 0.0;
    double probe = 0.0;  // dot product with stream "probe/" + name
  };
  std::map<std::string, Digest> digests;  // full and imagenet
};

// `family` is "narrow" or "full" for CIFAR networks, or "imagenet". Throws, and so fails the test, if the
// file is missing or damaged.
Golden read_golden(const std::string& family, const std::string& architecture, std::int64_t classes);

// The architectures of the table that have "narrow" and "full" goldens.
std::vector<Architecture> cifar_networks();

struct FormulaSample {
  std::string name;
  std::uint64_t seed = 0, index = 0, stream = 0, bits = 0;
  float uniform = 0.0f;
};
std::vector<FormulaSample> read_formula_samples();

}  // namespace revnet

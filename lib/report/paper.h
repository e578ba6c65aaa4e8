// The values of the paper's tables, which reports show next to the measured ones.
#pragma once

#include <array>
#include <string_view>

#include "settings/config.h"

namespace revnet {

// A row of Table 2 (parameters in millions) and of Table 3 (test error in %). The values of Table 3 are
// quoted from memory; two reruns, one of the reference code and MemCNN's in PyTorch, are within 0.71 points
// of them on CIFAR-10 and within 1.30 on CIFAR-100.
struct PaperRow {
  std::string_view network;                  // as on revnet's command lines
  std::string_view title;                    // as in the paper
  Config::Network::Activations activations;  // how the paper keeps them
  double parameters_10, parameters_100;
  double error_10, error_100;
};

using Mode = Config::Network::Activations;
inline constexpr std::array paper_rows{
    PaperRow{"resnet32", "ResNet-32", Mode::stored, 0.46, 0.47, 7.14, 29.95},
    PaperRow{"revnet38", "RevNet-38", Mode::reconstructed, 0.46, 0.48, 7.24, 28.96},
    PaperRow{"resnet110", "ResNet-110", Mode::stored, 1.73, 1.73, 5.74, 26.44},
    PaperRow{"revnet110", "RevNet-110", Mode::reconstructed, 1.73, 1.74, 5.76, 25.40},
    PaperRow{"resnet164", "ResNet-164", Mode::stored, 1.70, 1.73, 5.24, 23.37},
    PaperRow{"revnet164", "RevNet-164", Mode::reconstructed, 1.75, 1.79, 5.17, 23.69}};

}  // namespace revnet

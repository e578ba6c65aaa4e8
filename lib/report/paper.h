// The values of the paper's tables, which reports show next to the measured ones.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "record/config.h"

namespace revnet {

// A row of Table 2 (architecture, and parameters in millions) and of Table
// 3 (test error in %). The values of Table 3 are quoted from memory; they
// agree with two reruns, one of the reference code and MemCNN's in PyTorch.
struct PaperRow {
  std::string_view network;  // as on revnet's command lines
  std::string_view title;    // as in the paper
  std::string_view unit;
  std::string_view units, channels;          // "5-5-5"; "16, 16-32-64": stem, then stages
  Config::Network::Activations activations;  // how the paper keeps them
  double parameters_10, parameters_100;
  double error_10, error_100;
};

using Way = Config::Network::Activations;
inline constexpr std::array paper_rows{
    PaperRow{"resnet32", "ResNet-32", "basic", "5-5-5", "16, 16-32-64", Way::stored, 0.46, 0.47, 7.14, 29.95},
    PaperRow{"revnet38", "RevNet-38", "basic", "3-3-3", "32, 32-64-112", Way::reconstructed, 0.46, 0.48, 7.24,
             28.96},
    PaperRow{"resnet110", "ResNet-110", "basic", "18-18-18", "16, 16-32-64", Way::stored, 1.73, 1.73, 5.74,
             26.44},
    PaperRow{"revnet110", "RevNet-110", "basic", "9-9-9", "32, 32-64-128", Way::reconstructed, 1.73, 1.74,
             5.76, 25.40},
    PaperRow{"resnet164", "ResNet-164", "bottleneck", "18-18-18", "16, 16-32-64", Way::stored, 1.70, 1.73,
             5.24, 23.37},
    PaperRow{"revnet164", "RevNet-164", "bottleneck", "9-9-9", "32, 32-64-128", Way::reconstructed, 1.75,
             1.79, 5.17, 23.69}};

}  // namespace revnet

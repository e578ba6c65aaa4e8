// Runs of adjacent channels for which loops are compiled apart.
#pragma once

#include <cstdint>
#include <type_traits>

namespace revnet {

// A block of 16 channels; and one of 8, which is also what lies side by side where 16 channels become 32.
inline constexpr std::integral_constant<std::int64_t, 16> run_of_16{};
inline constexpr std::integral_constant<std::int64_t, 8> run_of_8{};

}  // namespace revnet

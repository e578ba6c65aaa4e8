// A data set for when CIFAR is not available: ten drawn shapes, hard enough to be worth learning.
//
// Each image shows one shape of data/shapes.h, its label, at a random place, size and rotation. Behind it lie
// a textured gradient and small distractors, a few more lie in front, and noise covers every pixel. The
// shape's colour only leans towards the typical one of its class and may come close to the background's.
// Classifying by the nearest class mean gets 82 % of test images wrong; guessing gets 90 % wrong.
#pragma once

#include <cstddef>
#include <cstdint>

#include "data/dataset.h"

namespace revnet {

inline constexpr std::size_t synthetic_train_size = 10'000;
inline constexpr std::size_t synthetic_test_size = 2'000;

// Image i of a split has label i % 10 and is a pure function of (seed, split, i). A larger set therefore
// begins with the smaller one; training and test images come from different random streams. Takes about 0.05
// ms an image. Throws UsageError if a size is zero or does not fit in 32 bits.
Splits make_synthetic(std::uint64_t seed, std::size_t train_size = synthetic_train_size,
                      std::size_t test_size = synthetic_test_size);

}  // namespace revnet

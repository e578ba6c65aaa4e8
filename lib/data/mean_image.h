// The mean image, which is subtracted from every network input.
#pragma once

#include <vector>

#include "data/dataset.h"

namespace revnet {

// The mean of all images of `set`, pixel by pixel: [3, 32, 32], in 0..255. Sums of bytes are exact in double,
// so neither the order nor the size of the set matters. Pass only training images (those left after
// hold_out): the reference code averages over test images as well, which leaks them into training. Throws
// Error if the set is empty.
std::vector<float> mean_image(const Dataset& set);

}  // namespace revnet

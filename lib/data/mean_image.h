// The mean image that is subtracted from every network input.
#pragma once

#include <vector>

#include "data/dataset.h"

namespace revnet {

// The mean of all images of `set`, pixel by pixel: [3, 32, 32], in 0..255. Sums are in double, where sums of
// bytes are exact, so neither order nor size of the set matters. Give it the training images only (those
// left after hold_out): the reference code averages over test images as well, which lets them into training.
// Error when the set is empty.
std::vector<float> mean_image(const Dataset& set);

}  // namespace revnet

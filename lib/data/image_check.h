// Reads images for nothing but to see whether they are whole.
#pragma once

#include <string>
#include <vector>

#include "data/jpeg_set.h"

namespace revnet {

// What is wrong with each damaged image of the set, "PLACE: PROBLEM", in its order. Decodes all of them on so
// many threads; 0: one for each core that this process may use.
std::vector<std::string> damaged_images(const JpegSet& set, int threads);

}  // namespace revnet

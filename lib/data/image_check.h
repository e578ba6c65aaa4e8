// Checks images for damage by decoding them.
#pragma once

#include <string>
#include <vector>

#include "data/jpeg_set.h"

namespace revnet {

// "PLACE: PROBLEM" for each damaged image of the set, in the set's order. Decodes every image, on the given
// number of threads; 0: one for each core this process may use.
std::vector<std::string> damaged_images(const JpegSet& set, int threads);

}  // namespace revnet

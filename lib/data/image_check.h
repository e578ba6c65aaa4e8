// Checks images for damage by decoding them.
#pragma once

#include <string>
#include <vector>

#include "data/jpeg_set.h"

namespace revnet {

// For each image of the set "PLACE: PROBLEM", or "" if it is whole. Decodes every image, on the given number
// of threads; 0: one for each core this process may use.
std::vector<std::string> damage_of_images(const JpegSet& set, int threads);

}  // namespace revnet

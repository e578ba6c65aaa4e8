// A batch of images as one picture.
#pragma once

#include "data/batch_source.h"
#include "data/jpeg.h"

namespace revnet {

// Arranges the images [count, 3, size, size] in a roughly square grid with gaps. Values beyond the range of a
// byte are clipped.
Pixels contact_sheet(std::span<const float> images, std::size_t count, int size,
                     const std::array<ShownValues, 3>& shown);

std::size_t contact_sheet_columns(std::size_t count);

}  // namespace revnet

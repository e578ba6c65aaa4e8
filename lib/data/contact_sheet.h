// A batch as one picture.
#pragma once

#include "data/batch_source.h"
#include "data/jpeg.h"

namespace revnet {

// The images [count, 3, size, size] of a batch in rows of about as many as there are rows, with a gap between
// them. Values that a byte cannot show are shown as its limits.
Pixels contact_sheet(std::span<const float> images, std::size_t count, int size,
                     const std::array<ShownValues, 3>& shown);

// How many stand in a row.
std::size_t contact_sheet_columns(std::size_t count);

}  // namespace revnet

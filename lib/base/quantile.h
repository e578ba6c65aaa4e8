#pragma once

#include <vector>

namespace revnet {

// The q-quantile, 0 <= q <= 1, of values in any order, interpolated linearly; 0 if there are no values.
double quantile(std::vector<double> values, double q);
double median(std::vector<double> values);

}  // namespace revnet

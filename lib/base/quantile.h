#pragma once

#include <vector>

namespace revnet {

// The q-quantile (0 to 1) of the values in any order, between neighbours linearly; 0 of none.
double quantile(std::vector<double> values, double q);
double median(std::vector<double> values);

}  // namespace revnet

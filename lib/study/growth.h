// How a quantity grows with the depth of a network, as the paper's Table 1 says it.
#pragma once

#include <string>
#include <vector>

namespace revnet {

// The least-squares fit y = a + b g(L) of one growth g; "1" has b = 0.
struct Growth {
  std::string name;  // "1", "log L", "sqrt L", "L", "L log L"
  double a = 0, b = 0;
  double residual = 0;  // RMS of the residuals, relative to the mean of y
};
// All fits, smallest residual first; but "1" comes first if its residual is below 1 %. Requires three
// different depths; logic_error otherwise.
std::vector<Growth> fit_growth(const std::vector<double>& depths, const std::vector<double>& values);

// "sqrt L (1.8 %)", or "L or L log L (2.3 %)" if the residual of one is hardly smaller than that of another.
std::string describe(const std::vector<Growth>& fits);

}  // namespace revnet

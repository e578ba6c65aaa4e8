// The parts of a network, listed once after building. All pointers stay valid for as long as the network
// lives.
#pragma once

#include <vector>

#include "layers/filter.h"
#include "layers/norm.h"

namespace revnet {

struct LayerList {
  std::vector<Filter*> filters;
  std::vector<Norm*> norms;
  std::vector<Parameter*> parameters;

  void add(Filter& filter) {
    filters.push_back(&filter);
    parameters.push_back(&filter.weight());
  }
  void add(Norm& norm) {
    norms.push_back(&norm);
    parameters.push_back(&norm.scale());
    parameters.push_back(&norm.shift());
  }
};

}  // namespace revnet

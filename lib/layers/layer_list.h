// The parts of a network, listed once after building. All pointers stay valid for as long as the network
// lives. Names are paths: "stem/conv/weight", "stage1/unit2/f/conv1/weight", "head/bn/scale".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "layers/filter.h"
#include "layers/norm.h"

namespace revnet {

// The first part of a path, "stage1"; "stem" and "head" are stages of their own.
inline std::string stage_of(std::string_view name) {
  return std::string(name.substr(0, name.find('/')));
}

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

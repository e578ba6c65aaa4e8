// A report as one self-contained page that opens offline, in light and dark, on paper and on a phone.
#pragma once

#include <string>
#include <vector>

#include "report/run_record.h"
#include "report/sections.h"

namespace revnet {

// HTML that is also well-formed XML: the sections, then the training curves of the runs.
std::string report_page(const std::vector<Section>& sections, const std::vector<RunRecord>& runs);

}  // namespace revnet

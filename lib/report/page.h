// A report as one page that needs nothing else: it opens offline, in light and dark, on paper and on a phone.
#pragma once

#include <string>
#include <vector>

#include "report/run_record.h"
#include "report/sections.h"

namespace revnet {

// HTML that is well-formed XML too: the sections, then the runs' training curves.
std::string report_page(const std::vector<Section>& sections, const std::vector<RunRecord>& runs);

}  // namespace revnet

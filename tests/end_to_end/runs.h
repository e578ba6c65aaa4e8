// What the tests ask of a finished or killed run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "end_to_end/process.h"
#include "record/checkpoint.h"
#include "record/config.h"
#include "record/run_directory.h"
#include "record/run_log.h"

namespace revnet::testing {

// `first` and then `more`.
Arguments join(Arguments first, const Arguments& more);

// Readers that throw what lib/record throws.
RunLog open_log(const std::filesystem::path& run);
Checkpoint open_checkpoint(const std::filesystem::path& run);
Config open_config(const std::filesystem::path& run);

// Iterations that the checkpoint stands for; 0 while there is none.
std::int64_t saved_iterations(const std::filesystem::path& run);

// The first thing in which two runs differ, bit for bit: iteration, parameters, momentum, running averages,
// open logging window, status and all rows but their seconds. Empty: none.
std::string first_difference(const std::filesystem::path& a, const std::filesystem::path& b);

// The same of the rows that both logs have, in order, where one may go on longer.
std::string first_difference_of_rows(const RunLog& a, const RunLog& b);

// Whether figures can be drawn here; says so when not.
bool can_draw();
// What scripts/figures.py prints with each of these arguments in that folder, or why it refuses: a line each,
// all by one process, because to load matplotlib takes longer than to draw.
std::vector<std::string> figures(const std::filesystem::path& folder,
                                 const std::vector<std::string>& arguments);

}  // namespace revnet::testing

// Reads and compares finished or killed runs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "end_to_end/process.h"
#include "record/checkpoint.h"
#include "record/run_directory.h"
#include "record/run_log.h"
#include "settings/config.h"

namespace revnet::testing {

// `first` and then `more`.
Arguments join(Arguments first, const Arguments& more);

// What mpirun needs to start ranks of one thread each, as root, too. Concurrent mpiruns share a folder by
// default, which the first one to end may remove while another starts, so that each test names its own.
Environment for_mpirun(const std::filesystem::path& folder);

// Readers that throw what lib/record throws.
RunLog open_log(const std::filesystem::path& run);
Checkpoint open_checkpoint(const std::filesystem::path& run);
Config open_config(const std::filesystem::path& run);

// The iteration of the checkpoint, or 0 if there is none yet.
std::int64_t saved_iterations(const std::filesystem::path& run);

// The first difference between two runs, or "" if there is none. Compares bit for bit the iteration,
// parameters, momentum, running averages, open logging window, status, and all rows except their seconds.
std::string first_difference(const std::filesystem::path& a, const std::filesystem::path& b);

// The first difference between the rows of two logs, of which one may be longer.
std::string first_difference_of_rows(const RunLog& a, const RunLog& b);

// Whether h5py, or matplotlib and h5py, are installed. Prints a message if not.
bool has_h5py();
bool can_draw();
// Runs a Python script, which may import those in scripts/, in a folder. Returns its output, errors included.
std::string python(const std::filesystem::path& folder, const std::string& script);
// Runs scripts/figures.py in a folder with each of the arguments, and returns for each the line that it
// prints or why it refuses. One process draws them all, because loading matplotlib takes longer than drawing.
std::vector<std::string> figures(const std::filesystem::path& folder,
                                 const std::vector<std::string>& arguments);

}  // namespace revnet::testing

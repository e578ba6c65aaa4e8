// What a job will need: memory, from the exact plan of its step, and time, roughly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sweep/grid.h"

namespace revnet {

// Bytes that each of a job's processes will need: planned tensors, its data set, and the process itself.
std::uint64_t planned_memory(const Job& job, int threads, std::int64_t ranks = 1);

// A rough estimate of a job's duration, including its evaluations, from its arithmetic and the sgemm speed of
// one thread.
double estimated_seconds(const Job& job, int threads, double sgemm_gflops);

// The total duration of jobs of these lengths, each starting as soon as one of the places is free.
double seconds_in_all(const std::vector<double>& jobs, std::size_t places);

}  // namespace revnet

// Fuzz targets that read HDF5, real files as their seeds, and damage that leaves these files valid HDF5.
#pragma once

#include "fuzz/mutation.h"
#include "fuzz/target.h"

namespace revnet::fuzz {

// checkpoint.h5, which is also loaded into a ResNet-32.
void fuzz_checkpoint(Input input);
// run.h5, including the settings in it.
void fuzz_run_log(Input input);

// angle.h5, as a resumed study reads it.
void fuzz_study_log(Input input);

// Checksums would reject damage before HDF5 reads it.
enum class Checksums { removed, kept };

// Checkpoints as revnet-train writes them: one of a few numbers, which is nearly all structure, one of
// ResNet-32 and one of RevNet-38.
std::vector<Bytes> checkpoint_seeds(Checksums checksums = Checksums::removed);
std::vector<Bytes> run_log_seeds(Checksums checksums = Checksums::removed);
std::vector<Bytes> study_log_seeds(Checksums checksums = Checksums::removed);  // as revnet-compare writes it

// The parts of a file that do not hold values of its data sets.
Ranges structure_of(const Bytes& file);
// The file with something removed, added, moved, linked in a cycle, or given another type or shape.
Bytes restructured(const Bytes& file, Random& random);

}  // namespace revnet::fuzz

// Fuzz targets that read HDF5, real files to begin with, and damage to them that leaves the format whole.
#pragma once

#include "fuzz/mutation.h"
#include "fuzz/target.h"

namespace revnet::fuzz {

// checkpoint.h5, and the network that is to go on from it: a ResNet-32.
void fuzz_checkpoint(Input input);
// run.h5, with the settings in it.
void fuzz_run_log(Input input);

// angle.h5, as a study that goes on reads it.
void fuzz_study_log(Input input);

// Without checksums, the damage is not refused before HDF5 gets to see it.
enum class Checksums { removed, kept };

// As revnet-train writes them: of a few numbers, nearly all structure, of ResNet-32, and of RevNet-38.
std::vector<Bytes> checkpoint_seeds(Checksums checksums = Checksums::removed);
std::vector<Bytes> run_log_seeds(Checksums checksums = Checksums::removed);
std::vector<Bytes> study_log_seeds(Checksums checksums = Checksums::removed);  // as revnet-compare writes it

// Where a file does not hold the values of its data sets.
Ranges structure_of(const Bytes& file);
// The file with something removed, added, moved, linked in a circle, or of another type or shape.
Bytes restructured(const Bytes& file, Random& random);

}  // namespace revnet::fuzz

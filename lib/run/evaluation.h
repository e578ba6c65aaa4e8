// Evaluation of a checkpoint, image by image.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ops/softmax_cross_entropy.h"
#include "record/checkpoint.h"
#include "settings/config.h"

namespace revnet {

// Vectors follow the order of the evaluation set; damaged images that were left out have no entry.
struct Evaluation {
  std::int64_t iteration = 0;  // of the checkpoint
  std::int64_t classes = 0;
  std::vector<std::string> names;  // of the classes, if they have any
  Loss loss;
  std::optional<Loss> average;  // of the averaged weights, if the checkpoint has any
  std::vector<std::int64_t> labels;
  std::vector<std::int64_t> predictions;  // the class of the largest logit; the lowest class in a tie
  std::vector<std::int64_t> places;   // the label's rank among the logits; 0: the largest, a correct image
  std::vector<float> logits;          // [images, classes]; empty unless kept
  std::vector<std::string> left_out;  // one line for each damaged image
  std::string fingerprint;            // of the data set (BatchSource::fingerprint)

  // The percentage of images whose label is not among the `best` largest logits.
  double error_percent(std::int64_t best) const;
  // The name of a class, or else its number.
  std::string name_of(std::int64_t label) const;
};

// Adds a batch. `logits` is [batch, classes], row-major; its rows beyond the labels belong to no image.
void add_batch(Evaluation& evaluation, std::span<const float> logits, std::span<const std::int32_t> labels,
               bool keep_logits);

// The errors on the images of one class.
struct ClassErrors {
  std::int64_t images = 0, errors = 0;
  std::int64_t mistaken_for = -1;  // the wrong class predicted most often; -1: none
  std::int64_t mistaken = 0;       // how often
};
std::vector<ClassErrors> errors_by_class(const Evaluation& evaluation);

// Evaluates a checkpoint that was read from `file`, with resolved settings. Throws an Error that names the
// array if the checkpoint does not fit them.
Evaluation evaluate_checkpoint(const Config& config, const Checkpoint& checkpoint, const std::string& file,
                               bool keep_logits);

// Writes HDF5: /labels and /predictions (int64), /logits (float32, [images, classes]); the root attributes
// format_version, iteration, error_percent, cross_entropy, checkpoint and version; and /config, as YAML. The
// evaluation must have kept its logits.
void write_predictions(const std::filesystem::path& file, const Evaluation& evaluation, const Config& config,
                       const std::string& checkpoint);

}  // namespace revnet

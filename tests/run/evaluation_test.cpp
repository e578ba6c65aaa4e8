// Evaluation of known logits, image by image. (end_to_end/evaluate_test.cpp evaluates a whole run.)
#include "run/evaluation.h"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "files.h"
#include "record/hdf5.h"

namespace revnet {
namespace {

// Four images of six classes. Their labels are ranked first, second, sixth, and second because of a tie with
// a lower class.
Evaluation four_images() {
  Evaluation evaluation;
  evaluation.classes = 6;
  const std::vector<float> logits{9, 1, 2, 3, 4, 5,  //
                                  8, 7, 2, 3, 4, 5,  //
                                  9, 8, 7, 6, 5, 4,  //
                                  1, 7, 7, 0, 0, 0};
  add_batch(evaluation, logits, std::vector<std::int32_t>{0, 1}, true);
  add_batch(evaluation, std::span(logits).subspan(12), std::vector<std::int32_t>{5, 2}, true);
  return evaluation;
}

TEST_CASE("the top-k error counts images whose label is not among the k largest logits") {
  const Evaluation evaluation = four_images();
  CHECK(evaluation.places == std::vector<std::int64_t>{0, 1, 5, 1});
  CHECK(evaluation.predictions == std::vector<std::int64_t>{0, 0, 0, 1});
  CHECK(evaluation.error_percent(1) == 75);
  CHECK(evaluation.error_percent(2) == 25);
  CHECK(evaluation.error_percent(5) == 25);
  CHECK(evaluation.error_percent(6) == 0);
}

TEST_CASE("an image whose label has no finite logit is an error for every k") {
  for (const float logit : {NAN, INFINITY}) {
    Evaluation evaluation;
    evaluation.classes = 2;
    add_batch(evaluation, std::vector<float>{logit, 1}, std::vector<std::int32_t>{0}, false);
    CHECK(evaluation.error_percent(2) == 100);
  }
}

TEST_CASE("each class has its number of images and errors and its most frequent wrong prediction") {
  Evaluation evaluation = four_images();
  add_batch(evaluation, std::vector<float>{0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0},
            std::vector<std::int32_t>{1, 1}, false);
  const std::vector<ClassErrors> classes = errors_by_class(evaluation);
  REQUIRE(classes.size() == 6);
  CHECK(classes[0].images == 1);
  CHECK(classes[0].errors == 0);
  CHECK(classes[0].mistaken_for == -1);
  CHECK(classes[1].images == 3);
  CHECK(classes[1].errors == 3);
  CHECK(classes[1].mistaken_for == 2);
  CHECK(classes[1].mistaken == 2);
  CHECK(classes[3].images == 0);
}

TEST_CASE("predictions are written with their labels and logits") {
  const testing::TemporaryDirectory folder;
  Evaluation evaluation = four_images();
  evaluation.iteration = 12;
  evaluation.loss = {.cross_entropy = 2, .errors = 3, .images = 4};
  write_predictions(folder / "p.h5", evaluation, Config{}, "run/checkpoint.h5");
  const hdf5::Reader file(folder / "p.h5");
  CHECK(file.integers("labels") == evaluation.labels);
  CHECK(file.integers("predictions") == evaluation.predictions);
  CHECK(file.floats("logits").shape == std::vector<std::int64_t>{4, 6});
  CHECK(file.floats("logits").values == evaluation.logits);
  CHECK(file.integer_attribute("/", "iteration") == 12);
  CHECK(file.double_attribute("/", "error_percent") == 75);
  CHECK(file.text_attribute("/", "checkpoint") == "run/checkpoint.h5");
}

}  // namespace
}  // namespace revnet

#include "train/divergence.h"

#include <limits>

#include <doctest/doctest.h>

#include "base/error.h"
#include "train/support.h"

namespace revnet {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

TEST_CASE("a diverging step names the first parameter that is not finite") {
  Trainer trainer = small_trainer(small_config());
  trainer.fetch_batch(0);
  const Loss loss = trainer.network().compute_gradient(trainer.images(), trainer.labels());
  CHECK(is_finite(trainer.network(), loss));
  for (Parameter* parameter : trainer.network().parameters()) {
    if (parameter->name == "stage2/unit1/f/conv2/weight") parameter->value.values()[0] = nan;
  }
  CHECK(first_not_finite(trainer.network()) == "the parameter stage2/unit1/f/conv2/weight");
  const std::string message = message_of<DivergedError>([&] { trainer.step(); });
  CHECK(contains(message, "iteration 1: first the parameter stage2/unit1/f/conv2/weight is not finite"));
  CHECK(trainer.iteration() == 0);
}

TEST_CASE("an overflow in batch statistics is located at the first normalisation") {
  Trainer trainer = small_trainer(small_config());
  for (Parameter* parameter : trainer.network().parameters()) {
    if (parameter->name != "stem/conv/weight") continue;
    for (float& value : parameter->value.values()) value = 1e36F;
  }
  CHECK(contains(message_of<DivergedError>([&] { trainer.step(); }), "first the input of stem/bn"));
}

TEST_CASE("the first array of a checkpoint that is not finite is named") {
  Trainer trainer = small_trainer(small_config());
  Checkpoint checkpoint = trainer.checkpoint();
  CHECK(first_not_finite(checkpoint) == "");
  checkpoint.running.back().variance[0] = std::numeric_limits<float>::infinity();
  CHECK(first_not_finite(checkpoint) == "/running/" + checkpoint.running.back().name);
  checkpoint.momentum[1].values[0] = nan;
  CHECK(first_not_finite(checkpoint) == "/momentum/" + checkpoint.momentum[1].name);
  checkpoint.momentum[1].values[0] = 0;
  checkpoint.running.back().variance[0] = 1;
  checkpoint.average = checkpoint.parameters;
  CHECK(first_not_finite(checkpoint) == "");
  checkpoint.average[0].values[0] = nan;
  CHECK(first_not_finite(checkpoint) == "/average/" + checkpoint.average[0].name);
  checkpoint.parameters[0].values[0] = nan;
  CHECK(first_not_finite(checkpoint) == "/parameters/" + checkpoint.parameters[0].name);
}

}  // namespace
}  // namespace revnet

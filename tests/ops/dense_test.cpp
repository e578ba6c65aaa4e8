#include "ops/dense.h"

#include <doctest/doctest.h>

#include "reference/gradient_check.h"
#include "reference/support.h"

namespace revnet {
namespace {

using naive::DenseShape;
using naive::Values;

// For sums of up to 112 products. Measured: 5.8e-7.
constexpr double tolerance = 2.5e-6;

constexpr DenseShape shapes[] = {{1, 64, 10}, {3, 64, 10},  {1, 112, 100}, {5, 112, 100},
                                 {3, 12, 10}, {7, 128, 10}, {1, 16, 3},    {33, 56, 100}};

struct Inputs {
  std::vector<float> features, weights, bias, diff_logits;

  explicit Inputs(const DenseShape& s)
      : features(random_floats(s.batch * s.in, 1)),
        weights(random_floats(s.out * s.in, 2, 0.1)),
        bias(random_floats(s.out, 3)),
        diff_logits(random_floats(s.batch * s.out, 4)) {}
};

TEST_CASE("dense forward agrees with the reference") {
  TestDevice device;
  for (const DenseShape& shape : shapes) {
    CAPTURE(shape.batch);
    CAPTURE(shape.in);
    const Inputs inputs(shape);
    const Dense dense(device, shape.batch, shape.in, shape.out);
    Tensor logits = poisoned(device, Layout::plain({shape.batch, shape.out}));
    dense.forward(filled(device, Layout::plain({shape.batch, shape.in}), inputs.features),
                  filled(device, Layout::plain({shape.out, shape.in}), inputs.weights),
                  filled(device, Layout::plain({shape.out}), inputs.bias), logits);
    CHECK(relative_error(to_plain(logits), naive::dense(shape, widen(inputs.features), widen(inputs.weights),
                                                        widen(inputs.bias))) < tolerance);
  }
}

TEST_CASE("dense backward agrees with the reference") {
  TestDevice device;
  for (const DenseShape& shape : shapes) {
    CAPTURE(shape.batch);
    CAPTURE(shape.in);
    const Inputs inputs(shape);
    const Dense dense(device, shape.batch, shape.in, shape.out);
    const Layout features_layout = Layout::plain({shape.batch, shape.in}),
                 weights_layout = Layout::plain({shape.out, shape.in}),
                 bias_layout = Layout::plain({shape.out}),
                 logits_layout = Layout::plain({shape.batch, shape.out});
    Tensor diff_features = poisoned(device, features_layout), diff_weights = poisoned(device, weights_layout),
           diff_bias = poisoned(device, bias_layout);
    dense.backward(filled(device, features_layout, inputs.features),
                   filled(device, weights_layout, inputs.weights),
                   filled(device, logits_layout, inputs.diff_logits), diff_features, diff_weights, diff_bias);

    const Values features = widen(inputs.features), weights = widen(inputs.weights),
                 bias = widen(inputs.bias), diff_logits = widen(inputs.diff_logits);
    const auto loss = [&](const Values& x, const Values& w, const Values& b) {
      return projection(naive::dense(shape, x, w, b), diff_logits);
    };
    check_gradient("features", to_plain(diff_features),
                   naive::dense_backward_features(shape, diff_logits, weights), features,
                   [&](const Values& x) { return loss(x, weights, bias); });
    check_gradient("weights", to_plain(diff_weights),
                   naive::dense_backward_weights(shape, features, diff_logits), weights,
                   [&](const Values& x) { return loss(features, x, bias); });
    check_gradient("bias", to_plain(diff_bias), naive::dense_backward_bias(shape, diff_logits), bias,
                   [&](const Values& x) { return loss(features, weights, x); });
  }
}

}  // namespace
}  // namespace revnet

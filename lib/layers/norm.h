// Batch normalisation followed by ReLU, as a layer: its parameters and statistics, however it is computed.
//
//   dst = max(0, scale * (src - mean) / sqrt(variance + epsilon) + shift)
//
// with mean and population variance over (N, H, W) of the batch in training, and running averages of them in
// evaluation. Shapes: src, dst [N, C, H, W]; all else [C].
#pragma once

#include <string>
#include <vector>

#include "layers/options.h"
#include "layers/parameter.h"

namespace revnet {

// What a forward pass is for.
enum class Pass {
  training,       // batch statistics are computed
  recomputation,  // the same arithmetic again, with the statistics that `training` left behind
  inference,      // running statistics
};

// A batch's statistics, or running averages of them; [C] each.
struct Statistics {
  Tensor mean, variance;
  Statistics() = default;
  Statistics(Device& device, std::int64_t channels);
};

class Norm;

// Sees what every normalisation is given or makes, and may change it.
class NormObserver {
 public:
  virtual ~NormObserver() = default;
  // After `norm` turned src into dst and mask in that pass (not inference). Where no tape is recorded, src
  // may be dst and then holds its new values.
  virtual void normalized(Norm& norm, Pass pass, const Tensor& src, Tensor& dst, Tensor& mask) = 0;
  // Where normalised values never reach memory: before src is normalised with norm.constants(pass). To change
  // which ReLUs are open, src may be changed.
  virtual void normalizing(Norm& norm, Pass pass, Tensor& src) = 0;
};

// A normalisation as multiplication and addition: relu((x - mean) * factor + shift), by channel, where
// factor = scale / sqrt(variance + epsilon). The mean is taken away first, so that a large one costs no
// precision.
struct NormConstants {
  std::vector<float> mean, factor, shift;
};

class Norm {
 public:
  // name: ".../bn1"; its parameters are name/scale and name/shift. nchw: of what it normalises.
  Norm(Device& device, const std::string& name, Rows rows, const Shape& nchw, const LayerOptions& options);
  Norm(const Norm&) = delete;
  Norm& operator=(const Norm&) = delete;

  const std::string& name() const { return name_; }
  Rows rows() const { return scale_.rows; }
  const Shape& shape() const { return shape_; }
  std::int64_t channels() const { return shape_[1]; }
  double epsilon() const { return epsilon_; }

  Parameter& scale() { return scale_; }
  Parameter& shift() { return shift_; }
  const Parameter& scale() const { return scale_; }
  const Parameter& shift() const { return shift_; }
  Statistics& running() { return running_; }
  Statistics& batch() { return batch_; }
  const Statistics& batch() const { return batch_; }
  // The statistics that a pass normalises with.
  const Statistics& statistics(Pass pass) const { return pass == Pass::inference ? running_ : batch_; }
  // The processes that share the batch statistics; null: nobody.
  Reduction* shared() const { return shared_; }

  // 1 / sqrt(variance + epsilon) of one channel.
  double inverse_deviation(float variance) const;
  // Of that pass; empty on a planning device.
  NormConstants constants(Pass pass) const;

  // From now on; null: no longer. The observer must outlive that.
  void observe(NormObserver* observer) { observer_ = observer; }
  // Who is to see that pass; null: nobody.
  NormObserver* observer(Pass pass) const { return pass == Pass::inference ? nullptr : observer_; }

  // running = decay * running + (1 - decay) * batch. Once a step, whatever was recomputed in between.
  void commit_statistics(double decay);
  // Running mean 0, variance 1.
  void reset_statistics();

 private:
  std::string name_;
  Shape shape_;
  double epsilon_;
  Reduction* shared_;
  NormObserver* observer_ = nullptr;
  Parameter scale_, shift_;
  Statistics batch_, running_;
};

}  // namespace revnet

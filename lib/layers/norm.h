// Batch normalisation followed by ReLU: its parameters and statistics, independent of how it is computed.
//
//   dst = max(0, scale * (src - mean) / sqrt(variance + epsilon) + shift)
//
// Training uses the mean and population variance of the batch over (N, H, W); evaluation uses running
// averages of them. Shapes: src and dst [N, C, H, W]; everything else [C].
#pragma once

#include <string>
#include <vector>

#include "layers/options.h"
#include "layers/parameter.h"

namespace revnet {

enum class Pass {
  training,       // computes batch statistics
  recomputation,  // repeats the arithmetic with the batch statistics that `training` left
  inference,      // uses running averages
};

// Batch statistics or their running averages, [C] each.
struct Statistics {
  Tensor mean, variance;
  Statistics() = default;
  Statistics(Device& device, std::int64_t channels);
};

class Norm;

// Sees the input or output of every normalisation, and may change it.
class NormObserver {
 public:
  virtual ~NormObserver() = default;
  // Called after `norm` has turned src into dst and mask in a pass other than inference. If no tape is
  // recorded, src may be dst and then holds the new values.
  virtual void normalized(Norm& norm, Pass pass, const Tensor& src, Tensor& dst, Tensor& mask) = 0;
  // Called instead where an engine never writes normalised values to memory, before it normalises src with
  // norm.constants(pass). An observer may change src to choose which ReLUs open.
  virtual void normalizing(Norm& norm, Pass pass, Tensor& src) = 0;
};

// A normalisation as one multiplication and two additions per value: relu((x - mean) * factor + shift),
// where factor = scale / sqrt(variance + epsilon). The mean is subtracted first, so that a large mean costs
// no precision.
struct NormConstants {
  std::vector<float> mean, factor, shift;
};

class Norm {
 public:
  // `name` ends in ".../bn1"; its parameters are name/scale and name/shift. `nchw` is the shape of the input.
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
  const Statistics& statistics(Pass pass) const { return pass == Pass::inference ? running_ : batch_; }
  // The processes that share the batch statistics, or null if there are no others.
  Reduction* reduction() const { return reduction_; }

  // 1 / sqrt(variance + epsilon) for one channel.
  double inverse_deviation(float variance) const;
  // The constants of `pass`; empty on a planning device.
  NormConstants constants(Pass pass) const;

  // Sets the observer from now on; null removes it. The observer must outlive its use.
  void observe(NormObserver* observer) { observer_ = observer; }
  // Null for inference, which is not observed.
  NormObserver* observer(Pass pass) const { return pass == Pass::inference ? nullptr : observer_; }

  // running = decay * running + (1 - decay) * batch. Called once per step, however often the forward pass was
  // recomputed.
  void commit_statistics(double decay);
  // Sets the running mean to 0 and the running variance to 1.
  void reset_statistics();

 private:
  std::string name_;
  Shape shape_;
  double epsilon_;
  Reduction* reduction_;
  NormObserver* observer_ = nullptr;
  Parameter scale_, shift_;
  Statistics batch_, running_;
};

}  // namespace revnet

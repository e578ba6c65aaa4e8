// Moves activations between memory and registers. Values are normalised, or turned into gradients, when they
// are read, and added, masked and summed when they are written.
#if defined(REVNET_SIMD_MEMORY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef REVNET_SIMD_MEMORY_INL_H_
#undef REVNET_SIMD_MEMORY_INL_H_
#else
#define REVNET_SIMD_MEMORY_INL_H_
#endif

#include <algorithm>

#include "fused/simd/lanes-inl.h"
#include "fused/simd/operands.h"
#include "fused/simd/scratch.h"

HWY_BEFORE_NAMESPACE();
namespace revnet::simd::HWY_NAMESPACE {

// Calls f with the form of a source or a sink as a compile-time constant.
template <class F>
HWY_INLINE void with_form(Source::Form form, const F& f) {
  using enum Source::Form;
  switch (form) {
    case raw:
      return f(Constant<raw>());
    case normalized:
      return f(Constant<normalized>());
    case gradient:
      return f(Constant<gradient>());
  }
}
template <class F>
HWY_INLINE void with_form(Sink::Form form, const F& f) {
  using enum Sink::Form;
  switch (form) {
    case plain:
      return f(Constant<plain>());
    case sum:
      return f(Constant<sum>());
    case difference:
      return f(Constant<difference>());
    case masked:
      return f(Constant<masked>());
  }
}

// Reads one vector of channels in the way that the source describes.
template <Source::Form form, class D>
class Reader {
 public:
  // `channel` is the first of the vector.
  HWY_INLINE Reader(D d, const Source& source, std::int64_t channel)
      : values_(source.values),
        input_(source.input),
        mean_(hn::Zero(d)),
        factor_(hn::Zero(d)),
        shift_(hn::Zero(d)),
        slope_(hn::Zero(d)) {
    if constexpr (form == Source::Form::normalized) {
      mean_ = hn::LoadU(d, source.norm.mean + channel);
      factor_ = hn::LoadU(d, source.norm.factor + channel);
      shift_ = hn::LoadU(d, source.norm.shift + channel);
    } else if constexpr (form == Source::Form::gradient) {
      mean_ = hn::LoadU(d, source.norm_gradient.mean + channel);
      factor_ = hn::LoadU(d, source.norm_gradient.factor + channel);
      shift_ = hn::LoadU(d, source.norm_gradient.offset + channel);
      slope_ = hn::LoadU(d, source.norm_gradient.slope + channel);
    }
  }

  // `at` is the offset of the vector's first channel at one pixel.
  HWY_INLINE hn::Vec<D> read(D d, std::int64_t at) const {
    const auto value = hn::Load(d, values_ + at);
    if constexpr (form == Source::Form::raw) {
      return value;
    } else if constexpr (form == Source::Form::normalized) {
      return hn::Max(hn::MulAdd(hn::Sub(value, mean_), factor_, shift_), hn::Zero(d));
    } else {
      const auto centred = hn::Sub(hn::Load(d, input_ + at), mean_);
      return hn::Mul(factor_, hn::NegMulAdd(centred, slope_, hn::Sub(value, shift_)));
    }
  }

 private:
  const float* HWY_RESTRICT values_;
  const float* HWY_RESTRICT input_;
  hn::Vec<D> mean_, factor_, shift_, slope_;  // shift_ holds the offset of a gradient
};

// Copies one vector of channels, of which `channel` is the first, for `count` consecutive pixels. They lie
// `stride` floats apart in the source, from `offset` on, and `dst_stride` floats apart in dst.
template <class D>
HWY_INLINE void read_pixels(D d, const Source& source, std::int64_t offset, std::int64_t stride,
                            std::int64_t channel, std::int64_t count, float* HWY_RESTRICT dst,
                            std::int64_t dst_stride) {
  with_form(source.form, [&](auto form) HWY_ATTR {
    const Reader<form, D> reader(d, source, channel);
    for (std::int64_t i = 0; i < count; ++i) {
      hn::Store(reader.read(d, offset + i * stride), d, dst + i * dst_stride);
    }
  });
}

// Prefetches memory into the second-level cache a few cache lines at a time, so that the loads overlap with
// arithmetic. The first level is too small for what is needed later beside what is needed now.
class Prefetcher {
 public:
  // Pieces of equal size: how many, and floats from the start of one to the next.
  struct Pieces {
    std::int64_t count, stride;
  };

  Prefetcher() = default;
  // Prefetches `length` floats of each row of each plane, spread over `calls` calls of fetch().
  Prefetcher(const float* values, Pieces planes, Pieces rows, std::int64_t length, std::int64_t calls)
      : plane_(values), row_(values), planes_(planes), rows_(rows), length_(length) {
    const std::int64_t lines = planes.count * rows.count * ((length + cache_line - 1) / cache_line);
    each_ = (lines + calls - 1) / calls;
  }

  HWY_INLINE void fetch() {
    for (std::int64_t i = 0; i < each_; ++i) {
      __builtin_prefetch(row_ + at_, 0, 2);
      at_ += cache_line;
      if (at_ < length_) continue;
      at_ = 0;
      row_ += rows_.stride;
      if (++rows_gone_ < rows_.count) continue;
      rows_gone_ = 0;
      plane_ += planes_.stride;
      row_ = plane_;
      if (--planes_.count == 0) each_ = 0;
    }
  }

 private:
  const float* plane_ = nullptr;
  const float* row_ = nullptr;
  Pieces planes_{}, rows_{};
  std::int64_t length_ = 0, each_ = 0, at_ = 0, rows_gone_ = 0;
};

// Up to four prefetchers, each of which fetches its share at every call.
struct Prefetchers {
  Prefetcher streams[4];

  HWY_INLINE void fetch() {
    for (Prefetcher& stream : streams) stream.fetch();
  }
};

// The sums that a sink asks for, over one work block and one vector of channels. They hold distances from the
// first value instead of the values, so that a large mean costs no precision.
template <class D>
class WorkSums {
 public:
  explicit WorkSums(D d) : sum_(hn::Zero(d)), second_(hn::Zero(d)), origin_(hn::Zero(d)) {}

  HWY_INLINE void add(hn::Vec<D> value) {
    if (count_ == 0) origin_ = value;
    const auto distance = hn::Sub(value, origin_);
    sum_ = hn::Add(sum_, distance);
    second_ = hn::MulAdd(distance, distance, second_);
    ++count_;
  }
  // Takes the place of add() in a masked sink.
  HWY_INLINE void add_product(hn::Vec<D> value, hn::Vec<D> centred) {
    sum_ = hn::Add(sum_, value);
    second_ = hn::MulAdd(value, centred, second_);
  }

  // `sums` is the work block's [2][channels].
  HWY_INLINE void write(D d, bool masked, double* sums, std::int64_t channel, std::int64_t channels) const {
    constexpr std::int64_t lanes = width_of<D>;
    HWY_ALIGN float sum[lanes], second[lanes], origin[lanes];
    hn::Store(sum_, d, sum);
    hn::Store(second_, d, second);
    hn::Store(origin_, d, origin);
    for (std::int64_t i = 0; i < lanes; ++i) {
      const double total = sum[i];
      sums[channel + i] = masked ? total : total + static_cast<double>(count_) * origin[i];
      sums[channels + channel + i] =
          masked ? static_cast<double>(second[i])
                 : static_cast<double>(second[i]) - total * total / static_cast<double>(count_);
    }
  }

 private:
  hn::Vec<D> sum_, second_, origin_;
  std::int64_t count_ = 0;
};

// Writes the results of one vector of channels in the way that the sink describes, and sums them.
template <Sink::Form form, class D>
class Writer {
 public:
  Writer(D d, const Sink& sink, std::int64_t channel)
      : values_(sink.values),
        addend_(sink.addend),
        input_(sink.input),
        totals_(sink.sums),
        largest_of_(sink.largest),
        sums_(d),
        rounds_(sink.grid_step > 0),
        steps_(hn::Set(d, rounds_ ? 1 / sink.grid_step : 0)),
        step_(hn::Set(d, sink.grid_step)),
        largest_(hn::Zero(d)),
        mean_(hn::Zero(d)),
        factor_(hn::Zero(d)),
        shift_(hn::Zero(d)) {
    if constexpr (form == Sink::Form::masked) {
      mean_ = hn::LoadU(d, sink.norm.mean + channel);
      factor_ = hn::LoadU(d, sink.norm.factor + channel);
      shift_ = hn::LoadU(d, sink.norm.shift + channel);
    }
  }

  // Writes one result at the offset `at`.
  HWY_INLINE void write(D d, hn::Vec<D> value, std::int64_t at) {
    if constexpr (form == Sink::Form::sum || form == Sink::Form::difference) {
      if (rounds_) value = hn::Mul(hn::Round(hn::Mul(value, steps_)), step_);
    }
    if constexpr (form == Sink::Form::sum) {
      value = hn::Add(hn::Load(d, addend_ + at), value);
      if (largest_of_ != nullptr) largest_ = hn::Max(largest_, hn::Abs(value));
    }
    if constexpr (form == Sink::Form::difference) value = hn::Sub(hn::Load(d, addend_ + at), value);
    if constexpr (form == Sink::Form::masked) {
      const auto centred = hn::Sub(hn::Load(d, input_ + at), mean_);
      const auto open = hn::Gt(hn::MulAdd(centred, factor_, shift_), hn::Zero(d));
      value = hn::IfThenElseZero(open, value);
      sums_.add_product(value, centred);
    }
    hn::Store(value, d, values_ + at);
    if constexpr (form == Sink::Form::plain || form == Sink::Form::sum) {
      if (totals_ != nullptr) sums_.add(value);
    }
  }

  // Writes the sums of the work block with this index.
  HWY_INLINE void finish(D d, std::int64_t index, std::int64_t channel, std::int64_t channels) const {
    if (totals_ != nullptr) {
      sums_.write(d, form == Sink::Form::masked, totals_ + index * 2 * channels, channel, channels);
    }
    if constexpr (form == Sink::Form::sum) {
      if (largest_of_ == nullptr) return;
      HWY_ALIGN float largest[width_of<D>];
      hn::Store(largest_, d, largest);
      for (const float lane : largest) largest_of_[index] = std::max(largest_of_[index], lane);
    }
  }

 private:
  float* values_;
  const float* addend_;  // may be values
  const float* input_;
  double* totals_;
  float* largest_of_;
  WorkSums<D> sums_;
  bool rounds_;
  hn::Vec<D> steps_, step_;  // 1 / step, step
  hn::Vec<D> largest_;
  hn::Vec<D> mean_, factor_, shift_;
};

}  // namespace revnet::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard

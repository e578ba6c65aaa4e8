#include "data/jpeg_source.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/crc32.h"

namespace revnet {
namespace {

// The label of a skipped image of the evaluation set.
constexpr std::int32_t left_out = -1;

std::size_t values_of(const JpegOptions& options) {
  const auto side = static_cast<std::size_t>(options.photograph.size);
  return 3 * side * side;
}

}  // namespace

JpegSource::JpegSource(JpegSplits splits, const JpegOptions& options)
    : splits_(std::move(splits)),
      options_(options),
      order_(splits_.train.size(), options.seed),
      notices_(splits_.left_out),
      training_(options.workers, values_of(options),
                [this](std::int64_t item, std::span<float> output) { return make_training(item, output); }),
      evaluation_(options.workers, values_of(options), [this](std::int64_t item, std::span<float> output) {
        return make_evaluation(item, output);
      }) {}

void JpegSource::note_damaged(const std::string& line) {
  const std::lock_guard lock(mutex_);
  if (damaged_.insert(line).second) notices_.push_back(line);
}

template <class DrawView>
bool JpegSource::make(const JpegSet& set, std::size_t index, std::span<float> output, DrawView draw) {
  thread_local std::vector<std::uint8_t> bytes;  // keeps its memory from one image to the next
  try {
    set.read(index, bytes);
    write_view(bytes, draw(jpeg_size(bytes)), options_.photograph, output);
    return true;
  } catch (const UnreadableImage& failure) {
    throw Error(fmt::format("{}: {}; check the disk and ulimit -n, and continue with --resume",
                            set.place(index), failure.what()));
  } catch (const JpegError& error) {
    const std::string line = fmt::format("{}: {}", set.place(index), error.what());
    if (options_.damaged == DamagedImages::refuse) {
      throw DamagedImage(line + "; repair it, or skip it with --set dataset.damaged=skip");
    }
    note_damaged(line);
    return false;
  }
}

std::int32_t JpegSource::make_training(std::int64_t position, std::span<float> output) {
  SampleOrder::Sample sample;
  {
    const std::lock_guard lock(mutex_);
    sample = order_.at(position);
  }
  const auto size = static_cast<std::uint32_t>(splits_.train.size());
  for (std::uint32_t tried = 0; tried < size; ++tried) {
    const std::uint32_t index = (sample.index + tried) % size;
    const bool whole = make(splits_.train, index, output, [&](ImageSize image) {
      return draw_view(image, options_.photograph, options_.seed, sample.epoch, index);
    });
    if (whole) return splits_.train.image(index).label;
  }
  throw DamagedImage("the training set has no intact image; revnet-data check lists what is wrong");
}

std::int64_t JpegSource::evaluation_item(std::size_t place) const {
  return static_cast<std::int64_t>(evaluation_size() << 32 | place);
}

std::int32_t JpegSource::make_evaluation(std::int64_t item, std::span<float> output) {
  const auto used = static_cast<std::size_t>(item) >> 32, place = static_cast<std::size_t>(item) & 0xffffffff;
  const std::size_t index = spread(place, used, splits_.val.size());
  return make(splits_.val, index, output, central_view) ? splits_.val.image(index).label : left_out;
}

void JpegSource::fill_training(std::int64_t first, std::int64_t next, std::span<float> images,
                               std::span<std::int32_t> labels) {
  training_.fill(first, next, images, labels);
}

std::size_t JpegSource::fill_evaluation(std::size_t first, std::size_t end, std::span<float> images,
                                        std::span<std::int32_t> labels) {
  end = std::min(end, evaluation_size());
  const std::size_t values = values_of(options_),
                    wanted = std::min(labels.size(), end - std::min(first, end));
  // Only whole batches are prepared ahead, so that no image at or beyond `end` is read.
  const std::size_t next = first + labels.size();
  evaluation_.fill(evaluation_item(first), next + labels.size() <= end ? evaluation_item(next) : -1,
                   images.first(wanted * values), labels.first(wanted));
  std::size_t real = 0;
  for (std::size_t n = 0; n < wanted; ++n) {
    if (labels[n] == left_out) continue;
    if (real != n) {
      std::ranges::copy(images.subspan(n * values, values), images.subspan(real * values, values).begin());
      labels[real] = labels[n];
    }
    ++real;
  }
  std::ranges::fill(labels.subspan(real), 0);
  return real;
}

std::vector<std::string> JpegSource::take_notices() {
  const std::lock_guard lock(mutex_);
  return std::exchange(notices_, {});
}

std::string JpegSource::fingerprint() const {
  std::uint32_t checksum = 0;
  for (const JpegSet* set : {&splits_.train, &splits_.val}) {
    for (std::size_t i = 0; i < set->size(); ++i) {
      const std::string line = fmt::format("{} {}\n", set->image(i).label, set->image(i).name);
      checksum = crc32(std::as_bytes(std::span(line)), checksum);
    }
  }
  return fmt::format("{} and {} images, {:08x}", splits_.train.size(), splits_.val.size(), checksum);
}

std::array<ShownValues, 3> JpegSource::shown_values() const {
  std::array<ShownValues, 3> shown;
  for (std::size_t c = 0; c < shown.size(); ++c) {
    const ChannelValues& values = options_.photograph.values[c];
    shown[c] = {255 / values.scale, -255 * values.shift / values.scale};
  }
  return shown;
}

}  // namespace revnet

#include "net/activations.h"

#include <cmath>
#include <stdexcept>
#include <utility>

#include "base/error.h"

namespace revnet {
namespace {

void save(Activation& activation, MemoryPurpose purpose = MemoryPurpose::saved_activations) {
  for (Tensor& tensor : activation) tensor.set_purpose(purpose);
}

// Returns the output of units [first, last) for x, which stays unchanged.
Activation output_of(const Chain& units, std::size_t first, std::size_t last, const Activation& x,
                     Pass pass) {
  Activation y = units.forward(first, x, pass, nullptr);
  for (std::size_t i = first + 1; i < last; ++i) units.advance(i, y, pass);
  return y;
}

// A run of units whose inputs and tapes are all kept.
class Recording {
 public:
  // Everything that is kept counts as `purpose`. The units must outlive the recording.
  Recording(const Chain& units, MemoryPurpose purpose) : units_(units), purpose_(purpose) {}

  // Runs units [first, last) forward from x in a training pass and returns the output of the last.
  const Activation& forward(std::size_t first, std::size_t last, Activation x) {
    start(first, std::move(x));
    for (std::size_t i = first; i < last; ++i) run(i, Pass::training);
    return boundaries_.back();
  }

  // Recomputes from x what the backward pass of units [first, last) needs.
  void recompute(std::size_t first, std::size_t last, Activation x) {
    start(first, std::move(x));
    for (std::size_t i = first; i + 1 < last; ++i) run(i, Pass::recomputation);
    tapes_.push_back(units_[last - 1].make_tape(purpose_));
    keep(units_[last - 1].recompute(boundaries_.back(), tapes_.back()));
  }

  // Runs the same units backward and keeps nothing afterwards.
  Activation backward(Activation dy, const UnitDone& done) {
    while (!tapes_.empty()) {
      const std::size_t i = tapes_.size() - 1;
      dy = units_[first_ + i].backward(boundaries_[i], boundaries_[i + 1], std::move(tapes_[i]),
                                       std::move(dy));
      tapes_.pop_back();
      boundaries_.pop_back();
      done(first_ + i);
    }
    boundaries_.clear();
    return dy;
  }

 private:
  void start(std::size_t first, Activation x) {
    boundaries_.clear();
    tapes_.clear();
    first_ = first;
    keep(std::move(x));
  }
  void run(std::size_t unit, Pass pass) {
    tapes_.push_back(units_[unit].make_tape(purpose_));
    keep(units_.forward(unit, boundaries_.back(), pass, &tapes_.back()));
  }
  void keep(Activation x) {
    save(x, purpose_);
    boundaries_.push_back(std::move(x));
  }

  const Chain& units_;
  MemoryPurpose purpose_;
  std::size_t first_ = 0;
  std::vector<Activation> boundaries_;  // boundaries_[i] is the input of unit first_ + i
  std::vector<UnitTape> tapes_;
};

class Stored final : public ActivationKeeper {
 public:
  explicit Stored(const Chain& units)
      : unit_count_(units.size()), recording_(units, MemoryPurpose::saved_activations) {}

  const Activation& forward(Activation x) override {
    return recording_.forward(0, unit_count_, std::move(x));
  }

  Activation backward(Activation dy, const UnitDone& done) override {
    return recording_.backward(std::move(dy), done);
  }

 private:
  std::size_t unit_count_;
  Recording recording_;
};

class Reconstructed final : public ActivationKeeper {
 public:
  Reconstructed(const Chain& units, ReconstructionObserver* observer) : units_(units), observer_(observer) {}

  const Activation& forward(Activation x) override {
    inputs_.clear();
    tapes_.clear();
    current_ = std::move(x);
    for (std::size_t i = 0; i < units_.size(); ++i) {
      if (units_[i].reversible()) {
        if (observer_ != nullptr) observer_->entering(i, current_);
        units_.advance(i, current_, Pass::training);
      } else {
        // Keeps its convolutions' outputs as well: few units are not reversible, and recomputing those
        // outputs would cost one convolution each.
        tapes_.push_back(units_[i].make_tape(MemoryPurpose::saved_activations, TapeKeeps::convolutions));
        Activation y = units_.forward(i, current_, Pass::training, &tapes_.back());
        save(current_);
        inputs_.push_back(std::move(current_));
        current_ = std::move(y);
      }
    }
    save(current_);
    return current_;
  }

  Activation backward(Activation dy, const UnitDone& done) override {
    for (std::size_t i = units_.size(); i-- > 0;) {
      if (units_[i].reversible()) {
        units_[i].reverse(current_, dy);
        if (observer_ != nullptr) observer_->reconstructed(i, current_);
        done(i);
        continue;
      }
      Activation x = std::move(inputs_.back());
      inputs_.pop_back();
      UnitTape tape = std::move(tapes_.back());
      tapes_.pop_back();
      units_[i].complete(x, current_, tape);
      dy = units_[i].backward(x, current_, std::move(tape), std::move(dy));
      done(i);
      current_ = std::move(x);
    }
    current_.clear();
    return dy;
  }

 private:
  const Chain& units_;
  ReconstructionObserver* observer_;
  std::vector<Activation> inputs_;  // of the units that are not reversible
  std::vector<UnitTape> tapes_;     // of the units that are not reversible
  Activation current_;
};

class Checkpointed final : public ActivationKeeper {
 public:
  explicit Checkpointed(const Chain& units)
      : units_(units),
        segment_(static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(units.size()))))),
        recording_(units, MemoryPurpose::tape) {}

  // Records the last segment, whose backward pass comes first, so that it need not be recomputed.
  const Activation& forward(Activation x) override {
    checkpoints_.clear();
    std::size_t first = 0;
    for (; first + segment_ < units_.size(); first += segment_) {
      save(x);
      checkpoints_.push_back(std::move(x));
      x = output_of(units_, first, first + segment_, checkpoints_.back(), Pass::training);
    }
    return recording_.forward(first, units_.size(), std::move(x));
  }

  Activation backward(Activation dy, const UnitDone& done) override {
    dy = recording_.backward(std::move(dy), done);
    while (!checkpoints_.empty()) {
      const std::size_t first = (checkpoints_.size() - 1) * segment_;
      recording_.recompute(first, first + segment_, std::move(checkpoints_.back()));
      checkpoints_.pop_back();
      dy = recording_.backward(std::move(dy), done);
    }
    return dy;
  }

 private:
  const Chain& units_;
  std::size_t segment_;
  std::vector<Activation> checkpoints_;  // the input of each segment but the last
  Recording recording_;
};

class Recursive final : public ActivationKeeper {
 public:
  explicit Recursive(const Chain& units) : units_(units), recording_(units, MemoryPurpose::tape) {}

  const Activation& forward(Activation x) override {
    waiting_.clear();
    Segment last = halve({0, units_.size(), std::move(x)}, Pass::training);
    return recording_.forward(last.first, last.last, std::move(last.x));
  }

  Activation backward(Activation dy, const UnitDone& done) override {
    dy = recording_.backward(std::move(dy), done);
    while (!waiting_.empty()) {
      Segment segment = std::move(waiting_.back());
      waiting_.pop_back();
      segment = halve(std::move(segment), Pass::recomputation);
      recording_.recompute(segment.first, segment.last, std::move(segment.x));
      dy = recording_.backward(std::move(dy), done);
    }
    return dy;
  }

 private:
  // Units [first, last) with the input of the first.
  struct Segment {
    std::size_t first, last;
    Activation x;
  };

  // Halves the segment until one unit is left, which it returns. The first halves wait for their turn.
  Segment halve(Segment segment, Pass pass) {
    while (segment.last - segment.first > 1) {
      const std::size_t middle = (segment.first + segment.last) / 2;
      save(segment.x);
      Activation half = output_of(units_, segment.first, middle, segment.x, pass);
      waiting_.push_back({segment.first, middle, std::move(segment.x)});
      segment = {middle, segment.last, std::move(half)};
    }
    return segment;
  }

  const Chain& units_;
  std::vector<Segment> waiting_;  // their backward passes come from the back
  Recording recording_;
};

}  // namespace

std::string_view name(ActivationMode mode) {
  constexpr std::array<std::string_view, activation_modes.size()> names{"stored", "reconstructed",
                                                                        "checkpointed", "recursive"};
  return names[static_cast<std::size_t>(mode)];
}

bool can_keep(const Architecture& architecture, ActivationMode mode) {
  return architecture.reversible || mode != ActivationMode::reconstructed;
}

void require_can_keep(const Architecture& architecture, ActivationMode mode) {
  if (can_keep(architecture, mode)) return;
  throw UsageError(architecture.name + " is not reversible: its activations cannot be reconstructed");
}

std::unique_ptr<ActivationKeeper> make_activation_keeper(ActivationMode mode, const Chain& units,
                                                         ReconstructionObserver* observer) {
  switch (mode) {
    case ActivationMode::stored:
      return std::make_unique<Stored>(units);
    case ActivationMode::reconstructed:
      return std::make_unique<Reconstructed>(units, observer);
    case ActivationMode::checkpointed:
      return std::make_unique<Checkpointed>(units);
    case ActivationMode::recursive:
      return std::make_unique<Recursive>(units);
  }
  throw std::logic_error("no such activation mode");
}

}  // namespace revnet

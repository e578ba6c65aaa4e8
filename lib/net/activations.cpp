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

// A run of units whose inputs and tapes are all kept.
class Recording {
 public:
  // Runs units [first, last) forward from x and keeps everything, counted as `purpose`.
  const Activation& forward(const Chain& units, std::size_t first, std::size_t last, Activation x, Pass pass,
                            MemoryPurpose purpose) {
    clear();
    first_ = first;
    keep(std::move(x), purpose);
    for (std::size_t i = first; i < last; ++i) {
      tapes_.push_back(units[i].make_tape(purpose));
      keep(units.forward(i, boundaries_.back(), pass, &tapes_.back()), purpose);
    }
    return boundaries_.back();
  }

  // Runs the same units backward and keeps nothing afterwards.
  Activation backward(const Chain& units, Activation dy, const UnitDone& done) {
    while (!tapes_.empty()) {
      const std::size_t i = tapes_.size() - 1;
      dy =
          units[first_ + i].backward(boundaries_[i], boundaries_[i + 1], std::move(tapes_[i]), std::move(dy));
      tapes_.pop_back();
      boundaries_.pop_back();
      done(first_ + i);
    }
    boundaries_.clear();
    return dy;
  }

 private:
  void clear() {
    boundaries_.clear();
    tapes_.clear();
  }
  void keep(Activation x, MemoryPurpose purpose) {
    save(x, purpose);
    boundaries_.push_back(std::move(x));
  }

  std::size_t first_ = 0;
  std::vector<Activation> boundaries_;  // boundaries_[i] is the input of unit first_ + i
  std::vector<UnitTape> tapes_;
};

class Stored final : public ActivationKeeper {
 public:
  explicit Stored(const Chain& units) : units_(units) {}

  const Activation& forward(Activation x) override {
    return recording_.forward(units_, 0, units_.size(), std::move(x), Pass::training,
                              MemoryPurpose::saved_activations);
  }

  Activation backward(Activation dy, const UnitDone& done) override {
    return recording_.backward(units_, std::move(dy), done);
  }

 private:
  const Chain& units_;
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
        segment_(static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(units.size()))))) {}

  const Activation& forward(Activation x) override {
    checkpoints_.clear();
    current_ = std::move(x);
    for (std::size_t i = 0; i < units_.size(); ++i) {
      if (i % segment_ != 0) {
        units_.advance(i, current_, Pass::training);
        continue;
      }
      save(current_);
      checkpoints_.push_back(std::move(current_));
      current_ = units_.forward(i, checkpoints_.back(), Pass::training, nullptr);
    }
    save(current_);
    return current_;
  }

  Activation backward(Activation dy, const UnitDone& done) override {
    current_.clear();
    for (std::size_t last = units_.size(); !checkpoints_.empty();) {
      const std::size_t first = (checkpoints_.size() - 1) * segment_;
      recording_.forward(units_, first, last, std::move(checkpoints_.back()), Pass::recomputation,
                         MemoryPurpose::tape);
      checkpoints_.pop_back();
      dy = recording_.backward(units_, std::move(dy), done);
      last = first;
    }
    return dy;
  }

 private:
  const Chain& units_;
  std::size_t segment_;
  std::vector<Activation> checkpoints_;  // the input of each segment's first unit
  Activation current_;
  Recording recording_;
};

class Recursive final : public ActivationKeeper {
 public:
  explicit Recursive(const Chain& units) : units_(units) {}

  const Activation& forward(Activation x) override {
    save(x);
    input_ = std::move(x);
    current_ = run(0, units_.size(), input_, Pass::training);
    save(current_);
    return current_;
  }

  Activation backward(Activation dy, const UnitDone& done) override {
    current_.clear();
    return backward(0, units_.size(), std::move(input_), std::move(dy), done);
  }

 private:
  // Returns the output of units [first, last) for x, which stays unchanged.
  Activation run(std::size_t first, std::size_t last, const Activation& x, Pass pass) {
    Activation y = units_.forward(first, x, pass, nullptr);
    for (std::size_t i = first + 1; i < last; ++i) units_.advance(i, y, pass);
    return y;
  }

  Activation backward(std::size_t first, std::size_t last, Activation x, Activation dy,
                      const UnitDone& done) {
    if (last - first == 1) {
      recording_.forward(units_, first, last, std::move(x), Pass::recomputation, MemoryPurpose::tape);
      return recording_.backward(units_, std::move(dy), done);
    }
    const std::size_t middle = (first + last) / 2;
    Activation half = run(first, middle, x, Pass::recomputation);
    save(half);
    dy = backward(middle, last, std::move(half), std::move(dy), done);
    return backward(first, middle, std::move(x), std::move(dy), done);
  }

  const Chain& units_;
  Activation input_, current_;
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

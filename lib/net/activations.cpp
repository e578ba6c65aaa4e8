#include "net/activations.h"

#include <utility>

namespace revnet {
namespace {

using Units = std::vector<std::unique_ptr<Unit>>;

void save(Activation& activation) {
  for (Tensor& tensor : activation) tensor.set_purpose(MemoryPurpose::saved_activations);
}

class Stored final : public ActivationKeeper {
 public:
  explicit Stored(const Units& units) : units_(units) {}

  const Activation& forward(Device& device, Activation x) override {
    boundaries_.clear();
    tapes_.clear();
    save(x);
    boundaries_.push_back(std::move(x));
    for (const auto& unit : units_) {
      tapes_.emplace_back(MemoryPurpose::saved_activations);
      boundaries_.push_back(unit->forward(device, boundaries_.back(), Pass::training, &tapes_.back()));
      save(boundaries_.back());
    }
    return boundaries_.back();
  }

  Activation backward(Device& device, Activation dy) override {
    for (std::size_t i = units_.size(); i-- > 0;) {
      dy = units_[i]->backward(device, boundaries_[i], boundaries_[i + 1], std::move(tapes_[i]),
                               std::move(dy));
      tapes_.pop_back();
      boundaries_.pop_back();
    }
    boundaries_.clear();
    return dy;
  }

 private:
  const Units& units_;
  std::vector<Activation> boundaries_;  // boundaries_[i] goes into unit i
  std::vector<UnitTape> tapes_;
};

class Reconstructed final : public ActivationKeeper {
 public:
  explicit Reconstructed(const Units& units) : units_(units) {}

  const Activation& forward(Device& device, Activation x) override {
    inputs_.clear();
    tapes_.clear();
    current_ = std::move(x);
    for (const auto& unit : units_) {
      if (unit->reversible()) {
        unit->forward_in_place(device, current_, Pass::training);
      } else {
        // Its convolutions' outputs are kept as well: few units are not reversible, and computing them again
        // would cost a convolution each.
        tapes_.emplace_back(MemoryPurpose::saved_activations, Tape::Keeps::outputs);
        Activation y = unit->forward(device, current_, Pass::training, &tapes_.back());
        save(current_);
        inputs_.push_back(std::move(current_));
        current_ = std::move(y);
      }
    }
    save(current_);
    return current_;
  }

  Activation backward(Device& device, Activation dy) override {
    for (std::size_t i = units_.size(); i-- > 0;) {
      if (units_[i]->reversible()) {
        units_[i]->reverse(device, current_, dy);
        continue;
      }
      Activation x = std::move(inputs_.back());
      inputs_.pop_back();
      UnitTape tape = std::move(tapes_.back());
      tapes_.pop_back();
      units_[i]->complete(device, x, current_, tape);
      dy = units_[i]->backward(device, x, current_, std::move(tape), std::move(dy));
      current_ = std::move(x);
    }
    current_.clear();
    return dy;
  }

 private:
  const Units& units_;
  std::vector<Activation> inputs_;  // of the units that are not reversible
  std::vector<UnitTape> tapes_;     // theirs
  Activation current_;
};

}  // namespace

std::string_view name(ActivationMode mode) {
  return mode == ActivationMode::stored ? "stored" : "reconstructed";
}

std::unique_ptr<ActivationKeeper> make_activation_keeper(ActivationMode mode, const Units& units) {
  if (mode == ActivationMode::stored) return std::make_unique<Stored>(units);
  return std::make_unique<Reconstructed>(units);
}

}  // namespace revnet

#include "net/unit.h"

#include <optional>
#include <stdexcept>
#include <utility>

#include "net/engine.h"
#include "net/shortcut.h"
#include "ops/elementwise.h"

namespace revnet {
namespace {

// Returns a new y = shortcut(from) + F(x), where a null shortcut is the identity. With exact coupling, the
// shortcut's output is rounded to the grid, on which a chain of reversible units must begin.
Tensor sum(Shortcut* shortcut, const Tensor& from, std::optional<Grid> grid, ResidualFunction& f,
           const Tensor& x, Pass pass, Tape* tape, Norm* next) {
  if (shortcut == nullptr) {
    Tensor y(from.device(), from.layout(), MemoryPurpose::temporaries);
    f.add(x, from, pass, y, tape, next);
    return y;
  }
  Tensor y = shortcut->forward(from);
  if (grid) round_to_grid(y, *grid);
  f.add(x, y, pass, y, tape, next);
  return y;
}

// The shape of a unit's F, which works on one of so many parts of the channels.
ResidualShape first_function(const UnitShape& unit, std::int64_t parts, bool subtracts) {
  return {.in = unit.in / parts,
          .out = unit.out / parts,
          .height = unit.height,
          .width = unit.width,
          .stride = unit.stride,
          .bottleneck = unit.bottleneck,
          .leading_norm = unit.leading_norm,
          .subtracts = subtracts};
}

// y = s(x) + F(x)
class ResidualUnit final : public Unit {
 public:
  ResidualUnit(Device& device, const std::string& name, const UnitShape& shape, const LayerOptions& options)
      : grid_(options.grid),
        shortcut_(make_shortcut(device, name + "/shortcut/weight", first_function(shape, 1, false), options)),
        f_(make_residual_function(device, name + "/f", first_function(shape, 1, false), options)) {}

  UnitTape make_tape(MemoryPurpose purpose, TapeKeeps keeps) const override {
    return {f_->make_tape(purpose, keeps), nullptr};
  }

  Activation forward(const Activation& x, Pass pass, UnitTape* tape, Norm* next) override {
    Activation y;
    y.push_back(
        sum(shortcut_.get(), x[0], grid_, *f_, x[0], pass, tape == nullptr ? nullptr : tape->f.get(), next));
    return y;
  }

  void forward_in_place(Activation& x, Pass pass, Norm* next) override {
    f_->add(x[0], x[0], pass, x[0], nullptr, next);
  }

  void complete(const Activation& x, const Activation& /*y*/, UnitTape& tape) override {
    f_->complete(x[0], *tape.f);
  }

  Activation recompute(const Activation& x, UnitTape& tape) override {
    f_->complete(x[0], *tape.f);
    return {};
  }

  Activation backward(const Activation& x, const Activation& /*y*/, UnitTape tape, Activation dy) override {
    if (keeps_shape()) {
      // dx = dy + F'(dy). Adding is F's last operation, when it no longer reads dy.
      f_->backward(x[0], std::move(tape.f), dy[0], dy[0]);
      return dy;
    }
    Activation dx;
    dx.push_back(shortcut_->backward(x[0], dy[0]));
    f_->backward(x[0], std::move(tape.f), dy[0], dx[0]);
    return dx;
  }

  bool keeps_shape() const override { return shortcut_ == nullptr; }
  bool reversible() const override { return false; }
  void reverse(Activation& /*activation*/, Activation& /*gradient*/) override {
    throw std::logic_error("ResidualUnit: not reversible");
  }

  Norm* input_norm() override { return f_->input_norm(); }

  void list(LayerList& layers) override {
    if (shortcut_) shortcut_->list(layers);
    f_->list(layers);
  }

 private:
  std::optional<Grid> grid_;
  std::unique_ptr<Shortcut> shortcut_;
  std::unique_ptr<ResidualFunction> f_;
};

// y1 = s1(x1) + F(x2);  y2 = s2(x2) + G(y1)
class ReversibleUnit final : public Unit {
 public:
  ReversibleUnit(Device& device, const std::string& name, const UnitShape& shape,
                 const LayerOptions& options);

  UnitTape make_tape(MemoryPurpose purpose, TapeKeeps keeps) const override {
    return {f_->make_tape(purpose, keeps), g_->make_tape(purpose, keeps)};
  }

  Activation forward(const Activation& x, Pass pass, UnitTape* tape, Norm* next) override {
    Activation y;
    y.push_back(sum(shortcut1_.get(), x[0], grid_, *f_, x[1], pass, tape == nullptr ? nullptr : tape->f.get(),
                    g_->input_norm()));
    y.push_back(
        sum(shortcut2_.get(), x[1], grid_, *g_, y[0], pass, tape == nullptr ? nullptr : tape->g.get(), next));
    return y;
  }

  void forward_in_place(Activation& x, Pass pass, Norm* next) override {
    f_->add(x[1], x[0], pass, x[0], nullptr, g_->input_norm());
    g_->add(x[0], x[1], pass, x[1], nullptr, next);
  }

  void complete(const Activation& x, const Activation& y, UnitTape& tape) override {
    f_->complete(x[1], *tape.f);
    g_->complete(y[0], *tape.g);
  }

  Activation recompute(const Activation& x, UnitTape& tape) override {
    Activation y;
    y.push_back(sum(shortcut1_.get(), x[0], grid_, *f_, x[1], Pass::recomputation, tape.f.get(), nullptr));
    g_->complete(y[0], *tape.g);
    return y;
  }

  Activation backward(const Activation& x, const Activation& y, UnitTape tape, Activation dy) override {
    g_->backward(y[0], std::move(tape.g), dy[1], dy[0]);  // dz1 = dy1 + G'(dy2), in dy1's buffer
    if (keeps_shape()) {
      f_->backward(x[1], std::move(tape.f), dy[0], dy[1]);  // dx2 = dy2 + F'(dz1); dx1 = dz1
      return dy;
    }
    Tensor dx2 = shortcut2_->backward(x[1], dy[1]);
    dy[1] = {};
    f_->backward(x[1], std::move(tape.f), dy[0], dx2);
    Activation dx;
    dx.push_back(shortcut1_->backward(x[0], dy[0]));
    dx.push_back(std::move(dx2));
    return dx;
  }

  bool keeps_shape() const override { return shortcut1_ == nullptr; }
  bool reversible() const override { return reversible_; }

  void reverse(Activation& activation, Activation& gradient) override {
    std::unique_ptr<Tape> tape = g_->make_tape(MemoryPurpose::tape);
    g_->subtract(activation[0], activation[1], *tape);                       // x2 = y2 - G(z1)
    g_->backward(activation[0], std::move(tape), gradient[1], gradient[0]);  // dz1 = dy1 + G'(dy2)
    tape = f_->make_tape(MemoryPurpose::tape);
    f_->subtract(activation[1], activation[0], *tape);                       // x1 = z1 - F(x2)
    f_->backward(activation[1], std::move(tape), gradient[0], gradient[1]);  // dx2 = dy2 + F'(dz1)
  }

  Norm* input_norm() override { return f_->input_norm(); }

  void list(LayerList& layers) override {
    if (shortcut1_) shortcut1_->list(layers);
    if (shortcut2_) shortcut2_->list(layers);
    f_->list(layers);
    g_->list(layers);
  }

 private:
  bool reversible_;
  std::optional<Grid> grid_;
  std::unique_ptr<Shortcut> shortcut1_, shortcut2_;
  std::unique_ptr<ResidualFunction> f_, g_;
};

ReversibleUnit::ReversibleUnit(Device& device, const std::string& name, const UnitShape& shape,
                               const LayerOptions& options)
    : reversible_(!shape.first), grid_(options.grid) {
  const ResidualShape f = first_function(shape, 2, reversible_);
  ResidualShape g = f;  // G reads y1, which has the shape of F's output
  g.in = f.out;
  g.height = strided_size(f.height, f.stride);
  g.width = strided_size(f.width, f.stride);
  g.stride = 1;
  g.leading_norm = true;
  shortcut1_ = make_shortcut(device, name + "/shortcut1/weight", f, options);
  shortcut2_ = make_shortcut(device, name + "/shortcut2/weight", f, options);
  f_ = make_residual_function(device, name + "/f", f, options);
  g_ = make_residual_function(device, name + "/g", g, options);
}

}  // namespace

std::unique_ptr<Unit> make_residual_unit(Device& device, const std::string& name, const UnitShape& shape,
                                         const LayerOptions& options) {
  return std::make_unique<ResidualUnit>(device, name, shape, options);
}

std::unique_ptr<Unit> make_reversible_unit(Device& device, const std::string& name, const UnitShape& shape,
                                           const LayerOptions& options) {
  return std::make_unique<ReversibleUnit>(device, name, shape, options);
}

}  // namespace revnet

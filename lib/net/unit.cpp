#include "net/unit.h"

#include <stdexcept>
#include <utility>

namespace revnet {
namespace {

// A fresh y = shortcut(from) + F(x); no shortcut is the identity.
Tensor sum(Device& device, Shortcut* shortcut, const Tensor& from, ResidualFunction& f, const Tensor& x,
           Pass pass, Tape* tape) {
  if (shortcut == nullptr) {
    Tensor y(device, from.layout(), MemoryPurpose::temporaries);
    f.add(device, x, from, pass, y, tape);
    return y;
  }
  Tensor y = shortcut->forward(device, from);
  f.add(device, x, y, pass, y, tape);
  return y;
}

// y = s(x) + F(x)
class ResidualUnit final : public Unit {
 public:
  ResidualUnit(Device& device, const std::string& name, const UnitShape& shape, const BuildOptions& options)
      : shortcut_(make_shortcut(
            device, name + "/shortcut/weight",
            {shape.in, shape.out, shape.height, shape.width, shape.stride, shape.bottleneck}, options)),
        f_(make_residual_function(device, name + "/f",
                                  {shape.in, shape.out, shape.height, shape.width, shape.stride,
                                   shape.bottleneck, shape.leading_norm, false},
                                  options)) {}

  Activation forward(Device& device, const Activation& x, Pass pass, UnitTape* tape) override {
    Activation y;
    y.push_back(sum(device, shortcut_.get(), x[0], *f_, x[0], pass, tape == nullptr ? nullptr : &tape->f));
    return y;
  }

  void forward_in_place(Device& device, Activation& x, Pass pass) override {
    f_->add(device, x[0], x[0], pass, x[0], nullptr);
  }

  void complete(Device& device, const Activation& x, const Activation& /*y*/, UnitTape& tape) override {
    f_->complete(device, x[0], tape.f);
  }

  Activation backward(Device& device, const Activation& x, const Activation& /*y*/, UnitTape tape,
                      Activation dy) override {
    if (keeps_shape()) {
      // dx = dy + F'(dy): the sum is F's last act, when it no longer reads dy.
      f_->backward(device, x[0], std::move(tape.f), dy[0], dy[0]);
      return dy;
    }
    Activation dx;
    dx.push_back(shortcut_->backward(device, x[0], dy[0]));
    f_->backward(device, x[0], std::move(tape.f), dy[0], dx[0]);
    return dx;
  }

  bool keeps_shape() const override { return shortcut_ == nullptr; }
  bool reversible() const override { return false; }
  void reverse(Device& /*device*/, Activation& /*activation*/, Activation& /*gradient*/) override {
    throw std::logic_error("ResidualUnit: not reversible");
  }

  ResidualFunction& first_function() override { return *f_; }
  ResidualFunction& last_function() override { return *f_; }

  void list(LayerList& layers) override {
    if (shortcut_) shortcut_->list(layers);
    f_->list(layers);
  }

 private:
  std::unique_ptr<Shortcut> shortcut_;
  std::unique_ptr<ResidualFunction> f_;
};

// y1 = s1(x1) + F(x2);  y2 = s2(x2) + G(y1)
class ReversibleUnit final : public Unit {
 public:
  ReversibleUnit(Device& device, const std::string& name, const UnitShape& shape,
                 const BuildOptions& options);

  Activation forward(Device& device, const Activation& x, Pass pass, UnitTape* tape) override {
    Activation y;
    y.push_back(sum(device, shortcut1_.get(), x[0], *f_, x[1], pass, tape == nullptr ? nullptr : &tape->f));
    y.push_back(sum(device, shortcut2_.get(), x[1], *g_, y[0], pass, tape == nullptr ? nullptr : &tape->g));
    return y;
  }

  void forward_in_place(Device& device, Activation& x, Pass pass) override {
    f_->add(device, x[1], x[0], pass, x[0], nullptr);
    g_->add(device, x[0], x[1], pass, x[1], nullptr);
  }

  void complete(Device& device, const Activation& x, const Activation& y, UnitTape& tape) override {
    f_->complete(device, x[1], tape.f);
    g_->complete(device, y[0], tape.g);
  }

  Activation backward(Device& device, const Activation& x, const Activation& y, UnitTape tape,
                      Activation dy) override {
    g_->backward(device, y[0], std::move(tape.g), dy[1], dy[0]);  // dz1 = dy1 + G'(dy2), in dy1's buffer
    if (keeps_shape()) {
      f_->backward(device, x[1], std::move(tape.f), dy[0], dy[1]);  // dx2 = dy2 + F'(dz1); dx1 = dz1
      return dy;
    }
    Tensor dx2 = shortcut2_->backward(device, x[1], dy[1]);
    dy[1] = {};
    f_->backward(device, x[1], std::move(tape.f), dy[0], dx2);
    Activation dx;
    dx.push_back(shortcut1_->backward(device, x[0], dy[0]));
    dx.push_back(std::move(dx2));
    return dx;
  }

  bool keeps_shape() const override { return shortcut1_ == nullptr; }
  bool reversible() const override { return reversible_; }

  void reverse(Device& device, Activation& activation, Activation& gradient) override {
    {
      Tape tape(MemoryPurpose::tape);
      g_->subtract(device, activation[0], activation[1], tape);                        // x2 = y2 - G(z1)
      g_->backward(device, activation[0], std::move(tape), gradient[1], gradient[0]);  // dz1 = dy1 + G'(dy2)
    }
    Tape tape(MemoryPurpose::tape);
    f_->subtract(device, activation[1], activation[0], tape);                        // x1 = z1 - F(x2)
    f_->backward(device, activation[1], std::move(tape), gradient[0], gradient[1]);  // dx2 = dy2 + F'(dz1)
  }

  ResidualFunction& first_function() override { return *f_; }
  ResidualFunction& last_function() override { return *g_; }

  void list(LayerList& layers) override {
    if (shortcut1_) shortcut1_->list(layers);
    if (shortcut2_) shortcut2_->list(layers);
    f_->list(layers);
    g_->list(layers);
  }

 private:
  bool reversible_;
  std::unique_ptr<Shortcut> shortcut1_, shortcut2_;
  std::unique_ptr<ResidualFunction> f_, g_;
};

ReversibleUnit::ReversibleUnit(Device& device, const std::string& name, const UnitShape& shape,
                               const BuildOptions& options)
    : reversible_(!shape.first) {
  const std::int64_t in = shape.in / 2, out = shape.out / 2;
  const ShortcutShape shortcut{in, out, shape.height, shape.width, shape.stride, shape.bottleneck};
  shortcut1_ = make_shortcut(device, name + "/shortcut1/weight", shortcut, options);
  shortcut2_ = make_shortcut(device, name + "/shortcut2/weight", shortcut, options);
  f_ = make_residual_function(
      device, name + "/f",
      {in, out, shape.height, shape.width, shape.stride, shape.bottleneck, shape.leading_norm, reversible_},
      options);
  g_ = make_residual_function(device, name + "/g",
                              {out, out, shape.height / shape.stride, shape.width / shape.stride, 1,
                               shape.bottleneck, true, reversible_},
                              options);
  f_->feed(*g_);
}

}  // namespace

void advance(Device& device, Unit& unit, Activation& x, Pass pass) {
  if (unit.keeps_shape()) {
    unit.forward_in_place(device, x, pass);
  } else {
    x = unit.forward(device, x, pass, nullptr);
  }
}

std::unique_ptr<Unit> make_residual_unit(Device& device, const std::string& name, const UnitShape& shape,
                                         const BuildOptions& options) {
  return std::make_unique<ResidualUnit>(device, name, shape, options);
}

std::unique_ptr<Unit> make_reversible_unit(Device& device, const std::string& name, const UnitShape& shape,
                                           const BuildOptions& options) {
  return std::make_unique<ReversibleUnit>(device, name, shape, options);
}

}  // namespace revnet

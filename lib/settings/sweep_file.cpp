#include "settings/sweep_file.h"

#include "base/error.h"
#include "base/text.h"
#include "settings/config_schema.h"
#include "settings/config_yaml.h"
#include "settings/node_reader.h"
#include "settings/slurm_section.h"

namespace revnet {
namespace {

class SweepReader : NodeReader {
 public:
  SweepReader(SweepFile& sweep, const std::string& origin) : NodeReader(origin), sweep_(sweep) {}

  void read(const YAML::Node& section) {
    each(section, "sweep", [&](const YAML::Node& key, const YAML::Node& value) {
      const std::string& name = key.Scalar();
      if (name == "grid") {
        each(value, "sweep.grid", [&](const YAML::Node& k, const YAML::Node& v) { read_axis(k, v); });
      } else if (name == "exclude" || name == "include") {
        for (const YAML::Node& entry : list(key, value)) {
          (name == "exclude" ? sweep_.exclude : sweep_.include)
              .push_back(assignments(entry, "sweep." + name));
        }
      } else if (name == "rules") {
        for (const YAML::Node& entry : list(key, value)) read_rule(entry);
      } else if (name == "slurm") {
        sweep_.slurm = read_slurm_section(value, *this);
      } else {
        refuse(key, "sweep", {"grid", "exclude", "include", "rules", "slurm"});
      }
    });
  }

 private:
  YAML::Node list(const YAML::Node& key, const YAML::Node& value) const {
    if (!value.IsSequence()) throw UsageError("{}: sweep.{}: expected a list", where(key), key.Scalar());
    return value;
  }

  // The text of a known setting's value, checked by assigning it. The items of a list are still separate at
  // that point, so that a comma within an item does not split it.
  std::string checked(const YAML::Node& key, const YAML::Node& value) const {
    const std::string& name = key.Scalar();
    const Setting& setting = known_setting(name, where(key));
    WrittenValue written;
    written.list = value.IsSequence() || setting.is_list();
    if (value.IsSequence()) {
      for (const YAML::Node& item : value) written.items.push_back(scalar(item, key));
    } else {
      written.items.push_back(scalar(value, key));
    }
    Config scratch = sweep_.base;
    setting.assign(scratch, written, where(key));
    return written.items.empty() ? "[]" : join(written.items, ",");
  }

  void read_axis(const YAML::Node& key, const YAML::Node& value) {
    SweepFile::Axis axis{key.Scalar(), {}};
    if (!value.IsSequence() || value.size() == 0) {
      throw UsageError("{}: sweep.grid: {}: expected a list of values, such as [1, 2]", where(key),
                       in_quotes(axis.key));
    }
    for (const YAML::Node& item : value) axis.values.push_back(checked(key, item));
    sweep_.grid.push_back(std::move(axis));
  }

  SweepFile::Assignments assignments(const YAML::Node& map, const std::string& what) const {
    SweepFile::Assignments result;
    each(map, what, [&](const YAML::Node& key, const YAML::Node& value) {
      result.emplace_back(key.Scalar(), checked(key, value));
    });
    if (result.empty()) throw UsageError("{}: {}: an entry names no setting", where(map), what);
    return result;
  }

  void read_rule(const YAML::Node& map) {
    SweepFile::Rule rule;
    bool has_at = false;
    each(map, "sweep.rules", [&](const YAML::Node& key, const YAML::Node& value) {
      const std::string& name = key.Scalar();
      if (name == "set" || name == "proportional_to") {
        (name == "set" ? rule.set : rule.proportional_to) = number_setting(key, value);
      } else if (name == "at" || name == "power") {
        (name == "at" ? rule.at : rule.power) = number(key, value);
        has_at = has_at || name == "at";
      } else {
        refuse(key, "sweep.rules", {"set", "proportional_to", "at", "power"});
      }
    });
    if (rule.set.empty() || rule.proportional_to.empty() || !has_at) {
      throw UsageError(where(map) + ": sweep.rules: a rule needs set, proportional_to and at");
    }
    if (rule.at <= 0) throw UsageError(where(map) + ": sweep.rules: at must be more than 0");
    sweep_.rules.push_back(std::move(rule));
  }

  std::string number_setting(const YAML::Node& key, const YAML::Node& value) const {
    std::string name = scalar(value, key);
    const Setting& setting = known_setting(name, where(key));
    const bool is_number = !std::holds_alternative<Field<std::string>>(setting.field) &&
                           !std::holds_alternative<Field<bool>>(setting.field) &&
                           !std::holds_alternative<ChoiceField>(setting.field) && !setting.is_list();
    if (!is_number) throw UsageError("{}: sweep.rules: {} is not a number", where(key), name);
    return name;
  }

  double number(const YAML::Node& key, const YAML::Node& value) const {
    try {
      return value.as<double>();
    } catch (const YAML::Exception&) {
      throw UsageError("{}: sweep.rules: {}: expected a number", where(key), key.Scalar());
    }
  }

  SweepFile& sweep_;
};

}  // namespace

SweepFile read_sweep_text(std::string_view yaml, const std::string& origin) {
  SweepFile sweep;
  const YAML::Node section = read_document(sweep.base, yaml, origin);
  if (section.IsDefined()) SweepReader(sweep, origin).read(section);
  return sweep;
}

SweepFile read_sweep_file(const std::filesystem::path& file) {
  return read_sweep_text(read_experiment_file(file), file.string());
}

}  // namespace revnet

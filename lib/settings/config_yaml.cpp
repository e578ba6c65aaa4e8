// Reads a Config from YAML. yaml-cpp parses; the table of settings decides what is allowed.
#include "settings/config_yaml.h"

#include <algorithm>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"
#include "settings/config_schema.h"
#include "settings/node_reader.h"
#include "system/posix_file.h"

namespace revnet {
namespace {

bool is_section(const std::string& key) {
  return std::any_of(settings().begin(), settings().end(),
                     [&](const Setting& setting) { return setting.section() == key; });
}

// Overlays one YAML document on a Config.
class DocumentReader : private NodeReader {
 public:
  DocumentReader(Config& config, const std::string& origin) : NodeReader(origin), config_(config) {}

  // Returns the section `sweep` unread.
  YAML::Node read(const YAML::Node& document) {
    YAML::Node sweep(YAML::NodeType::Undefined);
    if (document.IsNull()) return sweep;
    if (!document.IsMap())
      throw UsageError(where(document) + ": the file is not a map of settings (key: value)");
    for (const auto& entry : document) {
      if (entry.first.IsScalar() && entry.first.Scalar() == sweep_section) {
        key_path(entry.first, "");
        sweep = entry.second;
      } else {
        read_top_level(entry.first, entry.second);
      }
    }
    return sweep;
  }

 private:
  // The full key. Throws UsageError if it is not a plain word or has appeared before.
  std::string key_path(const YAML::Node& key, const std::string& section) {
    if (!key.IsScalar()) throw UsageError(where(key) + ": a key is not a plain word");
    std::string path = section.empty() ? key.Scalar() : section + "." + key.Scalar();
    note_line(key, path);
    return path;
  }

  // Throws UsageError if the setting has appeared before.
  void note_line(const YAML::Node& key, const std::string& path) {
    const auto [earlier, is_new] = lines_.emplace(path, key.Mark().line + 1);
    if (!is_new) {
      throw UsageError("{}: key {} appears twice (first in line {}); remove one", where(key), in_quotes(path),
                       earlier->second);
    }
  }

  void read_top_level(const YAML::Node& key, const YAML::Node& value) {
    const std::string name = key_path(key, "");
    if (is_section(name)) {
      if (value.IsNull()) return;  // all of its settings are commented out
      if (!value.IsMap())
        throw UsageError("{}: {}: expected settings below it (key: value)", where(key), name);
      for (const auto& entry : value) read_setting(entry.first, entry.second, name);
    } else if (name.find('.') == std::string::npos && find_setting(name) != nullptr) {
      find_setting(name)->assign(config_, written(key, value, name), where(key));
    } else {
      refuse_unknown(key, value, name);
    }
  }

  void read_setting(const YAML::Node& key, const YAML::Node& value, const std::string& section) {
    const std::string path = key_path(key, section);
    const Setting* setting = find_setting(path);
    if (setting == nullptr) refuse_unknown(key, value, path);
    if (path == "network.architecture" && value.IsMap()) {
      config_.network.architecture = Config::Network::custom;
      for (const auto& entry : value) read_network(entry.first, entry.second, "");
      return;
    }
    setting->assign(config_, written(key, value, path), where(key));
  }

  // A custom network written as a map has the settings that describe a network as its keys. Those of the stem
  // are in a map of their own: stem: {kernel: 7} is network.stem_kernel.
  void read_network(const YAML::Node& key, const YAML::Node& value, const std::string& prefix) {
    const std::string path = "network." + prefix + (key.IsScalar() ? key.Scalar() : "");
    const Setting* setting = find_setting(path);
    if (setting != nullptr && setting->describes_network()) {
      note_line(key, path);
      setting->assign(config_, written(key, value, path), where(key));
    } else if (prefix.empty() && path == "network.stem" && value.IsMap()) {
      for (const auto& entry : value) read_network(entry.first, entry.second, "stem_");
    } else {
      throw UsageError(
          "{}: network.architecture: {} is no part of a network; allowed: reversible, bottleneck, units, "
          "widths, strides and stem: {{kernel, stride, width, pool}}",
          where(key), in_quotes(key.IsScalar() ? key.Scalar() : ""));
    }
  }

  [[noreturn]] void refuse_unknown(const YAML::Node& key, const YAML::Node& value, std::string path) const {
    if (path.find('.') != std::string::npos && find_setting(path) != nullptr) {
      throw UsageError("{}: key {} must be written as {} with {} indented below it", where(key),
                       in_quotes(path), in_quotes(path.substr(0, path.find('.')) + ":"),
                       in_quotes(find_setting(path)->leaf() + ":"));
    }
    // If a section's name is misspelt, its first key tells which section was meant.
    if (value.IsMap() && value.size() > 0 && value.begin()->first.IsScalar()) {
      path += "." + value.begin()->first.Scalar();
    }
    throw UsageError("{}: unknown key {}{}", where(key), in_quotes(path), suggestion(path));
  }

  WrittenValue written(const YAML::Node& key, const YAML::Node& value, const std::string& path) const {
    const auto refuse = [&](const std::string& why) {
      throw UsageError("{}: {}: {}; allowed: {}", where(key), path, why, find_setting(path)->allowed());
    };
    WrittenValue result;
    const auto add = [&](const YAML::Node& scalar) {
      result.items.push_back(scalar.Scalar());
      result.quoted = result.quoted || scalar.Tag() == "!" || scalar.Tag() == "tag:yaml.org,2002:str";
    };
    if (value.IsNull()) refuse("no value is given");
    if (value.IsMap()) refuse("a map is given where one value belongs");
    if (value.IsScalar()) {
      add(value);
      return result;
    }
    result.list = true;
    for (const YAML::Node& item : value) {
      if (!item.IsScalar()) refuse("the list holds something that is not a plain value");
      add(item);
    }
    return result;
  }

  Config& config_;
  std::map<std::string, int> lines_;  // of the keys so far; lines count from 1
};

// Without this check, yaml-cpp would silently replace bad UTF-8 and end the file at some control characters.
void check_encoding(std::string_view text, const std::string& origin) {
  const std::size_t bad = first_unprintable(text);
  if (bad == std::string_view::npos) return;
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bad), '\n');
  throw UsageError("{}:{}: not plain text in UTF-8; save it as such", origin, line);
}

// Records where documents begin.
class DocumentStarts : public YAML::EventHandler {
 public:
  std::size_t count() const { return count_; }
  const YAML::Mark& last() const { return last_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    ++count_;
    last_ = mark;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}

 private:
  std::size_t count_ = 0;
  YAML::Mark last_;
};

// Does not use YAML::LoadAll, which stops at an empty document and loops for ever on a comma where a document
// should begin: it takes the comma for a document and does not advance.
void check_one_document(const std::string& yaml, const std::string& origin) {
  std::istringstream stream(yaml);
  YAML::Parser parser(stream);
  DocumentStarts starts;
  for (int before = -1; parser.HandleNextDocument(starts); before = starts.last().pos) {
    if (starts.last().pos == before) {
      throw YAML::ParserException(starts.last(), "a comma stands outside of any list or map");
    }
  }
  if (starts.count() > 1) {
    throw UsageError("{}: holds {} YAML documents (separated by ---); one is allowed", origin,
                     starts.count());
  }
}

}  // namespace

YAML::Node read_document(Config& config, std::string_view yaml, const std::string& origin) {
  check_encoding(yaml, origin);
  Config result = config;
  YAML::Node sweep(YAML::NodeType::Undefined);
  try {
    const std::string text(yaml);
    check_one_document(text, origin);
    sweep.reset(DocumentReader(result, origin).read(YAML::Load(text)));
  } catch (const YAML::Exception& error) {
    const std::string line = error.mark.is_null() ? "" : fmt::format(":{}", error.mark.line + 1);
    throw UsageError("{}{}: not valid YAML: {}", origin, line, one_line(error.msg));
  }
  config = result;
  return sweep;
}

std::string read_experiment_file(const std::filesystem::path& file) {
  try {
    return read_text_file(file);
  } catch (const FileError& error) {
    throw UsageError(error.what());  // the user named a file that cannot be an experiment file
  }
}

void read_config_text(Config& config, std::string_view yaml, const std::string& origin) {
  read_document(config, yaml, origin);
}

void read_config_file(Config& config, const std::filesystem::path& file) {
  read_config_text(config, read_experiment_file(file), file.string());
}

}  // namespace revnet

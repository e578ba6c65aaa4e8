#include "description.h"

#include <regex>
#include <sstream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "option_values.h"
#include "settings/config_schema.h"

namespace revnet {
namespace {

// The part that both shells share. FUNCTION is replaced by a name, TABLE by the rows of write_rows().
constexpr const char* search = R"(
FUNCTION_table='TABLE'

# Sets $takes from the row named $1 of $subcommand, and flags and subcommands to NAME:HELP of all its rows.
FUNCTION_find() {
  local below name values help found=1
  takes='' flags=() subcommands=()
  while IFS='|' read -r below name values help; do
    [[ $below == "$subcommand" ]] || continue
    [[ $name == "$1" ]] && takes=$values found=0
    case $name/$values in
    */@command) subcommands+=("$name:$help") ;;
    -*) flags+=("$name:$help") ;;
    esac
  done <<< "$FUNCTION_table"
  return $found
}

# Finds what may replace the last of these words: the values $takes or else the names $offers.
FUNCTION_search() {
  local subcommand='' option='' place=1
  local -a flags subcommands
  while (($# > 1)); do
    if [[ -n $option ]]; then
      option=''
    elif FUNCTION_find "$1" && [[ $1 == -* && -n $takes ]]; then
      option=$1
    elif [[ $takes == @command ]]; then
      subcommand+=${subcommand:+ }$1
    elif [[ $1 != -* ]]; then
      place=$((place + 1))
    fi
    shift
  done
  [[ -z $option && $1 == --*=* ]] && option=${1%%=*}
  if [[ -n $option ]]; then
    FUNCTION_find "$option"
  elif [[ $1 == -* ]] || ! { FUNCTION_find $place || FUNCTION_find '*'; }; then
    FUNCTION_find ''
    offers=("${flags[@]}")
    [[ $1 != -* && -n ${subcommands[*]} ]] && offers=("${subcommands[@]}")
  fi
}
)";

constexpr const char* bash_completion = R"(
FUNCTION() {
  local word raw=${COMP_WORDS[COMP_CWORD]} takes='' lead='' i
  local -a words=() offers=()
  # Readline also ends words at = and :, so join their parts.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if ((i > 1)) && [[ $word =~ ^[=:]+$ || ${COMP_WORDS[i - 1]} =~ ^[=:]+$ ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
  done
  FUNCTION_search "${words[@]}"
  word=${words[-1]}
  [[ $word == --*=* ]] && lead=${word%%=*}= word=${word#*=}
  [[ $word == *,* && $word != *=* ]] && lead+=${word%,*}, word=${word##*,} # the last of a list
  COMPREPLY=()
  case $takes in
  @files) compopt -o default ;;
  @directories) compopt -o dirnames ;;
  @text) ;;
  *)
    [[ $raw =~ ^[=:]+$ ]] && raw=''
    mapfile -t COMPREPLY < <(compgen -W "${takes:-${offers[*]%%:*}}" -P "$lead" -- "$word")
    # Remove the part up to the last = or :, which readline keeps by itself.
    COMPREPLY=("${COMPREPLY[@]#"${words[-1]%"$raw"}"}")
    # A value follows KEY=, so add no space.
    [[ ${COMPREPLY[*]} == *= ]] && compopt -o nospace
    ;;
  esac
}
complete -F FUNCTION COMMAND
)";

constexpr const char* zsh_completion = R"(
FUNCTION() {
  local takes=''
  local -a offers
  FUNCTION_search "${(@Q)words[2,CURRENT-1]}" "$PREFIX"
  [[ $PREFIX == --*=* ]] && compset -P 1 '*='
  case $takes in
  @files) _files ;;
  @directories) _files -/ ;;
  @text) ;;
  *=*) compadd -S '' -- ${=takes} ;; # a value follows KEY=
  ?*) compset -P '*,'; compadd -- ${=takes} ;;
  *) _describe word offers ;;
  esac
}
FUNCTION
)";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// Returns "" for a flag, the declared choices if there are any, or the kind of value.
std::string values_of(CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return "";
  const std::vector<std::string> words = declared_choices(option);
  const std::string type = option.get_type_name();
  if (!words.empty()) return join(words, " ");
  if (type.find("FILE") != std::string::npos) return "@files";  // and folders, which lead to files
  return type.starts_with("DIR") || type.starts_with("RUN") ? "@directories" : "@text";
}

// Writes rows of SUBCOMMAND|NAME|VALUES|HELP. A positional's NAME is its position, or * if it repeats.
void write_rows(std::ostream& out, CLI::App& app, const std::string& subcommand) {
  const auto row = [&](const std::string& name, const std::string& values, const std::string& help) {
    out << subcommand << '|' << name << '|' << values << '|' << help << '\n';
  };
  int place = 0;
  for (CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    const std::string values = values_of(*option), help = option->get_description();
    for (const std::string& name : option->get_snames()) row("-" + name, values, help);
    for (const std::string& name : option->get_lnames()) row("--" + name, values, help);
    if (!option->get_positional()) continue;
    const bool repeated = option->get_expected_max() >= CLI::detail::expected_max_vector_size;
    row(repeated ? "*" : fmt::to_string(++place), values, help);
  }
  for (CLI::App* below : app.get_subcommands({})) {
    if (below->get_group().empty()) continue;
    row(below->get_name(), "@command", below->get_description());
    write_rows(out, *below, subcommand + (subcommand.empty() ? "" : " ") + below->get_name());
  }
}

std::string completion(CLI::App& app, const std::string& opening, const std::string& shell) {
  std::ostringstream table;
  write_rows(table, app, "");
  const std::string function = "_" + replaced(app.get_name(), "-", "_");
  std::string text = replaced(opening + search + shell, "FUNCTION", function);
  text = replaced(std::move(text), "COMMAND", app.get_name());
  return replaced(std::move(text), "TABLE", replaced(table.str(), "'", "'\\''"));
}

bool takes_settings(CLI::App& app) {
  const auto below = app.get_subcommands({});
  return app.get_option_no_throw("--set") != nullptr ||
         std::ranges::any_of(below, [](CLI::App* each) { return takes_settings(*each); });
}

// Writes a section for each subcommand that can be called. help2man makes a heading of *TEXT*.
void write_subcommands(std::ostream& out, CLI::App& app, const std::string& parents) {
  for (CLI::App* below : app.get_subcommands({})) {
    if (below->get_group().empty()) continue;
    const std::string name = parents + " " + below->get_name();
    write_subcommands(out, *below, name);
    if (!below->get_subcommands({}).empty()) continue;
    below->footer("");
    const std::string help = replaced(below->help(parents), "\nOptions:\n", "\n");
    out << "\n*" << name << "*\n\n" << replaced(help, "\nUsage:", "\n\nUsage:");
  }
}

std::string text_for_help2man(CLI::App& app) {
  static const std::regex command("\n  (revnet-|mpirun )"), variable("\n  ([A-Z_]+)\n +"),
      codes("\nExit codes: ");
  std::string footer = std::regex_replace(app.get_footer(), command, "\n  $$ $1");
  footer = std::regex_replace(footer, variable, "\n  $1  ");
  app.footer(std::regex_replace(footer, codes, "\n*Exit status*\n\n"));
  app.get_formatter()->column_width(100);  // leaves the two blanks after an option that help2man expects
  std::ostringstream out;
  out << app.help();
  write_subcommands(out, app, app.get_name());
  if (takes_settings(app)) {
    out << "\n*Settings*\n\nSettings for experiment files, in YAML, and for --set. A setting's own option "
           "takes precedence.\n\n";
    for (const Setting& setting : settings()) {
      out << fmt::format("  {}  {}. Allowed: {}. Default: {}.\n", setting.key, setting.help,
                         setting.allowed(), setting.yaml(Config{}));
    }
  }
  out << "\n*See also*\n\n";
  const char* separator = "";
  for (const char* other :
       {"revnet-compare", "revnet-data", "revnet-report", "revnet-sweep", "revnet-train"}) {
    if (other != app.get_name()) out << std::exchange(separator, ", ") << other << "(1)";
  }
  out << '\n';
  return replaced(out.str(), ",--", ", --");
}

}  // namespace

const std::vector<std::string>& description_formats() {
  static const std::vector<std::string> formats{"bash", "zsh", "help2man"};
  return formats;
}

std::string described(CLI::App& app, const std::string& format) {
  if (format == "bash")
    return completion(app, "# bash completion for COMMAND, written by: COMMAND --describe bash\n",
                      bash_completion);
  if (format == "zsh")
    return completion(app, "#compdef COMMAND\n# Written by: COMMAND --describe zsh\n", zsh_completion);
  if (format == "help2man") return text_for_help2man(app);
  throw UsageError("--describe: '{}' is not one of {}", format, join(description_formats()));
}

}  // namespace revnet

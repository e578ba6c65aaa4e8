#include <algorithm>
#include <sstream>

#include <fmt/format.h>

#include "base/text.h"
#include "shell_completion.h"

namespace revnet {
namespace {

// One for all commands; FUNCTION and PROGRAM stand for names.
constexpr const char* machinery = R"(
FUNCTION() {
  local word raw=${COMP_WORDS[COMP_CWORD]} path='' option='' lead='' given=0 offer i
  local -a words=() commands options
  local -A values
  # Readline ends a word at = and at : too; here it is whole again.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if ((i > 1)) && [[ $word =~ ^[=:]+$ || ${COMP_WORDS[i - 1]} =~ ^[=:]+$ ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
  done

  FUNCTION_takes ''
  for word in "${words[@]:0:${#words[@]}-1}"; do
    if [[ -n $option ]]; then
      option=''
    elif [[ $word == -* ]]; then
      [[ -n ${values[$word]+set} ]] && option=$word
    elif [[ " ${commands[*]} " == *" $word "* ]]; then
      path+=${path:+ }$word
      FUNCTION_takes "$path"
    else
      given=$((given + 1))
    fi
  done

  word=${words[-1]}
  if [[ -z $option && $word == --*=* ]]; then
    option=${word%%=*} lead=${word%%=*}= word=${word#*=}
  fi
  if [[ -n $option ]]; then
    offer=${values[$option]-}
  elif [[ $word == -* ]]; then
    offer=${options[*]}
  elif ((${#commands[@]})); then
    offer=${commands[*]}
  else
    offer=${values[$((given + 1))]-${values[more]-${options[*]}}}
  fi

  COMPREPLY=()
  case $offer in
  @files) compopt -o default ;;
  @directories) compopt -o dirnames ;;
  *)
    [[ $raw =~ ^[=:]+$ ]] && raw=''
    mapfile -t COMPREPLY < <(compgen -W "$offer" -- "$word")
    COMPREPLY=("${COMPREPLY[@]/#/$lead}")
    # Without what stands before the last = or :, which readline leaves alone.
    COMPREPLY=("${COMPREPLY[@]#"${words[-1]%"$raw"}"}")
    # KEY= is to be gone on with.
    [[ ${COMPREPLY[*]} == *= ]] && compopt -o nospace
    ;;
  esac
}
complete -F FUNCTION PROGRAM
)";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

std::string value_of(const OptionDescription& option) {
  if (option.kind == ValueKind::file) return "'@files'";
  if (option.kind == ValueKind::directory) return "'@directories'";
  return fmt::format("'{}'", fmt::join(option.choices, " "));
}

// One branch for the command and one for each of its subcommands; the path leaves out the program's name.
void write_branches(std::ostream& out, const CommandDescription& command, const std::string& path) {
  std::vector<std::string> subcommands, options;
  for (const auto& subcommand : command.subcommands) subcommands.push_back(subcommand.name);
  for (const auto& option : command.options)
    options.insert(options.end(), option.names.begin(), option.names.end());
  out << "  '" << path << "')\n    commands=(" << join(subcommands, " ") << ")\n    options=("
      << join(options, " ") << ")\n    values=(\n";
  for (const OptionDescription& option : command.options) {
    if (option.kind == ValueKind::none) continue;
    for (const std::string& name : option.names) out << "      [" << name << "]=" << value_of(option) << '\n';
  }
  for (std::size_t i = 0; i < command.positionals.size(); ++i) {
    const OptionDescription& positional = command.positionals[i];
    out << fmt::format("      [{}]={}\n", positional.repeated ? "more" : fmt::to_string(i + 1),
                       value_of(positional));
  }
  out << "    )\n    ;;\n";
  for (const auto& subcommand : command.subcommands) {
    write_branches(out, subcommand, path + (path.empty() ? "" : " ") + subcommand.name);
  }
}

}  // namespace

std::string bash_completion(const CommandDescription& command) {
  const std::string function = "_" + replaced(command.name, "-", "_");
  std::ostringstream out;
  out << "# bash completion for " << command.name << ", written by: " << command.name
      << " --describe bash\n\n"
      << "# What the (sub)command $1 takes: an option that stands in `values` has one, of these words or\n"
      << "# of @files or @directories; so have the first, second, ... positional and all further ones "
         "(more).\n"
      << function << "_takes() {\n  case $1 in\n";
  write_branches(out, command, "");
  out << "  esac\n}\n" << replaced(replaced(machinery, "FUNCTION", function), "PROGRAM", command.name);
  return out.str();
}

}  // namespace revnet

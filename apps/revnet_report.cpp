// revnet-report: the paper's CIFAR tables beside what was measured.
#include <filesystem>
#include <iostream>
#include <optional>

#include "base/error.h"
#include "net/network.h"
#include "option_values.h"
#include "record/run_directory.h"
#include "report/page.h"
#include "report/paper.h"
#include "report/sections.h"
#include "training_options.h"

namespace {

using namespace revnet;

constexpr const char* examples = R"(Examples:
  revnet-report runs
      every run below runs/, beside the paper's tables
  revnet-report runs/table3-tenth --format markdown
  revnet-report runs --html report.html
      a page with the curves too, which needs no other file
  revnet-report
      Table 2 alone: the networks as the code builds them

Exit codes: 0 done, 1 failed, 2 usage.)";

// Table 2's CIFAR networks. Counted in networks that are built, without memory behind them.
std::vector<BuiltNetwork> build_networks() {
  std::vector<BuiltNetwork> built;
  for (const PaperRow& row : paper_rows) {
    const Architecture& architecture = find_architecture(row.network);
    const auto parameters = [&](std::int64_t classes) {
      Device device = Device::planning();
      NetworkOptions options;
      options.classes = classes;
      options.batch = 1;
      return Network(device, architecture, options).parameter_count();
    };
    built.push_back({architecture.name, architecture.bottleneck ? "bottleneck" : "basic",
                     architecture.units_text(), architecture.widths_text(), parameters(10), parameters(100)});
  }
  return built;
}

void write_page(const std::string& file, const std::string& page) {
  // Something else there, such as a device or a folder, is not ours to replace.
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (file.empty() || (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))) {
    throw UsageError("--html: '" + file + "' is no file to write to");
  }
  write_text_file_atomically(file, page);
  std::cerr << "wrote " << file << '\n';
}

int report(const std::vector<std::string>& folders, const std::string& format_name,
           const std::optional<std::string>& page) {
  const TableFormat format = table_format(format_name);
  std::vector<RunRecord> runs;
  if (!folders.empty()) {
    for (const auto& run : find_runs({folders.begin(), folders.end()})) runs.push_back(read_run(run));
  }
  const std::vector<Section> sections = report_sections(build_networks(), runs);
  if (page) write_page(*page, report_page(sections, runs));
  std::cout << format_sections(sections, format);
  if (is_for_programs(format)) {
    for (const Section& section : sections) {
      for (const std::string& command : section.commands) {
        std::cerr << "to fill a cell of " << section.title << ": " << command << '\n';
      }
    }
  }
  std::cout.flush();
  return static_cast<int>(ExitCode::done);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Sets the paper's CIFAR tables beside what runs measured.", "revnet-report");
  app.footer(examples);
  std::vector<std::string> folders;
  std::string format = "text";
  std::optional<std::string> page;
  app.add_option("runs", folders, "run directories, or folders of them")->type_name("RUN...");
  add_format_option(app, format);
  app.add_option("--html", page, "also write a page with the tables and the training curves")
      ->type_name("FILE");
  if (const int code = parse(app, argc, argv); code >= 0) return code;
  return guarded("revnet-report", [&] { return report(folders, format, page); });
}

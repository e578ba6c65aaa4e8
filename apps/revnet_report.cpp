// revnet-report: results of runs, in groups and beside the paper's CIFAR tables.
#include <iostream>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "command_line.h"
#include "net/network.h"
#include "option_values.h"
#include "report/page.h"
#include "report/paper.h"
#include "report/sections.h"
#include "settings/config_schema.h"
#include "system/posix_file.h"

namespace {

using namespace revnet;

constexpr const char* examples = R"(Examples:
  revnet-report runs
      all runs below runs/ beside the paper's tables
  revnet-report runs/cifar10-tenth --format markdown
  revnet-report runs --html report.html
      a self-contained page that also has the curves
  revnet-report runs/sweep --group-by training.batch --metric eval_error_percent,seconds
      one line per group: mean and standard deviation over its runs
  revnet-report
      Table 2 alone, counted from the networks as the code builds them

Exit codes: 0 done, 1 failed or a run left out because it is damaged, 2 usage.)";

// Counts the parameters of Table 2's CIFAR networks by building them without memory for their arrays.
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
  replace_text_file(file, page);
  std::cerr << "wrote " << file << '\n';
}

struct Request {
  std::vector<std::string> folders, group_by, metrics;
  std::string format = "text";
  std::optional<std::string> page;
};

int report(const Request& request) {
  const TableFormat format = table_format(request.format);
  ReportRequest wanted{request.group_by};
  for (const std::string& metric : request.metrics)
    wanted.metrics.push_back(&find_metric(metric, "--metric"));
  if (request.folders.empty() && !(request.group_by.empty() && request.metrics.empty())) {
    throw UsageError("--group-by and --metric need runs: name run directories or folders of runs");
  }
  std::vector<RunRecord> runs;
  std::size_t left_out = 0;
  if (request.page) check_output(*request.page, "--html", ".html");
  if (!request.folders.empty()) {
    for (const auto& run : find_runs({request.folders.begin(), request.folders.end()})) {
      try {
        runs.push_back(read_run(run));
      } catch (const Error& error) {  // one file must not hide all others
        std::cerr << "left out: " << error.what() << '\n';
        ++left_out;
      }
    }
  }
  fill_in_images(runs);
  const std::vector<Section> sections = report_sections(build_networks(), runs, wanted);
  if (request.page) write_page(*request.page, report_page(sections, runs));
  std::cout << format_sections(sections, format) << std::flush;
  if (format == TableFormat::csv || format == TableFormat::latex) {
    for (const Section& section : sections) {
      for (const std::string& note : section.notes) std::cerr << section.title << ": " << note << '\n';
    }
  }
  return static_cast<int>(left_out > 0 ? ExitCode::failed : ExitCode::done);
}

int run(int argc, char** argv) {
  CLI::App app("Compares the results of runs with the paper's CIFAR tables.", "revnet-report");
  app.footer(examples);
  Request request;
  app.add_option("runs", request.folders, "run directories or folders of runs")->type_name("RUN...");
  std::vector<std::string> keys, names;
  for (const Setting& setting : settings()) keys.push_back(setting.key);
  for (const Metric& metric : metrics()) names.emplace_back(metric.name);
  app.add_option("--group-by", request.group_by,
                 "settings that define the groups; default: those that vary, except the seed")
      ->type_name("KEY,...")
      ->delimiter(',')
      ->take_all()
      ->allow_extra_args(false)
      ->check(choices(keys));
  app.add_option(
         "--metric", request.metrics,
         fmt::format("metrics of the groups; the first decides which is best, and those of training are "
                     "means over the last {} iterations: {}",
                     late_iterations, join(names)))
      ->type_name("NAME,...")
      ->delimiter(',')
      ->take_all()
      ->allow_extra_args(false)
      ->check(choices(names));
  add_format_option(app, request.format);
  app.add_option("--html", request.page, "also write a page with the tables and the training curves")
      ->type_name("FILE");
  if (const int code = parse(app, argc, argv); code >= 0) return code;
  return report(request);
}

}  // namespace

int main(int argc, char** argv) {
  return guarded_program("revnet-report", [&] { return run(argc, argv); });
}

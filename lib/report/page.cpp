#include "report/page.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.h"
#include "base/version.h"
#include "report/chart.h"
#include "report/curves.h"

namespace revnet {
namespace {

constexpr std::string_view page_style = R"(
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1f24; --soft: #f3f4f6; --link: #1f5fa8; }
@media screen and (prefers-color-scheme: dark) {
  :root { --paper: #14171b; --ink: #e4e7eb; --soft: #20242a; --link: #6cb2f5; }
}
body { margin: 0 auto; max-width: 90rem; padding: 1.5rem 1.25rem 3rem; background: var(--paper);
  color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0.5rem 0 1rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 0.25rem; }
h3 { font-size: 1.05rem; margin: 1.5rem 0 0.25rem; }
p { max-width: 46rem; margin: 0.5rem 0; overflow-wrap: anywhere; }
a { color: var(--link); }
.scroll { overflow-x: auto; margin: 0.75rem 0; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums;
  border-top: 2px solid var(--ink); border-bottom: 2px solid var(--ink); }
th, td { padding: 0.25rem 0.5rem; text-align: left; vertical-align: top; white-space: nowrap; }
th { font-weight: 600; }
thead th { border-bottom: 1px solid var(--ink); white-space: normal; vertical-align: bottom; }
thead .number { min-width: 3.5rem; }
tbody th { font-weight: normal; white-space: normal; overflow-wrap: anywhere; min-width: 9rem; }
tbody tr:nth-child(even) { background: var(--soft); }
.number { text-align: right; }
.charts { display: grid; gap: 1rem 2rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); }
figure { margin: 0.5rem 0; max-width: 40rem; }
footer { margin-top: 3rem; font-size: 0.85rem; }
@media screen and (max-width: 40rem) {
  thead .number { min-width: 4.5rem; }
}
@media print {
  @page { size: landscape; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  table { font-size: 8pt; }
  th, td { padding: 0.15rem 0.4rem; }
  .scroll { overflow: visible; }
  tr, figure { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
}
)";

std::string element(const std::string& name, const std::string& text) {
  return "<" + name + ">" + escape_xml(text) + "</" + name + ">\n";
}

std::string capitalised(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

// A wide table scrolls on its own, also by keyboard, without moving the page.
std::string section_html(const Section& section) {
  std::string html = "<section>\n" + element("h2", section.title) +
                     element("p", capitalised(section.about) + ".") +
                     "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"" +
                     escape_xml(section.title) + "\">\n" + section.table.html() + "</div>\n";
  for (const std::string& note : section.notes) html += element("p", note);
  return html + "</section>\n";
}

std::string curves_html(const std::vector<Curves>& all) {
  if (all.empty()) return "";
  std::string html = "<section>\n" + element("h2", "Curves") +
                     element("p",
                             "Solid: evaluation. Dotted: training, the mean over a trailing "
                             "hundredth of its rows.");
  std::string dataset;
  for (const Curves& curves : all) {
    if (curves.dataset != dataset) html += element("h3", curves.dataset);
    dataset = curves.dataset;
    html += "<div class=\"charts\">\n";
    for (const Chart* chart : {&curves.cross_entropy, &curves.error}) {
      html += "<figure>\n" + chart_svg(*chart) + "</figure>\n";
    }
    html += "</div>\n";
  }
  return html + "</section>\n";
}

std::string introduction(const std::vector<RunRecord>& runs) {
  const auto complete = std::ranges::count_if(runs, [](const RunRecord& run) { return run.complete(); });
  return "<p>Reversible and ordinary residual networks on CIFAR: what Tables 2 and 3 of Gomez, Ren, Urtasun "
         "and Grosse, <a href=\"https://arxiv.org/abs/1707.04585\">The Reversible Residual Network: "
         "Backpropagation Without Storing Activations</a> (NIPS 2017) say, beside what revnet built and "
         "measured. Runs: " +
         fmt::format("{}, complete: {}.</p>\n", runs.size(), complete);
}

}  // namespace

std::string report_page(const std::vector<Section>& sections, const std::vector<RunRecord>& runs) {
  const std::string title = "RevNet: the paper's tables beside what was measured";
  // The policy blocks all loading and scripts, whatever the names in the tables contain.
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
      "<meta charset=\"utf-8\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n" +
      element("title", title) + "<style>" + std::string(page_style) + std::string(chart_style()) +
      "</style>\n</head>\n<body>\n<main>\n" + element("h1", title) + introduction(runs);
  for (const Section& section : sections) html += section_html(section);
  return html + curves_html(training_curves(runs)) + "</main>\n" +
         element("footer", "Made by revnet-report " + version() + ".") + "</body>\n</html>\n";
}

}  // namespace revnet

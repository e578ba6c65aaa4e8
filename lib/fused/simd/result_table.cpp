#include "fused/simd/result_table.h"

#include <algorithm>

namespace revnet::simd {
namespace {

// How many of `anchors` consecutive anchors have a result that is not beyond the image's end.
std::int64_t within(std::int64_t size, std::int64_t first, std::int64_t step, std::int64_t anchors) {
  return std::clamp<std::int64_t>((size - first + step - 1) / step, 0, anchors);
}

std::int64_t rows_within(const Stencil& stencil, const ResultTable& table,
                         const AnchorWork::WorkBlock& work_block) {
  return within(stencil.to.height, table.row + work_block.first_row * stencil.step, stencil.step,
                work_block.rows);
}

std::int64_t columns_within(const Stencil& stencil, const ResultTable& table) {
  return within(stencil.to.width, table.column, stencil.step, stencil.anchors.width);
}

}  // namespace

std::vector<ResultTable> result_tables(const Stencil& stencil, const AnchorWork& work, const Patch& patch,
                                       std::int64_t columns) {
  const Images& to = stencil.to;
  const AnchorWork::WorkBlock largest = work.largest();
  std::vector<ResultTable> tables;
  for (const Stencil::Phase& phase : stencil.phases) {
    ResultTable table{phase.row, phase.column, {}, {}, {}};
    for (const Stencil::Tap& tap : phase.taps) table.taps.push_back(patch.offset(tap));
    const std::int64_t rows = rows_within(stencil, table, largest), across = columns_within(stencil, table);
    for (std::int64_t image = 0; image < largest.images; ++image) {
      for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t column = 0; column < across; ++column) {
          const std::int64_t y = phase.row + row * stencil.step, x = phase.column + column * stencil.step;
          table.from.push_back(patch.anchor_offset(image, row, column));
          table.to.push_back(to.offset(columns, image, 0) + (y * to.width + x) * to.block);
        }
      }
    }
    if (!table.from.empty()) table.from.insert(table.from.end(), spare_results, table.from.back());
    tables.push_back(std::move(table));
  }
  return tables;
}

std::int64_t result_count(const Stencil& stencil, const ResultTable& table,
                          const AnchorWork::WorkBlock& work_block) {
  return work_block.images * rows_within(stencil, table, work_block) * columns_within(stencil, table);
}

std::int64_t first_result(const Stencil& stencil, const AnchorWork::WorkBlock& work_block,
                          std::int64_t columns) {
  const Images& to = stencil.to;
  return to.offset(columns, work_block.first_image, 0) +
         work_block.first_row * stencil.step * to.width * to.block;
}

}  // namespace revnet::simd

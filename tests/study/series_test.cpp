#include "study/series.h"

#include <stdexcept>

#include <doctest/doctest.h>

#include "files.h"

namespace revnet {
namespace {

Series example() {
  Series series;
  series.append(10, {{"degrees", 1.5}, {"stage1/degrees", 2}});
  series.append(20, {{"degrees", 2.5}, {"stage1/degrees", 3}});
  series.append(30, {{"degrees", 3.5}, {"stage1/degrees", 4}});
  return series;
}

TEST_CASE("a series is written and read") {
  const testing::TemporaryDirectory folder;
  hdf5::Writer writer(folder / "s.h5");
  example().write(writer, "angle");
  writer.save();
  const Series read = Series::read(hdf5::Reader(folder / "s.h5"), "angle");
  CHECK(read.iterations() == std::vector<std::int64_t>{10, 20, 30});
  CHECK(read.column("degrees") == std::vector<double>{1.5, 2.5, 3.5});
  CHECK(read.column("stage1/degrees") == std::vector<double>{2, 3, 4});
}

TEST_CASE("a series drops the rows that a resumed run measures again") {
  Series series = example();
  series.truncate_from(20);
  CHECK(series.iterations() == std::vector<std::int64_t>{10});
  CHECK(series.column("degrees") == std::vector<double>{1.5});
  series.truncate_from(11);
  CHECK(series.iterations().size() == 1);
  series.append(20, {{"degrees", 7}, {"stage1/degrees", 8}});
  CHECK(series.column("stage1/degrees") == std::vector<double>{2, 8});
  CHECK_FALSE(series.has_columns_of({{"degrees", 1}}));
  CHECK_FALSE(series.has_columns_of({{"degrees", 1}, {"other", 1}}));
  CHECK(series.has_columns_of({{"degrees", 1}, {"stage1/degrees", 1}}));
  series.truncate_from(0);
  series.append(10, {{"other", 1}});
  CHECK(series.has_columns_of({{"other", 1}}));
}

TEST_CASE("a series refuses rows that are out of order or have other columns") {
  Series series = example();
  CHECK_THROWS_AS(series.append(30, {{"degrees", 1}, {"stage1/degrees", 2}}), std::logic_error);
  CHECK_THROWS_AS(series.append(40, {{"degrees", 1}}), std::logic_error);
  CHECK_THROWS_AS(series.append(40, {{"degrees", 1}, {"other", 2}}), std::logic_error);
  CHECK_THROWS_AS(series.column("none"), std::logic_error);
  CHECK(series.iterations().size() == 3);
}

TEST_CASE("a damaged series is refused") {
  const testing::TemporaryDirectory folder;
  const auto refused = [&](const std::vector<std::int64_t>& iterations, const std::vector<double>& values) {
    hdf5::Writer writer(folder / "s.h5");
    writer.integers("angle/iteration", iterations);
    writer.doubles("angle/degrees", values);
    writer.save();
    const hdf5::Reader reader(folder / "s.h5");
    return testing::message_of<FileError>([&] { Series::read(reader, "angle"); });
  };
  CHECK(testing::contains(refused({1, 1}, {1, 2}), "does not ascend"));
  CHECK(testing::contains(refused({1, 2}, {1, 2, 3}), "another number of rows"));
}

}  // namespace
}  // namespace revnet

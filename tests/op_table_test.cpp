/// What must hold for every op, driven by the rows of the op table; op_table/gradient_checks.cpp has the derivatives.
#include "op_table/row_test.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace op_table {

namespace {

/// The op on one sample, compared with the reference.
void check_values(const OpRow& row, const Sample& sample, DType dtype, Layout layout) {
  SCOPED_TRACE(where(row, sample, std::string(cairn::name_of(dtype)) + ", " + name_of(layout)));
  Tensors got;
  try {
    got = row.op(to_tensors(sample.inputs, dtype, layout));
  } catch (const std::exception& error) {
    ADD_FAILURE() << "threw: " << error.what();
    return;
  }
  const Arrays want = row.reference(as_held(sample.inputs, dtype));
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const DType expected = i == 0 ? row.result_dtype(dtype) : got[i].dtype();
    EXPECT_EQ(difference(got[i], want[i], expected, row.tolerances), "") << "output " << i;
  }
}

// ---- values ---------------------------------------------------------------------------------------

class Value : public RowTest {};
TEST_P(Value, MatchesReference) {
  for (const DType dtype : GetParam()->dtypes) {
    for (const Sample& sample : GetParam()->samples) {
      if (has_elements(sample) && representable(sample, dtype)) check_values(*GetParam(), sample, dtype, Layout::row_major);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(OpTable, Value, testing::ValuesIn(rows_where([](const OpRow&) { return true; })), test_name);

class Layouts : public RowTest {};
TEST_P(Layouts, GiveTheSameValues) {
  for (const Layout layout : {Layout::permuted, Layout::strided, Layout::channels_last}) {
    for (const Sample& sample : GetParam()->samples) {
      bool any = false;
      for (const Array& x : sample.inputs) any = any || applies(layout, x);
      if (!any || !has_elements(sample)) continue;
      for (const DType dtype : GetParam()->dtypes) {
        if (representable(sample, dtype)) check_values(*GetParam(), sample, dtype, layout);
      }
    }
  }
}
INSTANTIATE_TEST_SUITE_P(OpTable, Layouts, testing::ValuesIn(rows_where([](const OpRow&) { return true; })), test_name);

class Empty : public RowTest {};
TEST_P(Empty, InputsWork) {
  int found = 0;
  for (const Sample& sample : GetParam()->samples) {
    if (has_elements(sample)) continue;
    ++found;
    for (const DType dtype : GetParam()->dtypes) {
      for (const Layout layout : {Layout::row_major, Layout::permuted, Layout::channels_last}) check_values(*GetParam(), sample, dtype, layout);
    }
  }
  EXPECT_GT(found, 0) << "the row needs a sample without elements, or no_empty says why there is none";
}
INSTANTIATE_TEST_SUITE_P(OpTable, Empty, testing::ValuesIn(rows_where([](const OpRow& row) { return row.no_empty.empty(); })), test_name);

// ---- errors and properties ------------------------------------------------------------------------

class Errors : public RowTest {};
TEST_P(Errors, NameOpAndShapes) {
  for (const BadCall& call : GetParam()->bad_calls) EXPECT_EQ(call.complaint(), "") << GetParam()->name << ": " << call.what;
}
INSTANTIATE_TEST_SUITE_P(OpTable, Errors, testing::ValuesIn(rows_where([](const OpRow& row) { return !row.bad_calls.empty(); })), test_name);

class Property : public RowTest {};
TEST_P(Property, Holds) { EXPECT_EQ(GetParam()->property(), "") << GetParam()->name; }
INSTANTIATE_TEST_SUITE_P(OpTable, Property, testing::ValuesIn(rows_where([](const OpRow& row) { return row.property != nullptr; })), test_name);

// ---- the table against the headers ----------------------------------------------------------------

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::set<std::string> matches(const std::string& text, const std::regex& pattern) {
  std::set<std::string> names;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) names.insert((*it)[1]);
  return names;
}

std::set<std::string> names_in_table() {
  std::set<std::string> names;
  for (const OpRow& row : op_table()) names.insert(row.name);
  return names;
}

const std::filesystem::path source_folder = CAIRN_SOURCE_DIR;

TEST(OpTableCoverage, EveryFunctionHasARow) {
  const std::set<std::string> rows = names_in_table();
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(source_folder / "autograd" / "ops")) {
    if (entry.path().extension() != ".h") continue;
    for (const std::string& name : matches(read(entry.path()), std::regex(R"(CAIRN_API\s+(?:std::vector<Tensor>|Tensor)\s+(\w+)\()"))) {
      ++seen;
      EXPECT_TRUE(rows.contains(name)) << name << " of " << entry.path().filename() << " has no row in the op table";
    }
  }
  EXPECT_GT(seen, 80) << "the headers were not read";
}

TEST(OpTableCoverage, EveryComputingMemberHasARow) {
  const std::string header = read(source_folder / "core" / "tensor.h");
  const auto begin = header.find("---- compute"), end = header.find("---- differentiation");
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos);
  const std::set<std::string> rows = names_in_table();
  const auto members = matches(header.substr(begin, end - begin), std::regex(R"((?:Tensor|Tensor&|double) (operator[^\s(]+|\w+)\()"));
  EXPECT_GT(members.size(), 30U) << "the header was not read";
  for (const std::string& name : members) EXPECT_TRUE(rows.contains("Tensor::" + name)) << "Tensor::" << name << " has no row in the op table";
}

TEST(OpTableCoverage, RowsHaveDistinctNames) {
  std::set<std::string> seen;
  for (const OpRow& row : op_table()) EXPECT_TRUE(seen.insert(row.name + "/" + row.variant).second) << row.name << " (" << row.variant << ") occurs twice";
}

}  // namespace
}  // namespace op_table

/// What the test suites over the op table share: rows as parameters, their names, and which samples fit a check.
#pragma once

#include "../op_table.h"
#include "tensors.h"

#include <gtest/gtest.h>

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace op_table {

void PrintTo(const OpRow* row, std::ostream* out);

using RowTest = testing::TestWithParam<const OpRow*>;

std::vector<const OpRow*> rows_where(const std::function<bool(const OpRow&)>& condition);
std::string test_name(const testing::TestParamInfo<const OpRow*>& info);

std::int64_t elements(const Arrays& all);  ///< of the inputs that get gradients
bool has_elements(const Sample& sample);   ///< in every input that is given
bool representable(const Sample& sample, DType dtype);

/// "add (row), sample "odd", f32": where a failure happened.
std::string where(const OpRow& row, const Sample& sample, const std::string& more);

}  // namespace op_table

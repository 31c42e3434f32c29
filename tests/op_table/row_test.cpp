#include "row_test.h"

#include <cctype>
#include <ostream>

namespace op_table {

void PrintTo(const OpRow* row, std::ostream* out) { *out << row->name << " (" << row->variant << ")"; }

std::vector<const OpRow*> rows_where(const std::function<bool(const OpRow&)>& condition) {
  std::vector<const OpRow*> rows;
  for (const OpRow& row : op_table()) {
    if (condition(row)) rows.push_back(&row);
  }
  return rows;
}

std::string test_name(const testing::TestParamInfo<const OpRow*>& info) {
  std::string name;
  for (const char c : info.param->name + (info.param->variant.empty() ? "" : "_" + info.param->variant)) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
    else if (c == '-') name += "minus";
    else if (c == '+') name += "plus";
    else if (c == '*') name += "times";
    else if (c == '/') name += "over";
    else if (!name.empty() && name.back() != '_') name += '_';
  }
  return name;
}

std::int64_t elements(const Arrays& all) {
  std::int64_t n = 0;
  for (const Array& x : all) n += x.kind == Kind::value ? x.numel() : 0;
  return n;
}
bool has_elements(const Sample& sample) {
  for (const Array& x : sample.inputs) {
    if (x.given() && x.numel() == 0) return false;
  }
  return true;
}
bool representable(const Sample& sample, DType dtype) {
  for (const Array& x : sample.inputs) {
    if (!op_table::representable(x, dtype)) return false;
  }
  return true;
}

std::string where(const OpRow& row, const Sample& sample, const std::string& more) {
  return row.name + " (" + row.variant + "), sample \"" + sample.name + "\", " + more;
}

}  // namespace op_table

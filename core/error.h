/// The exceptions that Cairn throws. Their text names the op, then what was given, then the rule:
///   [matmul] inner sizes must be equal: a is f32[2, 3] on cpu, b is f32[4, 5] on cpu
#pragma once

#include <cairn/core/export.h>

#include <sstream>
#include <stdexcept>
#include <string>

namespace cairn::inline v0 {

/// The base of all of them.
class CAIRN_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

#define CAIRN_DEFINE_ERROR(Name)   \
  class CAIRN_API Name : public Error { \
   public:                         \
    using Error::Error;            \
  }
CAIRN_DEFINE_ERROR(ShapeError);           ///< sizes, ranks or strides that do not fit
CAIRN_DEFINE_ERROR(DTypeError);           ///< an element type the op does not take
CAIRN_DEFINE_ERROR(DeviceError);          ///< a device that is absent, failed, or differs between operands
CAIRN_DEFINE_ERROR(IndexError);           ///< an index or dimension out of range
CAIRN_DEFINE_ERROR(ValueError);           ///< any other argument out of its domain
CAIRN_DEFINE_ERROR(IoError);              ///< a file that is missing, malformed, truncated or unwritable
CAIRN_DEFINE_ERROR(OutOfMemoryError);     ///< asked, held and free bytes are in the text
CAIRN_DEFINE_ERROR(AutogradError);        ///< a rule of differentiation was broken
CAIRN_DEFINE_ERROR(NotImplementedError);  ///< meaningful, but not there for this device or dtype
#undef CAIRN_DEFINE_ERROR

/// All parts streamed into one string.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

/// Throws E("[op] parts…") unless `condition`. The parts are formatted only then.
template <class E, class... Parts>
void check(bool condition, const char* op, const Parts&... parts) {
  if (!condition) throw E(concat("[", op, "] ", parts...));
}

}  // namespace cairn::inline v0

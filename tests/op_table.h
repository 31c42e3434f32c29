/// The op table: one or more rows for every operation, each with a reference that shares none of its code.
///
/// A row drives all checks of op_table_test.cpp: values by dtype, memory layouts, empty inputs, first and second
/// derivatives, error texts, the same bits for any number of threads. Rows stand in op_table/, one file per family.
#pragma once

#include "op_table/array.h"

#include <cairn/autograd/autograd.h>
#include <cairn/autograd/ops.h>
#include <cairn/core/error.h>

#include <functional>
#include <string>
#include <typeinfo>
#include <vector>

namespace op_table {

using cairn::DType;
using cairn::Dims;
using cairn::Tensor;
using Tensors = std::vector<Tensor>;

struct Sample {
  std::string name;
  Arrays inputs;
  bool smooth = true;  ///< whether finite differences make sense here
};

/// |got - want| <= (the dtype's number) * max(|want|, floor).
struct Tolerances {
  double f32 = 2e-6;
  double f64 = 1e-13;
  double bf16 = 0x1.02p-8;  // half a unit in the last place is at most 2^-9 of the value; some for the f32 beneath
  double f16 = 0x1.04p-11;
  double floor = 1e-2;
};

/// A call that must throw, and what it says. Build it with bad<E>().
struct BadCall {
  std::string what;
  std::function<std::string()> complaint;  ///< empty when the right error came
};

template <class E>
BadCall bad(std::string what, std::function<void()> call, std::vector<std::string> parts) {
  return {std::move(what), [call = std::move(call), parts = std::move(parts)]() -> std::string {
            try {
              call();
            } catch (const E& error) {
              const std::string said = error.what();
              for (const std::string& part : parts) {
                if (said.find(part) == std::string::npos) return "the text \"" + said + "\" lacks \"" + part + "\"";
              }
              return "";
            } catch (const std::exception& error) {
              return std::string("another exception came: ") + typeid(error).name() + ": " + error.what();
            }
            return "nothing was thrown";
          }};
}

struct OpRow {
  std::string name;     ///< the function, "Tensor::name" for members
  std::string variant;  ///< tells rows of one function apart
  std::function<Tensors(const Tensors&)> op;
  std::function<Arrays(const Arrays&)> reference;
  std::vector<Sample> samples;

  std::vector<DType> dtypes = {DType::f32, DType::f64, DType::bf16, DType::f16};
  std::function<DType(DType)> result_dtype = [](DType in) { return in; };
  Tolerances tolerances = {};

  bool differentiable = true;
  bool second_order = true;
  std::string no_empty = {};  ///< why there is no sample without elements

  std::function<Arrays()> large = {};  ///< enough work to be split among threads
  std::vector<BadCall> bad_calls = {};
  std::function<std::string()> property = {};  ///< anything else that must hold; says what does not
};

const std::vector<OpRow>& op_table();

// What the files of op_table/ give.
using Rows = std::vector<OpRow>;
Rows pointwise_rows();
Rows binary_rows();
Rows logic_rows();
Rows in_place_rows();
Rows reduce_rows();
Rows shape_rows();
Rows view_rows();
Rows matmul_rows();
Rows conv_rows();
Rows pool_rows();
Rows norm_rows();
Rows softmax_rows();
Rows loss_rows();
Rows index_rows();
Rows create_rows();
Rows random_rows();

// Lists of dtypes that many rows share.
inline const std::vector<DType> floating = {DType::f32, DType::f64, DType::bf16, DType::f16};
inline const std::vector<DType> numbers = {DType::f32, DType::f64, DType::bf16, DType::f16, DType::i64, DType::i32, DType::u8};
inline const std::vector<DType> everything = {DType::f32, DType::f64, DType::bf16, DType::f16,
                                              DType::i64, DType::i32, DType::u8,   DType::boolean};
inline DType to_floating(DType in) { return cairn::is_floating(in) ? in : DType::f32; }
inline DType to_bool(DType) { return DType::boolean; }
inline DType to_i64(DType) { return DType::i64; }
inline DType to_sum(DType in) { return cairn::is_floating(in) ? in : DType::i64; }

/// Sums of many terms, whose rounding errors grow with the terms and not with the result.
inline Tolerances of_sums(double floor = 1.0, double f32 = 1e-5) {
  return {.f32 = f32, .f64 = 1e-12, .bf16 = 0x1.1p-8, .f16 = 0x1.1p-11, .floor = floor};
}

}  // namespace op_table

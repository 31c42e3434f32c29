/// How tensors print, letter by letter.
#include <cairn/core/tensor.h>

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <sstream>

namespace {

using namespace cairn;

std::string printed(const Tensor& x) {
  std::ostringstream out;
  out << x;
  return out.str();
}

template <class T>
Tensor counted(const Dims& sizes) {
  std::vector<T> values(static_cast<std::size_t>(sizes.product()));
  std::iota(values.begin(), values.end(), T{0});
  return from_values(values, sizes);
}

TEST(Print, Scalars) {
  EXPECT_EQ(printed(from_values<float>({2.5F}, {})), "2.5000\nf32[] on cpu");
  EXPECT_EQ(printed(from_values<double>({-3.0}, {})), "-3.\nf64[] on cpu");
  EXPECT_EQ(printed(from_values<std::int64_t>({7}, {})), "7\ni64[] on cpu");
}

TEST(Print, Vectors) {
  EXPECT_EQ(printed(from_values<float>({1, 2, 3}, {3})), "[1., 2., 3.]\nf32[3] on cpu");
  EXPECT_EQ(printed(from_values<float>({0.5F, -1, 10}, {3})), "[ 0.5000, -1.0000, 10.0000]\nf32[3] on cpu");
  EXPECT_EQ(printed(from_values<float>({1e-5F, 1}, {2})), "[1.0000e-05, 1.0000e+00]\nf32[2] on cpu");
  EXPECT_EQ(printed(from_values<std::int32_t>({1, -20, 300}, {3})), "[  1, -20, 300]\ni32[3] on cpu");
  EXPECT_EQ(printed(from_values<bool>({true, false}, {2})), "[ true, false]\nbool[2] on cpu");
}

TEST(Print, InfinityAndNan) {
  EXPECT_EQ(printed(from_values<float>({1.5F, INFINITY, -INFINITY, NAN}, {4})), "[1.5000,    inf,   -inf,    nan]\nf32[4] on cpu");
  EXPECT_EQ(printed(from_values<float>({1, INFINITY, NAN}, {3})), "[ 1., inf, nan]\nf32[3] on cpu");
}

TEST(Print, Matrices) {
  EXPECT_EQ(printed(from_values<float>({1.5F, -2, 3.25F, 10}, {2, 2})), "[[ 1.5000, -2.0000],\n [ 3.2500, 10.0000]]\nf32[2, 2] on cpu");
  EXPECT_EQ(printed(counted<std::int64_t>({2, 2, 2})), "[[[0, 1],\n  [2, 3]],\n\n [[4, 5],\n  [6, 7]]]\ni64[2, 2, 2] on cpu");
}

TEST(Print, ViewsInLogicalOrder) {
  EXPECT_EQ(printed(make_view(counted<std::int64_t>({2, 2}), {2, 2}, {1, 2}, 0)), "[[0, 2],\n [1, 3]]\ni64[2, 2] on cpu");
}

TEST(Print, Abbreviates) {
  EXPECT_EQ(printed(counted<std::int64_t>({1001})), "[   0,    1,    2, ...,  998,  999, 1000]\ni64[1001] on cpu");
  EXPECT_EQ(printed(counted<std::int64_t>({600, 2})),
            "[[   0,    1],\n [   2,    3],\n [   4,    5],\n ...,\n [1194, 1195],\n [1196, 1197],\n [1198, 1199]]\ni64[600, 2] on cpu");
  EXPECT_EQ(printed(counted<std::int64_t>({1000})).find("..."), std::string::npos);
}

TEST(Print, NothingThere) {
  EXPECT_EQ(printed(Tensor()), "undefined tensor");
  EXPECT_EQ(printed(empty({0})), "[]\nf32[0] on cpu");
  EXPECT_EQ(printed(empty({2, 0, 3}, {DType::i64})), "[]\ni64[2, 0, 3] on cpu");
}

TEST(Print, LeavesTheStreamAsItWas) {
  std::ostringstream out;
  out << from_values<float>({0.123456789F}, {1}) << ' ' << 0.123456789;
  EXPECT_NE(out.str().find(" 0.123457"), std::string::npos) << out.str();
}

}  // namespace

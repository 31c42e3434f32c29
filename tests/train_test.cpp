// Metrics against scikit-learn (whose output is quoted here), and the progress display.
#include <cairn/core/error.h>
#include <cairn/train/metrics.h>
#include <cairn/train/progress.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

namespace {

using namespace cairn;

const std::vector<std::int64_t> targets{0, 1, 2, 2, 2, 0, 1, 2};
const std::vector<std::int64_t> predictions{0, 0, 2, 2, 1, 0, 1, 2};

ConfusionMatrix small_matrix() {
  ConfusionMatrix matrix(3);
  matrix.add(targets, predictions);
  return matrix;
}

TEST(ConfusionMatrixTest, counts) {
  const ConfusionMatrix matrix = small_matrix();
  EXPECT_EQ(matrix.count(2, 1), 1);
  EXPECT_EQ(matrix.count(1, 2), 0);
  EXPECT_EQ(matrix.support(2), 4);
  EXPECT_EQ(matrix.predicted(0), 3);
  EXPECT_EQ(matrix.total(), 8);
  EXPECT_EQ(matrix.correct(), 6);
  EXPECT_DOUBLE_EQ(matrix.accuracy(), 0.75);
  EXPECT_TRUE(std::isnan(ConfusionMatrix(2).accuracy()));
}

TEST(ConfusionMatrixTest, text_has_a_row_for_each_true_class) {
  EXPECT_EQ(small_matrix().text({"cat", "dog", "mouse"}),
            "        0 1 2\n"
            "  cat 0 2 0 0\n"
            "  dog 1 1 1 0\n"
            "mouse 2 0 1 3\n");
}

TEST(ConfusionMatrixTest, rejects_what_is_no_class) {
  ConfusionMatrix matrix(3);
  EXPECT_THROW(matrix.add(3, 0), ValueError);
  EXPECT_THROW(matrix.add(0, -1), ValueError);
  EXPECT_THROW(matrix.add({0, 1}, {0}), ValueError);
  EXPECT_THROW(matrix.text({"one name"}), ValueError);
  EXPECT_THROW(ConfusionMatrix(0), ValueError);
}

TEST(ClassificationReportTest, is_what_scikit_learn_prints) {
  const ClassificationReport report(small_matrix(), {"cat", "dog", "mouse"});
  EXPECT_EQ(report.text(),
            "              precision    recall  f1-score   support\n"
            "\n"
            "         cat       0.67      1.00      0.80         2\n"
            "         dog       0.50      0.50      0.50         2\n"
            "       mouse       1.00      0.75      0.86         4\n"
            "\n"
            "    accuracy                           0.75         8\n"
            "   macro avg       0.72      0.75      0.72         8\n"
            "weighted avg       0.79      0.75      0.75         8\n");
}

TEST(ClassificationReportTest, class_that_never_occurs_scores_zero) {
  ConfusionMatrix matrix(2);
  matrix.add({0, 0}, {0, 0});
  const ClassificationReport report(matrix, {"a", "a very long name for a class"});
  EXPECT_EQ(report.text(),
            "                              precision    recall  f1-score   support\n"
            "\n"
            "                           a       1.00      1.00      1.00         2\n"
            "a very long name for a class       0.00      0.00      0.00         0\n"
            "\n"
            "                   micro avg       1.00      1.00      1.00         2\n"
            "                   macro avg       0.50      0.50      0.50         2\n"
            "                weighted avg       1.00      1.00      1.00         2\n");
}

TEST(ClassificationReportTest, numbers_are_there_unrounded) {
  const ClassificationReport report(small_matrix(), {"cat", "dog", "mouse"});
  EXPECT_DOUBLE_EQ(report.classes[0].precision, 2.0 / 3);
  EXPECT_DOUBLE_EQ(report.classes[2].f1, 6.0 / 7);
  EXPECT_DOUBLE_EQ(report.macro_average.recall, (1 + 0.5 + 0.75) / 3);
  EXPECT_DOUBLE_EQ(report.weighted_average.recall, 0.75);
  EXPECT_EQ(report.weighted_average.support, 8);
}

TEST(ProgressTest, durations) {
  EXPECT_EQ(format_duration(6.6), "0:07");
  EXPECT_EQ(format_duration(754), "12:34");
  EXPECT_EQ(format_duration(3723), "1:02:03");
  EXPECT_EQ(format_duration(std::numeric_limits<double>::infinity()), "?");
}

/// What Progress wrote to a temporary file.
std::string written(Progress::Options options, std::int64_t steps) {
  std::FILE* file = std::tmpfile();
  options.out = file;
  Progress progress("epoch 1/1", 2, options);
  for (std::int64_t i = 0; i < steps; ++i) progress.update(10, 0.5 + static_cast<double>(i), 4 + i);
  progress.finish();
  std::rewind(file);
  std::string text;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
  std::fclose(file);
  return text;
}

TEST(ProgressTest, plain_lines_when_not_on_a_terminal) {
  const std::string text = written({.line_interval = 0}, 2);
  EXPECT_EQ(text.find('\r'), std::string::npos);
  EXPECT_NE(text.find("epoch 1/1  1/2 loss 0.5000 accuracy 40.00 % "), std::string::npos) << text;
  EXPECT_NE(text.find("epoch 1/1  2/2 loss 1.0000 accuracy 45.00 % "), std::string::npos) << text;
  EXPECT_NE(text.find("0:00 left\n"), std::string::npos) << text;
  EXPECT_EQ(written({.line_interval = 3600}, 2), "");
  EXPECT_EQ(written({.style = Progress::Style::silent, .line_interval = 0}, 2), "");
}

TEST(ProgressTest, means_are_weighted_by_samples) {
  Progress progress("evaluation", 2, {.style = Progress::Style::silent});
  EXPECT_TRUE(std::isnan(progress.loss()));
  progress.update(30, 1.0, 15);
  progress.update(10, 2.0, 10);
  progress.finish();
  EXPECT_DOUBLE_EQ(progress.loss(), 1.25);
  EXPECT_DOUBLE_EQ(progress.accuracy(), 0.625);
  EXPECT_EQ(progress.samples(), 40);
  EXPECT_EQ(progress.steps_done(), 2);
}

}  // namespace

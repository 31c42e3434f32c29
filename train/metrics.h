/// How well a classifier does: the confusion matrix, and precision, recall and F1 from it.
#pragma once

#include <cairn/core/export.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cairn::inline v0 {

/// Counts of (true class, predicted class).
class CAIRN_API ConfusionMatrix {
 public:
  /// Throws ValueError unless num_classes >= 1.
  explicit ConfusionMatrix(std::int64_t num_classes);

  /// Counts one sample. Throws ValueError for a class outside 0..num_classes()-1.
  void add(std::int64_t target, std::int64_t prediction);

  /// Counts many. Throws ValueError when their numbers differ.
  void add(const std::vector<std::int64_t>& targets, const std::vector<std::int64_t>& predictions);

  std::int64_t num_classes() const { return num_classes_; }
  std::int64_t count(std::int64_t target, std::int64_t prediction) const;
  std::int64_t support(std::int64_t target) const;         ///< samples of this class
  std::int64_t predicted(std::int64_t prediction) const;   ///< samples taken for this class
  std::int64_t total() const;
  std::int64_t correct() const;
  double accuracy() const;  ///< correct / total; NaN of nothing

  /// The table as text: a row for each true class, a column for each predicted one, both numbered, the
  /// names beside the rows. Throws ValueError unless there is a name for each class.
  std::string text(const std::vector<std::string>& class_names) const;

 private:
  std::size_t at(std::int64_t target, std::int64_t prediction) const;

  std::int64_t num_classes_;
  std::vector<std::int64_t> counts_;  // row-major, a row for each true class
};

struct ClassScore {
  double precision = 0;  ///< of those taken for the class, the share that is of it; 0 when none was taken for it
  double recall = 0;     ///< of the class, the share that was found; 0 when it has no samples
  double f1 = 0;         ///< their harmonic mean; 0 when both are 0
  std::int64_t support = 0;  ///< samples
};

struct CAIRN_API ClassificationReport {
  std::vector<std::string> class_names;
  std::vector<ClassScore> classes;
  double accuracy = 0;
  bool every_class_occurs = true;  ///< among the targets or the predictions
  ClassScore macro_average;     ///< every class weighs the same
  ClassScore weighted_average;  ///< every class weighs as much as it has samples

  /// Throws ValueError unless there is a name for each class.
  ClassificationReport(const ConfusionMatrix& matrix, std::vector<std::string> names);

  /// What scikit-learn's classification_report(…, labels=range(K), target_names=names, zero_division=0) prints.
  std::string text() const;
};

}  // namespace cairn::inline v0

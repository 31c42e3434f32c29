#include <cairn/core/error.h>
#include <cairn/train/metrics.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <numeric>

namespace cairn::inline v0 {
namespace {

double ratio(double part, double whole) { return whole == 0 ? 0 : part / whole; }

double harmonic_mean(double precision, double recall) { return ratio(2 * precision * recall, precision + recall); }

/// The sum in numpy's order of additions (eight running sums for up to 128 values, halves beyond). Means of round
/// numbers often end in a 5, and which way that rounds hangs on the last bit.
double sum(const double* values, std::size_t count) {
  constexpr std::size_t lanes = 8;
  constexpr std::size_t block = 128;
  if (count > block) {
    const std::size_t half = count / 2 / lanes * lanes;
    return sum(values, half) + sum(values + half, count - half);
  }
  double result = 0;
  std::size_t i = 0;
  if (count >= lanes) {
    double r[lanes] = {};
    for (; i + lanes <= count; i += lanes) {
      for (std::size_t lane = 0; lane < lanes; ++lane) r[lane] += values[i + lane];
    }
    result = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
  }
  for (; i < count; ++i) result += values[i];
  return result;
}

double average(const std::vector<ClassScore>& classes, double ClassScore::* score, const std::vector<double>& weights) {
  std::vector<double> terms;
  for (std::size_t i = 0; i < classes.size(); ++i) terms.push_back(classes[i].*score * weights[i]);
  return ratio(sum(terms.data(), terms.size()), sum(weights.data(), weights.size()));
}

ClassScore average(const std::vector<ClassScore>& classes, const std::vector<double>& weights, std::int64_t support) {
  return {average(classes, &ClassScore::precision, weights), average(classes, &ClassScore::recall, weights),
          average(classes, &ClassScore::f1, weights), support};
}

/// The number of code points of UTF-8 text.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string right(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, width_of(text)), ' ') + text;
}

/// Two digits after the point, as Python's format does.
std::string fixed(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

void check_names(const char* op, const std::vector<std::string>& names, std::int64_t num_classes) {
  check<ValueError>(static_cast<std::int64_t>(names.size()) == num_classes, op, names.size(), " class names for ", num_classes,
                    " classes");
}

}  // namespace

ConfusionMatrix::ConfusionMatrix(std::int64_t num_classes) : num_classes_(num_classes) {
  check<ValueError>(num_classes >= 1, "ConfusionMatrix", "num_classes is ", num_classes, ", expected 1 or more");
  counts_.resize(static_cast<std::size_t>(num_classes * num_classes));
}

std::size_t ConfusionMatrix::at(std::int64_t target, std::int64_t prediction) const {
  for (const std::int64_t value : {target, prediction}) {
    check<ValueError>(value >= 0 && value < num_classes_, "ConfusionMatrix", "class ", value, ", expected 0..", num_classes_ - 1);
  }
  return static_cast<std::size_t>(target * num_classes_ + prediction);
}

void ConfusionMatrix::add(std::int64_t target, std::int64_t prediction) { ++counts_[at(target, prediction)]; }

void ConfusionMatrix::add(const std::vector<std::int64_t>& targets, const std::vector<std::int64_t>& predictions) {
  check<ValueError>(targets.size() == predictions.size(), "ConfusionMatrix", targets.size(), " targets but ", predictions.size(),
                    " predictions");
  for (std::size_t i = 0; i < targets.size(); ++i) add(targets[i], predictions[i]);
}

std::int64_t ConfusionMatrix::count(std::int64_t target, std::int64_t prediction) const { return counts_[at(target, prediction)]; }

std::int64_t ConfusionMatrix::support(std::int64_t target) const {
  std::int64_t result = 0;
  for (std::int64_t i = 0; i < num_classes_; ++i) result += count(target, i);
  return result;
}

std::int64_t ConfusionMatrix::predicted(std::int64_t prediction) const {
  std::int64_t result = 0;
  for (std::int64_t i = 0; i < num_classes_; ++i) result += count(i, prediction);
  return result;
}

std::int64_t ConfusionMatrix::total() const { return std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0}); }

std::int64_t ConfusionMatrix::correct() const {
  std::int64_t result = 0;
  for (std::int64_t i = 0; i < num_classes_; ++i) result += count(i, i);
  return result;
}

double ConfusionMatrix::accuracy() const {
  if (total() == 0) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(correct()) / static_cast<double>(total());
}

std::string ConfusionMatrix::text(const std::vector<std::string>& class_names) const {
  check_names("ConfusionMatrix::text", class_names, num_classes_);
  std::size_t name_width = 0;
  for (const std::string& name : class_names) name_width = std::max(name_width, width_of(name));
  const std::size_t number_width = std::to_string(num_classes_ - 1).size();
  const std::size_t cell = 1 + std::max(number_width, std::to_string(*std::max_element(counts_.begin(), counts_.end())).size());

  std::string result(name_width + 1 + number_width, ' ');
  for (std::int64_t j = 0; j < num_classes_; ++j) result += right(std::to_string(j), cell);
  result += '\n';
  for (std::int64_t i = 0; i < num_classes_; ++i) {
    result += right(class_names[static_cast<std::size_t>(i)], name_width) + ' ' + right(std::to_string(i), number_width);
    for (std::int64_t j = 0; j < num_classes_; ++j) result += right(std::to_string(count(i, j)), cell);
    result += '\n';
  }
  return result;
}

ClassificationReport::ClassificationReport(const ConfusionMatrix& matrix, std::vector<std::string> names)
    : class_names(std::move(names)) {
  check_names("ClassificationReport", class_names, matrix.num_classes());
  std::vector<double> supports;
  for (std::int64_t i = 0; i < matrix.num_classes(); ++i) {
    every_class_occurs = every_class_occurs && (matrix.support(i) > 0 || matrix.predicted(i) > 0);
    const auto hits = static_cast<double>(matrix.count(i, i));
    ClassScore score;
    score.support = matrix.support(i);
    score.precision = ratio(hits, static_cast<double>(matrix.predicted(i)));
    score.recall = ratio(hits, static_cast<double>(score.support));
    score.f1 = harmonic_mean(score.precision, score.recall);
    classes.push_back(score);
    supports.push_back(static_cast<double>(score.support));
  }
  accuracy = matrix.accuracy();
  macro_average = average(classes, std::vector<double>(classes.size(), 1.0), matrix.total());
  weighted_average = average(classes, supports, matrix.total());
}

std::string ClassificationReport::text() const {
  constexpr std::size_t column = 9;
  std::size_t width = std::string("weighted avg").size();
  for (const std::string& name : class_names) width = std::max(width, width_of(name));

  const auto line = [&](const std::string& heading, const std::vector<std::string>& cells) {
    std::string result = right(heading, width) + ' ';
    for (const std::string& cell : cells) result += ' ' + right(cell, column);
    return result + '\n';
  };
  const auto score_line = [&](const std::string& heading, const ClassScore& score) {
    return line(heading, {fixed(score.precision), fixed(score.recall), fixed(score.f1), std::to_string(score.support)});
  };
  std::string result = line("", {"precision", "recall", "f1-score", "support"}) + '\n';
  for (std::size_t i = 0; i < classes.size(); ++i) result += score_line(class_names[i], classes[i]);
  // The micro average, whose three scores are the accuracy, is called so when every class occurs. It is computed as
  // an F1 too, which may differ from the accuracy in its last bit.
  const std::string share = fixed(accuracy);
  const std::string f1 = fixed(harmonic_mean(accuracy, accuracy));
  const std::string total = std::to_string(macro_average.support);
  result += '\n';
  result += every_class_occurs ? line("accuracy", {"", "", f1, total}) : line("micro avg", {share, share, f1, total});
  return result + score_line("macro avg", macro_average) + score_line("weighted avg", weighted_average);
}

}  // namespace cairn::inline v0

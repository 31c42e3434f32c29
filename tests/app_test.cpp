// Runs the program image_classification as a user does: what it writes, and what it says to bad input.
#include "file_fixture.h"

#include <cairn/io/safetensors.h>

#include <nlohmann/json.hpp>

#include <sys/wait.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <sstream>

namespace cairn {
namespace {

using Json = nlohmann::json;

const std::string program = CAIRN_BINARY_DIR "/apps/image_classification";

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Outcome {
  int status;  ///< the exit status; 128 + n when signal n ended the program
  std::string out;
  std::string err;
};

class AppTest : public testing::FileTest {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(program)) GTEST_SKIP() << "the apps are not built";
  }

  Outcome shell(const std::string& command) const {
    const int result = std::system(("(" + command + ") >" + path("stdout") + " 2>" + path("stderr")).c_str());
    return {WIFEXITED(result) ? WEXITSTATUS(result) : 128 + WTERMSIG(result), read_text(path("stdout")), read_text(path("stderr"))};
  }

  /// Runs the program on the embedded set unless the arguments say otherwise.
  Outcome run(const std::string& arguments) const {
    return shell("env -u CAIRN_DATA CAIRN_CUDA_PLUGIN=/nowhere/plugin.so " + program + " " + arguments);
  }

  /// Expects a failure that is told in one line with these words.
  void expect_error(const std::string& arguments, const std::vector<std::string>& words) const {
    const Outcome outcome = run(arguments + " --out " + path("out"));
    EXPECT_NE(outcome.status, 0) << arguments;
    EXPECT_LT(outcome.status, 126) << arguments << ": crashed\n" << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    for (const std::string& word : words) EXPECT_NE(outcome.err.find(word), std::string::npos) << arguments << "\n" << outcome.err;
  }

  /// A folder in the form of CIFAR-10 with one image for each file.
  std::string small_cifar(int label) const {
    Bytes record(3073, 100);
    record[0] = static_cast<std::uint8_t>(label);
    for (int i = 1; i <= 5; ++i) write("cifar/data_batch_" + std::to_string(i) + ".bin", record);
    write("cifar/test_batch.bin", record);
    return path("cifar");
  }

  std::string write_header(const std::string& header, std::uint64_t claimed) const {
    Bytes bytes(8);
    std::memcpy(bytes.data(), &claimed, 8);
    return write("weights.safetensors", testing::join({bytes, testing::bytes_of(header)}));
  }

  Json json(const std::string& name) const { return Json::parse(read_text(path(name))); }
};

const std::string tiny = "--train-size 32 --test-size 20 --batch 8 --threads 2 ";

TEST_F(AppTest, help_explains_every_option) {
  const Outcome outcome = run("--help");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err, "");
  for (const char* option :
       {"--data", "--train-size", "--test-size", "--augment", "--normalisation", "--workers", "--model", "--shortcut", "--weights",
        "--replace-head", "--freeze", "--epochs", "--batch", "--optimizer", "--lr", "--momentum", "--weight-decay", "--schedule",
        "--label-smoothing", "--max-steps", "--eval-only", "--eval-every", "--device", "--seed", "--threads", "--out", "--json",
        "--quiet"}) {
    EXPECT_NE(outcome.out.find(option), std::string::npos) << option;
  }
}

TEST_F(AppTest, trains_on_the_embedded_set_and_reports) {
  const Outcome outcome = run(tiny + "--epochs 2 --eval-every 1 --out " + path("out") + " --json " + path("copy.json"));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  for (const char* text : {"embedded set", "scripts/get_data.sh cifar10", "precision    recall  f1-score   support",
                           "confusion matrix", "test accuracy", "epoch 2/2"}) {
    EXPECT_NE(outcome.out.find(text), std::string::npos) << text << "\n" << outcome.out;
  }
  const Json metrics = json("out/metrics.json");
  EXPECT_EQ(metrics, json("copy.json"));
  EXPECT_EQ(metrics["data"]["name"], "embedded");
  EXPECT_EQ(metrics["data"]["train_images"], 32);
  EXPECT_EQ(metrics["settings"]["model"], "resnet20");
  EXPECT_EQ(metrics["settings"]["seed"], 0);
  EXPECT_EQ(metrics["machine"]["threads"], 2);
  ASSERT_EQ(metrics["epochs"].size(), 2U);
  EXPECT_EQ(metrics["epochs"][1]["steps"], 4);
  EXPECT_EQ(metrics["epochs"][1]["test_accuracy"], metrics["test_accuracy"]);
  EXPECT_EQ(metrics["classes"].size(), 10U);
  EXPECT_EQ(metrics["confusion_matrix"].size(), 10U);
  EXPECT_FALSE(metrics["interrupted"]);
  const std::string csv = read_text(path("out/epochs.csv"));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 3) << csv;
}

TEST_F(AppTest, saved_model_is_evaluated_without_further_options) {
  ASSERT_EQ(run(tiny + "--model resnet32 --shortcut B --max-steps 2 --out " + path("out")).status, 0);
  const Outcome outcome =
      run("--test-size 20 --threads 2 --eval-only --weights " + path("out/model.safetensors") + " --json " + path("again.json"));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json first = json("out/metrics.json");
  const Json again = json("again.json");
  EXPECT_EQ(again["settings"]["model"], "resnet32");
  EXPECT_EQ(again["settings"]["shortcut"], "B");
  EXPECT_EQ(again["settings"]["normalisation"]["mean"], first["settings"]["normalisation"]["mean"]);
  EXPECT_EQ(again["test_loss"], first["test_loss"]);
  EXPECT_EQ(again["confusion_matrix"], first["confusion_matrix"]);
}

TEST_F(AppTest, same_seed_same_result_for_any_number_of_threads_and_workers) {
  const std::string arguments = "--train-size 32 --test-size 20 --batch 8 --max-steps 3 --seed 5 --out ";
  ASSERT_EQ(run(arguments + path("a") + " --threads 1 --workers 0").status, 0);
  ASSERT_EQ(run(arguments + path("b") + " --threads 3 --workers 2").status, 0);
  EXPECT_EQ(json("a/metrics.json")["test_loss"], json("b/metrics.json")["test_loss"]);
  EXPECT_EQ(read_text(path("a/model.safetensors")), read_text(path("b/model.safetensors")));
}

TEST_F(AppTest, frozen_parts_stay_and_a_new_head_is_trained) {
  ASSERT_EQ(run(tiny + "--max-steps 1 --out " + path("a")).status, 0);
  const Outcome outcome = run(tiny + "--max-steps 2 --weights " + path("a/model.safetensors") +
                              " --replace-head 10 --freeze conv1,bn1,layer1 --out " + path("b"));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const SafeTensors before = SafeTensors::open(path("a/model.safetensors"));
  const SafeTensors after = SafeTensors::open(path("b/model.safetensors"));
  const auto is_equal = [&](const std::string& name) {
    return before.tensor(name).to_vector<float>() == after.tensor(name).to_vector<float>();
  };
  for (const char* name : {"conv1.weight", "bn1.weight", "bn1.running_mean", "layer1.2.bn2.running_var"}) EXPECT_TRUE(is_equal(name)) << name;
  for (const char* name : {"layer2.0.conv1.weight", "layer2.0.bn1.running_mean", "linear.weight"}) EXPECT_FALSE(is_equal(name)) << name;
}

TEST_F(AppTest, interrupt_stops_after_the_step_and_writes_what_there_is) {
  const std::string out = path("out");
  const Outcome outcome = shell("env -u CAIRN_DATA " + program + " " + tiny + "--epochs 1000000 --out " + out +
                                " & pid=$!; while kill -0 $pid && [ ! -e " + out + "/epochs.csv ]; do sleep 0.05; done; "
                                "kill -INT $pid; wait $pid");
  EXPECT_EQ(outcome.status, 130) << outcome.err;
  EXPECT_NE(outcome.out.find("interrupted"), std::string::npos) << outcome.out;
  EXPECT_TRUE(json("out/metrics.json")["interrupted"]);
  EXPECT_TRUE(std::filesystem::exists(path("out/model.safetensors")));
}

TEST_F(AppTest, rejects_bad_options) {
  expect_error("--epoch 3", {"--epoch"});
  expect_error("--model resnet21", {"resnet21", "resnet20"});
  expect_error("--lr nan", {"--lr", "nan"});
  expect_error("--lr 0", {"--lr"});
  expect_error("--batch 0", {"--batch"});
  expect_error("--epochs 1.5", {"--epochs"});
  expect_error("--optimizer sdg", {"--optimizer", "sdg"});
  expect_error("--augment crop,spin", {"--augment", "spin"});
  expect_error("--eval-only", {"--weights"});
  expect_error("--replace-head 10", {"--weights"});
  expect_error("--freeze layer9 --train-size 32 --batch 8", {"--freeze", "layer9"});
  expect_error("--train-size 8 --batch 9", {"--batch 9", "8 training images"});
  expect_error("--model resnet18 --shortcut A --train-size 8 --batch 8", {"--shortcut", "resnet18"});
}

TEST_F(AppTest, rejects_a_device_that_is_not_there) {
  expect_error("--device cuda", {"--device cuda", "/nowhere/plugin.so"});
  expect_error("--device gpu", {"--device gpu"});
}

TEST_F(AppTest, rejects_bad_cifar_files) {
  expect_error("--data " + path("nowhere"), {path("nowhere"), "no such file or folder"});
  expect_error("--data " + small_cifar(10) + " --batch 1", {"test_batch.bin", "label 10"});
  small_cifar(9);
  write("cifar/data_batch_3.bin", Bytes(3000));
  expect_error("--data " + path("cifar") + " --batch 1", {"data_batch_3.bin", "truncated"});
  write("cifar/data_batch_3.bin", {});
  expect_error("--data " + path("cifar") + " --batch 1", {"data_batch_3.bin", "is empty"});
  std::filesystem::remove(path("cifar/data_batch_3.bin"));
  expect_error("--data " + path("cifar") + " --batch 1", {path("cifar"), "data_batch_3.bin is missing"});
}

TEST_F(AppTest, rejects_bad_mnist_files) {
  const auto images = [](std::uint8_t magic) { return testing::join({{0, 0, 8, magic, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28}, Bytes(784)}); };
  write("mnist/t10k-images-idx3-ubyte", images(7));
  write("mnist/t10k-labels-idx1-ubyte", {0, 0, 8, 1, 0, 0, 0, 1, 3});
  expect_error("--data " + path("mnist"), {"t10k-images-idx3-ubyte", "magic"});
  write("mnist/t10k-images-idx3-ubyte", images(3));
  write("mnist/t10k-labels-idx1-ubyte", {0, 0, 8, 1, 0, 0, 0, 1, 10});
  expect_error("--data " + path("mnist"), {"t10k-labels-idx1-ubyte", "label 0 is 10"});
}

TEST_F(AppTest, rejects_bad_weights) {
  const std::string evaluate = "--test-size 8 --eval-only --weights ";
  expect_error(evaluate + path("nowhere.safetensors"), {path("nowhere.safetensors"), "No such file"});
  expect_error(evaluate + write_header("{}", std::uint64_t{1} << 63), {"weights.safetensors", "header claims 9223372036854775808 bytes"});
  const std::string past_end = R"({"conv1.weight":{"dtype":"F32","shape":[100],"data_offsets":[0,400]}})";
  expect_error(evaluate + write_header(past_end, past_end.size()), {"weights.safetensors", "conv1.weight"});
  expect_error(evaluate + write_header("not JSON", 8), {"weights.safetensors"});
  save_safetensors(path("other.safetensors"), {{"fc.weight", from_values<float>({1, 2}, {2})}});
  expect_error(evaluate + path("other.safetensors"), {"other.safetensors", "does not fit resnet20", "missing", "1 unexpected (fc.weight)"});
}

TEST_F(AppTest, rejects_weights_with_other_classes_and_a_wrong_new_head) {
  ASSERT_EQ(run(tiny + "--max-steps 1 --out " + path("a")).status, 0);
  const std::string weights = path("a/model.safetensors");
  expect_error(tiny + "--weights " + weights + " --replace-head 7", {"--replace-head 7", "10 classes"});
  expect_error(tiny + "--weights " + weights + " --model resnet18", {weights, "resnet20", "resnet18"});
}

TEST_F(AppTest, rejects_places_where_it_cannot_write) {
  const std::string file = write("a_file", {1});
  const auto expect_failure = [&](const std::string& arguments, const std::string& word) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status, 1) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_NE(outcome.err.find(word), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.out, "") << "training had begun";
  };
  expect_failure("--out " + file, file + ": is a file");
  expect_failure("--out " + file + "/below", file + "/below");
  expect_failure("--out /proc/cairn", "/proc/cairn");
  expect_failure("--out " + path("out") + " --json " + path("no_folder/x.json"), path("no_folder/x.json"));
}

TEST_F(AppTest, published_resnet20_has_its_accuracy) {
  const char* root = std::getenv("CAIRN_DATA");
  if (root == nullptr) GTEST_SKIP() << "CAIRN_DATA is not set";
  const std::string weights = std::string(root) + "/pretrained/resnet20_cifar10/resnet20-12fca82f.safetensors";
  if (!std::filesystem::exists(weights)) GTEST_SKIP() << "no pretrained weights in CAIRN_DATA";
  const Outcome outcome = run("--eval-only --model resnet20 --weights " + weights + " --data " + root + "/cifar10 --json " +
                              path("out.json") + (is_sanitized ? " --test-size 500" : ""));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json metrics = json("out.json");
  EXPECT_EQ(metrics["settings"]["normalisation"]["name"], "imagenet");
  EXPECT_EQ(metrics["settings"]["shortcut"], "A");
  EXPECT_NEAR(metrics["test_accuracy"].get<double>(), 0.917, is_sanitized ? 0.03 : 0.001);
}

}  // namespace
}  // namespace cairn

/// Code for an instruction set must not leak. Each kernel file is compiled for AVX2 and for AVX-512; what both copies
/// and the rest of the program share (inline functions, templates of the standard library) is emitted as weak symbols,
/// of which the linker keeps any one. If one holds AVX code, a processor without it may be given that copy.
///
/// The rule: in the objects of kernels/cpu every weak function either belongs to a namespace of one instruction set
/// (cairn::v0::cpu::N_* or hwy::N_*), and is then called by code of that set alone, or uses no register that the
/// baseline x86-64 lacks: no ymm, zmm or tile register, and no VEX or EVEX encoded instruction at all (their mnemonics
/// start with v).
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

std::vector<std::string> lines_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::vector<std::string> lines;
  std::string line;
  std::array<char, 4096> buffer;
  while (pipe && std::fgets(buffer.data(), static_cast<int>(buffer.size()), pipe.get()) != nullptr) {
    line += buffer.data();
    if (line.back() != '\n') continue;
    line.pop_back();
    lines.push_back(std::move(line));
    line.clear();
  }
  return lines;
}

std::vector<std::string> kernel_objects() {
  std::vector<std::string> paths;
  std::istringstream list(CAIRN_KERNEL_OBJECTS);
  for (std::string path; std::getline(list, path, ':');) {
    if (path.find("/kernels/cpu/") != std::string::npos) paths.push_back(path);
  }
  return paths;
}

/// Whether a mangled name has a namespace of one instruction set in it, its own or that of a template argument: either
/// way the copies for two sets have different names.
bool belongs_to_one_set(const std::string& mangled) {
  static const std::regex ours(R"(5cairn2v03cpu\d+N_[A-Z0-9_]+)"), highway(R"(3hwy\d+N_[A-Z0-9_]+)");
  return std::regex_search(mangled, ours) || std::regex_search(mangled, highway);
}

/// Mangled names of the weak functions of an object: symbols of type W, V or u.
std::set<std::string> weak_symbols(const std::string& object) {
  std::set<std::string> names;
  for (const std::string& line : lines_of("nm --defined-only '" + object + "'")) {
    std::istringstream words(line);
    std::string address, type, name;
    words >> address >> type >> name;
    if (type == "W" || type == "V" || type == "u") names.insert(name);
  }
  return names;
}

/// An instruction that needs more than SSE2, for each function that has one.
std::map<std::string, std::string> functions_with_avx(const std::string& object) {
  std::map<std::string, std::string> found;
  std::string function;
  static const std::regex label(R"(^[0-9a-f]+ <([^>]+)>:$)");
  for (const std::string& line : lines_of("objdump -d --no-show-raw-insn '" + object + "'")) {
    std::smatch match;
    if (!line.empty() && line.back() == ':' && std::regex_match(line, match, label)) {
      function = match[1];
      continue;
    }
    const auto tab = line.find('\t');
    if (tab == std::string::npos || found.contains(function)) continue;
    const bool vex = line.compare(tab + 1, 1, "v") == 0 && line.compare(tab + 1, 3, "ver") != 0;  // verr and verw are old
    const bool wide = line.find("%ymm") != std::string::npos || line.find("%zmm") != std::string::npos || line.find("%tmm") != std::string::npos;
    if (vex || wide) found[function] = line.substr(tab + 1);
  }
  return found;
}

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

TEST(Symbols, NoWeakFunctionOfTheKernelsHoldsAvxCode) {
  const auto objects = kernel_objects();
  ASSERT_GT(objects.size(), 5U) << "no objects of kernels/cpu: " << CAIRN_KERNEL_OBJECTS;
  std::size_t weak = 0, avx = 0;
  for (const std::string& object : objects) {
    const auto names = weak_symbols(object);
    const auto code = functions_with_avx(object);
    weak += names.size();
    avx += code.size();
    for (const std::string& name : names) {
      const auto at = code.find(name);
      if (at == code.end() || belongs_to_one_set(name)) continue;
      const auto readable = lines_of("c++filt '" + name + "'");
      ADD_FAILURE() << file_name(object) << ": the weak symbol " << (readable.empty() ? name : readable[0]) << " (" << name
                    << ") stands outside the namespaces of one instruction set and uses one: " << at->second;
    }
  }
  EXPECT_GT(weak, 0U) << "nm found no weak symbol at all: is it there?";
  EXPECT_GT(avx, 10U) << "objdump found no AVX code at all: is it there?";
}

TEST(Symbols, NamespacesAreRecognised) {
  EXPECT_TRUE(belongs_to_one_set("_ZN5cairn2v03cpu6N_AVX24fillERNS0_14SoftmaxKernelsE"));
  EXPECT_TRUE(belongs_to_one_set("_ZN3hwy6N_AVX34LoadEv"));
  EXPECT_FALSE(belongs_to_one_set("_ZNSt6vectorIfSaIfEE9push_backERKf"));
  EXPECT_FALSE(belongs_to_one_set("_ZN5cairn2v04HalfC1Ef"));
}

}  // namespace

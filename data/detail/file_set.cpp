#include <cairn/data/detail/file_set.h>
#include <cairn/io/gzip.h>
#include <cairn/io/tar.h>

#include <algorithm>
#include <filesystem>

namespace cairn::inline v0::detail {
namespace {

namespace fs = std::filesystem;
using Files = std::map<std::string, FoundFile>;

/// The file itself or NAME.gz; "" when there is neither.
std::string locate(const std::string& path, const Publication& publication, const std::string& name) {
  for (const std::string& folder : publication.folders) {
    for (const char* suffix : {"", ".gz"}) {
      const fs::path candidate = fs::path(path) / folder / (name + suffix);
      std::error_code ignored;  // what cannot be looked at is not there
      if (fs::is_regular_file(candidate, ignored)) return candidate.string();
    }
  }
  return "";
}

/// One pass over the archive; members are known by the last part of their names.
Files read_archive(const std::string& path, const std::vector<std::string>& names) {
  Files files;
  const std::unique_ptr<ByteSource> source = open_source(path);
  TarReader archive(*source);
  while (const auto member = archive.next()) {
    const std::string name = fs::path(member->name).filename().string();
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    files[name] = {path + "(" + member->name + ")", archive.read()};
  }
  return files;
}

}  // namespace

Files find_files(const std::string& path, const Publication& publication, const std::vector<std::string>& required,
                 const std::vector<std::string>& optional) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (!fs::exists(status)) throw_io_error(path, "no such file or folder (" + publication.advice + ")");

  std::vector<std::string> names = required;
  names.insert(names.end(), optional.begin(), optional.end());
  Files files;
  if (fs::is_directory(status)) {
    const std::string archive = publication.archive.empty() ? "" : (fs::path(path) / publication.archive).string();
    const bool has_none = std::all_of(required.begin(), required.end(), [&](const std::string& name) {
      return locate(path, publication, name).empty();
    });
    if (has_none && !archive.empty() && fs::is_regular_file(archive, ignored)) {
      return find_files(archive, publication, required, optional);
    }
    for (const std::string& name : names) {
      const std::string where = locate(path, publication, name);
      if (!where.empty()) files[name] = {where, read_file(where)};
    }
  } else {
    files = read_archive(path, names);
  }
  for (const std::string& name : required) {
    if (files.count(name) == 0) {
      throw_io_error(path, publication.title + " is not here: " + name + " is missing (" + publication.advice + ")");
    }
  }
  return files;
}

}  // namespace cairn::inline v0::detail

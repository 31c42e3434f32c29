/// Finds the files of a published data set wherever people keep them.
#pragma once

#include <cairn/io/bytes.h>

#include <map>
#include <string>
#include <vector>

namespace cairn::inline v0::detail {

/// How a data set is published.
struct Publication {
  std::string title;                 ///< for error texts
  std::vector<std::string> folders;  ///< sub folders that may hold the files; "" is the folder itself
  std::string archive;               ///< a tar.gz of all files, by name; "" without one
  std::string advice;                ///< how to get it
};

struct FoundFile {
  std::string where;  ///< for error texts: the path, or "ARCHIVE(member)"
  Bytes bytes;        ///< unpacked
};

/// The named files by name. `path` is a folder, in which each may lie plain or as NAME.gz, or else in the
/// archive; or it is the archive itself. Throws IoError when a `required` one is missing; `optional` ones
/// may be.
std::map<std::string, FoundFile> find_files(const std::string& path, const Publication& publication,
                                            const std::vector<std::string>& required,
                                            const std::vector<std::string>& optional = {});

}  // namespace cairn::inline v0::detail

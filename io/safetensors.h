/// Files of named tensors in the safetensors format, https://github.com/huggingface/safetensors#format:
///   8 bytes   length N of the header, little-endian
///   N bytes   JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, …}, where the
///             key "__metadata__" may hold an object of strings; spaces may follow
///   the rest  the tensors, row-major and little-endian, at those offsets, without gaps or overlaps
#pragma once

#include <cairn/core/tensor.h>
#include <cairn/io/bytes.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cairn::inline v0 {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;
using Metadata = std::map<std::string, std::string>;

/// An open file. Tensors taken from it stay valid after the SafeTensors object is gone.
class CAIRN_API SafeTensors {
 public:
  /// Maps the file and checks its whole header; the tensors' bytes are read when they are touched.
  /// Throws IoError "PATH: reason" for anything that breaks the format, and for dtypes other than
  /// F64 F32 F16 BF16 I64 I32 U8 BOOL, more than 8 dimensions, or a header above 100 MB.
  static SafeTensors open(const std::string& path);

  const std::string& path() const { return file_->path(); }

  /// In the order of their bytes in the file.
  const std::vector<std::string>& names() const { return names_; }
  bool contains(const std::string& name) const { return entries_.count(name) != 0; }

  /// The header's "__metadata__"; empty without one.
  const Metadata& metadata() const { return metadata_; }

  /// A row-major tensor on the CPU. It lies on the mapped file itself, without a copy, unless its bytes
  /// are not aligned to its element size. Either way it may be written to: the pages are private, and
  /// nothing reaches the file; but two tensors taken under one name may share their memory.
  /// Throws IoError for a name that the file does not have and for a BOOL byte other than 0 and 1.
  Tensor tensor(const std::string& name) const;

  /// All of them, in the order of names().
  NamedTensors tensors() const;

 private:
  struct Entry {
    DType dtype;
    Dims sizes;
    std::size_t begin;  ///< in bytes from the start of the file
    std::size_t bytes;
  };

  SafeTensors() = default;

  std::shared_ptr<MappedFile> file_;
  std::vector<std::string> names_;
  std::map<std::string, Entry> entries_;
  Metadata metadata_;
};

/// Writes the file whole or not at all (AtomicFile). Tensors must be on the CPU; their strides may be
/// any. Larger element types come first, so that every tensor is aligned; equal ones keep their order.
/// Throws ValueError for an undefined tensor, one on another device, a name given twice, the name
/// "__metadata__", or text that is not UTF-8; IoError when the file cannot be written.
CAIRN_API void save_safetensors(const std::string& path, const NamedTensors& tensors, const Metadata& metadata = {});

}  // namespace cairn::inline v0

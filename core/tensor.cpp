#include <cairn/core/tensor.h>

#include <cairn/core/plugin.h>

#include <cstring>
#include <limits>

namespace cairn::inline v0 {

AutogradMeta::~AutogradMeta() = default;

Tensor::Impl& Tensor::get() const {
  check<ValueError>(defined(), "Tensor", "the tensor is undefined (default-constructed, or a gradient that was never computed)");
  return *impl_;
}

const Dims& Tensor::sizes() const { return get().sizes; }
const Dims& Tensor::strides() const { return get().strides; }
std::int64_t Tensor::size(std::int64_t dim) const {
  check<IndexError>(rank() > 0, "size", "a scalar has no dimension ", dim);
  return get().sizes[normalize_dim("size", dim, rank())];
}
int Tensor::rank() const { return get().sizes.size(); }
std::int64_t Tensor::numel() const { return get().sizes.product(); }
DType Tensor::dtype() const { return get().dtype; }
Device Tensor::device() const { return get().storage->device(); }
const std::shared_ptr<Storage>& Tensor::storage() const { return get().storage; }
std::int64_t Tensor::storage_offset() const { return get().offset; }
std::uint64_t Tensor::version() const { return get().storage->version(); }
void Tensor::bump_version() const { get().storage->bump_version(); }
bool Tensor::is_view() const { return get().is_view; }

bool Tensor::is_contiguous() const { return view().is_contiguous(); }

bool Tensor::is_channels_last() const {
  if (rank() != 4 || is_contiguous()) return false;
  const Dims expected = channels_last_strides(sizes());
  for (int i = 0; i < 4; ++i) {
    if (sizes()[i] != 1 && strides()[i] != expected[i]) return false;
  }
  return true;
}

void Tensor::require_dtype(DType dtype) const {
  check<DTypeError>(get().dtype == dtype, "data", "the element type of ", describe(), " is not ", name_of(dtype));
}

void* Tensor::raw_data() const {
  const Impl& impl = get();
  auto* base = static_cast<std::byte*>(impl.storage->data());
  return base == nullptr ? nullptr : base + impl.offset * static_cast<std::int64_t>(size_of(impl.dtype));
}

View Tensor::view() const {
  const Impl& impl = get();
  View v;
  v.data = raw_data();
  v.dtype = impl.dtype;
  v.rank = impl.sizes.size();
  std::copy(impl.sizes.begin(), impl.sizes.end(), v.sizes);
  std::copy(impl.strides.begin(), impl.strides.end(), v.strides);
  return v;
}

std::string Tensor::describe() const {
  if (!defined()) return "undefined";
  return concat(name_of(dtype()), sizes(), " on ", to_string(device()));
}

namespace {

std::int64_t checked_bytes(const char* op, const Dims& sizes, DType dtype) {
  std::int64_t bytes = static_cast<std::int64_t>(size_of(dtype));
  for (const std::int64_t n : sizes) {
    check<ShapeError>(n >= 0, op, "sizes must not be negative: ", sizes);
    if (n == 0) return 0;
  }
  for (const std::int64_t n : sizes) {
    check<ShapeError>(!__builtin_mul_overflow(bytes, n, &bytes), op, "the shape ", sizes, " has too many elements");
  }
  return bytes;
}

/// Elements spanned from the lowest to the highest address, and the offset of the lowest one (<= 0).
std::pair<std::int64_t, std::int64_t> extent(const Dims& sizes, const Dims& strides) {
  if (sizes.product() == 0) return {0, 0};
  std::int64_t low = 0;
  std::int64_t high = 0;
  for (int i = 0; i < sizes.size(); ++i) {
    const std::int64_t reach = (sizes[i] - 1) * strides[i];
    (reach < 0 ? low : high) += reach;
  }
  return {high - low + 1, low};
}

/// The strides of `like` when they are a permutation of a dense layout, else row-major ones.
Dims dense_strides_like(const Tensor& like) {
  const View v = like.view();
  if (v.is_contiguous()) return row_major_strides(like.sizes());
  int order[max_rank];
  for (int i = 0; i < v.rank; ++i) order[i] = i;
  std::stable_sort(order, order + v.rank, [&](int a, int b) { return v.strides[a] > v.strides[b]; });
  Dims strides = like.sizes();
  std::int64_t expected = 1;
  for (int k = v.rank - 1; k >= 0; --k) {
    const int i = order[k];
    if (v.sizes[i] != 1 && v.strides[i] != expected) return row_major_strides(like.sizes());
    strides[i] = expected;
    expected *= v.sizes[i];
  }
  return strides;
}

Tensor make_tensor(std::shared_ptr<Storage> storage, const Dims& sizes, const Dims& strides, std::int64_t offset,
                   DType dtype, bool is_view) {
  auto impl = std::make_shared<Tensor::Impl>();
  impl->rebases_seen = storage->rebases();
  impl->storage = std::move(storage);
  impl->sizes = sizes;
  impl->strides = strides;
  impl->offset = offset;
  impl->dtype = dtype;
  impl->is_view = is_view;
  return Tensor(std::move(impl));
}

}  // namespace

Tensor empty_strided(const Dims& sizes, const Dims& strides, TensorOptions options) {
  check<ShapeError>(sizes.size() == strides.size(), "empty_strided", "sizes ", sizes, " and strides ", strides,
                    " differ in length");
  const std::int64_t bytes = checked_bytes("empty", sizes, options.dtype);
  const auto [span, low] = extent(sizes, strides);
  check<ShapeError>(low == 0 && span == sizes.product(), "empty_strided", "strides ", strides,
                    " do not lay out sizes ", sizes, " without gaps");
  auto storage = std::make_shared<Storage>(options.device, static_cast<std::size_t>(bytes));
  return make_tensor(std::move(storage), sizes, strides, 0, options.dtype, false);
}

Tensor empty(const Dims& sizes, TensorOptions options) {
  checked_bytes("empty", sizes, options.dtype);
  return empty_strided(sizes, row_major_strides(sizes), options);
}

Tensor empty_like(const Tensor& like) { return empty_like(like, like.dtype()); }
Tensor empty_like(const Tensor& like, DType dtype) {
  return empty_strided(like.sizes(), dense_strides_like(like), {dtype, like.device()});
}

Tensor make_view(const Tensor& base, const Dims& sizes, const Dims& strides, std::int64_t offset) {
  check<ShapeError>(sizes.size() == strides.size(), "make_view", "sizes ", sizes, " and strides ", strides,
                    " differ in length");
  checked_bytes("make_view", sizes, base.dtype());
  const auto [span, low] = extent(sizes, strides);
  const auto elements = static_cast<std::int64_t>(base.storage()->bytes() / size_of(base.dtype()));
  check<ShapeError>(span == 0 || (offset + low >= 0 && offset + low + span <= elements), "make_view", "sizes ", sizes,
                    " with strides ", strides, " and offset ", offset, " reach outside the ", elements,
                    " elements of the storage");
  return make_tensor(base.storage(), sizes, strides, offset, base.dtype(), true);
}

Tensor from_memory(void* data, const Dims& sizes, DType dtype, std::function<void()> release) {
  const std::int64_t bytes = checked_bytes("from_memory", sizes, dtype);
  auto storage = std::make_shared<Storage>(Device::cpu(), static_cast<std::size_t>(bytes), data, std::move(release));
  return make_tensor(std::move(storage), sizes, row_major_strides(sizes), 0, dtype, false);
}

template <class T>
Tensor from_values(const std::vector<T>& values, const Dims& sizes, Device device) {
  check<ShapeError>(static_cast<std::int64_t>(values.size()) == sizes.product(), "from_values", values.size(),
                    " values do not fill the shape ", sizes);
  Tensor tensor = empty(sizes, {dtype_of_v<T>, device});
  if constexpr (std::is_same_v<T, bool>) {
    std::vector<std::uint8_t> bytes(values.begin(), values.end());
    if (device.is_cpu()) {
      if (!bytes.empty()) std::memcpy(tensor.raw_data(), bytes.data(), bytes.size());
    } else {
      device_api(device).copy(device.index, tensor.raw_data(), bytes.data(), bytes.size());
    }
  } else if (!values.empty()) {
    const std::size_t bytes = values.size() * sizeof(T);
    if (device.is_cpu()) {
      std::memcpy(tensor.raw_data(), values.data(), bytes);
    } else {
      device_api(device).copy(device.index, tensor.raw_data(), values.data(), bytes);
    }
  }
  return tensor;
}

namespace {

/// Calls visit(element offset) for every element in logical order.
template <class Visit>
void for_each_element(const Dims& sizes, const Dims& strides, Visit visit) {
  if (sizes.product() == 0) return;
  std::int64_t index[max_rank] = {};
  std::int64_t offset = 0;
  while (true) {
    visit(offset);
    int d = sizes.size() - 1;
    for (; d >= 0; --d) {
      offset += strides[d];
      if (++index[d] < sizes[d]) break;
      offset -= index[d] * strides[d];
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

template <class T, class S>
T convert_element(S value) {
  if constexpr (std::is_same_v<T, S>) {
    return value;
  } else if constexpr (std::is_same_v<S, BFloat16> || std::is_same_v<S, Half>) {
    return convert_element<T>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<T, BFloat16> || std::is_same_v<T, Half>) {
    return T(static_cast<float>(value));
  } else if constexpr (std::is_same_v<T, bool>) {
    return value != S{};
  } else {
    return static_cast<T>(value);
  }
}

template <class T, class S>
std::vector<T> gather_elements(const Tensor& tensor, const void* base) {
  std::vector<T> values;
  values.reserve(static_cast<std::size_t>(tensor.numel()));
  const S* elements = static_cast<const S*>(base);
  for_each_element(tensor.sizes(), tensor.strides(),
                   [&](std::int64_t at) { values.push_back(convert_element<T>(elements[at])); });
  return values;
}

}  // namespace

template <class T>
std::vector<T> Tensor::to_vector() const {
  const void* base = raw_data();
  std::vector<std::byte> host;
  if (!device().is_cpu() && numel() > 0) {
    const auto [span, low] = extent(sizes(), strides());
    const std::size_t element = size_of(dtype());
    host.resize(static_cast<std::size_t>(span) * element);
    const auto* first = static_cast<const std::byte*>(base) + low * static_cast<std::int64_t>(element);
    const DeviceApi& api = device_api(device());
    if (api.copy(device().index, host.data(), first, host.size()) != Status::ok) {
      throw DeviceError(concat("[to_vector] copying ", describe(), " to the host failed: ", api.last_error()));
    }
    base = host.data() - low * static_cast<std::int64_t>(element);
  }
  switch (dtype()) {
    case DType::f32: return gather_elements<T, float>(*this, base);
    case DType::f64: return gather_elements<T, double>(*this, base);
    case DType::bf16: return gather_elements<T, BFloat16>(*this, base);
    case DType::f16: return gather_elements<T, Half>(*this, base);
    case DType::i64: return gather_elements<T, std::int64_t>(*this, base);
    case DType::i32: return gather_elements<T, std::int32_t>(*this, base);
    case DType::u8: return gather_elements<T, std::uint8_t>(*this, base);
    case DType::boolean: return gather_elements<T, bool>(*this, base);
  }
  return {};
}

#define CAIRN_INSTANTIATE(T)                                                       \
  template CAIRN_API std::vector<T> Tensor::to_vector<T>() const;                  \
  template CAIRN_API Tensor from_values<T>(const std::vector<T>&, const Dims&, Device);
CAIRN_INSTANTIATE(float)
CAIRN_INSTANTIATE(double)
CAIRN_INSTANTIATE(std::int64_t)
CAIRN_INSTANTIATE(std::int32_t)
CAIRN_INSTANTIATE(std::uint8_t)
CAIRN_INSTANTIATE(bool)
CAIRN_INSTANTIATE(BFloat16)
CAIRN_INSTANTIATE(Half)
#undef CAIRN_INSTANTIATE

}  // namespace cairn::inline v0

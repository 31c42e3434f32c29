#include <cairn/autograd/ops/shape.h>

#include <cairn/autograd/detail/pointwise.h>
#include <cairn/autograd/ops.h>
#include <cairn/autograd/run.h>
#include <cairn/core/plugin.h>

#include <cstring>

namespace cairn::inline v0 {

namespace {

thread_local std::int64_t layout_copy_count = 0;

/// Copies values into `destination` without recording.
void raw_copy(const char* name, const Tensor& source, const Tensor& destination) {
  detail::run_pointwise(name, PointwiseOp::copy, {source}, destination);
}

/// A recorded view whose gradient is `backward`.
Tensor record_view(const char* op, const Tensor& x, const Dims& sizes, const Dims& strides, std::int64_t offset,
                   Backward backward) {
  return record(op, {x}, make_view(x, sizes, strides, offset), {}, std::move(backward));
}

/// The gradient of a window on a tensor of shape `sizes`: zero outside. `window` picks it from any such tensor.
template <class Window>
Tensor scatter_window(const Tensor& gradient, const Dims& sizes, Window window) {
  Tensor dx = zeros(sizes, gradient.options());
  {
    const NoGrad guard;
    raw_copy("slice_backward", gradient, window(dx));
  }
  return record("slice_backward", {gradient}, dx, {}, [window](const Grads& g) -> Gradients { return window(g[0]); });
}

}  // namespace

std::int64_t layout_copies() { return layout_copy_count; }
void reset_layout_copies() { layout_copy_count = 0; }

// ---- copies ---------------------------------------------------------------------------------------

double Tensor::item() const {
  check<ShapeError>(numel() == 1, "item", describe(), " has ", numel(), " elements, not one");
  return to_vector<double>()[0];
}

Tensor Tensor::to(DType dtype) const {
  if (dtype == this->dtype()) return *this;
  Tensor y = empty_like(*this, dtype);
  raw_copy("to", *this, y);
  return record("to", {*this}, y, {}, [from = this->dtype()](const Grads& g) -> Gradients { return g[0].to(from); });
}

Tensor Tensor::to(Device device) const {
  if (device == this->device()) return *this;
  const Tensor source = contiguous();
  Tensor y = empty(sizes(), {dtype(), device});
  const Device with_api = device.is_cuda() ? device : this->device();
  const DeviceApi& api = device_api(with_api);
  const std::size_t bytes = static_cast<std::size_t>(numel()) * size_of(dtype());
  if (bytes > 0 && api.copy(with_api.index, y.raw_data(), source.raw_data(), bytes) != Status::ok) {
    throw DeviceError(concat("[to] copying ", describe(), " to ", to_string(device), " failed: ", api.last_error()));
  }
  return record("to", {*this}, y, {}, [from = this->device()](const Grads& g) -> Gradients { return g[0].to(from); });
}

Tensor Tensor::contiguous() const {
  if (is_contiguous()) return *this;
  Tensor y = empty(sizes(), options());
  raw_copy("contiguous", *this, y);
  ++layout_copy_count;
  return record("contiguous", {*this}, y, {}, [](const Grads& g) -> Gradients { return g[0]; });
}

Tensor Tensor::channels_last() const {
  check<ShapeError>(rank() == 4, "channels_last", "expected [N, C, H, W], got ", describe());
  const Dims wanted = channels_last_strides(sizes());
  bool already = true;
  for (int i = 0; i < 4; ++i) already = already && (sizes()[i] == 1 || strides()[i] == wanted[i]);
  if (already) return *this;
  Tensor y = empty_strided(sizes(), wanted, options());
  raw_copy("channels_last", *this, y);
  ++layout_copy_count;
  return record("channels_last", {*this}, y, {}, [](const Grads& g) -> Gradients { return g[0]; });
}

Tensor Tensor::clone() const {
  Tensor y = empty_like(*this);
  raw_copy("clone", *this, y);
  return record("clone", {*this}, y, {}, [](const Grads& g) -> Gradients { return g[0]; });
}

// ---- views ----------------------------------------------------------------------------------------

namespace {

/// The strides that show `x` as `sizes` without copying, if there are any: runs of dimensions of x that are
/// contiguous with each other may be cut and joined freely, others not.
std::optional<Dims> view_strides(const Tensor& x, const Dims& sizes) {
  if (x.numel() == 0) return row_major_strides(sizes);
  Dims strides = sizes;
  int out = sizes.size() - 1;
  std::int64_t run_stride = x.rank() > 0 ? x.strides().back() : 1;
  std::int64_t in_run = 1;   // elements of the current run of x, from the right
  std::int64_t out_run = 1;  // elements of `sizes` laid onto it
  for (int i = x.rank() - 1; i >= 0; --i) {
    in_run *= x.sizes()[i];
    const bool ends = i == 0 || (x.sizes()[i - 1] != 1 && x.strides()[i - 1] != in_run * run_stride);
    if (!ends) continue;
    while (out >= 0 && (out_run < in_run || sizes[out] == 1)) {
      strides[out] = out_run * run_stride;
      out_run *= sizes[out];
      --out;
    }
    if (out_run != in_run) return std::nullopt;
    if (i > 0) {
      run_stride = x.strides()[i - 1];
      in_run = out_run = 1;
    }
  }
  for (; out >= 0; --out) strides[out] = 1;  // only sizes of 1 are left
  return strides;
}

}  // namespace

Tensor Tensor::reshape(const Dims& wanted) const {
  Dims target = wanted;
  int unknown = -1;
  std::int64_t known = 1;
  for (int i = 0; i < target.size(); ++i) {
    if (target[i] == -1 && unknown < 0) {
      unknown = i;
    } else {
      check<ShapeError>(target[i] >= 0, "reshape", "bad shape ", wanted, ": one size may be -1, no other negative");
      known *= target[i];
    }
  }
  if (unknown >= 0 && known > 0) target[unknown] = numel() / known;
  check<ShapeError>((unknown < 0 || known > 0) && target.product() == numel(), "reshape", describe(), " has ", numel(),
                    " elements and cannot become ", wanted);
  if (target == sizes()) return *this;
  const auto undo = [from = sizes()](const Grads& g) -> Gradients { return g[0].reshape(from); };
  if (const auto view_of = view_strides(*this, target)) {
    return record_view("reshape", *this, target, *view_of, storage_offset(), undo);
  }
  return contiguous().reshape(target);
}

Tensor Tensor::flatten(std::int64_t start, std::int64_t end) const {
  if (rank() == 0) return reshape({1});
  const int first = normalize_dim("flatten", start, rank());
  const int last = normalize_dim("flatten", end, rank());
  check<ValueError>(first <= last, "flatten", "start ", start, " lies behind end ", end);
  Dims target;
  for (int i = 0; i < rank(); ++i) {
    if (i > first && i <= last) {
      target[first] *= sizes()[i];
    } else {
      target.push_back(sizes()[i]);
    }
  }
  return reshape(target);
}

Tensor Tensor::permute(const Dims& dims) const {
  check<ShapeError>(dims.size() == rank(), "permute", "got ", dims.size(), " dimensions ", dims, " for ", describe());
  Dims new_sizes, new_strides;
  Dims inverse = Dims::filled(rank(), -1);
  for (int i = 0; i < rank(); ++i) {
    const int from = normalize_dim("permute", dims[i], rank());
    check<ShapeError>(inverse[from] < 0, "permute", "dimension ", from, " occurs twice in ", dims);
    inverse[from] = i;
    new_sizes.push_back(sizes()[from]);
    new_strides.push_back(strides()[from]);
  }
  return record_view("permute", *this, new_sizes, new_strides, storage_offset(),
                     [inverse](const Grads& g) -> Gradients { return g[0].permute(inverse); });
}

Tensor Tensor::transpose(std::int64_t a, std::int64_t b) const {
  const int first = normalize_dim("transpose", a, rank());
  const int second = normalize_dim("transpose", b, rank());
  Dims order;
  for (int i = 0; i < rank(); ++i) order.push_back(i);
  if (rank() > 0) std::swap(order[first], order[second]);
  return permute(order);
}

Tensor Tensor::t() const {
  check<ShapeError>(rank() == 2, "t", "expected a matrix, got ", describe());
  return transpose(0, 1);
}

Tensor Tensor::expand(const Dims& wanted) const {
  const int extra = wanted.size() - rank();
  check<ShapeError>(extra >= 0, "expand", describe(), " has more dimensions than ", wanted);
  Dims new_sizes = wanted;
  Dims new_strides = Dims::filled(wanted.size(), 0);
  for (int i = 0; i < rank(); ++i) {
    const std::int64_t from = sizes()[i];
    std::int64_t& target = new_sizes[i + extra];
    if (target == -1) target = from;
    check<ShapeError>(target >= 0, "expand", "sizes must not be negative: ", wanted);
    check<ShapeError>(target == from || from == 1, "expand", describe(), " cannot become ", wanted,
                      ": only sizes of 1 can be repeated");
    new_strides[i + extra] = target == from ? strides()[i] : 0;
  }
  for (int i = 0; i < extra; ++i) {
    check<ShapeError>(new_sizes[i] >= 0, "expand", "a new dimension needs a size: ", wanted);
  }
  if (new_sizes == sizes()) return *this;
  return record_view("expand", *this, new_sizes, new_strides, storage_offset(),
                     [from = sizes()](const Grads& g) -> Gradients { return detail::sum_to(g[0], from); });
}

Tensor Tensor::squeeze(std::int64_t dim) const {
  const int d = normalize_dim("squeeze", dim, rank());
  if (rank() == 0 || sizes()[d] != 1) return *this;
  Dims new_sizes = sizes(), new_strides = strides();
  new_sizes.erase(d);
  new_strides.erase(d);
  return record_view("squeeze", *this, new_sizes, new_strides, storage_offset(),
                     [d](const Grads& g) -> Gradients { return g[0].unsqueeze(d); });
}

Tensor Tensor::unsqueeze(std::int64_t dim) const {
  const int d = normalize_dim("unsqueeze", dim, rank() + 1);
  Dims new_sizes = sizes(), new_strides = strides();
  new_strides.insert(d, d < rank() ? sizes()[d] * strides()[d] : 1);
  new_sizes.insert(d, 1);
  return record_view("unsqueeze", *this, new_sizes, new_strides, storage_offset(),
                     [d](const Grads& g) -> Gradients { return g[0].squeeze(d); });
}

Tensor Tensor::select(std::int64_t dim, std::int64_t index) const {
  check<IndexError>(rank() > 0, "select", "a scalar cannot be indexed");
  const int d = normalize_dim("select", dim, rank());
  const std::int64_t n = sizes()[d];
  check<IndexError>(index >= -n && index < n, "select", "index ", index, " is out of range for dimension ", d, " of ", describe());
  const std::int64_t at = index < 0 ? index + n : index;
  Dims new_sizes = sizes(), new_strides = strides();
  new_sizes.erase(d);
  new_strides.erase(d);
  return record_view("select", *this, new_sizes, new_strides, storage_offset() + at * strides()[d],
                     [from = sizes(), d, at](const Grads& g) -> Gradients {
                       return scatter_window(g[0], from, [d, at](const Tensor& x) { return x.select(d, at); });
                     });
}

Tensor Tensor::slice(std::int64_t dim, const Slice& range) const {
  check<IndexError>(rank() > 0, "slice", "a scalar cannot be sliced");
  const int d = normalize_dim("slice", dim, rank());
  check<ValueError>(range.step > 0, "slice", "the step must be positive, not ", range.step);
  const std::int64_t n = sizes()[d];
  const auto resolve = [n](std::int64_t v) { return std::clamp<std::int64_t>(v < 0 ? v + n : v, 0, n); };
  const std::int64_t start = resolve(range.start.value_or(0));
  const std::int64_t stop = std::max(start, resolve(range.stop.value_or(n)));
  Dims new_sizes = sizes(), new_strides = strides();
  new_sizes[d] = stop > start ? (stop - start - 1) / range.step + 1 : 0;
  new_strides[d] = strides()[d] * range.step;
  const std::int64_t offset = new_sizes.product() == 0 ? storage_offset() : storage_offset() + start * strides()[d];
  return record_view("slice", *this, new_sizes, new_strides, offset,
                     [from = sizes(), d, start, stop, step = range.step](const Grads& g) -> Gradients {
                       return scatter_window(g[0], from, [=](const Tensor& x) { return x.slice(d, {start, stop, step}); });
                     });
}

Tensor Tensor::narrow(std::int64_t dim, std::int64_t start, std::int64_t length) const {
  const int d = normalize_dim("narrow", dim, rank());
  check<IndexError>(rank() > 0 && start >= 0 && length >= 0 && start <= size(d) - length, "narrow", "elements ", start,
                    " to ", start + length, " of dimension ", d, " lie outside ", describe());
  return slice(d, {start, start + length});
}

Tensor Tensor::index(const std::vector<Index>& indices) const {
  std::int64_t consumed = 0;
  int ellipses = 0;
  for (const Index& item : indices) {
    if (std::holds_alternative<Ellipsis>(item)) ++ellipses;
    if (std::holds_alternative<std::int64_t>(item) || std::holds_alternative<Slice>(item)) ++consumed;
  }
  check<IndexError>(ellipses <= 1 && consumed <= rank(), "index", consumed, " indices and ", ellipses,
                    " ellipses are too many for ", describe());
  Tensor x = *this;
  std::int64_t dim = 0;
  for (const Index& item : indices) {
    if (const auto* at = std::get_if<std::int64_t>(&item)) {
      x = x.select(dim, *at);
    } else if (const auto* range = std::get_if<Slice>(&item)) {
      x = x.slice(dim++, *range);
    } else if (std::holds_alternative<NewAxis>(item)) {
      x = x.unsqueeze(dim++);
    } else {
      dim += rank() - consumed;
    }
  }
  return x;
}

// ---- joining and padding --------------------------------------------------------------------------

Tensor cat(const std::vector<Tensor>& tensors, std::int64_t dim) {
  check<ValueError>(!tensors.empty(), "cat", "needs at least one tensor");
  check_same_device("cat", tensors);
  const int d = normalize_dim("cat", dim, tensors[0].rank());
  DType dtype = tensors[0].dtype();
  Dims sizes = tensors[0].sizes();
  check<ShapeError>(sizes.size() > 0, "cat", "scalars cannot be joined; use stack");
  std::vector<std::int64_t> lengths;
  sizes[d] = 0;
  for (const Tensor& x : tensors) {
    dtype = promote(dtype, x.dtype());
    Dims others = x.sizes();
    const std::int64_t length = x.rank() == sizes.size() ? others[d] : 0;
    if (x.rank() == sizes.size()) others[d] = sizes[d];
    check<ShapeError>(others == sizes, "cat", tensors[0].describe(), " and ", x.describe(), " differ outside dimension ", d);
    lengths.push_back(length);
    sizes[d] += length;
  }
  Tensor y = tensors[0].is_channels_last() ? empty_strided(sizes, channels_last_strides(sizes), {dtype, tensors[0].device()})
                                           : empty(sizes, {dtype, tensors[0].device()});
  {
    const NoGrad guard;
    std::int64_t start = 0;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      raw_copy("cat", tensors[i], y.narrow(d, start, lengths[i]));
      start += lengths[i];
    }
  }
  std::vector<DType> dtypes;
  for (const Tensor& x : tensors) dtypes.push_back(x.dtype());
  return record("cat", tensors, y, {}, [lengths, dtypes, d](const Grads& g) -> Gradients {
    std::vector<Tensor> gradients(lengths.size());
    std::int64_t start = 0;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      if (g.needs(i)) gradients[i] = g[0].narrow(d, start, lengths[i]).to(dtypes[i]);
      start += lengths[i];
    }
    return gradients;
  });
}

Tensor stack(const std::vector<Tensor>& tensors, std::int64_t dim) {
  check<ValueError>(!tensors.empty(), "stack", "needs at least one tensor");
  const int d = normalize_dim("stack", dim, tensors[0].rank() + 1);
  std::vector<Tensor> rows;
  for (const Tensor& x : tensors) {
    check<ShapeError>(x.sizes() == tensors[0].sizes(), "stack", tensors[0].describe(), " and ", x.describe(), " differ in shape");
    rows.push_back(x.unsqueeze(d));
  }
  return cat(rows, d);
}

Tensor pad(const Tensor& x, const std::vector<std::pair<std::int64_t, std::int64_t>>& amounts, double value) {
  check<ShapeError>(static_cast<int>(amounts.size()) == x.rank(), "pad", "got ", amounts.size(), " pairs for ", x.describe());
  Dims sizes = x.sizes();
  for (int d = 0; d < x.rank(); ++d) {
    const auto [before, after] = amounts[static_cast<std::size_t>(d)];
    check<ValueError>(before >= 0 && after >= 0, "pad", "amounts must not be negative: {", before, ", ", after, "}");
    sizes[d] += before + after;
  }
  const auto window = [amounts, inner = x.sizes()](Tensor outer) {
    for (int d = 0; d < inner.size(); ++d) outer = outer.narrow(d, amounts[static_cast<std::size_t>(d)].first, inner[d]);
    return outer;
  };
  Tensor y = x.is_channels_last() ? empty_strided(sizes, channels_last_strides(sizes), x.options()) : empty(sizes, x.options());
  {
    const NoGrad guard;
    y.fill_(value);
    raw_copy("pad", x, window(y));
  }
  return record("pad", {x}, y, {}, [window](const Grads& g) -> Gradients { return window(g[0]); });
}

}  // namespace cairn::inline v0

/// MNIST: 70 000 handwritten digits of 28x28 grey pixels, and other sets in its IDX format.
/// LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", Proc. IEEE 1998.
/// scripts/get_data.sh fetches it.
#pragma once

#include <cairn/data/dataset.h>

#include <string>

namespace cairn::inline v0 {

/// The 60 000 training images or the 10 000 test images of `folder`: u8 [N, 1, 28, 28], ink is 255. Reads
/// train-images-idx3-ubyte and train-labels-idx1-ubyte (or t10k-…), plain or each gzipped (NAME.gz), there or
/// in a sub folder MNIST/raw. Other image sizes and counts are taken as the files state them.
/// Throws IoError "FILE: reason" for a wrong magic number, counts that disagree, too few or too many bytes,
/// or a label above 9.
CAIRN_API ImageDataset load_mnist(const std::string& folder, bool train);

}  // namespace cairn::inline v0

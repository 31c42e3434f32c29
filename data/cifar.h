/// CIFAR-10 and CIFAR-100: 60 000 colour photographs of 32x32 pixels in their binary version.
/// Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009;
/// https://www.cs.toronto.edu/~kriz/cifar.html. scripts/get_data.sh fetches them.
#pragma once

#include <cairn/data/dataset.h>

#include <string>

namespace cairn::inline v0 {

/// The 50 000 training images (data_batch_1.bin … data_batch_5.bin, in this order) or the 10 000 of
/// test_batch.bin: images u8 [N, 3, 32, 32], channels red, green, blue.
///
/// `path` is a folder with these files, plain or each gzipped (NAME.gz), there or in its sub folder
/// cifar-10-batches-bin; or a folder with cifar-10-binary.tar.gz; or that archive. The class names come from
/// batches.meta.txt where it lies beside them. Batches may hold any number of images but none.
/// Throws IoError "FILE: reason" for what is missing, truncated or not a CIFAR record.
CAIRN_API ImageDataset load_cifar10(const std::string& path, bool train);

/// The same for CIFAR-100: train.bin or test.bin, sub folder cifar-100-binary, archive
/// cifar-100-binary.tar.gz. Labels are the 100 fine ones, or the 20 coarse ones; their names come from
/// fine_label_names.txt or coarse_label_names.txt, and are numbers without these.
CAIRN_API ImageDataset load_cifar100(const std::string& path, bool train, bool coarse_labels = false);

}  // namespace cairn::inline v0

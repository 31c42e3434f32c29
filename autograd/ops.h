/// All operations on tensors.
#pragma once

#include <cairn/autograd/ops/conv.h>
#include <cairn/autograd/ops/create.h>
#include <cairn/autograd/ops/index.h>
#include <cairn/autograd/ops/loss.h>
#include <cairn/autograd/ops/matmul.h>
#include <cairn/autograd/ops/norm.h>
#include <cairn/autograd/ops/pointwise.h>
#include <cairn/autograd/ops/pool.h>
#include <cairn/autograd/ops/random.h>
#include <cairn/autograd/ops/reduce.h>
#include <cairn/autograd/ops/shape.h>
#include <cairn/autograd/ops/softmax.h>

/// Modules, layers, losses and initialisation. Models are in <cairn/nn/models/….h>.
#pragma once

#include <cairn/nn/activation.h>
#include <cairn/nn/conv.h>
#include <cairn/nn/dropout.h>
#include <cairn/nn/flatten.h>
#include <cairn/nn/init.h>
#include <cairn/nn/linear.h>
#include <cairn/nn/loss.h>
#include <cairn/nn/module.h>
#include <cairn/nn/norm.h>
#include <cairn/nn/parameter.h>
#include <cairn/nn/pool.h>
#include <cairn/nn/sequential.h>

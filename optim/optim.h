/// Optimizers, schedules and gradient clipping.
#pragma once

#include <cairn/optim/adam.h>
#include <cairn/optim/clip.h>
#include <cairn/optim/optimizer.h>
#include <cairn/optim/schedule.h>
#include <cairn/optim/sgd.h>

/// Visibility and versioning of every public name.
///
/// Public names live in `namespace cairn::inline v0`, so that a program linked against another ABI
/// version fails at link time instead of misbehaving.
#pragma once

#define CAIRN_API __attribute__((visibility("default")))

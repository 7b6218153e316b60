#pragma once

#include "descriptors.h"
#include "result.h"

namespace tsdaemon {

/// Checks, at run time, everything that forkall takes for granted.
int find_obstacle(const Descriptors& descriptors, Obstacle* obstacle);

}  // namespace tsdaemon

#include "pipeline/driver.hpp"

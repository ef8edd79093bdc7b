#pragma once

#include "core/check_option.hpp"

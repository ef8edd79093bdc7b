#pragma once

#include "observed.hpp"

#include <string>
#include <vector>

namespace demo {

void print_head();
void print_title(const std::string& title);

/// Prints a call as a row, and below it what was not as expected.
void print_row(const Observed& observed, const std::vector<std::string>& wrong);

} // namespace demo

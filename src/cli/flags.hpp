#pragma once

#include "cli/flag_values.hpp"

#include <backstay/core/description.hpp>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <string>
#include <utility>

namespace backstay::inline BACKSTAY_ABI::cli {

/// Declares a flag whose text `parse` turns into a value for `take`; what `parse` complains of is reported
/// under the flag's name.
template <class Parse, class Take>
CLI::Option* add_flag(CLI::App& app, const std::string& names, const char* kind, std::string help,
                      Parse parse, Take take) {
    const std::string shown = names.substr(names.rfind(',') + 1);
    const auto read = [shown, parse, take](const std::string& text) {
        auto value = parse(text);
        if (!value) {
            throw CLI::ValidationError(shown, value.error());
        }
        take(std::move(*value));
    };
    return app.add_option_function<std::string>(names, read, std::move(help))->type_name(kind);
}

/// The same, stored in what may be a value or an optional one.
template <class Parse, class Target>
CLI::Option* add_value(CLI::App& app, const std::string& names, const char* kind, std::string help,
                       Parse parse, Target& target) {
    return add_flag(app, names, kind, std::move(help), parse,
                    [&target](auto value) { target = std::move(value); });
}

} // namespace backstay::inline BACKSTAY_ABI::cli

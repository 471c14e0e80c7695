#pragma once

#include "gateway/core/error.hpp"
#include "targets/operation.hpp"
#include "targets/target.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::targets {

/// What may be asked of one HTTP target, whoever asks: its own allow-list, beneath the policy.
/// Pure.
class ApiRules {
public:
    /// Empty `methods` mean GET and HEAD; empty `paths` mean everything. `credential_header` is the
    /// header that the credential travels in, which no caller may send; may be empty.
    /// Errors: invalid_argument (a method that is none, a path that is not canonical).
    static Result<ApiRules> create(std::vector<std::string> methods,
                                   std::vector<std::string> paths,
                                   std::string_view credential_header);

    /// Errors: invalid_argument, saying what is not allowed and what is.
    Status check(const HttpCall& call) const;

private:
    ApiRules() = default;
    Status check_header(std::string_view name, std::string_view value) const;

    std::vector<std::string> methods_;
    std::vector<std::string> paths_;  // never empty
    std::string credential_header_;   // lower case
};

/// The request by which a probe finds out whether the API takes our credential: it only reads, and
/// the target's own rules allow it. Empty when they allow none.
std::optional<HttpCall> probe_call(const HttpConnection& connection);

}  // namespace tailops::targets

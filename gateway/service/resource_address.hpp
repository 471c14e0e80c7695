#pragma once

#include "targets/output.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tailops::service {

/// What an address such as tailops://targets/web-01/state names. That it can be read as one does
/// not say that there is such a thing.
struct ResourceAddress {
    enum class Kind { audit, me, targets, tools, target, target_state, command, run, output };
    Kind kind{};
    std::string id{};  // of the target or the run; the command's name
    targets::OutputStream stream{targets::OutputStream::output};  // of an output
    std::uint64_t offset{0};                                      // of an output: bytes
};

/// The template of an output's pages, in the form of RFC 6570. Left out, the offset is 0.
inline constexpr std::string_view output_template = "tailops://runs/{id}/{stream}{?offset}";

/// Nothing when it is none of ours: another scheme, another path, an id that no run can have, a
/// stream that is neither stdout nor stderr, an offset that is no whole number of at most twelve
/// digits or that other resources do not take.
std::optional<ResourceAddress> parse_resource_address(std::string_view uri);

/// Ids are plain (targets.yaml and our own run ids hold no slash), so nothing is to be encoded.
std::string target_uri(std::string_view id);
/// The page that begins at `offset`.
std::string output_page_uri(const ResourceAddress& output, std::uint64_t offset);

}  // namespace tailops::service

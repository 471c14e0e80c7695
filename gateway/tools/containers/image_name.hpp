#pragma once

#include "gateway/core/error.hpp"

#include <string>
#include <string_view>

namespace tailops::tools::containers {

/// What an image is called in a registry: "registry:5000/shop/web" and "1.27".
struct ImageName {
    std::string repository;
    std::string tag;

    std::string text() const { return repository + ':' + tag; }
};

/// Reads the image of a container's configuration. Errors: invalid_argument, for one that a
/// registry has nothing newer of: an id, or a name with a digest.
Result<ImageName> image_name(std::string_view text);

}  // namespace tailops::tools::containers

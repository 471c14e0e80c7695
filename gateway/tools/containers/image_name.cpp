#include "gateway/tools/containers/image_name.hpp"

#include "gateway/core/text.hpp"

#include <algorithm>

namespace tailops::tools::containers {
namespace {

bool is_id(std::string_view text)
{
    if (text.starts_with("sha256:")) return true;
    const bool is_hex = std::ranges::all_of(
        text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    return is_hex && (text.size() == 12 || text.size() == 64);
}

}  // namespace

Result<ImageName> image_name(std::string_view text)
{
    if (text.empty() || is_id(text)) {
        return fail(
            Errc::invalid_argument,
            "the container was made from an image id, " + quote(text) +
                ", of which there is nothing newer; make it anew from an image with a name");
    }
    if (text.find('@') != text.npos) {
        return fail(Errc::invalid_argument,
                    "the container is pinned to the image " + quote(text) +
                        "; make it anew from an image without a digest to have it updated");
    }
    // "registry:5000/web" has a port and no tag.
    const auto slash = text.rfind('/');
    const auto colon = text.rfind(':');
    const bool has_tag = colon != text.npos && (slash == text.npos || colon > slash);
    if (!has_tag) return ImageName{std::string{text}, "latest"};
    return ImageName{std::string{text.substr(0, colon)}, std::string{text.substr(colon + 1)}};
}

}  // namespace tailops::tools::containers

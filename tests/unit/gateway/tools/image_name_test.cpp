#include "gateway/tools/containers/image_name.hpp"

#include <gtest/gtest.h>

namespace tailops::tools::containers {
namespace {

TEST(ImageName, HasATagBehindItsLastColon)
{
    EXPECT_EQ(image_name("nginx:1.27")->repository, "nginx");
    EXPECT_EQ(image_name("nginx:1.27")->tag, "1.27");
    EXPECT_EQ(image_name("nginx")->text(), "nginx:latest");
    EXPECT_EQ(image_name("ghcr.io/shop/web:v2")->repository, "ghcr.io/shop/web");
}

TEST(ImageName, OfARegistryWithAPortHasATagOnlyBehindItsPath)
{
    EXPECT_EQ(image_name("registry:5000/web")->text(), "registry:5000/web:latest");
    EXPECT_EQ(image_name("registry:5000/web:2")->repository, "registry:5000/web");
    EXPECT_EQ(image_name("registry:5000/web:2")->tag, "2");
}

TEST(ImageName, OfWhichThereIsNothingNewerIsRefused)
{
    const std::string digest(64, 'a');
    for (const auto& text : {std::string{}, "sha256:" + digest, digest, digest.substr(0, 12),
                             "nginx@sha256:" + digest, "nginx:1.27@sha256:" + digest}) {
        const auto name = image_name(text);
        ASSERT_FALSE(name) << text;
        EXPECT_EQ(name.error().code(), Errc::invalid_argument) << text;
    }
    EXPECT_TRUE(image_name("feedbeef")) << "a name, not the twelve digits of an id";
}

}  // namespace
}  // namespace tailops::tools::containers

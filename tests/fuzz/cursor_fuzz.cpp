// Any text as a cursor: it names a page only when it is the cursor of that page, letter by letter.

#include "gateway/doors/mcp/listing/listings.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    using namespace tailops;
    static const mcp::Listing listing{std::vector<std::string>(12, "[]"), "c2VlZA"};
    const std::string_view text{reinterpret_cast<const char*>(bytes), size};
    const auto page = mcp::page_of(listing, text);
    if (!page) return 0;
    if (*page == 0 || *page >= listing.pages.size()) std::abort();
    if (mcp::cursor_of(listing, *page) != text) std::abort();
    return 0;
}

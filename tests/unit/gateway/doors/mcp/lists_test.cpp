#include "tests/unit/gateway/doors/mcp/fake_catalog.hpp"

#include <set>

namespace tailops::mcp::testing {
namespace {

/// A list of the protocol: its method, the member of its items, and what names an item.
struct List {
    std::string method;
    std::string member;
    std::string name;
};
const std::vector<List> lists{{"tools/list", "tools", "name"},
                              {"prompts/list", "prompts", "name"},
                              {"resources/list", "resources", "uri"},
                              {"resources/templates/list", "resourceTemplates", "uriTemplate"}};

EndpointSettings pages_of(std::size_t items)
{
    EndpointSettings settings;
    settings.page_items_max = items;
    return settings;
}

json params_for(const json& cursor)
{
    json params = json::object();
    if (!cursor.is_null()) params["cursor"] = cursor;
    return params;
}

/// The page of `list` that `cursor` names; null: the first.
Task<json> page(CatalogBench& bench, List list, json cursor)
{
    auto params = params_for(cursor);
    const bool is_legacy = !bench.session.empty();
    auto inbound = is_legacy ? bench.legacy(list.method, std::move(params))
                             : bench.modern(list.method, std::move(params));
    const auto flow = co_await bench.serve(std::move(inbound));
    co_return flow->exchange.message();
}

json next_of(const json& message)
{
    return field<json>(result_of(message), "nextCursor").value_or(json{});
}

/// Follows the cursors of `list` to its end; what it finds on each page.
Task<std::vector<std::vector<std::string>>> pages(CatalogBench& bench, List list)
{
    std::vector<std::vector<std::string>> out;
    json cursor;
    do {
        const auto message = co_await page(bench, list, cursor);
        auto& names = out.emplace_back();
        const auto items = field<json>(result_of(message), list.member).value_or(json::array());
        for (const auto& item : items) names.emplace_back(text_member(item, list.name));
        cursor = next_of(message);
    } while (!cursor.is_null() && out.size() < 100);
    co_return out;
}

TEST(Lists, GiveEveryItemOnceInPagesOfTheirBound)
{
    on_bench<CatalogBench>(
        [](CatalogBench& bench) -> Task<void> {
            bench.service.listed = 7;
            for (const auto* const revision : {"2026-07-28", "2025-11-25", "2025-03-26"}) {
                if (std::string_view{revision} != "2026-07-28") {
                    co_await bench.open_session(revision);
                }
                for (const auto& list : lists) {
                    const auto found = co_await pages(bench, list);
                    EXPECT_EQ(found.size(), 3U) << list.method;
                    std::set<std::string> all;
                    std::size_t count = 0;
                    for (const auto& names : found) {
                        EXPECT_LE(names.size(), 3U);
                        all.insert(names.begin(), names.end());
                        count += names.size();
                    }
                    EXPECT_EQ(count, 7U) << list.method;
                    EXPECT_EQ(all.size(), 7U) << list.method;
                }
            }
        },
        pages_of(3));
}

TEST(Lists, NameNoNextPageWhenThereIsNone)
{
    on_bench<CatalogBench>(
        [](CatalogBench& bench) -> Task<void> {
            for (const std::size_t count : {0, 2, 3}) {
                bench.service.listed = count;
                ++bench.service.generation;
                for (const auto& list : lists) {
                    const auto found = co_await pages(bench, list);
                    EXPECT_EQ(found.size(), 1U) << list.method;
                    EXPECT_EQ(found.front().size(), count) << list.method;
                }
            }
        },
        pages_of(3));
}

TEST(Lists, RefuseCursorsThatAreNotTheirs)
{
    on_bench<CatalogBench>(
        [](CatalogBench& bench) -> Task<void> {
            bench.service.listed = 7;
            const auto first = co_await page(bench, lists[0], nullptr);
            const auto cursor = next_of(first);
            const auto text = cursor.get<std::string>();
            const std::vector<json> foreign{json(""),         json("x"), json(text + "="),
                                            json(text + "A"), json(1),   json::object()};
            for (const auto& one : foreign) {
                const auto message = co_await page(bench, lists[0], one);
                EXPECT_EQ(error_code(message), -32602) << one.dump();
            }
            for (std::size_t other = 1; other < lists.size(); ++other) {
                const auto message = co_await page(bench, lists[other], cursor);
                EXPECT_EQ(error_code(message), -32602) << lists[other].method;
            }
            const auto own = co_await page(bench, lists[0], cursor);
            EXPECT_EQ(error_code(own), 0);
        },
        pages_of(3));
}

TEST(Lists, RefuseCursorsOfWhatTheyWereBeforeTheyChanged)
{
    on_bench<CatalogBench>(
        [](CatalogBench& bench) -> Task<void> {
            bench.service.listed = 7;
            const auto before = co_await page(bench, lists[0], nullptr);
            const auto cursor = next_of(before);
            bench.service.listed = 8;
            const auto kept = co_await page(bench, lists[0], cursor);
            EXPECT_EQ(error_code(kept), 0) << "the same key means the same list";
            ++bench.service.generation;
            const auto stale = co_await page(bench, lists[0], cursor);
            EXPECT_EQ(error_code(stale), -32602);
            const auto fresh = co_await pages(bench, lists[0]);
            EXPECT_EQ(fresh.back().back(), "tool7");
        },
        pages_of(3));
}

TEST(Lists, TakeACursorOfAnEqualListFromAnyPrincipal)
{
    on_bench<CatalogBench>(
        [](CatalogBench& bench) -> Task<void> {
            bench.service.listed = 7;
            const auto alices = co_await page(bench, lists[0], nullptr);
            bench.subject = "bob";
            const auto bobs = co_await page(bench, lists[0], next_of(alices));
            EXPECT_EQ(error_code(bobs), 0) << "it names a place, not rights";
        },
        pages_of(3));
}

TEST(Lists, TellOnlyModernClientsHowLongTheyMayKeepThem)
{
    on_bench<CatalogBench>([](CatalogBench& bench) -> Task<void> {
        for (const auto& list : lists) {
            bench.session.clear();
            const auto modern = co_await page(bench, list, nullptr);
            EXPECT_EQ(text_member(result_of(modern), "cacheScope"), "private") << list.method;
            co_await bench.open_session();
            const auto legacy = co_await page(bench, list, nullptr);
            EXPECT_EQ(find_member(result_of(legacy), "cacheScope"), nullptr) << list.method;
            EXPECT_EQ(find_member(result_of(legacy), "ttlMs"), nullptr) << list.method;
        }
    });
}

}  // namespace
}  // namespace tailops::mcp::testing

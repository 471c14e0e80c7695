#include "policy/constraint.hpp"

#include "policy/paths.hpp"
#include "policy/pattern.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace tailops::policy {
namespace {

using Texts = std::vector<std::string>;

Pattern pattern(std::string_view text, Effect effect = Effect::allow)
{
    auto compiled = compile_pattern(text, effect);
    EXPECT_TRUE(compiled) << text;
    return compiled ? *compiled : nullptr;
}

struct Row {
    const char* name;
    void (*set)(Constraint&);
    Value value;
    Truth want;
};

void web_or_db(Constraint& c)
{
    c.one_of = {Value{"web"}, Value{"db"}};
}
void one_to_ten(Constraint& c)
{
    c.min = 1;
    c.max = 10;
}
void three_long(Constraint& c)
{
    c.max_length = 3;
}
void under_srv(Constraint& c)
{
    c.path_under = {"/srv", "/var/log"};
}
void word(Constraint& c)
{
    c.pattern = pattern("[a-z]+");
}

const auto big = std::numeric_limits<std::int64_t>::max();

const Row rows[] = {
    {"equal_text", [](auto& c) { c.equals = Value{"a"}; }, Value{"a"}, Truth::yes},
    {"other_text", [](auto& c) { c.equals = Value{"a"}; }, Value{"A"}, Truth::no},
    {"text_is_no_number", [](auto& c) { c.equals = Value{std::int64_t{1}}; }, Value{"1"},
     Truth::unknown},
    {"one_is_one_point_zero", [](auto& c) { c.equals = Value{std::int64_t{1}}; }, Value{1.0},
     Truth::yes},
    {"large_numbers_are_exact", [](auto& c) { c.equals = Value{big}; }, Value{big - 1}, Truth::no},
    {"true_is_no_one", [](auto& c) { c.equals = Value{true}; }, Value{std::int64_t{1}},
     Truth::unknown},
    {"equal_lists", [](auto& c) { c.equals = Value{Texts{"a", "b"}}; }, Value{Texts{"a", "b"}},
     Truth::yes},
    {"list_order_counts", [](auto& c) { c.equals = Value{Texts{"a", "b"}}; },
     Value{Texts{"b", "a"}}, Truth::no},
    {"listed", web_or_db, Value{"db"}, Truth::yes},
    {"not_listed", web_or_db, Value{"mail"}, Truth::no},
    {"listed_of_another_type", web_or_db, Value{true}, Truth::unknown},
    {"all_items_listed", web_or_db, Value{Texts{"db", "web"}}, Truth::yes},
    {"no_item_listed", web_or_db, Value{Texts{"mail"}}, Truth::no},
    {"some_items_listed", web_or_db, Value{Texts{"db", "mail"}}, Truth::unknown},
    {"no_items_at_all", web_or_db, Value{Texts{}}, Truth::unknown},
    {"least", one_to_ten, Value{std::int64_t{1}}, Truth::yes},
    {"below_least", one_to_ten, Value{std::int64_t{0}}, Truth::no},
    {"most", one_to_ten, Value{10.0}, Truth::yes},
    {"above_most", one_to_ten, Value{10.5}, Truth::no},
    {"not_a_number", one_to_ten, Value{std::numeric_limits<double>::quiet_NaN()}, Truth::unknown},
    {"number_in_text", one_to_ten, Value{"5"}, Truth::unknown},
    {"short_enough", three_long, Value{"abc"}, Truth::yes},
    {"too_long", three_long, Value{"abcd"}, Truth::no},
    {"too_many_items", three_long, Value{Texts{"a", "b", "c", "d"}}, Truth::no},
    {"length_of_a_number", three_long, Value{std::int64_t{1}}, Truth::unknown},
    {"the_directory_itself", under_srv, Value{"/srv"}, Truth::yes},
    {"inside", under_srv, Value{"/var/log/a/b"}, Truth::yes},
    {"a_longer_name", under_srv, Value{"/srv-old/a"}, Truth::no},
    {"outside", under_srv, Value{"/var"}, Truth::no},
    {"up_and_out", under_srv, Value{"/srv/../etc"}, Truth::unknown},
    {"up_at_the_end", under_srv, Value{"/srv/.."}, Truth::unknown},
    {"dot_segment", under_srv, Value{"/srv/./a"}, Truth::unknown},
    {"double_slash", under_srv, Value{"/srv//a"}, Truth::unknown},
    {"trailing_slash", under_srv, Value{"/srv/"}, Truth::yes},
    {"trailing_slash_elsewhere", under_srv, Value{"/srv-old/"}, Truth::no},
    {"two_trailing_slashes", under_srv, Value{"/srv//"}, Truth::unknown},
    {"relative", under_srv, Value{"srv/a"}, Truth::unknown},
    {"empty_path", under_srv, Value{""}, Truth::unknown},
    {"nul", under_srv, Value{std::string{"/srv/a\0b", 8}}, Truth::unknown},
    {"dots_in_a_name", under_srv, Value{"/srv/..a"}, Truth::yes},
    {"whole_match", word, Value{"web"}, Truth::yes},
    {"partial_match", word, Value{"web1"}, Truth::no},
    {"line_break_after", word, Value{"web\n"}, Truth::no},
    {"pattern_of_a_number", word, Value{std::int64_t{1}}, Truth::unknown},
    {"invalid_utf8", word, Value{"web\xff"}, Truth::unknown},
};

class ConstraintHolds : public ::testing::TestWithParam<Row> {};

TEST_P(ConstraintHolds, AsTheTableSays)
{
    Constraint constraint;
    GetParam().set(constraint);
    EXPECT_EQ(evaluate(constraint, &GetParam().value).truth, GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(Table, ConstraintHolds, ::testing::ValuesIn(rows), [](const auto& row) {
    return row.param.name;
});

TEST(Constraint, AnAbsentArgumentIsUnknown)
{
    Constraint constraint;
    constraint.max = 1;
    EXPECT_EQ(evaluate(constraint, nullptr).truth, Truth::unknown);
}

TEST(Constraint, AFailedConditionOutweighsAnUnknownOne)
{
    Constraint constraint;
    constraint.min = 5;         // unknown of a text
    constraint.max_length = 2;  // fails
    const Value value{"abc"};
    const auto finding = evaluate(constraint, &value);
    EXPECT_EQ(finding.truth, Truth::no);
    EXPECT_EQ(finding.condition, "max_length");
}

TEST(Constraint, CanTakeLettersOfAnyCaseForTheSame)
{
    struct Both {
        const char* what;
        void (*set)(Constraint&);
        Value value;
        Truth exact, any_case;
    };
    const Both both[] = {
        {"equals", [](auto& c) { c.equals = Value{"/Admin"}; }, Value{"/aDMIN"}, Truth::no,
         Truth::yes},
        {"one_of", [](auto& c) { c.one_of = {Value{"/A"}, Value{"/B"}}; }, Value{"/b"}, Truth::no,
         Truth::yes},
        {"path_under", [](auto& c) { c.path_under = {"/Admin"}; }, Value{"/ADMIN/y"}, Truth::no,
         Truth::yes},
        {"pattern", [](auto& c) { c.pattern = pattern("/[a-z]+:Delete"); }, Value{"/X:DELETE"},
         Truth::no, Truth::yes},
        {"capital letters asked for", [](auto& c) { c.pattern = pattern("/[A-Z]+"); }, Value{"/AB"},
         Truth::yes, Truth::yes},
        {"another word", [](auto& c) { c.path_under = {"/admin"}; }, Value{"/ADMINS"}, Truth::no,
         Truth::no},
        {"letters beyond ASCII", [](auto& c) { c.path_under = {"/%C3%BCber"}; },
         Value{"/%C3%9CBER/x"}, Truth::no, Truth::yes},
        {"letters of other scripts", [](auto& c) { c.equals = Value{"/%D0%96%CE%A9"}; },
         Value{"/%D0%B6%CF%89"}, Truth::no, Truth::yes},
        {"a sharp s", [](auto& c) { c.one_of = {Value{"/%E1%BA%9E"}}; }, Value{"/%C3%9F"},
         Truth::no, Truth::yes},
        {"other letters", [](auto& c) { c.path_under = {"/%C3%BCber"}; }, Value{"/%C3%96ber"},
         Truth::no, Truth::no},
        {"bytes that are no text", [](auto& c) { c.equals = Value{"/%FC"}; }, Value{"/%DC"},
         Truth::no, Truth::no},
        {"a pattern with letters", [](auto& c) { c.pattern = pattern("/%C3%BC.*"); },
         Value{"/%C3%9CBER"}, Truth::no, Truth::yes},
        {"a pattern about the encoding", [](auto& c) { c.pattern = pattern("/x/%C3.*"); },
         Value{"/X/%C3%BC"}, Truth::no, Truth::yes},
        {"a length as it was written", [](auto& c) { c.max_length = 4; }, Value{"/%C3%BC"},
         Truth::no, Truth::no},
        {"a number", [](auto& c) { c.max = 5; }, Value{std::int64_t{6}}, Truth::no, Truth::no},
    };
    for (const auto& row : both) {
        Constraint constraint;
        row.set(constraint);
        EXPECT_EQ(evaluate(constraint, &row.value).truth, row.exact) << row.what;
        EXPECT_EQ(evaluate(constraint, &row.value, Letters::any_case).truth, row.any_case)
            << row.what;
    }
}

TEST(Constraint, RootHoldsEveryCanonicalPath)
{
    EXPECT_TRUE(is_path_under("/etc/passwd", "/"));
    EXPECT_TRUE(is_canonical_path("/"));
    EXPECT_FALSE(is_canonical_path("//"));
}

TEST(Constraint, AListOfListedItemsIsNotImpliedByItsItems)
{
    Constraint narrow;
    narrow.one_of = {Value{"a"}};  // holds on [a, a] as well
    Constraint wide;
    wide.max_length = 1;
    EXPECT_FALSE(implies(narrow, wide));
    narrow.max_length = 1;
    EXPECT_TRUE(implies(narrow, wide));
    wide = {};
    wide.equals = Value{Texts{"b"}};
    EXPECT_FALSE(implies(narrow, wide));
}

TEST(Pattern, ALineBreakNeitherOpensNorEscapes)
{
    EXPECT_FALSE(pattern_matches(*pattern("web.*", Effect::allow), "web\n; rm"));
    EXPECT_TRUE(pattern_matches(*pattern("web.*", Effect::deny), "web\n; rm"));
}

TEST(Pattern, RefusesWhatIsInvalidOrTooBig)
{
    EXPECT_FALSE(compile_pattern("a(", Effect::allow));
    EXPECT_FALSE(compile_pattern("((a{100}){100}){100}", Effect::allow));
    EXPECT_FALSE(compile_pattern("(\\pL{500}){2}", Effect::allow));
    EXPECT_FALSE(compile_pattern(std::string(pattern_length_max + 1, 'a'), Effect::allow));
    EXPECT_TRUE(compile_pattern(std::string(pattern_length_max, 'a'), Effect::allow));
}

TEST(Pattern, ANestedRepetitionIsDecidedInLinearTime)
{
    // Exponential for a backtracking engine: the test would not end.
    EXPECT_FALSE(pattern_matches(*pattern("(a+)+b"), std::string(100'000, 'a')));
}

}  // namespace
}  // namespace tailops::policy

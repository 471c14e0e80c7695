#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

// Boost.JSON reads the text, several times as fast as nlohmann's own lexer does; the values are
// nlohmann's, as everywhere.
namespace tailops {
namespace {

using nlohmann::json;
using ErrorCode = boost::system::error_code;
using Text = boost::json::string_view;

/// What the parser finds, made a json. Refuses a name that stands twice in one object.
class Builder {
public:
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    json take() { return std::move(root_); }
    const std::string& problem() const { return problem_; }

    bool on_document_begin(ErrorCode&) { return true; }
    bool on_document_end(ErrorCode&) { return true; }
    bool on_object_begin(ErrorCode&)
    {
        open_.push_back(&put(json::value_t::object));
        return true;
    }
    bool on_object_end(std::size_t, ErrorCode&) { return close(); }
    bool on_array_begin(ErrorCode&)
    {
        open_.push_back(&put(json::value_t::array));
        return true;
    }
    bool on_array_end(std::size_t, ErrorCode&) { return close(); }

    bool on_key_part(Text part, std::size_t, ErrorCode&) { return collect(part); }
    bool on_key(Text last, std::size_t, ErrorCode& ec)
    {
        auto& members = open_.back()->get_ref<json::object_t&>();
        const auto [at, is_new] = members.try_emplace(collected(last));
        member_ = &at->second;
        if (is_new) return true;
        problem_ = "the name " + quote(at->first) + " stands twice in one object";
        ec = make_error_code(boost::system::errc::invalid_argument);
        return false;
    }
    bool on_string_part(Text part, std::size_t, ErrorCode&) { return collect(part); }
    bool on_string(Text last, std::size_t, ErrorCode&)
    {
        put(collected(last));
        return true;
    }

    bool on_number_part(Text part, ErrorCode&) { return collect(part); }
    bool on_int64(std::int64_t value, Text, ErrorCode&)
    {
        parts_.clear();
        // As nlohmann has it: what is not negative is unsigned.
        if (value < 0)
            put(value);
        else
            put(static_cast<std::uint64_t>(value));
        return true;
    }
    bool on_uint64(std::uint64_t value, Text, ErrorCode&)
    {
        parts_.clear();
        put(value);
        return true;
    }
    bool on_double(double near, Text last, ErrorCode& ec)
    {
        // Boost's value may be off by the last bit; what is too small for a double is its zero.
        const auto digits = collected(last);
        double exact = near;
        std::from_chars(digits.data(), digits.data() + digits.size(), exact);
        put(exact);
        if (std::isfinite(exact)) return true;
        problem_ = "the number " + quote(digits) + " is too large";
        ec = make_error_code(boost::system::errc::result_out_of_range);
        return false;
    }
    bool on_bool(bool value, ErrorCode&)
    {
        put(value);
        return true;
    }
    bool on_null(ErrorCode&)
    {
        put(nullptr);
        return true;
    }
    // Comments are not allowed, so these are never called.
    bool on_comment_part(Text, ErrorCode&) { return true; }
    bool on_comment(Text, ErrorCode&) { return true; }

private:
    template <class T>
    json& put(T&& value)
    {
        if (open_.empty()) return root_ = std::forward<T>(value);
        auto& parent = *open_.back();
        if (parent.is_array()) {
            return parent.get_ref<json::array_t&>().emplace_back(std::forward<T>(value));
        }
        return *member_ = std::forward<T>(value);
    }
    bool close()
    {
        open_.pop_back();
        return true;
    }
    bool collect(Text part)
    {
        parts_.append(part.data(), part.size());
        return true;
    }
    std::string collected(Text last)
    {
        if (parts_.empty()) return {last.data(), last.size()};
        parts_.append(last.data(), last.size());
        return std::exchange(parts_, {});
    }

    json root_;
    std::vector<json*> open_;  ///< Stay where they are: only the innermost grows.
    json* member_{nullptr};
    std::string parts_;
    std::string problem_;
};

std::string problem_at(const ErrorCode& ec, std::size_t byte, int max_depth)
{
    if (ec == boost::json::error::too_deep) {
        return "nested deeper than " + std::to_string(max_depth) + " levels";
    }
    return "not valid JSON at byte " + std::to_string(byte);
}

}  // namespace

Result<json> parse_json(std::string_view text, int max_depth)
{
    boost::json::parse_options options;
    options.max_depth = static_cast<std::size_t>(max_depth);
    boost::json::basic_parser<Builder> parser{options};
    ErrorCode ec;
    const auto read = parser.write_some(false, text.data(), text.size(), ec);
    if (!ec && read == text.size()) return parser.handler().take();
    const auto& problem = parser.handler().problem();
    return fail(Errc::invalid_argument,
                problem.empty() ? problem_at(ec, read + 1, max_depth) : problem);
}

}  // namespace tailops

#pragma once

#include "gateway/core/error.hpp"
#include "tests/support/toon_parser/toon_header.hpp"
#include "tests/support/toon_parser/toon_lines.hpp"
#include "tests/support/toon_parser/toon_object.hpp"
#include "tests/support/toon_parser/toon_parser.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace tailops::toon {

/// Adds to a number as long as it lives.
class Raised {
public:
    /// `number` must outlive this.
    Raised(std::size_t& number, std::size_t by) : number_{number}, by_{by} { number_ += by_; }
    Raised(const Raised&) = delete;
    Raised& operator=(const Raised&) = delete;
    ~Raised() { number_ -= by_; }

    /// Adds 1, unless something was added before.
    void raise()
    {
        if (by_ > 0) return;
        by_ = 1;
        ++number_;
    }

private:
    std::size_t& number_;
    std::size_t by_;
};

/// What a decoder reads from and what it keeps within bounds: the lines, how deep the value is by
/// now and how much memory it may still take. Every error names its line.
class Input {
public:
    Input(std::string_view text, const ToonDecodeOptions& options);

    const ToonDecodeOptions& options() const noexcept { return options_; }
    /// The next line, or null at the end, which a line that cannot be read also is: ask `failure`.
    const Line* peek() { return lines_.peek(); }
    const std::optional<Error>& failure() const noexcept { return lines_.failure(); }
    /// Takes the line that `peek` returned. Errors: a blank line before it inside an array.
    Result<Line> take();
    /// The level of what stands below a line at `depth`. Errors: more than one level skipped.
    Result<std::size_t> content_depth(std::size_t depth);

    /// The header `line` is, none when it is none, or when lenient v3 takes it for a name.
    Result<std::optional<Header>> header_of(const Line& line) const;
    /// The name before the first colon of `line`; what follows it goes to `rest`.
    Result<Key> key_of(const Line& line, std::string_view& rest) const;
    Result<nlohmann::json> primitive(std::string_view token, std::size_t line);
    bool takes_headers_for_names() const noexcept;

    /// The arrays and objects around what is read now are one more, as long as this lives.
    [[nodiscard]] Raised enter(std::size_t levels = 1) { return {depth_, levels}; }
    [[nodiscard]] Raised enter_path(const Key& key);
    /// Errors: arrays and objects inside each other, `more` than there are now, beyond the bound.
    Status check_depth(std::size_t line, std::size_t more = 0) const;
    /// The first item of an array has been read when this is raised, until it ends.
    [[nodiscard]] Raised open_span() { return {open_spans_, 0}; }

    /// Pay for what the value takes in memory. Errors: no memory left.
    Status pay_container(std::size_t line);
    Status pay_member(const Key& key, std::size_t line);

    /// Pays for one more element of `array` and appends it.
    Status push(nlohmann::json& array, nlohmann::json value, std::size_t line);
    /// Puts `value`, paid for, into `object`. Errors: as toon::put.
    Status put(nlohmann::json& object,
               const Key& key,
               nlohmann::json value,
               std::size_t line) const;
    Status add_name(Names& names, const Key& key, std::size_t line) const;

private:
    Status pay(std::size_t bytes, std::size_t line);

    ToonDecodeOptions options_;
    Lines lines_;
    std::size_t bytes_left_;
    std::size_t depth_{0};
    std::size_t open_spans_{0};
};

/// `error` with the line it is about.
std::unexpected<Error> fail_at(std::size_t line, const Error& error);
/// The line stands deeper than `depth`, where it would belong.
std::unexpected<Error> too_deep_at(const Line& line, std::size_t depth);

}  // namespace tailops::toon
